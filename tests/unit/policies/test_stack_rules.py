"""Rules over whole stacks: what is declared agrees with the Rollout, and databases are away from the internet."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from headgate.state import Recorded
from headgate.transition import Transition, to_dict
from policies.carrier_agreement import SCALABLE_TARGET
from policies.rollout import ROLLOUT
from tests.support.policy_cases import LISTENER, SERVICE, TARGETS, changed
from tests.support.rollouts import good
from tests.support.rule_table import FIFTY, HUNDRED, PROMOTED, TEN, UP
from tests.support.servicer import UNKNOWN, Declared, Diagnostic, FixedSession, Pack, of

AGREES = "rollout-carrier-agrees"
ROUTES = "rds-subnets-without-internet-route"


def stack(at: Recorded, *, arns: bool = False, **weights: int) -> list[Declared]:
    """GreenFlow as the components declare it at a state; `arns`: target groups exist, their ARNs are known."""
    state = at.state
    split = {"blue": 0, "green": 0, **state.split, **weights}
    known = {slot: f"arn:{slot}" if arns else UNKNOWN for slot in ("blue", "green")}
    carried = {key: each for key, each in to_dict(Transition(at, state, at.plan, good(state))).items() if each}
    forward = {
        "targetGroups": [{"arn": known[slot], "weight": split[slot]} for slot in ("blue", "green")],
        "stickiness": {"enabled": state.stickiness > 0, "duration": max(1, state.stickiness)},
    }
    listener = {
        "protocol": "HTTPS",
        "defaultActions": [{"type": "forward", "forward": forward}],
        "tags": {"headgate-role": "traffic"},
    }
    declared = [Declared(ROLLOUT, "rollout", carried, outputs={}), Declared(LISTENER, "traffic", listener)]
    for slot in ("blue", "green"):
        tasks, tags = state.tasks.get(slot, 0), {"slot": slot}
        declared += [
            Declared(TARGETS, f"{slot}-targets", {"arn": known[slot], "tags": tags}),
            Declared(SERVICE, f"{slot}-service", {"desiredCount": tasks, "tags": tags}),
            Declared(SCALABLE_TARGET, f"{slot}-scaling", {"minCapacity": tasks, "tags": tags}),
        ]
    return declared


def edited(resources: Sequence[Declared], name: str, changes: dict[str, Any], **fields: Any) -> list[Declared]:
    return [
        replace(each, inputs=changed(each.inputs, changes), **fields) if each.name == name else each
        for each in resources
    ]


def says(resources: Sequence[Declared], moment: int = FIFTY.state.changed_at) -> list[Diagnostic]:
    pack = Pack("production", session=FixedSession(moment=moment))
    return of(pack.run(resources), AGREES)


def rules(found: Sequence[Diagnostic]) -> set[str]:
    return {each.message.partition("\n")[2].split()[0] for each in found}


@pytest.mark.parametrize("arns", [False, True])
@pytest.mark.parametrize("at", [UP, TEN, FIFTY, HUNDRED, PROMOTED], ids=lambda at: at.state.step)
def test_what_the_components_declare_agrees(at: Recorded, arns: bool) -> None:
    assert says(stack(at, arns=arns)) == []


@pytest.mark.parametrize("arns", [False, True])
def test_other_weights_than_the_step_s_are_r_05(arns: bool) -> None:
    found = says(stack(TEN, arns=arns, blue=75, green=25))

    assert rules(found) == {"R-05"}
    assert found[0].level == "mandatory"
    assert found[0].urn.endswith("::traffic")
    assert "blue 90, green 10" in found[0].message
    assert "blue 75, green 25" in found[0].message


def test_swapped_target_groups_are_found_by_their_arns() -> None:
    good = stack(TEN, arns=True)
    groups = good[1].inputs["defaultActions"][0]["forward"]["targetGroups"]
    path = "defaultActions.0.forward.targetGroups"

    assert says(edited(good, "traffic", {path: [groups[1], groups[0]]})) == []
    swapped = [{**groups[0], "weight": 10}, {**groups[1], "weight": 90}]
    assert rules(says(edited(good, "traffic", {path: swapped}))) == {"R-05"}


def test_a_cookie_longer_than_the_bake_is_r_27() -> None:
    path = "defaultActions.0.forward.stickiness"
    longer = {path: {"enabled": True, "duration": 301}}
    at_bound = {path: {"enabled": True, "duration": 300}}

    assert rules(says(edited(stack(TEN), "traffic", longer))) == {"R-27"}
    assert says(edited(stack(TEN), "traffic", at_bound)) == []
    assert rules(says(edited(stack(HUNDRED), "traffic", at_bound))) == {"R-27"}


@pytest.mark.parametrize(
    ("name", "key"),
    [("blue-service", "desiredCount"), ("blue-scaling", "minCapacity"), ("green-service", "desiredCount")],
)
def test_too_few_tasks_are_r_17(name: str, key: str) -> None:
    found = says(edited(stack(FIFTY), name, {key: 1}))

    assert rules(found) == {"R-17"}
    assert found[0].urn.endswith(f"::{name}")
    assert f"{key} 1" in found[0].message


def test_more_tasks_are_fine() -> None:
    assert says(edited(stack(FIFTY), "blue-service", {"desiredCount": 50})) == []


def test_a_count_that_somebody_else_keeps_is_not_judged() -> None:
    ignoring = edited(stack(FIFTY), "blue-service", {"desiredCount": 1}, ignore_changes=("desiredCount",))
    assert says(ignoring) == []


def test_a_slot_that_needs_tasks_needs_a_service() -> None:
    found = says([each for each in stack(FIFTY) if each.name != "green-service"])
    assert rules(found) == {"R-17"}
    assert "no service" in found[0].message


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("traffic", "defaultActions.0.forward.targetGroups.0.weight"),
        ("traffic", "defaultActions.0.forward.stickiness.enabled"),
        ("traffic", "defaultActions.0.forward.stickiness.duration"),
        ("traffic", "defaultActions"),
        ("blue-service", "desiredCount"),
        ("blue-scaling", "minCapacity"),
    ],
)
def test_what_is_not_known_is_a_violation(name: str, path: str) -> None:
    found = says(edited(stack(FIFTY), name, {path: UNKNOWN}))

    assert rules(found) == {"R-29"}
    assert {each.level for each in found} == {"mandatory"}
    assert path.rpartition(".")[2].split("[")[0] in found[0].message


@pytest.mark.parametrize("missing", ["defaultActions.0.forward.stickiness", "defaultActions.0.forward.targetGroups"])
def test_a_missing_key_on_the_listener(missing: str) -> None:
    found = says(edited(stack(FIFTY), "traffic", {missing: None}))
    assert rules(found) == ({"R-05"} if missing.endswith("targetGroups") else set())


def test_a_traffic_listener_needs_exactly_one_rollout() -> None:
    none = says([each for each in stack(TEN) if each.type != ROLLOUT])
    second = replace(stack(TEN)[0], name="another")

    assert rules(none) == {"R-29"}
    assert rules(says([*stack(TEN), second])) == {"R-29"}


def test_a_stack_without_rollout_and_traffic_is_none_of_its_business() -> None:
    assert says([Declared(LISTENER, "internal", {"protocol": "HTTP", "tags": {}})]) == []


GATEWAY, TABLE = "aws:ec2/internetGateway:InternetGateway", "aws:ec2/routeTable:RouteTable"
SUBNET, ASSOCIATION = "aws:ec2/subnet:Subnet", "aws:ec2/routeTableAssociation:RouteTableAssociation"
ROUTE, GROUP = "aws:ec2/route:Route", "aws:rds/subnetGroup:SubnetGroup"


def network(*, route: Declared, table: Declared | None = None, through: str = "data") -> list[Declared]:
    """A network whose data subnet has the routes of `table`; every id is unknown, as in a first preview.

    `through`: what the subnet group takes the subnet's id from, the subnet or its association.
    """
    return [
        Declared(GATEWAY, "gateway", {}),
        Declared("aws:ec2/natGateway:NatGateway", "nat", {}),
        Declared(SUBNET, "data", {}),
        table or Declared(TABLE, "table", {}),
        route,
        Declared(ASSOCIATION, "of-data", {}, depends={"subnetId": ["data"], "routeTableId": ["table"]}),
        Declared(GROUP, "group", {"subnetIds": [UNKNOWN]}, depends={"subnetIds": [through]}),
    ]


def route(key: str, to: str) -> Declared:
    return Declared(ROUTE, "out", {key: UNKNOWN}, depends={"routeTableId": ["table"], key: [to]})


OUT, NAT = route("gatewayId", "gateway"), route("natGatewayId", "nat")
BY_ID = Declared(ROUTE, "out", {"routeTableId": "rtb-1", "gatewayId": "igw-1"})


@pytest.mark.parametrize(
    "resources",
    [
        pytest.param(network(route=OUT), id="a route"),
        pytest.param(network(route=OUT, through="of-data"), id="ids by association"),
        pytest.param(
            network(route=NAT, table=Declared(TABLE, "table", {"routes": UNKNOWN}, depends={"routes": ["gateway"]})),
            id="inline by reference",
        ),
        pytest.param(
            network(route=NAT, table=Declared(TABLE, "table", {"routes": [{"gatewayId": "igw-1"}]})), id="inline by id"
        ),
        pytest.param(
            [
                BY_ID,
                Declared(ASSOCIATION, "of-data", {"subnetId": "subnet-1", "routeTableId": "rtb-1"}),
                Declared(GROUP, "group", {"subnetIds": ["subnet-2", "subnet-1"]}),
            ],
            id="by ids alone",
        ),
    ],
)
def test_a_database_subnet_with_a_route_to_the_internet_is_found(resources: list[Declared]) -> None:
    found = of(Pack().analyze_stack(resources), ROUTES)

    assert [each.level for each in found] == ["mandatory"]
    assert found[0].urn.endswith("::group")
    assert "subnetIds must have no route to an internet gateway" in found[0].message


@pytest.mark.parametrize(
    "resources",
    [
        pytest.param(network(route=NAT), id="through NAT"),
        pytest.param(
            [
                BY_ID,
                Declared(ASSOCIATION, "of-web", {"subnetId": "subnet-9", "routeTableId": "rtb-1"}),
                Declared(GROUP, "group", {"subnetIds": ["subnet-1"]}),
            ],
            id="another subnet",
        ),
        pytest.param([Declared(GROUP, "group", {"subnetIds": UNKNOWN})], id="nothing known"),
        pytest.param([Declared(GROUP, "group", {})], id="nothing there"),
        pytest.param([Declared(TABLE, "table", {"routes": [UNKNOWN, None, "x"]})], id="strange routes"),
    ],
)
def test_a_database_subnet_without_one_passes(resources: list[Declared]) -> None:
    assert of(Pack().analyze_stack(resources), ROUTES) == []
