"""Gate security against real HTTPS servers."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from headgate.gate_settings import SecuritySettings
from headgate.gates import GateContext, security
from headgate.gates.asking import HttpAsker
from headgate.report import Verdict
from headgate.traffic.candidate import Address
from tests.support.rollouts import PLAN, START, live, walk
from tests.support.web_servers import Authority, Reply, web

STATE = walk()["green-up"].state
CONTEXT = GateContext(STATE, PLAN, live(STATE), "", START)
NAME = "api.example.com"
APP = "https://app.example.com"
GOOD = {"Strict-Transport-Security": "Max-Age=31536000", "X-Content-Type-Options": "nosniff"}
REDIRECT = Reply(301, b"", {"Location": f"https://{NAME}/api/v2/health"})
PATH = "/api/v2/health"


def answering(headers: Mapping[str, str] = GOOD, origins: tuple[str, ...] = (APP,), always: str | None = None) -> Any:
    def reply(asked: Mapping[str, str]) -> Reply:
        origin = asked.get("Origin")
        allowed = always or (origin if origin in origins else None)
        return Reply(200, b"{}", {**headers, **({"Access-Control-Allow-Origin": allowed} if allowed else {})})

    return reply


Run = Callable[..., tuple[Verdict, list[str]]]


@pytest.fixture
def run(authority: Authority, trusted: object) -> Iterator[Run]:
    with ExitStack() as stack:

        def once(reply: Any = None, plain: Any = REDIRECT, name: str = NAME, **more: Any) -> tuple[Verdict, list[str]]:
            secure = stack.enter_context(web({PATH: reply or answering()}, authority.context(name)))
            bare = stack.enter_context(web({PATH: plain}))
            settings = replace(SecuritySettings(plain=bare.url, cors_origins=(APP,)), **more)
            result = security.run(settings, Address(secure.url, NAME), HttpAsker(), CONTEXT)
            assert result.gate == "security"
            return result.verdict, [
                each.replace(secure.url, "URL").replace(bare.url, "PLAIN") for each in result.reasons
            ]

        yield once


def test_all_is_well(run: Run) -> None:
    assert run() == (Verdict.PASSED, [])


def test_headers(run: Run) -> None:
    verdict, reasons = run(answering({"X-Content-Type-Options": "sniff"}))
    assert verdict is Verdict.FAILED
    assert reasons == [
        "there is no header Strict-Transport-Security (needs 'max-age=' in it)",
        "header X-Content-Type-Options is 'sniff' (needs 'nosniff' in it)",
    ]
    assert run(answering({"X-A": "1"}), headers={"X-A": ""}) == (Verdict.PASSED, [])
    assert run(answering({}), headers={"X-A": ""}) == (Verdict.FAILED, ["there is no header X-A"])


def test_plain_http_must_lead_to_https(run: Run) -> None:
    assert run(plain=Reply(200)) == (
        Verdict.FAILED, ["PLAIN answered 200 over plain HTTP (needs a redirect to https://)"],
    )  # fmt: skip
    away = Reply(301, b"", {"Location": "http://api.example.com/"})
    assert run(plain=away)[0] is Verdict.FAILED


def test_or_nobody_listens_there(authority: Authority, trusted: object) -> None:
    settings = SecuritySettings(plain="http://127.0.0.1:1", cors_origins=(APP,))
    with web({PATH: answering()}, authority.context(NAME)) as server:
        result = security.run(settings, Address(server.url, NAME), HttpAsker(), CONTEXT)
    assert result.verdict is Verdict.PASSED


def test_an_origin_that_is_not_let_in(run: Run) -> None:
    verdict, reasons = run(answering(origins=()))
    assert verdict is Verdict.FAILED
    assert reasons == [f"origin {APP} is not let in: access-control-allow-origin is nothing"]


@pytest.mark.parametrize("always", ["*", security.STRANGER, "null"])
def test_any_origin_is_let_in(run: Run, always: str) -> None:
    verdict, reasons = run(answering(always=always), cors_origins=())
    assert verdict is Verdict.FAILED
    assert reasons == [
        f"any origin is let in: access-control-allow-origin is '{always}' for {security.STRANGER} (needs none)"
    ]


def test_one_origin_for_everybody_is_no_danger(run: Run) -> None:
    assert run(answering(always=APP)) == (Verdict.PASSED, [])


def test_a_certificate_for_another_name_fails(run: Run) -> None:
    verdict, (reason,) = run(name="other.example.com")
    assert verdict is Verdict.FAILED
    assert reason.startswith("URL: the certificate is not one for api.example.com")


def test_no_https_at_all_fails() -> None:
    with web({PATH: answering()}) as server:
        settings = SecuritySettings(plain="http://127.0.0.1:1", cors_origins=(APP,))
        result = security.run(settings, Address(server.url, NAME), HttpAsker(), CONTEXT)
    assert (result.verdict, result.reasons) == (Verdict.FAILED, (f"{server.url} is not HTTPS",))


def test_nobody_there_is_inconclusive() -> None:
    result = security.run(SecuritySettings(), Address("https://127.0.0.1:1", NAME), HttpAsker(), CONTEXT)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.reasons == ("https://127.0.0.1:1 does not answer: nobody listens there",)
