"""Users by cohort, over HTTP: the edge function played, the rules written as a rollout writes them, real answers."""

import asyncio
from collections.abc import Iterator

import pytest

from components.aws.cohort_function import RUNTIME, UserKey, code, function_name
from headgate import cohorts
from headgate.assignment import cohort
from headgate.traffic.alb import AlbTraffic
from sandbox.load import within_binomial_interval
from tests.sandbox.data_plane.parts import Cloud, Front, aws, forward

pytestmark = pytest.mark.sandbox

SALT = "greenflow"
USERS = [f"user-{number}" for number in range(400)]


@pytest.fixture(autouse=True)
def _credentials_of_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "sandbox")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sandbox")


@pytest.fixture
def by_cohort(cloud: Cloud) -> Iterator[Cloud]:
    """A balancer with the rules for cohorts, and the edge function in front of it."""
    for place, rule in enumerate(cohorts.layout(0)):
        config = {"HttpHeaderName": cohorts.HEADER, "Values": list(rule.values)}
        condition = {"Field": "http-header", "HttpHeaderConfig": config}
        cloud.create_rule(cohorts.FIRST_PRIORITY + place, condition, forward((cloud.groups["blue"], 1)))
    with aws("cloudfront", cloud.endpoint) as cloudfront:
        made = cloudfront.create_function(
            Name=function_name(cloud.name),
            FunctionConfig={"Comment": "", "Runtime": RUNTIME},
            FunctionCode=code(UserKey(SALT, "X-User-Id", "uid")).encode(),
        )
        yield cloud
        cloudfront.delete_function(Name=function_name(cloud.name), IfMatch=made["ETag"])


def move(cloud: Cloud, weight: int) -> None:
    """As a rollout of green does."""
    port = AlbTraffic(cloud.name, ("blue", "green"), region="us-east-1", endpoint=cloud.endpoint, cohorts=True)
    port.write_split({"blue": 100 - weight, "green": weight}, 0, "green")
    assert port.read_split() == {"blue": 100 - weight, "green": weight}


async def on_green(router: Front, users: list[str] = USERS) -> set[str]:
    slots = {user: (await router.get(headers={"x-user-id": user})).slot for user in users}
    assert set(slots.values()) <= {"blue", "green"}
    return {user for user, slot in slots.items() if slot == "green"}


def test_the_share_of_users_is_the_weight_nobody_returns_and_a_rollback_moves_everybody(
    by_cohort: Cloud, front
) -> None:
    async def scenario() -> None:
        async with front() as router:
            before: set[str] = set()
            for weight in (0, 10, 37, 50, 100):
                move(by_cohort, weight)
                await router.refresh()
                reached = await on_green(router)
                assert reached == {user for user in USERS if cohort(user, SALT) < weight}
                if 0 < weight < 100:
                    assert within_binomial_interval(len(reached), len(USERS), weight / 100, confidence=0.999)
                assert before <= reached, "a user who was on the candidate went back"
                before = reached
            assert before == set(USERS)
            move(by_cohort, 0)
            await router.refresh()
            assert await on_green(router) == set()

    asyncio.run(scenario())


def test_a_user_has_one_version_on_every_device_and_whatever_is_claimed(by_cohort: Cloud, front) -> None:
    move(by_cohort, 50)
    users = USERS[:60]

    async def slots(router: Front, user: str) -> set[str | None]:
        devices = [
            {"X-USER-ID": user},
            {"Cookie": f"theme=dark; uid={user}"},
            {"x-user-id": user, cohorts.HEADER: "00"},
            {"x-user-id": user, cohorts.HEADER: "99"},
        ]
        return {(await router.get(headers=headers)).slot for headers in devices}

    async def scenario() -> None:
        async with front() as router:
            found = {user: await slots(router, user) for user in users}
            assert {len(each) for each in found.values()} == {1}
            assert {user for user, each in found.items() if each == {"green"}} == {
                user for user in users if cohort(user, SALT) < 50
            }

    asyncio.run(scenario())


def test_without_a_key_the_weights_decide_whatever_is_claimed(by_cohort: Cloud, front) -> None:
    move(by_cohort, 50)

    async def scenario() -> None:
        async with front() as router:
            claimed = [(await router.get(headers={cohorts.HEADER: "00"})).slot for _ in range(200)]
            assert within_binomial_interval(claimed.count("green"), 200, 0.5, confidence=0.999)
            move(by_cohort, 0)
            await router.refresh()
            assert {(await router.get(headers={cohorts.HEADER: "00"})).slot for _ in range(20)} == {"blue"}

    asyncio.run(scenario())


def test_the_test_listener_is_not_behind_the_edge(by_cohort: Cloud, front) -> None:
    async def scenario() -> None:
        async with front() as router:
            assert (await router.get(via="test", headers={"x-user-id": "ada"})).slot == "green"
            assert (await router.status())["cohorts"] == {"salt": SALT, "header": "x-user-id", "cookie": "uid"}

    asyncio.run(scenario())


def test_without_a_function_the_header_of_a_client_counts(cloud: Cloud, front) -> None:
    config = {"HttpHeaderName": cohorts.HEADER, "Values": ["0?"]}
    condition = {"Field": "http-header", "HttpHeaderConfig": config}
    cloud.create_rule(10, condition, forward((cloud.groups["green"], 1)))

    async def scenario() -> None:
        async with front() as router:
            assert (await router.status())["cohorts"] is None
            assert (await router.get(headers={cohorts.HEADER: "07"})).slot == "green"

    asyncio.run(scenario())
