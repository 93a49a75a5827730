"""Rules for cohorts: silent when they are as asked, drift when they are not, and written again."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import cohorts
from headgate.traffic import alb_answers as answers
from headgate.traffic.alb import AlbTraffic
from headgate.traffic.port import TrafficError
from tests.unit.headgate.traffic.conftest import SLOTS, System, rule

WEIGHTS = st.integers(0, 100)


def asked(weight: int, candidate: str = "green") -> list[dict[str, Any]]:
    """The rules as the components declare them."""
    live = "blue" if candidate == "green" else "green"
    return [
        rule(place, each.values, candidate if each.candidate else live)
        for place, each in enumerate(cohorts.layout(weight))
    ]


def seen(rules: Sequence[dict[str, Any]], blue: int, green: int) -> dict[str, int]:
    split = {"blue": blue, "green": green}
    assert answers.rule_routes(rules, SLOTS, split) == {}, "no rule for cohorts is looked at alone"
    return answers.cohort_routes(rules, SLOTS, split)


class TestReading:
    @given(WEIGHTS, st.sampled_from(["blue", "green"]), st.randoms())
    def test_rules_as_asked_are_silent(self, weight: int, candidate: str, random: Any) -> None:
        rules = asked(weight, candidate)
        random.shuffle(rules)
        live, own = 100 - weight, weight
        assert seen(rules, *((live, own) if candidate == "green" else (own, live))) == {}

    @given(WEIGHTS, WEIGHTS)
    def test_rules_of_another_weight_are_not(self, weight: int, other: int) -> None:
        found = seen(asked(weight), 100 - other, other)
        expected = {"cohorts -> blue": 100 - weight, "cohorts -> green": weight}
        assert found == ({} if weight == other else {name: share for name, share in expected.items() if share})

    def test_the_right_share_of_the_wrong_users_is_not(self) -> None:
        assert seen([rule(0, ["9?"], "green"), rule(6, ["??"], "blue")], 90, 10) == {
            "cohorts -> blue": 90,
            "cohorts -> green": 10,
        }

    def test_a_cohort_that_meets_no_rule_is_split_by_chance(self) -> None:
        assert seen(asked(10)[:-1], 90, 10) == {"cohorts -> blue": 81, "cohorts -> green": 19}

    def test_without_any_rule_too_unless_one_slot_has_everything(self) -> None:
        assert seen([], 90, 10) == {"cohorts -> blue": 90, "cohorts -> green": 10}
        assert seen([], 100, 0) == seen([], 0, 100) == {}

    def test_a_rule_that_is_not_needed_is_not_missed(self) -> None:
        without = [each for place, each in enumerate(asked(10)) if place != 3]
        assert seen(without, 90, 10) == {}

    def test_a_rule_before_ours_counts(self) -> None:
        assert seen([rule(-50, ["00"], "blue"), *asked(10)], 90, 10) == {"cohorts -> blue": 91, "cohorts -> green": 9}

    def test_a_target_that_is_no_slot_shows(self) -> None:
        closed = {**rule(-50, ["0?"], "blue"), "Actions": [{"Type": "fixed-response"}]}
        assert seen([closed, *asked(0)], 100, 0) == {"cohorts -> blue": 90, "cohorts -> fixed-response": 10}

    def test_a_rule_with_more_conditions_is_somebody_else_s(self) -> None:
        path = {"Field": "path-pattern", "Values": ["/old"]}
        other = {**rule(0, ["0?"], "green"), "Conditions": [*rule(0, ["0?"], "green")["Conditions"], path]}
        assert answers.rule_routes([other], SLOTS, {"blue": 100, "green": 0}) == {"rule 101 -> green": 100}
        assert answers.cohort_routes([other], SLOTS, {"blue": 100, "green": 0}) == {}


@pytest.fixture(autouse=True)
def _credentials_of_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "sandbox")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sandbox")


def port(system: System) -> AlbTraffic:
    return AlbTraffic(system.name, ("blue", "green"), region="us-east-1", endpoint=system.cloud.url, cohorts=True)


def rules_of(system: System) -> list[dict[str, Any]]:
    found = system.cloud.client("elbv2").describe_rules(ListenerArn=system.listeners[443])["Rules"]
    return sorted((each for each in found if not each["IsDefault"]), key=lambda each: int(each["Priority"]))


@pytest.mark.sandbox
class TestWriting:
    @pytest.mark.parametrize("weight", [10, 37, 100, 0])
    def test_the_rules_follow_the_split(self, by_cohort: System, weight: int) -> None:
        port(by_cohort).write_split({"blue": 100 - weight, "green": weight}, 0, "green")
        assert port(by_cohort).read_split() == {"blue": 100 - weight, "green": weight}
        values = [tuple(each["Conditions"][0]["HttpHeaderConfig"]["Values"]) for each in rules_of(by_cohort)]
        assert values == [each.values for each in cohorts.layout(weight)]

    def test_the_other_way_round(self, by_cohort: System) -> None:
        port(by_cohort).write_split({"blue": 25, "green": 75}, 0, "blue")
        assert port(by_cohort).read_split() == {"blue": 25, "green": 75}
        assert [answers.route(each["Actions"], _slots(by_cohort)) for each in rules_of(by_cohort)][-1]["green"] == 100

    def test_everybody_goes_back_without_a_word_of_the_candidate(self, by_cohort: System) -> None:
        port(by_cohort).write_split({"blue": 50, "green": 50}, 0, "green")
        port(by_cohort).write_split({"blue": 100, "green": 0}, 0)
        assert port(by_cohort).read_split() == {"blue": 100, "green": 0}
        assert all(answers.route(each["Actions"], _slots(by_cohort))["green"] == 0 for each in rules_of(by_cohort))

    def test_a_split_of_nobody_s_cohorts_is_refused_before_anything_is_written(self, by_cohort: System) -> None:
        with pytest.raises(TrafficError, match="the lowest cohorts belong to was not said"):
            port(by_cohort).write_split({"blue": 50, "green": 50}, 0)
        assert port(by_cohort).read_split() == {"blue": 100, "green": 0}

    def test_the_listener_first_then_the_tens_then_the_single_cohorts(self, by_cohort: System) -> None:
        before = max((call["number"] for call in by_cohort.cloud.control("GET", "calls")), default=0)
        port(by_cohort).write_split({"blue": 63, "green": 37}, 0, "green")
        calls = [call["operation"] for call in by_cohort.cloud.control("GET", f"calls?since={before}&agent=headgate")]
        assert [each for each in calls if each.startswith("Modify")] == ["ModifyListener", *["ModifyRule"] * 7]

    def test_a_write_that_was_lost_shows(self, by_cohort: System) -> None:
        fault = {"service": "elbv2", "operation": "ModifyRule", "mode": "ignore", "times": 1, "match": ""}
        by_cohort.cloud.control("POST", "faults", fault)
        port(by_cohort).write_split({"blue": 90, "green": 10}, 0, "green")
        assert port(by_cohort).read_split() == {"blue": 90, "green": 10, "cohorts -> blue": 100}
        port(by_cohort).write_split({"blue": 90, "green": 10}, 0, "green")
        assert port(by_cohort).read_split() == {"blue": 90, "green": 10}

    def test_a_way_back_that_fails_half_way_is_no_way_back_until_the_next_one(self, by_cohort: System) -> None:
        """The listener is back, a rule is not: the reading says so, and nobody can take that for success."""
        port(by_cohort).write_split({"blue": 50, "green": 50}, 0, "green")
        fault = {
            "service": "elbv2",
            "operation": "ModifyRule",
            "mode": "refuse",
            "status": 403,
            "times": 1,
            "match": "",
        }
        by_cohort.cloud.control("POST", "faults", fault)
        with pytest.raises(TrafficError, match="cannot be written"):
            port(by_cohort).write_split({"blue": 100, "green": 0}, 0, "green")
        assert port(by_cohort).read_split() == {
            "blue": 100, "green": 0, "cohorts -> blue": 50, "cohorts -> green": 50,
        }  # fmt: skip
        port(by_cohort).write_split({"blue": 100, "green": 0}, 0, "green")
        assert port(by_cohort).read_split() == {"blue": 100, "green": 0}

    def test_a_rule_that_was_deleted_is_said_and_the_others_are_written(self, by_cohort: System) -> None:
        gone, *_ = rules_of(by_cohort)
        by_cohort.cloud.client("elbv2").delete_rule(RuleArn=gone["RuleArn"])
        with pytest.raises(TrafficError, match=r"no rule for cohorts with priority 101; .*pulumi refresh"):
            port(by_cohort).write_split({"blue": 90, "green": 10}, 0, "green")
        port(by_cohort).write_split({"blue": 100, "green": 0}, 0)
        assert port(by_cohort).read_split() == {"blue": 100, "green": 0}

    def test_a_listener_without_rules_is_left_without_them(self, system: System) -> None:
        system.traffic.write_split({"blue": 90, "green": 10}, 0)
        assert system.traffic.read_split() == {"blue": 90, "green": 10}

    def test_unless_the_stack_has_cohorts(self, system: System) -> None:
        with pytest.raises(TrafficError, match=r"no rule for cohorts with priority 101, 107"):
            port(system).write_split({"blue": 90, "green": 10}, 0, "green")
        assert "cohorts -> green" in port(system).read_split()


def _slots(system: System) -> dict[str, str]:
    return {arn: slot for slot, arn in system.groups.items()}
