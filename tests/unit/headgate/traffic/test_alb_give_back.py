"""Giving everything back on an emulated AWS, with what can go wrong planted, and the write calls counted."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from headgate.carrier import routed
from headgate.traffic.alb import AlbTraffic
from headgate.traffic.alb_errors import passing
from headgate.traffic.alb_give_back import GiveBack
from headgate.traffic.port import TrafficError
from headgate.traffic.retrying import Retrying
from tests.unit.headgate.traffic.conftest import System

pytestmark = pytest.mark.sandbox

BLUE = {"blue": 100}


class Clock:
    """Stands still, but for sleeping; `slept` is in seconds."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return sum(self.slept)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def _credentials_of_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "sandbox")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sandbox")


@pytest.fixture
def port(system: System, clock: Clock) -> AlbTraffic:
    """Blue and green have half each, and a cookie holds users."""
    system.traffic.write_split({"blue": 50, "green": 50}, 300)
    return of(system, clock)


def of(system: System, clock: Clock, *, cohorts: bool = False) -> AlbTraffic:
    return AlbTraffic(
        system.name, ("blue", "green"), region="us-east-1", endpoint=system.cloud.url, cohorts=cohorts,
        sleep=clock.slept.append, monotonic=clock.monotonic,
    )  # fmt: skip


def plant(system: System, operation: str, **fault: Any) -> None:
    match = system.name if operation == "DescribeLoadBalancers" else system.balancer.partition("loadbalancer/")[2]
    fault = {"service": "elbv2", "operation": operation, "mode": "refuse", "match": match, "times": 1, **fault}
    system.cloud.control("POST", "faults", fault)


def calls(system: System, work: Callable[[], Any]) -> tuple[Any, list[str]]:
    """What `work` answers or raises, and the API calls that it made."""
    before = max((call["number"] for call in system.cloud.control("GET", "calls")), default=0)
    try:
        result = work()
    except TrafficError as error:
        result = error
    made = system.cloud.control("GET", f"calls?since={before}&agent=headgate")
    return result, [call["operation"] for call in made]


def written(made: list[str]) -> list[str]:
    return [operation for operation in made if operation.startswith(("Modify", "Set", "Create", "Delete"))]


class TestOneWrite:
    def test_moves_everybody_and_nothing_else(self, system: System, port: AlbTraffic) -> None:
        test_listener = system.default_action(8443)
        back, made = calls(system, lambda: port.give_back("blue"))
        assert back.before == {"blue": 50, "green": 50}
        assert back.after == system.traffic.read_split() == {"blue": 100, "green": 0}
        assert (back.writes, back.needed, back.done, back.trouble) == (1, True, True, ())
        assert made == [
            "DescribeLoadBalancers", "DescribeListeners", "DescribeTags", "DescribeRules", "ModifyListener",
            "DescribeListeners",
        ]  # fmt: skip
        (action,) = system.default_action()
        assert action["ForwardConfig"]["TargetGroupStickinessConfig"] == {"Enabled": False, "DurationSeconds": 300}
        assert system.default_action(8443) == test_listener

    def test_and_none_when_they_are_there(self, system: System, port: AlbTraffic) -> None:
        port.give_back("blue")
        back, made = calls(system, lambda: port.give_back("blue"))
        assert (back.before, back.after) == ({"blue": 100, "green": 0},) * 2
        assert (back.writes, back.needed, back.done) == (0, False, True)
        assert written(made) == []

    def test_a_cookie_alone_is_reason_enough(self, system: System, clock: Clock) -> None:
        system.traffic.write_split({"blue": 100}, 300)
        back = of(system, clock).give_back("blue")
        assert (back.writes, back.needed) == (1, True)
        assert not system.default_action()[0]["ForwardConfig"]["TargetGroupStickinessConfig"]["Enabled"]

    def test_the_other_way_after_a_promotion(self, system: System, port: AlbTraffic) -> None:
        assert port.give_back("green").after == {"blue": 0, "green": 100}

    def test_a_rule_of_somebody_else_is_said_and_left(self, system: System, port: AlbTraffic) -> None:
        condition = {"Field": "path-pattern", "Values": ["/*"]}
        action = {"Type": "forward", "TargetGroupArn": system.groups["green"]}
        system.cloud.client("elbv2").create_rule(
            ListenerArn=system.listeners[443], Priority=10, Conditions=[condition], Actions=[action]
        )
        back, made = calls(system, lambda: port.give_back("blue"))
        assert written(made) == ["ModifyListener"]
        assert back.after == {"blue": 100, "green": 0, "rule 10 -> green": 100}
        assert not back.done
        assert back.trouble == ("rule 10 -> green: not a rule of Headgate's, left alone; it is met before the split",)

    def test_two_traffic_listeners_are_both_written(self, system: System, port: AlbTraffic) -> None:
        system.create_listener(444, system.forward(0, 100), role="traffic")
        back, made = calls(system, lambda: port.give_back("blue"))
        assert written(made) == ["ModifyListener"] * 2
        assert routed(back.after) == BLUE
        assert "2 listeners are tagged" in back.trouble[0]


class TestCohorts:
    @pytest.mark.parametrize("weight", [5, 10, 37, 100])
    def test_two_writes_from_any_step(self, by_cohort: System, clock: Clock, weight: int) -> None:
        port = of(by_cohort, clock, cohorts=True)
        port.write_split({"blue": 100 - weight, "green": weight}, 0, "green")
        back, made = calls(by_cohort, lambda: port.give_back("blue"))
        assert written(made) == ["ModifyRule", "ModifyListener"]
        assert (back.writes, back.done) == (2, True)
        assert back.after == port.read_split() == {"blue": 100, "green": 0}
        assert calls(by_cohort, lambda: port.give_back("blue"))[0].needed is False

    def test_one_that_fails_does_not_stop_the_other(self, by_cohort: System, clock: Clock) -> None:
        port = of(by_cohort, clock, cohorts=True)
        port.write_split({"blue": 50, "green": 50}, 0, "green")
        plant(by_cohort, "ModifyRule", code="AccessDenied", status=403)
        back = port.give_back("blue")
        assert back.after == {"blue": 100, "green": 0, "cohorts -> blue": 50, "cohorts -> green": 50}
        assert not back.done
        assert "permission for ModifyRule" in back.trouble[0]
        assert port.give_back("blue").done

    def test_rules_that_cannot_be_read_do_not_stop_it(self, by_cohort: System, clock: Clock) -> None:
        port = of(by_cohort, clock, cohorts=True)
        port.write_split({"blue": 50, "green": 50}, 0, "green")
        plant(by_cohort, "DescribeRules", code="InternalFailure", status=403, times=1)
        back, made = calls(by_cohort, lambda: port.give_back("blue"))
        assert back.before is None
        assert written(made) == ["ModifyListener", "ModifyRule"], "the rule as soon as it can be known"
        assert back.done


class TestFaults:
    @pytest.mark.parametrize("code", ["Throttling", "RequestLimitExceeded"])
    def test_throttled(self, system: System, port: AlbTraffic, clock: Clock, code: str) -> None:
        plant(system, "ModifyListener", code=code, times=4)
        plant(system, "DescribeListeners", code=code, times=2)
        back, made = calls(system, lambda: port.give_back("blue"))
        assert back.done
        assert back.writes == 5
        assert written(made) == ["ModifyListener"] * 5
        assert clock.slept == [0.2, 0.4, 0.2, 0.4, 0.8, 1.6]

    def test_throttled_without_end(self, system: System, port: AlbTraffic, clock: Clock) -> None:
        plant(system, "ModifyListener", code="Throttling", times=None)
        result, _ = calls(system, lambda: port.give_back("blue"))
        assert isinstance(result, TrafficError)
        assert "Throttling" in str(result)
        assert 40 < sum(clock.slept) <= 45

    def test_an_error_of_the_server(self, system: System, port: AlbTraffic) -> None:
        plant(system, "ModifyListener", code="InternalFailure", status=500, times=2)
        assert port.give_back("blue").done

    def test_refused(self, system: System, port: AlbTraffic) -> None:
        plant(system, "ModifyListener", code="AccessDenied", status=403)
        result, made = calls(system, lambda: port.give_back("blue"))
        assert isinstance(result, TrafficError)
        assert "need the permission for ModifyListener" in str(result)
        assert "\n" not in str(result)
        assert written(made) == ["ModifyListener"]

    def test_acknowledged_and_ignored(self, system: System, port: AlbTraffic, clock: Clock) -> None:
        plant(system, "ModifyListener", mode="ignore")
        back = port.give_back("blue")
        assert (back.writes, back.done) == (2, True)
        assert clock.slept == [0.5]

    def test_ignored_without_end(self, system: System, port: AlbTraffic) -> None:
        plant(system, "ModifyListener", mode="ignore", times=None)
        back = port.give_back("blue")
        assert (back.writes, back.done) == (3, False)
        assert back.after == {"blue": 50, "green": 50}

    def test_targets_that_are_sticky_too(self, system: System, port: AlbTraffic) -> None:
        """The balancer then refuses to switch off the cookie of an action with more than one group."""
        plant(system, "ModifyListener", code="InvalidLoadBalancerAction")
        back = port.give_back("blue")
        assert back.done
        assert routed(back.after) == BLUE
        assert len(system.default_action()[0]["ForwardConfig"]["TargetGroups"]) == 1

    def test_tags_that_cannot_be_read(self, system: System, port: AlbTraffic) -> None:
        plant(system, "DescribeTags", status=403, times=None)
        back = port.give_back("blue")
        assert system.traffic_split() == BLUE
        assert "went by names and ports" in back.trouble[0]

    def test_a_balancer_that_cannot_be_found_any_more(self, system: System, port: AlbTraffic) -> None:
        """What was read before is enough."""
        port.read_split()
        plant(system, "DescribeLoadBalancers", status=403)
        back = port.give_back("blue")
        assert back.done
        assert "wrote to the one that was read before" in back.trouble[0]

    def test_nor_before(self, system: System, port: AlbTraffic) -> None:
        plant(system, "DescribeLoadBalancers", code="AccessDenied", status=403)
        with pytest.raises(TrafficError, match="permission for DescribeLoadBalancers"):
            port.give_back("blue")

    def test_a_split_that_cannot_be_read_back(self, system: System, port: AlbTraffic) -> None:
        listener = system.listeners[443].partition("listener/")[2]
        plant(system, "DescribeListeners", match=listener, status=403)
        back = port.give_back("blue")
        assert (back.after, back.done, back.writes) == (None, False, 1)
        assert "could not read the split after the write" in back.trouble[0]
        assert system.traffic_split() == BLUE

    @pytest.mark.parametrize("lost", [1, 3])
    def test_the_answer_is_lost(self, system: System, port: AlbTraffic, clock: Clock, lost: int) -> None:
        """It arrived all the same, which the reading tells."""
        client, left = system.cloud.client("elbv2"), [None] * lost

        def once(operation: str, **arguments: Any) -> Any:
            answer = getattr(client, operation)(**arguments)
            if operation == "modify_listener" and left:
                left.pop()
                raise ReadTimeoutError(endpoint_url=system.cloud.url)
            return answer

        retrying = Retrying(passing, clock.slept.append, clock.monotonic)
        back = GiveBack(once, retrying, system.name, ("blue", "green"), cohorts=False, region=None).run("blue")
        assert back.done
        assert back.writes == min(lost + 1, 3)
        assert back.trouble == ()

    def test_pages_that_end_in_the_middle(self, system: System, port: AlbTraffic, clock: Clock) -> None:
        client = system.cloud.client("elbv2")

        def once(operation: str, **arguments: Any) -> Any:
            if "Marker" in arguments:
                return client.describe_listeners(ListenerArns=["arn:aws:elasticloadbalancing:us-east-1:1:listener/x"])
            answer = getattr(client, operation)(**arguments)
            return {**answer, "NextMarker": "more"} if operation == "describe_listeners" else answer

        retrying = Retrying(passing, clock.slept.append, clock.monotonic)
        back = GiveBack(once, retrying, system.name, ("blue", "green"), cohorts=False, region=None).run("blue")
        assert back.done
        assert "could not read some of the listeners" in back.trouble[0]


class TestMistakes:
    def test_another_region(self, system: System, clock: Clock) -> None:
        port = AlbTraffic(system.name, ("blue", "green"), region="eu-west-1", endpoint=system.cloud.url)
        with pytest.raises(TrafficError, match=rf"no balancer '{system.name}' in region eu-west-1.*Check aws:region"):
            port.give_back("blue")

    def test_no_traffic_listener(self, nothing: System, clock: Clock) -> None:
        nothing.create_balancer()
        with pytest.raises(TrafficError, match="no traffic listener to write to: none has the tag"):
            of(nothing, clock).give_back("blue")

    def test_no_such_slot(self, system: System, clock: Clock) -> None:
        with pytest.raises(TrafficError, match="slot 'red' does not exist"):
            of(system, clock).give_back("red")

    def test_no_group_for_the_slot(self, nothing: System, clock: Clock) -> None:
        nothing.create_balancer()
        nothing.create_group("blue")
        nothing.create_listener(443, {"Type": "forward", "TargetGroupArn": nothing.groups["blue"]}, role="traffic")
        with pytest.raises(TrafficError, match=r"tag slot=green \(found: blue\)"):
            of(nothing, clock).give_back("green")

    def test_no_credentials(self, system: System, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            monkeypatch.setenv(name, str(tmp_path / "none"))
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        with pytest.raises(TrafficError, match=r"there are no AWS credentials\. Sign in") as caught:
            of(system, clock).give_back("blue")
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId"])
    def test_expired_credentials(self, system: System, clock: Clock, code: str) -> None:
        plant(system, "DescribeLoadBalancers", code=code, status=403)
        with pytest.raises(TrafficError, match=r"not accepted; they may have expired. Sign in"):
            of(system, clock).give_back("blue")

    def test_a_dead_endpoint_takes_a_moment(self, clock: Clock) -> None:
        port = AlbTraffic(
            "gf", ("blue", "green"), region="us-east-1", endpoint="http://127.0.0.1:1", sleep=clock.slept.append,
            monotonic=clock.monotonic,
        )  # fmt: skip
        with pytest.raises(TrafficError, match=r"Could not connect.*Check the network, aws:region \(us-east-1\)"):
            port.give_back("blue")
        assert sum(clock.slept) < 1
