"""A request in, what is to happen out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from sandbox.router.decision import Answer, Chance, Refuse, Send, decide, listener_of
from sandbox.router.model import (
    Action,
    Balancer,
    Condition,
    Field,
    FixedResponse,
    Forward,
    Listener,
    Redirect,
    Rule,
    Stickiness,
    TargetGroup,
    WeightedGroup,
)
from sandbox.router.rules import Facts
from sandbox.router.stickiness import write_ticket

KEY = b"k" * 32
NOW = 1_800_000_000.0
BLUE = TargetGroup("arn:aws:x:r:1:targetgroup/gf-blue/1", "blue")
GREEN = TargetGroup("arn:aws:x:r:1:targetgroup/gf-green/1", "green")


def facts(**headers: str) -> Facts:
    return Facts("GET", "api.example.com", "/x", "", CIMultiDict(headers), "127.0.0.1")


def forward(blue: int, green: int, *, sticky: bool = False) -> Forward:
    return Forward((WeightedGroup(BLUE, blue), WeightedGroup(GREEN, green)), Stickiness(sticky, 600))


def listener(default: Action | None, *rules: Rule) -> Listener:
    return Listener("arn:l", 443, "HTTPS", default, rules)


def chance(uniform: float = 0.0) -> Chance:
    return Chance(uniform=uniform, now=NOW, key=KEY)


def test_forward_by_weight_without_stickiness_sets_no_cookie() -> None:
    assert decide(listener(forward(90, 10)), facts(), None, chance(0.5)) == Send(BLUE, None, held=False)
    assert decide(listener(forward(90, 10)), facts(), None, chance(0.95)) == Send(GREEN, None, held=False)


def test_a_cookie_keeps_its_user_and_is_set_anew() -> None:
    cookie = write_ticket(KEY, GREEN.arn, NOW - 599)
    decision = decide(listener(forward(90, 10, sticky=True)), facts(), cookie, chance(0.0))
    assert isinstance(decision, Send)
    assert (decision.group, decision.held) == (GREEN, True)
    assert len(decision.cookies) == 2
    assert write_ticket(KEY, GREEN.arn, NOW) in decision.cookies[0]


def test_with_stickiness_off_a_cookie_has_no_meaning() -> None:
    cookie = write_ticket(KEY, GREEN.arn, NOW)
    assert decide(listener(forward(100, 0)), facts(), cookie, chance(0.99)) == Send(BLUE, None, held=False)


def test_a_rule_goes_before_the_default_and_is_named() -> None:
    rule = Rule(10, (Condition(Field.HEADER, ("0?",), header="x-cohort"),), Forward((WeightedGroup(GREEN, 1),)))
    live = listener(forward(100, 0), rule)
    assert decide(live, facts(**{"X-Cohort": "03"}), None, chance()) == Send(GREEN, 10, held=False)
    assert decide(live, facts(**{"X-Cohort": "13"}), None, chance()) == Send(BLUE, None, held=False)


def test_answers_of_the_balancer_itself() -> None:
    fixed = decide(listener(FixedResponse(503, "text/html", "<p>")), facts(), None, chance())
    assert fixed == Answer(503, None, (("Content-Type", "text/html"),), "<p>")
    redirect = decide(listener(Redirect(301, port="444")), facts(), None, chance())
    assert redirect == Answer(301, None, (("Location", "https://api.example.com:444/x"),))


@pytest.mark.parametrize("default", [forward(0, 0), Forward(()), None])
def test_nobody_to_send_to(default: Action | None) -> None:
    decision = decide(listener(default), facts(), None, chance(0.3))
    assert isinstance(decision, Refuse)
    assert decision.status == 503
    assert set(json.loads(decision.body)) == {"error", "remedy"}


def test_a_listener_that_is_not_there_or_not_played() -> None:
    problem = Listener("arn", 443, "HTTPS", None, problems=("rule 1: transforms",))
    balancer = Balancer("gf", "arn", {443: problem, 80: listener(None)})
    missing = listener_of(balancer, 8443)
    assert isinstance(missing, Refuse)
    assert (missing.status, "no listener on port 8443 (listeners: 80, 443)" in missing.error) == (503, True)
    unplayed = listener_of(balancer, 443)
    assert isinstance(unplayed, Refuse)
    assert (unplayed.status, "rule 1: transforms" in unplayed.error) == (501, True)


@given(
    st.integers(0, 999),
    st.integers(0, 999),
    st.booleans(),
    st.none() | st.sampled_from([BLUE, GREEN]),
    st.floats(0, 1, exclude_max=True),
)
def test_a_request_goes_to_a_group_with_weight_or_where_its_cookie_says(
    blue: int, green: int, sticky: bool, cookie_of: TargetGroup | None, uniform: float
) -> None:
    cookie = write_ticket(KEY, cookie_of.arn, NOW - 1) if cookie_of else None
    decision = decide(listener(forward(blue, green, sticky=sticky)), facts(), cookie, chance(uniform))
    if sticky and cookie_of:
        assert isinstance(decision, Send)
        assert (decision.group, decision.held) == (cookie_of, True)
    elif blue + green == 0:
        assert isinstance(decision, Refuse)
    else:
        assert isinstance(decision, Send)
        assert {BLUE: blue, GREEN: green}[decision.group] > 0
        assert not decision.held
    if isinstance(decision, Send):
        assert bool(decision.cookies) is sticky
