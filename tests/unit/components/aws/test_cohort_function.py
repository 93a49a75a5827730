"""The function of the edge: whose cohort it hashes, and that nobody else says it."""

import json
from typing import Any

import pulumi
import pytest

from components.aws.cohort_function import SOURCE, CohortFunction, CohortFunctionArgs, UserKey, code
from headgate import cohorts
from headgate.assignment import cohort, cohort_text
from tests.support import edge_function
from tests.support.drive import drive
from tests.support.mocks import Recorded

MOST_BYTES = 10_240  # CloudFront developer guide, "Quotas on CloudFront Functions"
ARGS: CohortFunctionArgs = {
    "physical_name": "greenflow-production",
    "salt": "greenflow",
    "header": "X-User-Id",
    "cookie": "uid",
    "tags": {"service": "greenflow"},
}
KEY = UserKey("greenflow", "X-User-Id", "uid")


def built(**more: Any) -> Recorded:
    args: Any = {**ARGS, **more}
    return drive(lambda: CohortFunction("cohorts", args))


def event(headers: dict[str, str] | None = None, cookies: dict[str, str] | None = None) -> dict[str, Any]:
    """A viewer request as CloudFront gives it: names of headers in small letters."""
    return {
        "request": {
            "method": "GET",
            "uri": "/",
            "headers": {name: {"value": value} for name, value in (headers or {}).items()},
            "cookies": {name: {"value": value} for name, value in (cookies or {}).items()},
        }
    }


def sent_on(*events: dict[str, Any], key: UserKey = KEY) -> list[str | None]:
    """The cohort header of each request that comes of `events`."""
    found = edge_function.run(code(key), events=list(events))["requests"]
    return [request["headers"].get(cohorts.HEADER, {}).get("value") for request in found]


def test_it_is_published_for_the_runtime_it_is_written_for() -> None:
    inputs = built().one("Function").inputs
    assert inputs["name"] == "greenflow-production-cohort"
    assert (inputs["runtime"], inputs["publish"]) == ("cloudfront-js-2.0", True)
    assert inputs["code"] == code(KEY)
    assert len(inputs["code"].encode()) <= MOST_BYTES


def test_hooks_go_to_the_function() -> None:
    def build() -> None:
        hook = pulumi.ResourceHook("unchanged", lambda _args: None)
        CohortFunction("cohorts", ARGS, hooks=pulumi.ResourceHookBinding(before_update=[hook]))

    assert drive(build).one("Function").hooks == {"before_update": ("unchanged",)}


def test_outputs() -> None:
    recorded = built()
    outputs = recorded.outputs_of("CohortFunction")
    assert "cloudfront" in outputs["function_arn"]
    assert outputs["function_name"] == "greenflow-production-cohort"


def test_the_settings_are_filled_in_as_json() -> None:
    salt = "a\"; \\ $& \\1 </script> '"
    (line,) = [line for line in code(UserKey(salt, "X-A", "b")).splitlines() if line.startswith("const SETTINGS")]
    assert json.loads(line.removeprefix("const SETTINGS = ").removesuffix(";")) == {
        "salt": salt,
        "header": "x-a",
        "cookie": "b",
    }
    assert code(KEY) == code(KEY)
    assert SOURCE == edge_function.SOURCE


def test_a_salt_reaches_the_hash_as_it_is() -> None:
    salt = "a\"; \\ $& \\1 '"
    assert sent_on(event(cookies={"uid": "ada"}), key=UserKey(salt, cookie="uid")) == [cohort_text(cohort("ada", salt))]


def test_the_cohort_is_that_of_python_for_every_user() -> None:
    users = [f"user-{number}" for number in range(300)]
    assert sent_on(*(event({"x-user-id": user}) for user in users)) == [
        cohort_text(cohort(user, "greenflow")) for user in users
    ]


def test_one_user_on_two_devices_is_in_one_cohort() -> None:
    phone, browser = event({"x-user-id": "ada"}), event(cookies={"uid": "ada"})
    assert len({*sent_on(phone, browser)}) == 1


def test_the_header_comes_before_the_cookie() -> None:
    assert sent_on(event({"x-user-id": "ada"}, {"uid": "bob"})) == sent_on(event({"x-user-id": "ada"}))
    assert sent_on(event({"x-user-id": ""}, {"uid": "bob"})) == sent_on(event({}, {"uid": "bob"}))


def test_only_what_is_named_is_looked_at() -> None:
    both = event({"x-user-id": "ada"}, {"uid": "bob"})
    assert sent_on(both, key=UserKey("greenflow", cookie="uid")) == [cohort_text(cohort("bob", "greenflow"))]
    assert sent_on(event({"x-user-id": "ada"}), key=UserKey("greenflow", cookie="uid")) == [None]


@pytest.mark.parametrize("claimed", ["00", "nobody", "??"])
def test_what_a_client_says_of_its_cohort_is_removed(claimed: str) -> None:
    with_key = event({cohorts.HEADER: claimed, "x-user-id": "ada"})
    twice = event({cohorts.HEADER: claimed})
    twice["request"]["headers"][cohorts.HEADER]["multiValue"] = [{"value": claimed}, {"value": "01"}]
    assert sent_on(with_key, twice) == [cohort_text(cohort("ada", "greenflow")), None]


def test_without_a_key_there_is_no_cohort_and_nothing_else_changes() -> None:
    plain = event({"host": "api.example.com", "constructor": "x"}, {"theme": "dark"})
    assert edge_function.run(code(UserKey("s", "toString", "valueOf")), events=[plain])["requests"] == [
        plain["request"]
    ]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"salt": ""}, "salt: found ''; expected printable ASCII"),
        ({"salt": "é"}, "salt: found 'é'"),
        ({"header": "", "cookie": ""}, "expected the name of a header or a cookie with the user key"),
        ({"header": "x user"}, "header: found 'x user'; expected the name of a header"),
        ({"cookie": "a;b"}, "cookie: found 'a;b'; expected the name of a cookie"),
        ({"header": "X-Headgate-Cohort"}, "expected a header of the user, not of the cohort"),
        ({"physical_name": "Green_Flow"}, "physical_name: found 'Green_Flow'"),
    ],
)
def test_wrong_arguments_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"CohortFunction 'cohorts': (.|\n)*{message}"):
        built(**more)
