"""The edge function as the router plays it: from the source that the component publishes, with what that does."""

import pytest
from multidict import CIMultiDict

from components.aws.cohort_function import SOURCE, UserKey, code, function_name
from headgate.assignment import cohort, cohort_text
from sandbox.router import edge_function
from sandbox.router.edge_function import EdgeFunction
from sandbox.router.plane import cookies_of
from tests.support import edge_function as node

HEADER = "x-headgate-cohort"


@pytest.mark.parametrize("key", [UserKey("greenflow", "X-User-Id", "uid"), UserKey('a" } ;\\ é'[:5], cookie="u")])
def test_the_settings_are_read_out_of_the_source(key: UserKey) -> None:
    assert edge_function.read(code(key)) == EdgeFunction(key.salt, key.header.lower(), key.cookie)


@pytest.mark.parametrize("source", ["", "function handler(event) { return event.request; }"])
def test_another_function_is_not_played(source: str) -> None:
    with pytest.raises(ValueError, match="not that of Headgate"):
        edge_function.read(source)


def test_it_is_found_by_the_name_that_the_component_gives() -> None:
    assert edge_function.name_of("greenflow-production") == function_name("greenflow-production")


REQUESTS: list[list[tuple[str, str]]] = [
    [("X-User-Id", "ada")],
    [("Cookie", "uid=ada; theme=dark")],
    [("X-User-Id", "ada"), ("Cookie", "uid=bob")],
    [("X-User-Id", ""), ("Cookie", "uid=bob")],
    [("X-Headgate-Cohort", "00"), ("X-Headgate-Cohort", "01"), ("X-User-Id", "ada")],
    [("X-Headgate-Cohort", "00")],
    [("X-User-Id", "ada"), ("X-User-Id", "bob")],
    [("Cookie", "uid=ada; uid=bob")],
    [("Cookie", "uid=")],
    [],
]


def test_it_does_what_the_source_does_under_node() -> None:
    key = UserKey("greenflow", "x-user-id", "uid")
    played = edge_function.read(code(key))
    ours, events = [], []
    for sent in REQUESTS:
        headers = CIMultiDict(sent)
        cookies = cookies_of(headers.getall("Cookie", ()))
        ours.append(played.headers(headers, cookies).getall(HEADER, []))
        first = {name.lower(): headers[name] for name in headers}
        events.append({"request": {
            "headers": {name: {"value": value} for name, value in first.items() if name != "cookie"},
            "cookies": {name: {"value": value} for name, value in cookies.items()},
        }})  # fmt: skip
    requests = node.run(code(key), events=events)["requests"]
    theirs = [[each["headers"][HEADER]["value"]] if HEADER in each["headers"] else [] for each in requests]
    assert ours == theirs
    ada = [cohort_text(cohort("ada", "greenflow"))]
    assert ours[0] == ours[1] == ours[4] == ada
    assert ours[5] == ours[9] == []
    assert SOURCE.exists()


def test_everything_else_goes_on_as_it_was() -> None:
    sent = CIMultiDict([("Host", "api.example.com"), ("Accept", "a"), ("Accept", "b"), ("X-User-Id", "ada")])
    onward = EdgeFunction("s", "x-user-id").headers(sent, {})
    onward.popall(HEADER)
    assert onward == sent
