"""Names the provider makes up."""

import re

import pytest

from sandbox.plugins.naming import NoName, autoname


def test_a_name_has_seven_hex_digits() -> None:
    assert re.fullmatch(r"balancer-[0-9a-f]{7}", autoname("balancer", b"", 32))


def test_the_engines_seed_decides() -> None:
    assert autoname("balancer", b"one", 32) == autoname("balancer", b"one", 32)
    assert autoname("balancer", b"one", 32) != autoname("balancer", b"two", 32)


def test_without_a_seed_no_two_names_are_alike() -> None:
    assert autoname("balancer", b"", 32) != autoname("balancer", b"", 32)


def test_a_name_that_would_be_too_long_is_refused() -> None:
    assert len(autoname("b" * 24, b"", 32)) == 32
    with pytest.raises(NoName, match="longer than the 32 characters"):
        autoname("b" * 25, b"", 32)
