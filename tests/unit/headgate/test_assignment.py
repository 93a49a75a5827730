"""Which users a weight sends to the candidate."""

import json
import math
import os
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, chisquare

from headgate.assignment import COHORTS, Assignment, assign, cohort, cohort_text
from tests.support import edge_function

USERS = [f"user-{number}" for number in range(20_000)]


def vectors() -> list[dict[str, Any]]:
    return list(json.loads((edge_function.VECTORS / "assignment.json").read_text()))


def key_of(vector: dict[str, Any]) -> str:
    return str(vector["key"]) * int(vector.get("times", 1))


def on_candidate(user_key: str | None, weight: int, unit: float | None = None) -> bool:
    return assign(user_key, weight, "ion", "1", "2", unit=unit).candidate


class TestCohort:
    @pytest.mark.parametrize("vector", vectors(), ids=lambda each: ascii(f"{each['salt']} {each['key'][:20]}"))
    def test_vectors(self, vector: dict[str, Any]) -> None:
        assert cohort(key_of(vector), vector["salt"]) == vector["cohort"]

    def test_the_vectors_hold_what_is_easy_to_get_wrong(self) -> None:
        keys = [key_of(each) for each in vectors()]
        assert "" in keys
        assert max(map(len, keys)) > 8000
        assert any(not key.isascii() for key in keys)
        assert any(0xD800 <= ord(letter) <= 0xDFFF for key in keys for letter in key)
        assert {"jos\u00e9", "jose\u0301", "alice@example.com", "Alice@example.com"} <= {*keys}

    def test_an_edge_function_in_javascript_gives_the_same(self) -> None:
        found = edge_function.run(edge_function.SOURCE.read_text(), vectors=vectors())
        assert found["cohorts"] == [each["cohort"] for each in vectors()]

    def test_two_processes_agree_whatever_the_seed_of_hash(self) -> None:
        """R-C9: the built-in hash() of the sketch does not."""
        program = (
            "from headgate.assignment import cohort\n"
            "keys = [f'user-{number}' for number in range(500)]\n"
            "print([cohort(key, 'ion') for key in keys])\n"
            "print([hash(key) % 100 for key in keys])\n"
        )
        said = [
            subprocess.run(
                [sys.executable, "-c", program],
                env={**os.environ, "PYTHONHASHSEED": seed},
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
            ).stdout.splitlines()
            for seed in ("0", "1")
        ]
        assert said[0][0] == said[1][0]
        assert said[0][1] != said[1][1], "the seeds did not differ, so the line above proves nothing"

    @given(st.text(), st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1))
    def test_every_key_has_a_cohort(self, key: str, salt: str) -> None:
        number = cohort(key, salt)
        assert 0 <= number < COHORTS
        assert number == cohort(key, salt)
        assert cohort_text(number) == str(number).rjust(2, "0")

    def test_two_halves_of_a_pair_are_the_pair_as_in_javascript(self) -> None:
        assert cohort("\ud83d" + "\ude00", "ion") == cohort("\U0001f600", "ion")
        assert cohort("\ud83d", "ion") == cohort("\ufffd", "ion")

    def test_cohorts_are_of_one_size(self) -> None:
        counts = Counter(cohort(user, "ion") for user in USERS)
        assert len(counts) == COHORTS
        assert chisquare([*counts.values()]).pvalue > 1e-4

    def test_another_salt_is_another_draw(self) -> None:
        """So the users who get candidates first are not the same ones in every system."""
        both = sum(cohort(user, "ion") < 10 and cohort(user, "greenflow") < 10 for user in USERS)
        low, high = binom.interval(1 - 1e-6, len(USERS), 0.01)
        assert low <= both <= high

    @pytest.mark.parametrize("salt", ["", "a\0b", "é", "a\n", "\x7f"])
    def test_a_salt_that_would_be_ambiguous_is_refused(self, salt: str) -> None:
        with pytest.raises(ValueError, match="printable ASCII"):
            cohort("user", salt)

    @pytest.mark.parametrize("number", [-1, 100])
    def test_text_of_what_is_no_cohort(self, number: int) -> None:
        with pytest.raises(ValueError, match="from 0 to 99"):
            cohort_text(number)


class TestShare:
    def test_of_cohorts_is_the_weight_exactly(self) -> None:
        someone = {cohort(user, "ion"): user for user in USERS}
        for weight in range(101):
            assert sum(on_candidate(user, weight) for user in someone.values()) == weight

    @pytest.mark.parametrize("weight", [0, 1, 5, 10, 37, 50, 99, 100])
    def test_of_users_is_the_weight_within_binomial_bounds(self, weight: int) -> None:
        moved = sum(on_candidate(user, weight) for user in USERS)
        low, high = binom.interval(1 - 1e-6, len(USERS), weight / 100)
        # At 0 and 100 the bounds are not numbers: nothing is left to chance.
        expected = (0.0, 0.0) if weight == 0 else (len(USERS), len(USERS)) if weight == 100 else (low, high)
        assert expected[0] <= moved <= expected[1]

    @given(st.text(), st.integers(0, 100), st.integers(0, 100))
    def test_a_user_on_the_candidate_stays_there_as_the_weight_rises(self, key: str, one: int, other: int) -> None:
        lower, higher = sorted((one, other))
        assert on_candidate(key, lower) <= on_candidate(key, higher)
        assert not on_candidate(key, 0)
        assert on_candidate(key, 100)

    @given(st.text(), st.integers(0, 100))
    def test_the_answer_says_what_it_rests_on(self, key: str, weight: int) -> None:
        given = assign(key, weight, "ion", "1", "2")
        number = cohort(key, "ion")
        assert given == Assignment(number, number < weight, "2" if number < weight else "1", keyed=True)


class TestWithoutAKey:
    def test_is_live(self) -> None:
        assert assign(None, 99, "ion", "1", "2") == Assignment(None, False, "1", keyed=False)

    @pytest.mark.parametrize(("unit", "candidate"), [(0.0, True), (0.0499, True), (0.05, False), (0.999, False)])
    def test_the_random_number_of_the_caller_decides(self, unit: float, candidate: bool) -> None:
        assert on_candidate(None, 5, unit) is candidate
        assert not on_candidate(None, 0, unit)

    @pytest.mark.parametrize("unit", [-0.1, 1.0, 5, math.nan, math.inf, -math.inf])
    def test_a_number_that_makes_no_sense_is_live(self, unit: float) -> None:
        assert not on_candidate(None, 99, unit)

    def test_at_100_nobody_is_left_behind(self) -> None:
        assert assign(None, 100, "ion", "1", "2") == Assignment(None, True, "2", keyed=False)

    def test_a_key_outweighs_the_number(self) -> None:
        user = next(user for user in USERS if cohort(user, "ion") == 50)
        assert not on_candidate(user, 50, 0.0)
        assert on_candidate(user, 51, 0.99)

    def test_an_empty_key_is_a_key(self) -> None:
        assert assign("", 0, "ion", "1", "2").keyed


def test_without_a_candidate_everybody_is_on_live() -> None:
    for weight in (0, 50, 100):
        assert assign("user", weight, "ion", "1", None) == Assignment(cohort("user", "ion"), False, "1", keyed=True)


@pytest.mark.parametrize("weight", [-1, 101, True, 5.0, "5", None])
def test_a_weight_that_makes_no_sense_is_refused(weight: Any) -> None:
    with pytest.raises(ValueError, match="weight: found"):
        assign("user", weight, "ion", "1", "2")
