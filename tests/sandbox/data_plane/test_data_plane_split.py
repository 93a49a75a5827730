"""Real requests are split as the live balancer says, and follow it when it changes."""

import asyncio

import pytest

from sandbox.load import Load, Summary, run, within_binomial_interval
from sandbox.router.stickiness import ZeroWeight
from tests.sandbox.data_plane.parts import Cloud, forward, soon

pytestmark = pytest.mark.sandbox

COHORT = "x-headgate-cohort"


def cohort(*patterns: str) -> dict[str, object]:
    return {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": COHORT, "Values": list(patterns)}}


async def ask_fresh_users(url: str, number: int) -> Summary:
    summary = await run(Load(url, requests=number, fresh=True, write_share=0, verify=False, seed=1, concurrency=8))
    assert (summary.lost, summary.errors) == (0, 0)
    return summary


@pytest.mark.parametrize(("blue", "green"), [(90, 10), (50, 50), (1, 2), (999, 111)])
def test_the_share_of_fresh_users_fits_the_weights(cloud: Cloud, front, blue: int, green: int) -> None:
    cloud.set_weights(blue, green, sticky_s=600)

    async def scenario() -> None:
        async with front() as router:
            summary = await ask_fresh_users(router.url, 2000)
            share = green / (blue + green)
            assert within_binomial_interval(summary.first_by_slot["green"], 2000, share, confidence=0.999)
            status = await router.status()
            assert status["weights"]["green"]["weight"] == green
            assert status["weights"]["green"]["per_cent"] == pytest.approx(100 * share, abs=1e-4)
            counted = {slot: figures["requests"] for slot, figures in status["recent"]["slots"].items()}
            assert counted == summary.by_slot, "the router counts what the users saw"

    asyncio.run(scenario())


def test_a_seed_makes_the_split_repeatable(cloud: Cloud, front) -> None:
    cloud.set_weights(50, 50)

    async def slots() -> list[str | None]:
        async with front(seed=5) as router:
            return [(await router.get()).slot for _ in range(50)]

    first = asyncio.run(slots())
    assert asyncio.run(slots()) == first
    assert set(first) == {"blue", "green"}


def test_follows_the_weights_without_a_restart(cloud: Cloud, front) -> None:
    async def scenario() -> None:
        async with front() as router:
            assert (await ask_fresh_users(router.url, 100)).by_slot == {"blue": 100}
            cloud.set_weights(0, 100)
            assert await soon(lambda: seen(router, "green", 100.0))
            assert (await ask_fresh_users(router.url, 100)).by_slot == {"green": 100}

    asyncio.run(scenario())


async def seen(router, slot: str, per_cent: float) -> bool:
    return bool((await router.status())["weights"][slot]["per_cent"] == per_cent)


def test_a_refresh_shows_a_change_at_once(cloud: Cloud, front) -> None:
    async def scenario() -> None:
        async with front(poll_s=3600.0) as router:
            for green in (10, 50, 100, 0):
                cloud.set_weights(100 - green, green)
                assert (await router.refresh())["weights"]["green"]["per_cent"] == green

    asyncio.run(scenario())


def test_a_mark_begins_a_new_count(cloud: Cloud, front) -> None:
    async def scenario() -> None:
        async with front() as router:
            assert (await router.status())["since_mark"] is None
            await ask_fresh_users(router.url, 10)
            mark = await router.mark("green-10")
            await ask_fresh_users(router.url, 7)
            since = (await router.status())["since_mark"]
            assert (since["mark"], since["slots"]["blue"]["requests"]) == ("green-10", 7)
            assert (await router.slots(since=mark["at"]))["blue"]["requests"] == 7
            assert (await router.slots())["blue"]["requests"] == 17

    asyncio.run(scenario())


def test_stickiness_holds_users_while_weights_move(cloud: Cloud, front) -> None:
    cloud.set_weights(50, 50, sticky_s=600)

    async def scenario() -> None:
        async with front() as router:
            first = [await router.get() for _ in range(40)]
            held = {got.cookie: got.slot for got in first}
            assert set(held.values()) == {"blue", "green"}
            cloud.set_weights(99, 1, sticky_s=600)
            await router.refresh()
            for cookie, slot in held.items():
                assert (await router.get(headers={"Cookie": cookie})).slot == slot
            figures = await router.slots()
            assert sum(of_slot["held"] for of_slot in figures.values()) == 40

    asyncio.run(scenario())


@pytest.mark.parametrize("zero_weight", list(ZeroWeight))
def test_weight_0_with_stickiness_off_moves_every_held_user(cloud: Cloud, front, zero_weight: ZeroWeight) -> None:
    cloud.set_weights(1, 99, sticky_s=600)

    async def scenario() -> None:
        async with front(zero_weight=zero_weight) as router:
            cookies = [got.cookie for got in [await router.get() for _ in range(40)] if got.slot == "green"]
            assert len(cookies) > 30

            cloud.set_weights(100, 0, sticky_s=600)
            await router.refresh()
            still = {(await router.get(headers={"Cookie": cookie})).slot for cookie in cookies}
            assert still == ({"green"} if zero_weight is ZeroWeight.HOLD else {"blue"})

            cloud.set_weights(100, 0)
            await router.refresh()
            for cookie in cookies:
                got = await router.get(headers={"Cookie": cookie})
                assert got.slot == "blue"
                assert "Set-Cookie" not in got.headers

    asyncio.run(scenario())


def test_returning_users_stay_and_the_generator_sees_it(cloud: Cloud, front) -> None:
    cloud.set_weights(50, 50, sticky_s=600)

    async def scenario() -> None:
        async with front() as router:
            sticky = await run(Load(router.url, users=20, requests=400, concurrency=8, seed=1))
            assert (sticky.switches, sticky.lost, sticky.missing) == (0, 0, 0)
            assert sum(sticky.first_by_slot.values()) == 20
            cloud.set_weights(50, 50)
            await router.refresh()
            loose = await run(Load(router.url, users=20, requests=400, concurrency=8, seed=1))
            assert loose.switches > 50

    asyncio.run(scenario())


def test_cohort_rules_split_by_header_and_take_everybody_back(cloud: Cloud, front) -> None:
    green = forward((cloud.groups["green"], 1))
    first = cloud.create_rule(10, cohort("0?", "1?", "2?"), green)
    second = cloud.create_rule(20, cohort("30", "31", "32", "33", "34"), green)
    third = cloud.create_rule(30, cohort("35", "36"), green)

    async def on_green(router) -> list[str]:
        cohorts = [f"{number:02}" for number in range(100)]
        return [name for name in cohorts if (await router.get(headers={COHORT: name})).slot == "green"]

    async def scenario() -> None:
        async with front() as router:
            assert await on_green(router) == [f"{number:02}" for number in range(37)]
            assert (await router.get()).slot == "blue", "without a cohort: the default action"
            assert (await router.get(headers={COHORT: "7"})).slot == "blue"
            rules = (await router.status())["listeners"]["traffic"]["rules"]
            assert [rule["priority"] for rule in rules] == [10, 20, 30]
            for rule in (first, second, third):
                cloud.client.delete_rule(RuleArn=rule)
            await router.refresh()
            assert await on_green(router) == []

    asyncio.run(scenario())


def test_the_lowest_priority_wins(cloud: Cloud, front) -> None:
    cloud.create_rule(20, cohort("*"), forward((cloud.groups["green"], 1)))
    cloud.create_rule(
        10,
        {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/closed/*"]}},
        [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "403", "MessageBody": "closed"}}],
    )

    async def scenario() -> None:
        async with front() as router:
            got = await router.get("/closed/door", headers={COHORT: "00"})
            assert (got.status, got.body) == (403, b"closed")
            assert (await router.get("/open", headers={COHORT: "00"})).slot == "green"

    asyncio.run(scenario())


def test_the_test_listener_reaches_the_candidate_whatever_the_weights(cloud: Cloud, front) -> None:
    async def scenario() -> None:
        async with front() as router:
            for _ in range(20):
                assert (await router.get(via="test")).slot == "green"
                assert (await router.get()).slot == "blue"
            assert set(await router.slots("test")) == {"green"}
            assert set(await router.slots()) == {"blue"}, "tests do not count as traffic"
            assert set(await router.slots("all")) == {"blue", "green"}

    asyncio.run(scenario())


def test_port_80_redirects_to_the_listener_of_port_443(cloud: Cloud, front) -> None:
    async def scenario() -> None:
        async with front() as router:
            got = await router.get("/a%20b?x=1", via="http", headers={"Host": "api.example.com"})
            assert got.status == 301
            assert got.headers["Location"] == "https://api.example.com:443/a%20b?x=1"
            assert (await router.slots("http"))["none"]["refused"] == 0

    asyncio.run(scenario())
