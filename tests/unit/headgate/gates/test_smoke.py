"""Gate smoke against real servers."""

import json
from dataclasses import replace
from typing import Any

import pytest

from headgate.gate_settings import Check, SmokeSettings
from headgate.gates import GateContext, smoke
from headgate.gates.asking import HttpAsker
from headgate.report import Verdict
from headgate.traffic.candidate import Address
from tests.support.rollouts import PLAN, START, live, walk
from tests.support.web_servers import Reply, web

STATE = walk()["green-up"].state
assert STATE.candidate is not None
VERSION = STATE.candidate.version
CONTEXT = GateContext(STATE, PLAN, live(STATE), "", START)
API = Check("api", "/health", (200,), {"status": "ok"})
DATABASE = Check("database", "/ready", (200, 204), {"database.primary": True})


def reply(content: Any = None, status: int = 200, version: str | None = VERSION) -> Reply:
    headers = {} if version is None else {"X-Deployment-Version": version}
    return Reply(status, json.dumps({"status": "ok"} if content is None else content).encode(), headers)


def run(
    replies: dict[str, Any], *checks: Check, context: GateContext = CONTEXT, **more: Any
) -> tuple[Verdict, list[str]]:
    with web(replies) as server:
        settings = SmokeSettings(checks=checks or (API,), timeout=more.pop("timeout", 5), **more)
        result = smoke.run(settings, Address(server.url, "api.example.com"), HttpAsker(), context)
        assert all(headers["Host"] == "api.example.com" for _, _, headers in server.asked)
        assert result.gate == "smoke"
        return result.verdict, [reason.replace(server.url, "URL") for reason in result.reasons]


def test_everything_answers() -> None:
    ready = reply({"database": {"primary": True}})
    assert run({"/health": reply(), "/ready": ready}, API, DATABASE) == (Verdict.PASSED, [])


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (reply(status=503), "api: /health answered 503 (needs 200)"),
        (reply({"status": "degraded"}), "api: /health has status 'degraded' (needs 'ok')"),
        (reply({}), "api: /health has status not at all (needs 'ok')"),
        (reply([]), "api: /health has status not at all (needs 'ok')"),
        (Reply(200, b"<html>", {"X-Deployment-Version": VERSION}), "api: /health answered no JSON (needs status)"),
        (reply(version="2026.01.28"), f"api: the answer says X-Deployment-Version '2026.01.28' (needs '{VERSION}')"),
        (reply(version=None), f"api: the answer has no header X-Deployment-Version (needs '{VERSION}')"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_as_it_must_be(answer: Reply, reason: str) -> None:
    assert run({"/health": answer}) == (Verdict.FAILED, [reason])


@pytest.mark.parametrize("found", ["true", 1, None, {}])
def test_a_value_must_be_of_the_same_kind(found: Any) -> None:
    verdict, (reason,) = run({"/ready": reply({"database": {"primary": found}})}, DATABASE)
    assert verdict is Verdict.FAILED
    assert "needs True" in reason


def test_all_that_is_wrong_is_said() -> None:
    verdict, reasons = run({"/health": reply(status=500), "/ready": reply(status=502)}, API, DATABASE)
    assert verdict is Verdict.FAILED
    assert reasons == ["api: /health answered 500 (needs 200)", "database: /ready answered 502 (needs 200 or 204)"]


def test_any_version_will_do_where_none_is_asked_for() -> None:
    assert run({"/health": reply(version=None)}, version_header="") == (Verdict.PASSED, [])


def test_nobody_answers_at_all() -> None:
    result = smoke.run(
        SmokeSettings(checks=(API,), timeout=1), Address("http://127.0.0.1:1", "x"), HttpAsker(), CONTEXT
    )
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.reasons == ("api: http://127.0.0.1:1/health does not answer: nobody listens there",)


def test_one_of_two_does_not_answer() -> None:
    import threading

    never = threading.Event()
    verdict, (reason,) = run({"/health": reply(), "/ready": replace(reply(), stall=never)}, API, DATABASE, timeout=1)
    never.set()
    assert verdict is Verdict.FAILED
    assert reason == "database: URL/ready does not answer: no answer in 1 s"


def test_without_a_candidate() -> None:
    alone = replace(CONTEXT, state=replace(STATE, candidate=None))
    assert run({"/health": reply()}, context=alone) == (Verdict.INCONCLUSIVE, ["no candidate is being rolled out"])


def test_figures() -> None:
    with web({"/health": reply()}) as server:
        result = smoke.run(SmokeSettings(checks=(API,)), Address(server.url, "x"), HttpAsker(), CONTEXT)
    figures = dict(result.figures)
    assert figures["checks"] == 1
    assert figures["slowest_ms"] > 0
