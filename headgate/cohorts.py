"""The weight as rules on the header that carries a user's cohort: what a balancer matches, and where it sends whom.

The edge hashes the user key to a cohort (`headgate.assignment`) and puts it into the header as two digits. A weight of
w takes the cohorts below w: whole tens as `0?`, the rest one by one. The rules are always the same in number and order,
so that a step changes what rules match and never which rules there are:

- three for the tens, three for the single cohorts, all to the candidate; one that is not needed matches nobody;
- one for everybody else who has a cohort: to the live version, at 100 % to the candidate.

A request without the header meets none of them. While the weight rises, whoever is on the candidate stays there also
between two writes, if the tens are written before the single cohorts: the tens only ever grow.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from headgate.assignment import COHORTS, check_weight
from headgate.plan import digest_of

HEADER = "x-headgate-cohort"
FIRST_PRIORITY = 101  # of the rules; the others follow it. Lower ones stay free for rules of an operator
EVERYBODY = "??"
NOBODY = "nobody"  # a value that the edge never sends; a rule must have one
ROUTE = "cohorts -> "  # how the share of a slot begins in a reading, where the rules do not agree with the split
VALUES_PER_RULE = (
    3  # strings that one condition may compare with, where that is least (tests/unit/headgate/test_cohorts.py)
)
_TENS = COHORTS // 10
_RULES_PER_PART = 3  # of at most 9 values: the tenth ten is everybody, and the tenth single cohort is a ten
TENS, RULES = _RULES_PER_PART, 2 * _RULES_PER_PART
"""How many rules are for whole tens, and how many are for the candidate at all."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule matches, and whether that is the candidate's."""

    values: tuple[str, ...]
    candidate: bool


def drawn_by(configured: object) -> str:
    """Digest of what decides which user is in which cohort: `headgate:cohorts` as written, or empty without it."""
    if not isinstance(configured, Mapping):
        return ""
    salt, header, cookie = (str(configured.get(key) or "") for key in ("salt", "header", "cookie"))
    return digest_of({"salt": salt, "header": header.lower(), "cookie": cookie})  # names of headers have no case


def patterns(weight: int) -> tuple[str, ...]:
    """Header patterns of the cohorts below `weight`: 37 is `0?`, `1?`, `2?`, `30` to `36`. Raises ValueError."""
    check_weight(weight)
    return (EVERYBODY,) if weight == COHORTS else (*_tens(weight), *_singles(weight))


def rules(weight: int) -> tuple[tuple[str, ...], ...]:
    """`patterns`, dealt to the rules of the candidate: always `RULES`, the first `TENS` of them for whole tens.

    At 100 the rule for everybody else is the candidate's too (`layout`), so the tens stay as they are for 90. Raises
    ValueError for a weight that is none.
    """
    check_weight(weight)
    return (*_dealt(_tens(weight)), *_dealt(_singles(weight)))


def layout(weight: int) -> tuple[Rule, ...]:
    """Every rule in order of priority: those of the candidate, then the one for everybody else who has a cohort.

    A rule that matches nobody belongs to live, so that at weight 0 nothing names the candidate. Raises ValueError.
    """
    own = tuple(Rule(values, candidate=values != (NOBODY,)) for values in rules(weight))
    return (*own, Rule((EVERYBODY,), candidate=weight == COHORTS))


def matches(pattern: str, text: str) -> bool:
    """Whether the whole of `text` fits `pattern`: `?` is one character, `*` any number; case does not count."""
    return _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = {"?": ".", "*": ".*"}
    return re.compile("".join(parts.get(each) or re.escape(each) for each in pattern), re.IGNORECASE | re.DOTALL)


def _tens(weight: int) -> list[str]:
    return [f"{ten}?" for ten in range(min(weight // _TENS, _TENS - 1))]


def _singles(weight: int) -> list[str]:
    ten, singles = divmod(weight, _TENS)
    return [f"{ten}{single}" for single in range(singles)]


def _dealt(values: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    starts = range(0, _RULES_PER_PART * VALUES_PER_RULE, VALUES_PER_RULE)
    return tuple(tuple(values[start : start + VALUES_PER_RULE]) or (NOBODY,) for start in starts)
