"""`headgate:notify`: names of variables, never an address."""

import pytest

from headgate.notify_settings import NotifySettings, read_notify
from headgate.reader import Reader
from tests.support.inbox import TOKEN


def test_what_is_read() -> None:
    reader = Reader("f")
    raw = {"team": ["HEADGATE_NOTIFY_TEAM"], "on-call": ["HEADGATE_NOTIFY", "HEADGATE_NOTIFY_2"]}
    found = read_notify(raw, reader)
    assert dict(found.tiers) == {"team": ("HEADGATE_NOTIFY_TEAM",), "on-call": ("HEADGATE_NOTIFY", "HEADGATE_NOTIFY_2")}
    assert reader.problems == []


def test_nothing_is_nobody() -> None:
    assert read_notify(None, Reader("f")) == NotifySettings()


@pytest.mark.parametrize(
    ("raw", "where"),
    [
        ({"team": [f"slack://{TOKEN}/x"]}, "headgate:notify.team"),
        ({"team": f"json://{TOKEN}"}, "headgate:notify.team"),
        ({"team": ["HEADGATE_NOTIFY_TEAM", f"https://h/{TOKEN}"]}, "headgate:notify.team"),
        ({"team": [{"secure": TOKEN}]}, "headgate:notify.team"),
        ({"team": ["AWS_SECRET_ACCESS_KEY"]}, "headgate:notify.team"),
        ({"team": []}, "headgate:notify.team"),
        ({f"slack://{TOKEN}": ["HEADGATE_NOTIFY"]}, "headgate:notify.(hidden)"),
        ({"teams": ["HEADGATE_NOTIFY"]}, "headgate:notify.teams"),
        (f"slack://{TOKEN}", "headgate:notify"),
        ([f"slack://{TOKEN}"], "headgate:notify"),
    ],
    ids=lambda value: str(type(value)),
)
def test_an_address_is_refused_and_not_repeated(raw: object, where: str) -> None:
    reader = Reader("f")
    read_notify(raw, reader)
    (problem,) = reader.problems
    assert problem.where == f"f: {where}"
    assert TOKEN not in str(problem)
