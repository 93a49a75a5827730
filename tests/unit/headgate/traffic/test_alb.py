"""The balancer's adapter against an emulated AWS, through real boto3."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from headgate.traffic.alb import AlbTraffic
from headgate.traffic.port import TrafficError
from tests.support.rollouts import image
from tests.unit.headgate.traffic.conftest import Cloud, System

pytestmark = pytest.mark.sandbox


class TestReading:
    def test_everything_of_a_system(self, system: System) -> None:
        live = system.traffic.read_live()
        assert system.traffic.read_split() == live.split
        assert live.exists
        assert live.split == {"blue": 100, "green": 0}
        assert live.healthy == {"blue": 2, "green": 1}
        assert live.desired == live.running == {"blue": 2, "green": 1}
        assert live.images == {"blue": image("a"), "green": image("b")}
        assert live.unsteady == {}

    def test_nothing_exists_yet(self, nothing: System) -> None:
        live = nothing.traffic.read_live()
        assert nothing.traffic.read_split() == {}
        assert not live.exists
        assert live.split == live.healthy == live.desired == live.images == {}

    def test_a_balancer_without_a_traffic_listener_carries_nothing(self, nothing: System) -> None:
        nothing.create_balancer()
        nothing.create_group("blue")
        nothing.create_listener(8443, {"Type": "forward", "TargetGroupArn": nothing.groups["blue"]}, role="test")
        assert not nothing.traffic.read_live().exists

    def test_the_listener_on_443_where_nobody_tagged_one(self, nothing: System) -> None:
        nothing.create_balancer()
        nothing.create_group("blue")
        nothing.create_listener(80, {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}})
        nothing.create_listener(443, {"Type": "forward", "TargetGroupArn": nothing.groups["blue"]})
        assert nothing.traffic.read_live().split == {"blue": 100}

    def test_two_traffic_listeners_are_an_error(self, system: System) -> None:
        system.create_listener(444, system.forward(0, 100), role="traffic")
        with pytest.raises(TrafficError, match=r"2 listeners tagged headgate-role=traffic \(ports 44[34], 44[34]\)"):
            system.traffic.read_live()

    def test_a_rule_that_catches_users_shows_in_the_split(self, system: System) -> None:
        system.cloud.client("elbv2").create_rule(
            ListenerArn=system.listeners[443],
            Priority=10,
            Conditions=[{"Field": "path-pattern", "Values": ["/*"]}],
            Actions=[{"Type": "forward", "TargetGroupArn": system.groups["green"]}],
        )
        assert system.traffic.read_live().split == {"blue": 100, "green": 0, "rule 10 -> green": 100}

    def test_a_rule_to_a_group_that_no_listener_names(self, system: System) -> None:
        system.cloud.client("elbv2").create_rule(
            ListenerArn=system.listeners[443],
            Priority=5,
            Conditions=[{"Field": "path-pattern", "Values": ["/old"]}],
            Actions=[{"Type": "forward", "TargetGroupArn": system.create_group(None, f"{system.name}-old")}],
        )
        assert system.traffic.read_live().split[f"rule 5 -> target group {system.name}-old"] == 100

    def test_health_and_steadiness_are_seen(self, system: System) -> None:
        group = system.groups["green"]
        system.cloud.control("PUT", "targets", {"group": group, "state": "unhealthy", "reason": "Target.Timeout"})
        told = {"service": f"{system.name}-green", "rollout_state": "IN_PROGRESS", "running": 0}
        system.cloud.control("PUT", "services", told)
        live = system.traffic.read_live()
        assert live.healthy == {"blue": 2, "green": 0}
        assert live.running == {"blue": 2, "green": 0}
        assert set(live.unsteady) == {"green"}

    def test_no_more_calls_than_needed(self, system: System) -> None:
        before = max((call["number"] for call in system.cloud.control("GET", "calls")), default=0)
        system.traffic.read_live()
        calls = [call["operation"] for call in system.cloud.control("GET", f"calls?since={before}&agent=headgate")]
        assert sorted(calls) == [
            "DescribeListeners", "DescribeLoadBalancers", "DescribeRules", "DescribeServices", "DescribeTags",
            "DescribeTargetHealth", "DescribeTargetHealth", "DescribeTaskDefinition", "DescribeTaskDefinition",
        ]  # fmt: skip


class TestErrors:
    def test_nobody_listens(self) -> None:
        traffic = AlbTraffic("gf", ("blue", "green"), region="us-east-1", endpoint="http://127.0.0.1:1")
        with pytest.raises(TrafficError, match="'gf' cannot be read: Could not connect"):
            traffic.read_live()

    def test_a_page_where_an_answer_should_be(self, page: str) -> None:
        traffic = AlbTraffic("gf", ("blue", "green"), region="us-east-1", endpoint=page)
        with pytest.raises(TrafficError, match="'gf' cannot be read: Unable to parse response"):
            traffic.read_live()

    def test_no_region(self) -> None:
        traffic = AlbTraffic("gf", ("blue", "green"), endpoint="http://127.0.0.1:1")
        with pytest.raises(TrafficError, match="there is no region"):
            traffic.read_live()

    def test_a_call_that_fails_for_a_moment_is_made_again(self, system: System) -> None:
        _plant(system.cloud, system, "DescribeListeners", status=503, times=2)
        assert system.traffic.read_live().exists

    def test_a_refused_call_says_who_refused_what(self, system: System) -> None:
        _plant(system.cloud, system, "DescribeListeners", status=403, times=1)
        with pytest.raises(TrafficError, match=r"OperationNotPermitted.*DescribeListeners"):
            system.traffic.read_live()

    def test_a_failure_without_end_is_given_up(self, system: System) -> None:
        _plant(system.cloud, system, "DescribeListeners", status=503, times=None)
        with pytest.raises(TrafficError, match="reached max retries: 2"):
            system.traffic.read_live()


class TestWriting:
    def test_weights_and_stickiness(self, system: System) -> None:
        before = {port: system.default_action(port) for port in (443, 8443)}
        system.traffic.write_split({"blue": 90, "green": 10}, 300)
        assert system.traffic.read_live().split == {"blue": 90, "green": 10}
        (action,) = system.default_action()
        assert action["ForwardConfig"]["TargetGroupStickinessConfig"] == {"Enabled": True, "DurationSeconds": 300}
        assert system.default_action(8443) == before[8443]

    def test_a_slot_left_out_gets_nothing(self, system: System) -> None:
        system.traffic.write_split({"green": 100}, 0)
        assert system.traffic.read_live().split == {"blue": 0, "green": 100}

    def test_switching_stickiness_off_keeps_its_duration(self, system: System) -> None:
        system.traffic.write_split({"blue": 90, "green": 10}, 300)
        system.traffic.write_split({"blue": 100}, 0)
        (action,) = system.default_action()
        assert action["ForwardConfig"]["TargetGroupStickinessConfig"] == {"Enabled": False, "DurationSeconds": 300}

    def test_the_order_of_the_groups_stays(self, system: System) -> None:
        swapped = system.forward(100, 0)
        swapped["ForwardConfig"]["TargetGroups"].reverse()
        system.cloud.client("elbv2").modify_listener(ListenerArn=system.listeners[443], DefaultActions=[swapped])
        system.traffic.write_split({"blue": 50, "green": 50}, 0)
        arns = [group["TargetGroupArn"] for group in system.default_action()[0]["ForwardConfig"]["TargetGroups"]]
        assert arns == [system.groups["green"], system.groups["blue"]]

    def test_a_group_that_was_taken_out_is_found_at_the_neighbour(self, system: System) -> None:
        alone = {"Type": "forward", "TargetGroupArn": system.groups["blue"]}
        system.cloud.client("elbv2").modify_listener(ListenerArn=system.listeners[443], DefaultActions=[alone])
        system.traffic.write_split({"blue": 50, "green": 50}, 0)
        assert system.traffic.read_live().split == {"blue": 50, "green": 50}

    def test_maintenance_pages_are_written_over(self, system: System) -> None:
        page = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}
        elb = system.cloud.client("elbv2")
        elb.modify_listener(ListenerArn=system.listeners[443], DefaultActions=[page])
        blue = {"Type": "forward", "TargetGroupArn": system.groups["blue"]}
        system.create_listener(9443, blue)
        system.traffic.write_split({"blue": 100}, 0)
        assert system.traffic.read_live().split == {"blue": 100, "green": 0}

    def test_not_without_the_groups_of_all_slots(self, nothing: System) -> None:
        nothing.create_balancer()
        nothing.create_group("blue")
        nothing.create_listener(443, {"Type": "forward", "TargetGroupArn": nothing.groups["blue"]}, role="traffic")
        before = nothing.default_action()
        with pytest.raises(TrafficError, match=r"tag slot=green \(found: blue\)"):
            nothing.traffic.write_split({"blue": 100}, 0)
        assert nothing.default_action() == before

    def test_not_where_two_groups_claim_a_slot(self, system: System) -> None:
        other = system.create_group("green", f"{system.name}-more")
        action = system.forward(100, 0)
        action["ForwardConfig"]["TargetGroups"].append({"TargetGroupArn": other, "Weight": 0})
        system.cloud.client("elbv2").modify_listener(ListenerArn=system.listeners[443], DefaultActions=[action])
        with pytest.raises(TrafficError, match="two target groups of slot 'green'"):
            system.traffic.write_split({"blue": 100}, 0)

    def test_not_where_nothing_exists(self, nothing: System) -> None:
        with pytest.raises(TrafficError, match="no traffic listener"):
            nothing.traffic.write_split({"blue": 100}, 0)

    @pytest.mark.parametrize("split", [{}, {"blue": 90}, {"blue": 110, "green": -10}, {"blue": 50, "red": 50}], ids=str)
    def test_not_an_impossible_split(self, split: dict[str, int]) -> None:
        traffic = AlbTraffic("gf", ("blue", "green"), region="us-east-1", endpoint="http://127.0.0.1:1")
        with pytest.raises(TrafficError, match=r"slot 'red' does not exist|together 100"):
            traffic.write_split(split, 0)


@pytest.fixture
def page() -> Iterator[str]:
    """A server that answers everything with a page for people, as a proxy in trouble does."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<!doctype html>\n<p>Please log in")

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(autouse=True)
def _credentials_of_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "sandbox")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sandbox")


def _plant(cloud: Cloud, system: System, operation: str, **fault: Any) -> None:
    planted = {"service": "elbv2", "operation": operation, "mode": "refuse", "match": system.balancer, **fault}
    cloud.control("POST", "faults", planted)
