"""The balancer: what carries the traffic, and what a rollout changes on it."""

from typing import Any

import pulumi
import pytest

from components._common import Slot
from components.aws.load_balancer import LoadBalancer, LoadBalancerArgs
from tests.support.drive import drive, run
from tests.support.mocks import UNKNOWN, Recorded, Recorder

ARGS: LoadBalancerArgs = {
    "physical_name": "greenflow-production",
    "vpc_id": "vpc-1",
    "vpc_cidr": "10.0.0.0/16",
    "subnet_ids": ["subnet-1", "subnet-2", "subnet-3"],
    "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/1",
    "service_security_group_id": "sg-tasks",
    "access_logs_bucket": "logs",
    "client_cidrs": ["0.0.0.0/0"],
    "weights": {"blue": 90, "green": 10},
    "test_slot": Slot.GREEN,
    "tags": {"service": "greenflow"},
}


def balancer(*, preview: bool = False, **more: Any) -> Recorded:
    args: Any = {**ARGS, **more}
    return drive(lambda: LoadBalancer("edge", args), preview=preview)


def traffic(recorded: Recorded) -> Any:
    """The forward action of the listener that carries the traffic."""
    (action,) = recorded.one("Listener", "edge-traffic").inputs["defaultActions"]
    assert action["type"] == "forward"
    return action["forward"]


@pytest.mark.parametrize("split", [(100, 0), (90, 10), (50, 50), (0, 100)])
def test_traffic_listener_names_blue_then_green_whatever_the_split(split: tuple[int, int]) -> None:
    blue, green = split
    groups = traffic(balancer(weights={"blue": blue, "green": green}))["targetGroups"]
    assert [each["weight"] for each in groups] == [blue, green]
    assert ["edge-blue" in each["arn"] for each in groups] == [True, False]
    assert "edge-green" in groups[1]["arn"]


def test_a_step_changes_nothing_but_the_weights() -> None:
    """Every other input of every child is the same before and after."""
    after = balancer(weights={"blue": 50, "green": 50})
    assert balancer().changed(after) == {("Listener", "edge-traffic")}


def test_weights_are_known_in_the_first_preview() -> None:
    groups = traffic(balancer(preview=True))["targetGroups"]
    assert groups == [{"arn": UNKNOWN, "weight": 90}, {"arn": UNKNOWN, "weight": 10}]


def test_a_wrong_sum_is_left_to_the_rule_that_answers_for_it() -> None:
    """R-02 refuses it with its id in preview and update; an exception here would hide that."""
    assert [each["weight"] for each in traffic(balancer(weights={"blue": 90, "green": 20}))["targetGroups"]] == [90, 20]


@pytest.mark.parametrize(
    ("seconds", "stickiness"),
    [
        (0, {"enabled": False, "duration": 1}),
        (300, {"enabled": True, "duration": 300}),
        (604_800, {"enabled": True, "duration": 604_800}),
    ],
)
def test_stickiness(seconds: int, stickiness: dict[str, Any]) -> None:
    assert traffic(balancer(stickiness_seconds=seconds))["stickiness"] == stickiness


def test_traffic_listener_is_tagged_and_speaks_modern_tls() -> None:
    inputs = balancer().one("Listener", "edge-traffic").inputs
    assert (inputs["port"], inputs["protocol"]) == (443, "HTTPS")
    assert inputs["sslPolicy"].startswith("ELBSecurityPolicy-TLS13-1-2-")
    assert inputs["certificateArn"] == ARGS["certificate_arn"]
    assert inputs["tags"] == {"service": "greenflow", "headgate-role": "traffic"}


def test_http_is_redirected_for_good() -> None:
    inputs = balancer().one("Listener", "edge-redirect").inputs
    assert (inputs["port"], inputs["protocol"]) == (80, "HTTP")
    assert inputs["defaultActions"] == [
        {"type": "redirect", "redirect": {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}}
    ]


@pytest.mark.parametrize("slot", list(Slot))
def test_test_listener_reaches_one_slot_only(slot: Slot) -> None:
    inputs = balancer(test_slot=slot).one("Listener", "edge-test").inputs
    assert (inputs["port"], inputs["protocol"]) == (8443, "HTTPS")
    assert inputs["sslPolicy"].startswith("ELBSecurityPolicy-TLS13-1-2-")
    assert inputs["tags"]["headgate-role"] == "test"
    (action,) = inputs["defaultActions"]
    ((group),) = action["forward"]["targetGroups"]
    assert group["weight"] == 100
    assert group["arn"].endswith(f"edge-{slot.value}")
    assert action["forward"]["stickiness"]["enabled"] is False


def test_target_groups_of_both_slots_differ_in_name_and_tag_only() -> None:
    blue, green = balancer().one("TargetGroup", "edge-blue").inputs, balancer().one("TargetGroup", "edge-green").inputs
    assert (blue["name"], green["name"]) == ("greenflow-prd-blue", "greenflow-prd-green")
    assert (blue["tags"]["slot"], green["tags"]["slot"]) == ("blue", "green")
    same = blue.keys() - {"name", "tags"}
    assert {key: blue[key] for key in same} == {key: green[key] for key in same}


def test_health_check_is_explicit_and_quick() -> None:
    check = balancer(health_check_path="/ready").one("TargetGroup", "edge-blue").inputs["healthCheck"]
    assert check["enabled"] is True
    assert (check["path"], check["matcher"], check["port"]) == ("/ready", "200", "traffic-port")
    assert check["interval"] * check["unhealthyThreshold"] <= 30  # seconds until a broken task gets nothing more
    assert check["timeout"] < check["interval"]


def ingress(recorded: Recorded) -> dict[int, list[str]]:
    """Port of the balancer -> the ranges that reach it."""
    group = recorded.one("SecurityGroup").name
    ports: dict[int, list[str]] = {}
    for rule in recorded.of_type("SecurityGroupIngressRule"):
        if rule.inputs["securityGroupId"] == f"{group}-id":
            found = rule.inputs.get("cidrIpv4") or rule.inputs["prefixListId"]
            ports.setdefault(int(rule.inputs["fromPort"]), []).append(found)
    return ports


def test_only_the_vpc_reaches_the_test_listener_by_default() -> None:
    assert ingress(balancer()) == {443: ["0.0.0.0/0"], 80: ["0.0.0.0/0"], 8443: ["10.0.0.0/16"]}


RULES_PER_GROUP, WEIGHT = 60, 55  # AWS: quota of inbound rules; what CloudFront's list counts as (VPC user guide)


def test_behind_an_edge_only_that_reaches_the_service_and_the_test_listener_stays_as_it_was() -> None:
    without = {key: value for key, value in ARGS.items() if key != "client_cidrs"}
    recorded = drive(lambda: LoadBalancer("edge", {**without, "client_prefix_list_id": "pl-1"}))
    found = ingress(recorded)
    assert found == {443: ["pl-1"], 8443: ["10.0.0.0/16"]}
    sources = [source for each in found.values() for source in each]
    assert sum(WEIGHT if source == "pl-1" else 1 for source in sources) <= RULES_PER_GROUP


def test_test_clients_can_be_named_also_by_addresses_not_known_yet() -> None:
    def build() -> None:
        address = pulumi.Output.concat(pulumi.Output.from_input("203.0.113.7"), "/32")
        LoadBalancer("edge", {**ARGS, "test_client_cidrs": ["198.51.100.0/24", address]})

    assert ingress(drive(build))[8443] == ["198.51.100.0/24", "203.0.113.7/32"]


def test_way_to_the_tasks_is_opened_on_both_sides() -> None:
    recorded = balancer(container_port=9000)
    way_out = recorded.one("SecurityGroupEgressRule").inputs
    way_in = recorded.one("SecurityGroupIngressRule", "edge-tasks-in").inputs
    assert (way_out["referencedSecurityGroupId"], way_out["fromPort"], way_out["toPort"]) == ("sg-tasks", 9000, 9000)
    assert (way_in["securityGroupId"], way_in["fromPort"], way_in["toPort"]) == ("sg-tasks", 9000, 9000)


def test_protection_covers_what_carries_traffic() -> None:
    protected = {each.name for each in balancer().custom() if each.protect}
    assert protected == {"edge-balancer", "edge-traffic", "edge-blue", "edge-green"}


def guarded() -> None:
    """A program like that of a stack: the rollout first, and a guard on the listener."""
    rollout = pulumi.ComponentResource("headgate:index:Rollout", "rollout")
    hook = pulumi.ResourceHook("guard", lambda _args: None)
    LoadBalancer(
        "edge",
        ARGS,
        carrier_hooks=pulumi.ResourceHookBinding(before_update=[hook], before_create=[hook]),
        carrier_depends_on=[rollout],
    )


def test_hooks_go_to_the_traffic_listener_only() -> None:
    recorded = drive(guarded)
    carrier = recorded.one("Listener", "edge-traffic")
    assert carrier.hooks == {"before_create": ("guard",), "before_update": ("guard",)}
    assert [each.name for each in recorded.resources if each.hooks] == ["edge-traffic"]


def test_a_refused_rollout_stops_the_traffic_listener() -> None:
    """The rollout is a component without children, for which `depends_on` alone waits in vain."""
    recorder = Recorder(preview=False, refuses="rollout")
    with pytest.raises(Exception, match="rollout is refused"):
        run(guarded, recorder)
    listeners = {each.name for each in recorder.recorded.of_type("Listener")}
    assert "edge-traffic" not in listeners


def test_the_listener_depends_on_what_the_caller_names() -> None:
    def build() -> None:
        record = pulumi.CustomResource("aws:ssm/parameter:Parameter", "record", {})
        LoadBalancer("edge", ARGS, carrier_depends_on=[record])

    recorded = drive(build)
    record = recorded.one("Parameter").urn
    assert [each.name for each in recorded.resources if record in each.dependencies] == ["edge-traffic"]


def test_outputs() -> None:
    recorded = balancer()
    outputs = recorded.outputs_of("LoadBalancer")
    assert outputs["name"] == "greenflow-production"
    assert outputs["dns_name"] == "edge-balancer.elb.amazonaws.com"
    assert outputs["listener"] == recorded.one("Listener", "edge-traffic").urn
    assert outputs["target_group_arns"].keys() == {"blue", "green"}
    weights = [each["weight"] for each in outputs["default_actions"][0]["forward"]["target_groups"]]
    assert weights == [90, 10]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"physical_name": "x" * 33}, "physical_name: found 'x+'; expected at most 32 characters"),
        ({"physical_name": "a-very-long-system-for-rehearsal"}, "target group 'a-very-.*-green' within 32 characters"),
        ({"stickiness_seconds": 604_801}, "stickiness_seconds: found 604801; expected a whole number from 0 to 604800"),
        ({"stickiness_seconds": -1}, "stickiness_seconds: found -1"),
        ({"container_port": 0}, "container_port: found 0"),
        ({"deregistration_delay_seconds": 0}, "deregistration_delay_seconds: found 0; expected .* 15 to 300 seconds"),
        ({"health_check_path": "health"}, "health_check_path: found 'health'; expected a path that starts with /"),
        ({"subnet_ids": ["subnet-1"]}, "subnet_ids: found 1; expected at least 2 subnets"),
        ({"client_cidrs": []}, "client_cidrs: found .*; expected at least one"),
        ({"client_prefix_list_id": "pl-1"}, "client_cidrs: found .*; expected none beside client_prefix_list_id"),
        ({"client_cidrs": ["::/0"]}, r"client_cidrs\[0\]: found '::/0'; expected an IPv4 range"),
        (
            {"test_client_cidrs": ["0.0.0.0/0"]},
            r"test_client_cidrs\[0\]: found '0.0.0.0/0'; expected .* /8 or narrower",
        ),
        ({"test_client_cidrs": ["0.0.0.0/1", "10.0.0.1/8"]}, r"test_client_cidrs\[1\]: found '10.0.0.1/8'"),
        ({"vpc_cidr": "0.0.0.0/0"}, r"test_client_cidrs\[0\]: found '0.0.0.0/0'"),
        ({"test_slot": "red"}, "test_slot: found 'red'; expected one of blue, green"),
    ],
)
def test_wrong_arguments_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"LoadBalancer 'edge': (.|\n)*{message}"):
        balancer(**more)
