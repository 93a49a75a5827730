"""Which writes take everybody back: at most two, from every split and in both directions."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import cohorts
from headgate.carrier import routed
from headgate.traffic import alb_answers as answers
from headgate.traffic.alb_way_back import Write, writes
from tests.unit.headgate.traffic.conftest import GROUPS, SLOTS, rule

WEIGHTS = st.integers(0, 100)
SLOT = st.sampled_from(["blue", "green"])
LISTENER = "arn:x:listener/1"


def listener(blue: int, green: int, *, sticky: bool = False, before: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    weights = {GROUPS["blue"]: blue, GROUPS["green"]: green}
    action = answers.forward(weights, sticky=sticky, seconds=300)
    return {"ListenerArn": LISTENER, "DefaultActions": [*before, {**action, "Order": 1 + len(before)}]}


def rules(weight: int, candidate: str) -> list[dict[str, Any]]:
    """As the components declare them."""
    live = "blue" if candidate == "green" else "green"
    return [
        {**rule(place, each.values, candidate if each.candidate else live), "RuleArn": f"arn:x:rule/{place}"}
        for place, each in enumerate(cohorts.layout(weight))
    ]


def applied(
    todo: list[Write], before: dict[str, Any], own: list[dict[str, Any]]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What the balancer has then."""
    for write in todo:
        if write.operation == "modify_listener":
            before = {**before, **write.arguments}
        else:
            own = [
                {**each, **write.arguments} if each["RuleArn"] == write.arguments["RuleArn"] else each for each in own
            ]
    return before, own


class TestEverybody:
    @given(WEIGHTS, SLOT, SLOT, st.booleans(), st.randoms())
    def test_is_with_the_slot_after_at_most_two_writes(
        self, weight: int, candidate: str, to: str, sticky: bool, random: Any
    ) -> None:
        before = listener(*((100 - weight, weight) if candidate == "green" else (weight, 100 - weight)), sticky=sticky)
        own = rules(weight, candidate)
        random.shuffle(own)
        todo = writes(before, own, SLOTS, GROUPS, to)
        after, then = applied(todo, before, own)
        split = answers.route(after["DefaultActions"], SLOTS)
        assert routed(split) == {to: 100}
        assert answers.cohort_routes(then, SLOTS, split) == {}
        assert not answers.holds(after["DefaultActions"])
        assert [each.operation for each in todo] in (
            [], ["modify_rule"], ["modify_listener"], ["modify_rule", "modify_listener"],
        )  # fmt: skip
        assert writes(after, then, SLOTS, GROUPS, to) == [], "and once is enough"

    @given(WEIGHTS, SLOT)
    def test_the_rule_is_one_that_the_rollout_had_changed(self, weight: int, candidate: str) -> None:
        """So that the next update, which knows what the rule was, writes it again."""
        to = "blue" if candidate == "green" else "green"
        before = listener(50, 50)
        for write in writes(before, rules(weight, candidate), SLOTS, GROUPS, to):
            if write.operation == "modify_rule":
                place = int(write.arguments["RuleArn"].rpartition("/")[2])
                assert cohorts.layout(weight)[place] != cohorts.layout(0)[place]

    def test_without_rules_is_one_write(self) -> None:
        (write,) = writes(listener(90, 10), [], SLOTS, GROUPS, "blue")
        assert write.operation == "modify_listener"
        (action,) = write.arguments["DefaultActions"]
        weights = [group["Weight"] for group in action["ForwardConfig"]["TargetGroups"]]
        assert weights == [100, 0], "both stay named, so that a diff shows weights only"
        assert action["ForwardConfig"]["TargetGroupStickinessConfig"] == {"Enabled": False, "DurationSeconds": 300}

    def test_users_with_a_cohort_are_moved_first(self) -> None:
        todo = writes(listener(90, 10), rules(10, "green"), SLOTS, GROUPS, "blue")
        assert [each.operation for each in todo] == ["modify_rule", "modify_listener"]

    def test_a_cookie_may_hold_users_although_the_weight_is_0(self) -> None:
        assert writes(listener(100, 0, sticky=True), [], SLOTS, GROUPS, "blue")
        assert writes(listener(100, 0), [], SLOTS, GROUPS, "blue") == []

    def test_who_is_there_already_is_left_alone(self) -> None:
        assert writes(listener(100, 0), rules(0, "green"), SLOTS, GROUPS, "blue") == []
        assert writes(listener(0, 100), rules(100, "green"), SLOTS, GROUPS, "green") == []

    def test_rules_that_were_meddled_with(self) -> None:
        own = [*rules(0, "green")[1:], {**rule(0, ["*"], "green"), "RuleArn": "arn:x:rule/0"}]
        (write,) = writes(listener(100, 0), own, SLOTS, GROUPS, "blue")
        assert write.arguments["RuleArn"] == "arn:x:rule/0"

    def test_the_rule_for_the_rest_may_be_gone(self) -> None:
        before, own = listener(50, 50), rules(50, "green")[:-1]
        after, then = applied(writes(before, own, SLOTS, GROUPS, "green"), before, own)
        assert answers.cohort_routes(then, SLOTS, answers.route(after["DefaultActions"], SLOTS)) == {}


class TestOthers:
    @pytest.mark.parametrize("place", [-50, 50])
    def test_rules_of_somebody_else_are_not_touched(self, place: int) -> None:
        foreign = {**rule(place, ["00"], "green"), "RuleArn": "arn:x:rule/foreign"}
        assert writes(listener(100, 0), [foreign, *rules(0, "green")], SLOTS, GROUPS, "blue") == []
        path = {"Conditions": [{"Field": "path-pattern", "Values": ["/*"]}]}
        assert writes(listener(100, 0), [{**foreign, **path}], SLOTS, GROUPS, "blue") == []

    def test_a_login_stays_before_the_split(self) -> None:
        oidc = {"Issuer": "https://id.example", "ClientId": "c"}
        login = {"Type": "authenticate-oidc", "Order": 1, "AuthenticateOidcConfig": oidc}
        (write,) = writes(listener(90, 10, before=(login,)), [], SLOTS, GROUPS, "blue")
        first, last = write.arguments["DefaultActions"]
        assert first == {**login, "AuthenticateOidcConfig": {**oidc, "UseExistingClientSecret": True}}
        assert (last["Type"], last["Order"]) == ("forward", 2)
        assert write.alone["DefaultActions"][0] == first

    def test_a_page_for_maintenance_makes_room(self) -> None:
        page = {"ListenerArn": LISTENER, "DefaultActions": [{"Type": "fixed-response", "Order": 1}]}
        (write,) = writes(page, [], SLOTS, GROUPS, "blue")
        assert [action["Type"] for action in write.arguments["DefaultActions"]] == ["forward"]

    def test_a_slot_that_nobody_names_is_not_needed(self) -> None:
        alone = {"blue": GROUPS["blue"]}
        (write,) = writes(listener(0, 100), [], SLOTS, alone, "blue")
        (action,) = write.arguments["DefaultActions"]
        assert answers.route([action], SLOTS) == {"blue": 100}
