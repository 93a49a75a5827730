"""Names: the zone that answers for them, and the records by which users and the edge find what serves them."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NotRequired, TypedDict

import pulumi
from pulumi_aws import route53

from components._common import PlainArguments, token
from components.aws import logs
from components.aws.host_names import EXPECTED, is_host_name

QUERY_LOG_REGION = "us-east-1"  # Route 53 writes query logs nowhere else (CreateQueryLoggingConfig)
EDGE_ZONE_ID = "Z2FDTNDATAQYW2"  # the one zone of all CloudFront distributions (Route 53 API, AliasTarget)

CHECK_INTERVAL = 30  # seconds, from each of Route 53's places
CHECK_FAILURES = 3  # in a row


class HostedZoneArgs(TypedDict):
    """Arguments of `HostedZone`: either `domain_name` or `existing_zone_id`."""

    domain_name: NotRequired[str]
    """Name of the public zone to make. Replaces it."""
    existing_zone_id: NotRequired[pulumi.Input[str]]
    """A zone that is already there; nothing is created then."""
    account_id: pulumi.Input[str]
    """The AWS account."""
    kms_key_arn: pulumi.Input[str]
    """Key of the query log, in us-east-1."""
    log_retention_days: NotRequired[int]
    """Days to keep the query log. Default: 365."""
    protect: NotRequired[bool]
    """Refuse to delete or replace the zone. Default: true."""
    tags: Mapping[str, pulumi.Input[str]]
    """Tags of every taggable child."""


class HostedZone(pulumi.ComponentResource):
    """A public zone that logs what it is asked, or the one that is already there.

    A new zone answers nobody until the parent domain names its name servers. Needs a provider of us-east-1.

    Creates: zone; log group with the permission to write to it; query logging. Nothing for an existing zone.

    Changes during a rollout: nothing.

    Replaces on: `domain_name`; refused while `protect` is true.
    """

    zone_id: pulumi.Output[str]
    """Id of the zone, for records."""
    name_servers: pulumi.Output[Sequence[str]] | None
    """What the parent domain has to name; none for an existing zone."""

    def __init__(self, name: str, args: HostedZoneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("HostedZone"), name, {}, opts)
        existing, domain_name = args.get("existing_zone_id"), args.get("domain_name")
        retention_days = args.get("log_retention_days", logs.DEFAULT_RETENTION_DAYS)
        plain = PlainArguments("HostedZone", name)
        plain.expect(
            (existing is None) != (domain_name is None),
            "domain_name, existing_zone_id",
            "both" if existing is not None else "neither",
            "exactly one of the two",
            "Name a domain to make a zone for, or the id of one that is there.",
        )
        if domain_name is not None:
            plain.expect(is_host_name(domain_name), "domain_name", domain_name, EXPECTED)
        plain.expect(
            retention_days in logs.RETENTION_DAYS, "log_retention_days", retention_days, logs.RETENTION_EXPECTED
        )
        plain.refuse()

        self.name_servers = None
        if domain_name is None:
            assert existing is not None  # noqa: S101 - for mypy; refused above
            self.zone_id = pulumi.Output.from_input(existing)
        else:
            zone = route53.Zone(
                f"{name}-zone",
                name=domain_name,
                comment=f"Names under {domain_name}",
                force_destroy=False,
                tags=args["tags"],
                opts=pulumi.ResourceOptions(parent=self, protect=args.get("protect", True)),
            )
            group, permission = logs.delivered_log_group(
                f"{name}-queries",
                path=f"/aws/route53/{domain_name}",
                service="route53.amazonaws.com",
                account_id=args["account_id"],
                region=QUERY_LOG_REGION,
                retention_days=retention_days,
                kms_key_arn=args["kms_key_arn"],
                tags=args["tags"],
                parent=self,
            )
            route53.QueryLog(
                f"{name}-query-log",
                zone_id=zone.zone_id,
                cloudwatch_log_group_arn=group.arn,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
            )
            self.zone_id = zone.zone_id
            self.name_servers = zone.name_servers
        self.register_outputs({"zone_id": self.zone_id, "name_servers": self.name_servers})


class NameTarget(StrEnum):
    """What a name stands for. Route 53 evaluates the health of a balancer; a distribution has none to evaluate."""

    EDGE = "edge"
    BALANCER = "balancer"


class PublicNameArgs(TypedDict):
    """Arguments of `PublicName`."""

    zone_id: pulumi.Input[str]
    """Zone that holds the records. Replaces them."""
    host_name: str
    """The name. Replaces the records."""
    target: NameTarget
    """What it stands for."""
    target_domain: pulumi.Input[str]
    """Host name that AWS gave the edge or the balancer."""
    target_zone_id: NotRequired[pulumi.Input[str]]
    """Zone of the balancer's own name; all edges have the same."""
    health_check_path: NotRequired[str]
    """Path that is asked over HTTPS from around the world. Default: no check."""
    tags: Mapping[str, pulumi.Input[str]]
    """Tags of every taggable child."""


class PublicName(pulumi.ComponentResource):
    """A name for the edge or the balancer, IPv4 and for an edge IPv6, watched from outside if wanted.

    Creates: alias record A, for an edge AAAA too; with `health_check_path` a health check.

    Changes during a rollout: nothing.

    Replaces on: `zone_id`, `host_name`.
    """

    host_name: pulumi.Output[str]
    """The name, once its record exists."""
    health_check_id: pulumi.Output[str] | None
    """Id of the health check, by which its metric is found; none without a check."""

    def __init__(self, name: str, args: PublicNameArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("PublicName"), name, {}, opts)
        path, given_zone = args.get("health_check_path"), args.get("target_zone_id")
        plain = PlainArguments("PublicName", name)
        target = plain.one_of(NameTarget, "target", args["target"])
        to_edge = target is NameTarget.EDGE
        plain.expect(is_host_name(args["host_name"]), "host_name", args["host_name"], EXPECTED)
        plain.expect(
            to_edge == (given_zone is None),
            "target_zone_id",
            "nothing" if given_zone is None else "one",
            "one for a balancer, none for an edge",
        )
        plain.expect(path is None or path.startswith("/"), "health_check_path", path, "a path that starts with /")
        plain.refuse()

        # The balancer has IPv4 addresses only (its ip_address_type is left at ipv4).
        families = ("A", "AAAA") if to_edge else ("A",)
        records = [
            route53.Record(
                f"{name}-{family.lower()}",
                zone_id=args["zone_id"],
                name=args["host_name"],
                type=family,
                aliases=[
                    {
                        "name": args["target_domain"],
                        "zone_id": EDGE_ZONE_ID if given_zone is None else given_zone,
                        # AWS refuses true for a distribution (Route 53 API, AliasTarget).
                        "evaluate_target_health": not to_edge,
                    }
                ],
                opts=pulumi.ResourceOptions(parent=self),
            )
            for family in families
        ]
        self.health_check_id = None
        if path is not None:
            self.health_check_id = route53.HealthCheck(
                f"{name}-check",
                type="HTTPS",
                fqdn=args["host_name"],
                port=443,
                resource_path=path,
                request_interval=CHECK_INTERVAL,
                failure_threshold=CHECK_FAILURES,
                measure_latency=True,
                enable_sni=True,
                tags={**args["tags"], "Name": args["host_name"]},
                opts=pulumi.ResourceOptions(parent=self),
            ).id
        self.host_name = records[0].fqdn
        self.register_outputs({"host_name": self.host_name, "health_check_id": self.health_check_id})
