"""Reading the balancer: what is asked for how often, and what happens when the API is away."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from sandbox.router.live import Elbv2Reader
from sandbox.router.model import Balancer
from sandbox.router.watching import Away, Watch

BALANCER = Balancer("gf", "arn:1")
OTHER = Balancer("gf", "arn:2")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Script:
    """A reader that gives or raises one thing after the other."""

    def __init__(self, *steps: Balancer | Away | None) -> None:
        self._steps = list(steps)

    def read(self, *, everything: bool) -> Balancer | None:
        step = self._steps.pop(0)
        if isinstance(step, Away):
            raise step
        return step


def test_keeps_the_last_configuration_while_the_api_is_away() -> None:
    clock = Clock()
    watch = Watch(Script(BALANCER, Away("no"), Away("still no"), OTHER), clock=clock)

    async def scenario() -> None:
        await watch.refresh()
        assert (watch.state.seen, watch.state.stale_since, watch.state.changes) == (BALANCER, None, 1)
        clock.now = 1001.0
        await watch.refresh()
        clock.now = 1002.0
        state = await watch.refresh()
        assert (state.seen, state.found) == (BALANCER, True)
        assert (state.read_at, state.stale_since, state.error) == (1000.0, 1001.0, "still no")
        clock.now = 1003.0
        state = await watch.refresh()
        assert (state.seen, state.stale_since, state.error, state.changes) == (OTHER, None, None, 2)

    asyncio.run(scenario())


def test_never_read_is_not_the_same_as_not_there() -> None:
    watch = Watch(Script(Away("no"), None, BALANCER, BALANCER))

    async def scenario() -> None:
        assert (await watch.refresh()).found is None
        state = await watch.refresh()
        assert (state.found, state.seen, state.changes) == (False, None, 1)
        assert (await watch.refresh()).changes == 2
        assert (await watch.refresh()).changes == 2

    asyncio.run(scenario())


class Api:
    """As much of an elbv2 client as the reader uses; counts the calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.slot = "blue"
        self.failing: Exception | None = None
        self.listeners = [
            {
                "ListenerArn": "arn:l",
                "Port": 443,
                "Protocol": "HTTPS",
                "DefaultActions": [{"Type": "forward", "TargetGroupArn": "arn:tg"}],
            }
        ]

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.failing:
            raise self.failing

    def describe_load_balancers(self, Names: list[str]) -> Any:  # noqa: N803
        self._called("load_balancers")
        return {"LoadBalancers": [{"LoadBalancerArn": f"arn:{Names[0]}"}]}

    def describe_tags(self, ResourceArns: list[str]) -> Any:  # noqa: N803
        self._called("tags")
        tags = [{"Key": "slot", "Value": self.slot}]
        return {"TagDescriptions": [{"ResourceArn": arn, "Tags": tags} for arn in ResourceArns]}

    def get_paginator(self, operation: str) -> Any:
        api = self

        class Pages:
            def paginate(self, **_: str) -> Any:
                api._called(operation.removeprefix("describe_"))
                return [{"Listeners": api.listeners, "Rules": []}]

        return Pages()


def slot_of(balancer: Balancer | None) -> str | None:
    assert balancer is not None
    default = balancer.listeners[443].default
    return default.groups[0].group.slot  # type: ignore[union-attr]


def test_what_hardly_changes_is_read_every_two_seconds_or_when_asked() -> None:
    api, clock = Api(), Clock()
    reader = Elbv2Reader(api, "gf", clock)
    assert slot_of(reader.read(everything=False)) == "blue"
    assert api.calls == ["load_balancers", "listeners", "rules", "tags"]

    api.calls.clear()
    api.slot = "green"
    assert slot_of(reader.read(everything=False)) == "blue"
    assert api.calls == ["listeners", "rules"]
    assert slot_of(reader.read(everything=True)) == "green"

    api.slot = "blue"
    clock.now += 2
    assert slot_of(reader.read(everything=False)) == "blue"


def test_a_new_target_group_is_looked_up_at_once() -> None:
    api = Api()
    reader = Elbv2Reader(api, "gf", Clock())
    reader.read(everything=False)
    api.calls.clear()
    api.listeners[0]["DefaultActions"] = [{"Type": "forward", "TargetGroupArn": "arn:new"}]
    reader.read(everything=False)
    assert api.calls == ["listeners", "rules", "tags"]


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "m"}}, "Describe")


def test_a_missing_balancer_is_found_again_when_it_is_created_anew() -> None:
    api = Api()
    reader = Elbv2Reader(api, "gf", Clock())
    reader.read(everything=False)
    api.failing = client_error("LoadBalancerNotFound")
    assert reader.read(everything=False) is None
    api.failing = None
    api.calls.clear()
    assert reader.read(everything=False) is not None
    assert api.calls[0] == "load_balancers"


@pytest.mark.parametrize(
    "failure",
    [
        lambda: client_error("Throttling"),
        lambda: client_error("ListenerNotFound"),
        lambda: EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
    ],
)
def test_any_other_failure_means_away(failure: Callable[[], Exception]) -> None:
    api = Api()
    api.failing = failure()
    with pytest.raises(Away):
        Elbv2Reader(api, "gf", Clock()).read(everything=False)


def test_an_answer_of_another_form_means_away_and_says_so() -> None:
    api = Api()
    del api.listeners[0]["Port"]
    with pytest.raises(Away, match=r"not of the expected form.*Port"):
        Elbv2Reader(api, "gf", Clock()).read(everything=False)


def test_a_second_listener_on_a_port_is_not_played() -> None:
    api = Api()
    api.listeners.append({**api.listeners[0], "ListenerArn": "arn:l2"})
    balancer = Elbv2Reader(api, "gf", Clock()).read(everything=False)
    assert balancer is not None
    assert balancer.listeners[443].problems == ("a second listener on the same port",)
