"""Messages through the real Apprise to a real server."""

import logging
import time
from collections.abc import Iterator

import pytest

from headgate.notify import Delivery, Level, Message
from headgate.notify.by_apprise import AppriseNotifier
from headgate.notify_settings import NotifySettings
from tests.support.inbox import TOKEN, Inbox, inbox

TEAM, ON_CALL = "HEADGATE_NOTIFY_TEAM", "HEADGATE_NOTIFY_ON_CALL"
SETTINGS = NotifySettings({"team": (TEAM,), "on-call": (ON_CALL, TEAM)})
MESSAGE = Message("a title", "Who: anna\nWhat: advance", Level.WARNING, ("team", "on-call", "leads"))


@pytest.fixture
def box() -> Iterator[Inbox]:
    with inbox() as made:
        yield made


def send(environ: dict[str, str], patience: float = 10.0) -> tuple[Delivery, ...]:
    return AppriseNotifier(SETTINGS, environ, patience).send(MESSAGE)


def test_what_arrives(box: Inbox) -> None:
    assert send({TEAM: box.url}) == (
        Delivery("team", TEAM, sent=True),
        Delivery("on-call", ON_CALL, sent=False, why="the variable is not set"),
    )
    (received,) = box.received
    assert (received["title"], received["message"], received["type"]) == (MESSAGE.title, MESSAGE.body, "warning")


def test_several_addresses_and_one_person_in_two_tiers(box: Inbox) -> None:
    found = send({TEAM: f"{box.url}\n  {box.url}", ON_CALL: box.url})
    assert [str(each) for each in found] == [
        f"told team ({TEAM}, address 1 of 2)",
        f"told team ({TEAM}, address 2 of 2)",
        f"told on-call ({ON_CALL})",
    ]
    assert len(box.received) == 3


def test_a_service_that_fails(box: Inbox, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    box.status = 500
    found = send({TEAM: box.url})
    assert str(found[0]) == f"NOT told: team ({TEAM}): the service answered 500"
    out, err = capfd.readouterr()
    assert TOKEN not in "".join((*map(repr, found), out, err, caplog.text))


def test_a_service_that_hangs_holds_nobody_up(box: Inbox) -> None:
    box.hold.clear()
    began = time.monotonic()
    with inbox() as other:
        found = send({TEAM: box.url, ON_CALL: other.url}, patience=0.5)
    assert time.monotonic() - began < 5
    assert [str(each) for each in found] == [
        f"NOT told: team ({TEAM}): no answer within 0.5 s",
        f"told on-call ({ON_CALL})",
    ]


@pytest.mark.parametrize("url", [f"nobody://{TOKEN}", f"{TOKEN}", f"slack://{TOKEN}", "json://", "://"])
def test_what_is_no_address(url: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    found = send({TEAM: url})
    assert found[0].why == "what the variable holds is not an address that Apprise knows"
    assert TOKEN not in "".join((*map(repr, found), *capfd.readouterr()))


def test_nobody_listens() -> None:
    assert send({TEAM: f"json://127.0.0.1:1/{TOKEN}"})[0].why == "the service could not be reached, or refused it"


def test_a_tier_without_addresses_is_nobody() -> None:
    assert AppriseNotifier(NotifySettings(), {TEAM: "x"}).send(MESSAGE) == ()
