"""What stands in front of GreenFlow's balancer: names, certificates, firewalls, the static site and the edge."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.certificate import Certificate
from components.aws.cohort_function import CohortFunction
from components.aws.dns import HostedZone, HostedZoneArgs, NameTarget, PublicName
from components.aws.edge import Edge, EdgeArgs
from components.aws.encryption import EncryptionKey
from components.aws.firewall import Firewall, FirewallScope
from components.aws.load_balancer import LoadBalancer
from components.aws.storage import LogBucket, SiteAccess, SiteBucket
from components.guard import CarrierGuard
from headgate.settings import Settings
from stacks.greenflow_settings import EdgeSettings, GreenflowSettings

HOME = "us-east-1"  # where CloudFront wants its certificate, its firewall and the delivery of its logs
HEALTH = "/api/v2/health"
# What CloudFront calls origins from, in every region (VPC user guide, "AWS-managed prefix lists"). Other distributions
# do too: what is not for everybody behind a CloudFront is for the firewall and the application to refuse.
SENDERS = "com.amazonaws.global.cloudfront.origin-facing"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What everything in front of the balancer needs. `guard`: hooks of the data guard, where there is one."""

    settings: Settings
    details: GreenflowSettings
    account_id: pulumi.Output[str]
    region: str
    tags: Mapping[str, pulumi.Input[str]]
    key: EncryptionKey
    logs: LogBucket
    opts: pulumi.ResourceOptions
    guard: pulumi.ResourceHookBinding | None

    @property
    def origin(self) -> str:
        """The balancer's own name, by which the edge reaches it."""
        return f"origin.{self.settings.domain}"


@dataclass(frozen=True, slots=True)
class Names:
    """The zone, the balancer's certificate, and the provider of `HOME` with its options."""

    zone: HostedZone
    certificate: Certificate
    home: pulumi.ResourceOptions


async def senders() -> str:
    """Id of the prefix list that the balancer's requests come from. Raises pulumi.RunError when AWS fails."""
    try:
        found = await pulumi.runtime.invoke_async(
            "aws:ec2/getManagedPrefixList:getManagedPrefixList", {"name": SENDERS}
        )
    except Exception as error:  # noqa: BLE001 - the SDK raises its bare base class
        raise pulumi.RunError(
            f"AWS does not say which addresses CloudFront sends from (prefix list {SENDERS}): {error}. Without them "
            "the balancer would be open to everybody. Allow ec2:DescribeManagedPrefixLists, and try again."
        ) from None
    return str(found["id"])


def names(around: Surroundings, edge: EdgeSettings) -> Names:
    """The zone and the balancer's certificate, validated in it: before the balancer."""
    provider = aws.Provider(HOME, region=HOME)
    home = pulumi.ResourceOptions.merge(around.opts, pulumi.ResourceOptions(provider=provider))
    where: HostedZoneArgs = {
        "account_id": around.account_id,
        "kms_key_arn": around.key.key_arn,
        "protect": around.settings.production,
        "tags": around.tags,
    }
    if edge.zone is not None:
        where["domain_name"] = edge.zone
    elif edge.zone_id is not None:
        where["existing_zone_id"] = edge.zone_id
    zone = HostedZone("zone", where, home)
    certificate = Certificate(
        "certificate",
        {
            "domain_name": around.settings.domain,
            "subject_alternative_names": [around.origin],
            "zone_id": zone.zone_id,
            "tags": around.tags,
        },
        around.opts,
    )
    return Names(zone, certificate, home)


def front(
    around: Surroundings, edge: EdgeSettings, named: Names, balancer: LoadBalancer, guard: CarrierGuard
) -> Mapping[str, pulumi.Input[str]]:
    """Everything after the balancer; returns its outputs."""
    settings, tags, name = around.settings, around.tags, around.settings.name
    origin = PublicName(
        "origin-name",
        {
            "zone_id": named.zone.zone_id,
            "host_name": around.origin,
            "target": NameTarget.BALANCER,
            "target_domain": balancer.dns_name,
            "target_zone_id": balancer.zone_id,
            "tags": tags,
        },
        around.opts,
    )
    Firewall(
        "firewall",
        {
            "physical_name": name,
            "scope": FirewallScope.BALANCER,
            "account_id": around.account_id,
            "region": around.region,
            "kms_key_arn": around.key.key_arn,
            "protected_arns": [balancer.arn],
            "tags": tags,
        },
        around.opts,
        guard=around.guard,
    )
    wall = Firewall(
        "edge-firewall",
        {
            "physical_name": f"{name}-edge",
            "scope": FirewallScope.EDGE,
            "account_id": around.account_id,
            "region": HOME,
            "kms_key_arn": around.key.key_arn,
            "tags": tags,
        },
        named.home,
        guard=around.guard,
    )
    certificate = Certificate(
        "edge-certificate",
        {
            "domain_name": settings.domain,
            "validation_record_names": [_validated_by(named.certificate)],
            "tags": tags,
        },
        named.home,
    )
    site = SiteBucket(
        "site",
        {
            "physical_name": name,
            "account_id": around.account_id,
            "region": around.region,
            "kms_key_arn": around.key.key_arn,
            "log_bucket_name": around.logs.bucket_name,
            "protect_data": settings.production,
            "tags": tags,
        },
        around.opts,
    )
    args: EdgeArgs = {
        "physical_name": name,
        "domain": settings.domain,
        "certificate_arn": certificate.certificate_arn,
        "web_acl_arn": wall.web_acl_arn,
        "api_domain": origin.host_name,
        "site_bucket_domain": site.domain_name,
        "log_bucket_arn": around.logs.bucket_arn,
        "cors_origins": edge.cors_origins,
        "protect": settings.production,
        "tags": tags,
    }
    cohorts = around.details.cohorts
    if cohorts is not None:
        function = CohortFunction(
            "cohorts",
            {
                "physical_name": name,
                "salt": cohorts.salt,
                "header": cohorts.header,
                "cookie": cohorts.cookie,
                "tags": tags,
            },
            # It holds nothing, and must not hold up a way back that takes headgate:cohorts out.
            pulumi.ResourceOptions.merge(named.home, pulumi.ResourceOptions(protect=False)),
            hooks=guard.unchanged("cohort-function"),
        )
        args["viewer_request_function_arn"] = function.function_arn
    distribution = Edge("edge", args, named.home)
    SiteAccess(
        "site-access",
        {
            "bucket_name": site.bucket_name,
            "region": around.region,
            "distribution_arn": distribution.distribution_arn,
        },
        around.opts,
    )
    PublicName(
        "name",
        {
            "zone_id": named.zone.zone_id,
            "host_name": settings.domain,
            "target": NameTarget.EDGE,
            "target_domain": distribution.domain_name,
            "health_check_path": HEALTH,
            "tags": tags,
        },
        named.home,
    )
    return {"edge": distribution.domain_name, "site": site.bucket_name}


def _validated_by(certificate: Certificate) -> pulumi.Output[str]:
    """The record of the domain. ACM asks for the same one in every region, so the balancer's serves here too."""
    records = certificate.validation_record_names
    assert records is not None  # noqa: S101 - for mypy; this certificate makes its records, the domain's first
    return records.apply(lambda found: found[0])
