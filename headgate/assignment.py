"""One user, one version: which users a weight sends to the candidate.

A user key and a salt give a cohort from 0 to 99, and a weight of w per cent takes the cohorts below w. So a user who is
on the candidate stays there while the weight rises, and each cohort is one per cent of the users.

The bytes, for whoever computes the same elsewhere, such as a JavaScript function at the edge::

    SHA-256 of  salt in ASCII, one byte 0, user key in UTF-8
    cohort  =   its first 12 hexadecimal digits, read as a number, modulo 100

The salt holds printable ASCII only, so the byte 0 ends it and no two pairs of salt and key give the same bytes. 12
digits are 48 bits: exact in a JavaScript number, and the cohorts differ in size by less than one part in 10^12. The key
is taken as it is (no trimming, no change of case, no Unicode normalisation); half of a surrogate pair counts as U+FFFD,
as it does where JavaScript encodes a string. Python's own `hash()` would not do: it differs from process to process.
Test vectors: tests/vectors/assignment.json.
"""

import hashlib
from dataclasses import dataclass

COHORTS = 100
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Assignment:
    """The version of one request. `cohort` is None without a user key; `keyed` says whether there was one."""

    cohort: int | None
    candidate: bool
    version: str
    keyed: bool


def cohort(user_key: str, salt: str) -> int:
    """The cohort of a user, 0..99. Raises ValueError for a salt as `check_salt` does, and never for a user key."""
    check_salt(salt)
    digest = hashlib.sha256(salt.encode("ascii") + b"\0" + _utf8(user_key)).hexdigest()
    return int(digest[:_DIGITS], 16) % COHORTS


def cohort_text(number: int) -> str:
    """A cohort as two digits, `00` to `99`: what a header carries and patterns such as `0?` match."""
    if not 0 <= number < COHORTS:
        raise ValueError(f"cohort: found {number!r}, expected a whole number from 0 to {COHORTS - 1}")
    return f"{number:02d}"


def assign(
    user_key: str | None, weight: int, salt: str, live: str, candidate: str | None, *, unit: float | None = None
) -> Assignment:
    """The version for a user, at `weight` per cent of the users on the candidate. Raises ValueError for weight or salt.

    Without a user key, `unit` decides: a random number from 0 up to but not including 1 that the caller draws for the
    request, so the version may change from one request to the next. Without it, or when it is no such number, the
    answer is live, which is the safe side. Two weights leave nothing to decide: at 0, or without a candidate, everybody
    is on live; at 100 everybody is on the candidate, with or without a key.
    """
    check_weight(weight)
    number = None if user_key is None else cohort(user_key, salt)
    chosen = candidate is not None and _takes(weight, number, unit)
    version = candidate if chosen and candidate is not None else live
    return Assignment(number, chosen, version, user_key is not None)


def check_weight(weight: object) -> None:
    """Raises ValueError unless `weight` is a whole number of per cent, 0..100."""
    if isinstance(weight, bool) or not isinstance(weight, int) or not 0 <= weight <= COHORTS:
        raise ValueError(f"weight: found {weight!r}, expected a whole number from 0 to {COHORTS}")


def check_salt(salt: str) -> None:
    """Raises ValueError unless `salt` is printable ASCII, at least one character."""
    if not (salt and salt.isascii() and salt.isprintable()):
        raise ValueError(
            f"salt: found {salt!r}, expected printable ASCII; use a constant of the system, such as its name. "
            "Another salt sends users to other cohorts, so it never changes during a rollout"
        )


def _takes(weight: int, number: int | None, unit: float | None) -> bool:
    if weight == COHORTS:
        return True
    if number is not None:
        return number < weight
    return unit is not None and 0 <= unit < 1 and unit * COHORTS < weight


def _utf8(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode("utf-8")
