"""The balancer: its HTTPS listener carries the traffic, and its weights are the rollout."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import ec2, lb, vpc

from components._common import ROLE_TAG, PlainArguments, Slot, registered_after, slot_tags, target_group_name, token
from components.aws.bucket_policies import BALANCER_PREFIX
from components.aws.cohort_rules import cohort_rules
from components.aws.security_rules import connect

TRAFFIC_PORT = 443
REDIRECT_PORT = 80
TEST_PORT = 8443

# TLS 1.3, and TLS 1.2 with forward secrecy for clients that need it: what AWS recommends for an Application Load
# Balancer (its user guide, "Security policies").
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"

DEFAULT_CONTAINER_PORT = 8080
DEFAULT_HEALTH_PATH = "/api/v2/health"
DEFAULT_DEREGISTRATION_DELAY = 60  # seconds a target that leaves may take to finish its requests
HEALTH_INTERVAL = 10  # seconds
HEALTH_TIMEOUT = 5  # seconds
HEALTHY_AFTER = 2  # checks in a row
UNHEALTHY_AFTER = 3  # checks in a row

MAX_STICKINESS = 604_800  # seconds: 7 days, the most ALB allows
LEAST_TEST_PREFIX = 8  # a test client range wider than /8 is a good part of the internet


class SlotWeights(TypedDict):
    """Per cent of new requests that each slot's target group gets."""

    blue: int
    """Weight of blue."""
    green: int
    """Weight of green."""


class LoadBalancerArgs(TypedDict):
    """Arguments of `LoadBalancer`."""

    physical_name: str
    """Name of the balancer in AWS and stem of its target groups' names. Replaces all of them."""
    vpc_id: pulumi.Input[str]
    """The VPC. Replaces everything."""
    vpc_cidr: str
    """IPv4 range of the VPC: who may use the test listener unless `test_client_cidrs` says otherwise."""
    subnet_ids: Sequence[pulumi.Input[str]]
    """Public subnets, at least two."""
    certificate_arn: pulumi.Input[str]
    """Certificate of both HTTPS listeners."""
    service_security_group_id: pulumi.Input[str]
    """Group of the tasks; the balancer opens its way to them."""
    access_logs_bucket: pulumi.Input[str]
    """Bucket of the access logs: a `LogBucket` that takes logs of balancers. Changed in place."""
    client_cidrs: NotRequired[Sequence[str]]
    """IPv4 ranges that may reach the service. 0.0.0.0/0 is a public service, and has to be said."""
    client_prefix_list_id: NotRequired[pulumi.Input[str]]
    """Instead of `client_cidrs`, what alone may reach the service, over HTTPS only: where an edge sends from."""
    test_client_cidrs: NotRequired[Sequence[pulumi.Input[str]]]
    """IPv4 ranges that may reach the test listener, /8 or narrower. Default: the VPC."""
    weights: SlotWeights
    """The split of the traffic. Plain numbers: policies judge them in a preview. Changed in place."""
    stickiness_seconds: NotRequired[int]
    """Seconds a client is kept on the slot it got first, 0 to 604800. Default: 0, off."""
    test_slot: Slot
    """Slot behind the test listener: the candidate's, else the standby's. Changed in place."""
    cohorts: NotRequired[bool]
    """Send users who have a cohort where it belongs: the lowest ones to `test_slot`, by its weight. Default: false."""
    container_port: NotRequired[int]
    """Port of the tasks. Default: 8080. Replaces the target groups."""
    health_check_path: NotRequired[str]
    """Path that answers 200 when a task can serve. Default: /api/v2/health."""
    deregistration_delay_seconds: NotRequired[int]
    """Seconds a leaving task may take to finish its requests, 15 to 300. Default: 60."""
    protect: NotRequired[bool]
    """Refuse to delete or replace the balancer, the traffic listener and the target groups. Default: true."""
    tags: Mapping[str, pulumi.Input[str]]
    """Tags of every taggable child."""


@dataclass(frozen=True, kw_only=True)
class _Settings:
    stickiness: int
    test_slot: Slot
    cohorts: bool
    container_port: int
    health_path: str
    deregistration_delay: int
    protect: bool


class LoadBalancer(pulumi.ComponentResource):
    """An internet-facing balancer that splits HTTPS traffic between the blue and the green target group.

    Creates: security group with its rules; balancer; target groups blue and green; HTTPS listener 443, which
    carries the traffic; HTTP listener 80, which redirects to it; HTTPS listener 8443 for tests, which reaches
    one slot only; with `cohorts`, the rules of the traffic listener for users with a cohort.

    Changes during a rollout: `weights`, `stickiness_seconds`, `test_slot`, and what the rules for cohorts match.

    Replaces on: `physical_name`, `vpc_id` (balancer, target groups); `container_port` (target groups). While
    `protect` is true these are refused.
    """

    listener_arn: pulumi.Output[str]
    """ARN of the listener that carries the traffic."""
    listener: lb.Listener
    """The listener that carries the traffic: what else must wait for a shift depends on it."""
    default_actions: pulumi.Output[Sequence[Any]]
    """The split as the provider last reported it, not as it was asked for."""
    rules: list[lb.ListenerRule]
    """The rules for cohorts, which move users as the listener does; empty without `cohorts`."""
    settled: pulumi.Output[Sequence[Any]]
    """The split and what the rules do, known once the listener and every rule were written."""
    arn: pulumi.Output[str]
    """ARN of the balancer."""
    zone_id: pulumi.Output[str]
    """Hosted zone of `dns_name`, for alias records."""
    name: pulumi.Output[str]
    """Name of the balancer in AWS."""
    dns_name: pulumi.Output[str]
    """Host name AWS gave the balancer."""
    security_group_id: pulumi.Output[str]
    """Group of the balancer."""
    target_group_arns: dict[str, pulumi.Output[str]]
    """ARN of each slot's target group, by slot."""

    def __init__(
        self,
        name: str,
        args: LoadBalancerArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        carrier_hooks: pulumi.ResourceHookBinding | None = None,
        carrier_depends_on: Sequence[pulumi.Resource] = (),
        rule_hooks: pulumi.ResourceHookBinding | None = None,
    ) -> None:
        """`carrier_hooks` and `carrier_depends_on` go to the traffic listener, `rule_hooks` to its rules for cohorts.

        They exist in Python programs only, because hooks and resources cannot cross to another language. The listener
        is not registered when a resource it depends on is refused, also when that is a component without children.
        """
        super().__init__(token("LoadBalancer"), name, {}, opts)
        settings = _resolve(name, args)
        self._args = args
        self._settings = settings

        group = self._security_group()
        balancer = lb.LoadBalancer(
            f"{name}-balancer",
            name=args["physical_name"],
            load_balancer_type="application",
            internal=False,
            security_groups=[group.id],
            subnets=list(args["subnet_ids"]),
            drop_invalid_header_fields=True,
            desync_mitigation_mode="defensive",
            enable_deletion_protection=settings.protect,
            access_logs={"enabled": True, "bucket": args["access_logs_bucket"], "prefix": BALANCER_PREFIX},
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self, protect=settings.protect),
        )
        groups = {slot: self._target_group(slot) for slot in Slot}

        self.listener = lb.Listener(
            f"{name}-traffic",
            load_balancer_arn=registered_after(balancer.arn, carrier_depends_on),
            port=TRAFFIC_PORT,
            protocol="HTTPS",
            ssl_policy=TLS_POLICY,
            certificate_arn=args["certificate_arn"],
            default_actions=[forward(args["weights"], groups, settings.stickiness)],
            tags={**args["tags"], ROLE_TAG: "traffic"},
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=settings.protect,
                hooks=carrier_hooks,
                depends_on=list(carrier_depends_on),
            ),
        )
        self.rules = self._cohort_rules(groups, rule_hooks) if settings.cohorts else []
        self._redirect_listener(balancer)
        self._test_listener(balancer, groups[settings.test_slot])

        self.listener_arn = self.listener.arn
        self.default_actions = self.listener.default_actions
        self.settled = pulumi.Output.all(self.default_actions, *(rule.actions for rule in self.rules))
        self.arn = balancer.arn
        self.zone_id = balancer.zone_id
        self.name = balancer.name
        self.dns_name = balancer.dns_name
        self.security_group_id = group.id
        self.target_group_arns = {slot.value: group.arn for slot, group in groups.items()}
        self.register_outputs(
            {
                "listener_arn": self.listener_arn,
                "listener": self.listener,
                "default_actions": self.default_actions,
                "rules": self.rules,
                "settled": self.settled,
                "arn": self.arn,
                "zone_id": self.zone_id,
                "name": self.name,
                "dns_name": self.dns_name,
                "security_group_id": self.security_group_id,
                "target_group_arns": self.target_group_arns,
            }
        )

    def _security_group(self) -> ec2.SecurityGroup:
        args = self._args
        group = ec2.SecurityGroup(
            f"{self.pulumi_resource_name}-balancer",
            vpc_id=args["vpc_id"],
            description=f"Balancer {args['physical_name']}",
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        clients = args.get("client_cidrs", ())
        if "client_prefix_list_id" in args:
            # One rule: CloudFront's list counts as 55 of the 60 that a group may have (VPC user guide, "AWS-managed
            # prefix lists"), so port 80 has no room. The edge itself redirects its clients to HTTPS.
            vpc.SecurityGroupIngressRule(
                f"{self.pulumi_resource_name}-edge-in",
                security_group_id=group.id,
                prefix_list_id=args["client_prefix_list_id"],
                ip_protocol="tcp",
                from_port=TRAFFIC_PORT,
                to_port=TRAFFIC_PORT,
                description="The edge over HTTPS",
                tags=args["tags"],
                opts=pulumi.ResourceOptions(parent=self),
            )
        ways_in = [
            ("https", TRAFFIC_PORT, "Clients over HTTPS", clients),
            ("http", REDIRECT_PORT, "Clients over HTTP, to be redirected to HTTPS", clients),
            (
                "test",
                TEST_PORT,
                "Test clients, to the slot under test",
                args.get("test_client_cidrs", [args["vpc_cidr"]]),
            ),
        ]
        for role, port, description, cidrs in ways_in:
            for position, cidr in enumerate(cidrs):
                vpc.SecurityGroupIngressRule(
                    f"{self.pulumi_resource_name}-{role}-{position}-in",
                    security_group_id=group.id,
                    cidr_ipv4=cidr,
                    ip_protocol="tcp",
                    from_port=port,
                    to_port=port,
                    description=description,
                    tags=args["tags"],
                    opts=pulumi.ResourceOptions(parent=self),
                )
        connect(
            f"{self.pulumi_resource_name}-tasks",
            client=group.id,
            server=args["service_security_group_id"],
            port=self._settings.container_port,
            description="Balancer to the tasks",
            tags=args["tags"],
            parent=self,
        )
        return group

    def _target_group(self, slot: Slot) -> lb.TargetGroup:
        settings = self._settings
        return lb.TargetGroup(
            f"{self.pulumi_resource_name}-{slot.value}",
            name=target_group_name(self._args["physical_name"], slot),
            vpc_id=self._args["vpc_id"],
            target_type="ip",
            port=settings.container_port,
            protocol="HTTP",
            protocol_version="HTTP1",
            deregistration_delay=settings.deregistration_delay,
            health_check={
                "enabled": True,
                "path": settings.health_path,
                "port": "traffic-port",
                "protocol": "HTTP",
                "matcher": "200",
                "interval": HEALTH_INTERVAL,
                "timeout": HEALTH_TIMEOUT,
                "healthy_threshold": HEALTHY_AFTER,
                "unhealthy_threshold": UNHEALTHY_AFTER,
            },
            tags=slot_tags(self._args["tags"], slot),
            opts=pulumi.ResourceOptions(parent=self, protect=settings.protect),
        )

    def _cohort_rules(
        self, groups: Mapping[Slot, lb.TargetGroup], hooks: pulumi.ResourceHookBinding | None
    ) -> list[lb.ListenerRule]:
        return cohort_rules(
            self.pulumi_resource_name,
            self._args["weights"][self._settings.test_slot.value],
            self._settings.test_slot,
            lambda slot: forward({"blue": 100 * (slot is Slot.BLUE), "green": 100 * (slot is Slot.GREEN)}, groups, 0),
            listener=self.listener,
            tags=self._args["tags"],
            parent=self,
            hooks=hooks,
        )

    def _redirect_listener(self, balancer: lb.LoadBalancer) -> None:
        lb.Listener(
            f"{self.pulumi_resource_name}-redirect",
            load_balancer_arn=balancer.arn,
            port=REDIRECT_PORT,
            protocol="HTTP",
            default_actions=[
                {
                    "type": "redirect",
                    "redirect": {
                        "protocol": "HTTPS",
                        "port": str(TRAFFIC_PORT),
                        "status_code": "HTTP_301",
                    },
                }
            ],
            tags=self._args["tags"],
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _test_listener(self, balancer: lb.LoadBalancer, group: lb.TargetGroup) -> None:
        lb.Listener(
            f"{self.pulumi_resource_name}-test",
            load_balancer_arn=balancer.arn,
            port=TEST_PORT,
            protocol="HTTPS",
            ssl_policy=TLS_POLICY,
            certificate_arn=self._args["certificate_arn"],
            default_actions=[
                {
                    "type": "forward",
                    "forward": {
                        "target_groups": [{"arn": group.arn, "weight": 100}],
                        "stickiness": _stickiness(0),
                    },
                }
            ],
            tags={**self._args["tags"], ROLE_TAG: "test"},
            opts=pulumi.ResourceOptions(parent=self),
        )


def forward(
    weights: SlotWeights, groups: Mapping[Slot, lb.TargetGroup], stickiness: int
) -> lb.ListenerDefaultActionArgsDict:
    """Action of the traffic listener: blue, then green, always both, so that a diff shows weights only."""
    return {
        "type": "forward",
        "forward": {
            "target_groups": [
                {"arn": groups[Slot.BLUE].arn, "weight": weights["blue"]},
                {"arn": groups[Slot.GREEN].arn, "weight": weights["green"]},
            ],
            "stickiness": _stickiness(stickiness),
        },
    }


def _stickiness(seconds: int) -> lb.ListenerDefaultActionForwardStickinessArgsDict:
    # The provider wants a duration also when stickiness is off; 1 is the least it accepts.
    return {"enabled": seconds > 0, "duration": max(seconds, 1)}


def _resolve(name: str, args: LoadBalancerArgs) -> _Settings:
    plain = PlainArguments("LoadBalancer", name)
    stickiness = args.get("stickiness_seconds", 0)
    container_port = args.get("container_port", DEFAULT_CONTAINER_PORT)
    health_path = args.get("health_check_path", DEFAULT_HEALTH_PATH)
    delay = args.get("deregistration_delay_seconds", DEFAULT_DEREGISTRATION_DELAY)

    plain.name("physical_name", args["physical_name"])
    for slot in Slot:
        group_name = target_group_name(args["physical_name"], slot)
        plain.expect(
            len(group_name) <= 32,
            "physical_name",
            args["physical_name"],
            f"a name that leaves target group {group_name!r} within 32 characters",
            "Shorten it.",
        )
    plain.between("stickiness_seconds", stickiness, 0, MAX_STICKINESS, "seconds")
    plain.between("container_port", container_port, 1, 65535)
    plain.between("deregistration_delay_seconds", delay, 15, 300, "seconds")
    plain.expect(health_path.startswith("/"), "health_check_path", health_path, "a path that starts with /")
    plain.expect(len(args["subnet_ids"]) >= 2, "subnet_ids", len(args["subnet_ids"]), "at least 2 subnets")
    clients = args.get("client_cidrs", ())
    plain.expect(
        bool(clients) is not ("client_prefix_list_id" in args),
        "client_cidrs",
        list(clients),
        "none beside client_prefix_list_id" if clients else "at least one IPv4 range, or client_prefix_list_id",
    )
    for position, cidr in enumerate(clients):
        plain.expect(network(cidr) is not None, f"client_cidrs[{position}]", cidr, "an IPv4 range such as 10.0.0.0/8")
    for position, client in enumerate(args.get("test_client_cidrs", [args["vpc_cidr"]])):
        if isinstance(client, str):
            found = network(client)
            plain.expect(
                found is not None and found.prefixlen >= LEAST_TEST_PREFIX,
                f"test_client_cidrs[{position}]",
                client,
                f"an IPv4 range of /{LEAST_TEST_PREFIX} or narrower",
                "The test listener reaches versions that users must not see yet.",
            )
    test_slot = plain.one_of(Slot, "test_slot", args["test_slot"])
    plain.refuse()
    return _Settings(
        stickiness=stickiness,
        test_slot=test_slot,
        cohorts=args.get("cohorts", False),
        container_port=container_port,
        health_path=health_path,
        deregistration_delay=delay,
        protect=args.get("protect", True),
    )


def network(cidr: str) -> ipaddress.IPv4Network | None:
    """`cidr` as a network, or None when it is no IPv4 network."""
    try:
        return ipaddress.IPv4Network(cidr)
    except ValueError:
        return None
