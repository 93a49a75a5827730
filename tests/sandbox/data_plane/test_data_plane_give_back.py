"""A give-back over HTTP: whoever was on the candidate, by weight, by cookie or by cohort, is on live with the next
request, whatever a balancer does with a cookie for a group of weight 0."""

import asyncio

import pytest

from headgate import cohorts
from headgate.assignment import cohort_text
from headgate.traffic.alb import AlbTraffic
from sandbox.router.stickiness import ZeroWeight
from tests.sandbox.data_plane.parts import Cloud, forward

pytestmark = pytest.mark.sandbox


@pytest.fixture(autouse=True)
def _credentials_of_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "sandbox")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sandbox")


def port(cloud: Cloud, *, by_cohort: bool = False) -> AlbTraffic:
    return AlbTraffic(cloud.name, ("blue", "green"), region="us-east-1", endpoint=cloud.endpoint, cohorts=by_cohort)


@pytest.mark.parametrize("zero_weight", list(ZeroWeight))
def test_users_held_by_a_cookie_move_with_the_one_write(cloud: Cloud, front, zero_weight: ZeroWeight) -> None:
    cloud.set_weights(1, 99, sticky_s=600)

    async def scenario() -> None:
        async with front(zero_weight=zero_weight) as router:
            held = [got.cookie for got in [await router.get() for _ in range(40)] if got.slot == "green"]
            assert len(held) > 30
            back = port(cloud).give_back("blue")
            assert (back.writes, back.done) == (1, True)
            await router.refresh()
            assert {(await router.get(headers={"Cookie": cookie})).slot for cookie in held} == {"blue"}
            assert {(await router.get()).slot for _ in range(40)} == {"blue"}

    asyncio.run(scenario())


@pytest.mark.parametrize("weight", [5, 50, 100])
def test_users_with_a_cohort_and_without_move_with_two(cloud: Cloud, front, weight: int) -> None:
    for place, rule in enumerate(cohorts.layout(0)):
        config = {"HttpHeaderName": cohorts.HEADER, "Values": list(rule.values)}
        condition = {"Field": "http-header", "HttpHeaderConfig": config}
        cloud.create_rule(cohorts.FIRST_PRIORITY + place, condition, forward((cloud.groups["blue"], 1)))
    port(cloud, by_cohort=True).write_split({"blue": 100 - weight, "green": weight}, 0, "green")

    async def slots(router) -> set[str | None]:
        known = {(await router.get(headers={cohorts.HEADER: cohort_text(number)})).slot for number in range(100)}
        return known | {(await router.get()).slot for _ in range(20)}

    async def scenario() -> None:
        async with front() as router:
            assert "green" in await slots(router)
            back = port(cloud, by_cohort=True).give_back("blue")
            assert (back.writes, back.done) == (2, True)
            await router.refresh()
            assert await slots(router) == {"blue"}

    asyncio.run(scenario())
