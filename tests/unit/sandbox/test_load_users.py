"""Users keep cookies as a browser does; a load that makes no sense is refused."""

import asyncio

import pytest

from sandbox.load import Load, run
from sandbox.load.users import User
from sandbox.router.stickiness import set_cookie_headers
from sandbox.serving import Unusable


def test_cookies_are_sent_back_until_they_expire() -> None:
    now = [1_800_000_000.0]
    user = User("u", clock=lambda: now[0])
    assert user.cookie_header() is None
    user.keep([*set_cookie_headers("v+/=", now[0], 600), "uid=7; Path=/"])
    assert user.cookie_header() == "AWSALBTG=v+/=; uid=7", "no Secure cookies over plain HTTP"
    now[0] += 599
    user.keep(set_cookie_headers("w", now[0], 600))
    now[0] += 599
    assert user.cookie_header() == "AWSALBTG=w; uid=7"
    now[0] += 1
    assert user.cookie_header() == "uid=7"


def test_what_is_not_a_cookie_is_not_kept() -> None:
    user = User("u")
    user.keep(["", "novalue", "a=1; Expires=whenever"])
    assert user.cookie_header() == "a=1"


def test_all_problems_of_a_load_are_named_at_once() -> None:
    load = Load("http://example.com:80", users=0, requests=0, duration_s=0, write_share=2, pause_s=-1)
    with pytest.raises(Unusable) as refused:
        asyncio.run(run(load))
    for name in ("url", "users", "requests", "duration_s", "write_share", "pause_s"):
        assert f"{name}: " in str(refused.value)
