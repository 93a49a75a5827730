"""When a cookie holds a user, and when it does not."""

import base64
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.router.model import Forward, Stickiness, TargetGroup, WeightedGroup
from sandbox.router.stickiness import ZeroWeight, held_by, read_ticket, set_cookie_headers, write_ticket

KEY = b"k" * 32
BLUE, GREEN, GONE = (TargetGroup(f"arn:aws:x:r:1:targetgroup/{name}/1") for name in ("blue", "green", "gone"))
NOW = 1_800_000_000.0


def forward(blue: int, green: int, *, enabled: bool = True, duration_s: int = 600) -> Forward:
    return Forward((WeightedGroup(BLUE, blue), WeightedGroup(GREEN, green)), Stickiness(enabled, duration_s))


def holder(action: Forward, cookie: str, now: float, zero: ZeroWeight = ZeroWeight.HOLD) -> TargetGroup | None:
    held = held_by(action, read_ticket(KEY, cookie), now, zero)
    return held.group if held else None


TABLE = [
    ("held on the group of the cookie", forward(90, 10), GREEN, 1, GREEN),
    ("held although the weights say otherwise", forward(100, 1), GREEN, 1, GREEN),
    ("held to the last second", forward(90, 10), GREEN, 599, GREEN),
    ("free when the time is over", forward(90, 10), GREEN, 600, None),
    ("free when the duration was shortened since", forward(90, 10, duration_s=1), GREEN, 2, None),
    ("free when stickiness is off", forward(90, 10, enabled=False), GREEN, 1, None),
    ("free when stickiness is off, at weight 0 too", forward(100, 0, enabled=False), GREEN, 1, None),
    ("free when the group is not in the action", forward(90, 10), GONE, 1, None),
]


@pytest.mark.parametrize(
    ("action", "group", "later", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_who_is_held(action: Forward, group: TargetGroup, later: float, expected: TargetGroup | None) -> None:
    cookie = write_ticket(KEY, group.arn, NOW)
    for zero in ZeroWeight:
        assert holder(action, cookie, NOW + later, zero) == expected


def test_weight_0_holds_or_moves_as_told() -> None:
    cookie = write_ticket(KEY, GREEN.arn, NOW)
    assert holder(forward(100, 0), cookie, NOW + 1, ZeroWeight.HOLD) == GREEN
    assert holder(forward(100, 0), cookie, NOW + 1, ZeroWeight.MOVE) is None


def test_no_cookie_holds_nobody() -> None:
    assert held_by(forward(90, 10), None, NOW, ZeroWeight.HOLD) is None


@given(st.integers(0, 999), st.integers(0, 999), st.integers(1, 604_800), st.floats(0, 1e6))
def test_stickiness_off_holds_nobody_whatever_the_weights(blue: int, green: int, duration_s: int, later: float) -> None:
    action = forward(blue, green, enabled=False, duration_s=duration_s)
    assert holder(action, write_ticket(KEY, GREEN.arn, NOW), NOW + later) is None


@given(st.text(max_size=60))
def test_what_is_not_our_cookie_holds_nobody(value: str) -> None:
    assert read_ticket(KEY, value) is None


@given(st.integers(0, 31), st.integers(1, 255))
def test_a_changed_cookie_holds_nobody(position: int, change: int) -> None:
    raw = bytearray(base64.b64decode(write_ticket(KEY, GREEN.arn, NOW)))
    raw[position] ^= change
    assert read_ticket(KEY, base64.b64encode(raw).decode()) is None


def test_a_cookie_of_another_key_holds_nobody() -> None:
    assert read_ticket(b"o" * 32, write_ticket(KEY, GREEN.arn, NOW)) is None


def test_cookies_are_named_and_expire_as_a_balancer_writes_them() -> None:
    plain, cors = set_cookie_headers("value==", NOW, 600)
    assert plain.startswith("AWSALBTG=value==; Expires=")
    assert cors.startswith("AWSALBTGCORS=value==; Expires=")
    assert cors.endswith("SameSite=None; Secure")
    assert "Max-Age" not in plain + cors
    expires = plain.split("Expires=")[1].split(";")[0]
    assert parsedate_to_datetime(expires).timestamp() == NOW + 600
