"""What is wrong, out of what was seen: pure. What could not be looked at is a finding too."""

from collections.abc import Callable, Iterator

from headgate.doctor import recorded, surroundings
from headgate.doctor.facts import Facts
from headgate.doctor.finding import Finding, Kind, command, unseen

__all__ = ["Finding", "Kind", "examine"]


def examine(facts: Facts) -> tuple[Finding, ...]:
    """Everything that needs a hand, what is to be mended first first; empty when nothing does. Never raises."""
    # Where engine or backend does not answer, one finding says all that could not be seen.
    answers = not facts.engine.version.error and not facts.backend.error
    rules = (*surroundings.RULES, *(recorded.RULES if answers else ()))
    return tuple(finding for rule in rules for finding in _judged(rule, facts))


def _judged(rule: Callable[[Facts], Iterator[Finding]], facts: Facts) -> list[Finding]:
    try:
        return list(rule(facts))
    except Exception as error:  # noqa: BLE001 - whatever a value of the wrong shape raises, it was not looked at
        what = rule.__name__.strip("_")
        reason = f"a value has the wrong shape ({type(error).__name__}: {error})"
        return [unseen(what, reason, command(facts, "pulumi", "stack", "export"))]
