"""What a rule is, and the outcome of judging a resource by it. Nothing here knows the policy SDK."""

import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias

from policies.facts import Malformed, NotKnown, Resource, Unreadable

Settings: TypeAlias = Mapping[str, Any]
"""Thresholds of one rule by name; its defaults with what the configuration of the environment changes."""

Check: TypeAlias = Callable[[Resource, Settings], Iterable[str]]
"""Judges one resource: a sentence per finding (what must be true, what was found), none when all is well."""


class Level(StrEnum):
    """What a violation does. MANDATORY stops the preview or update."""

    MANDATORY = "mandatory"
    ADVISORY = "advisory"
    DISABLED = "disabled"


class Severity(StrEnum):
    """How much harm a violation does."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Where(StrEnum):
    """In which environments a rule is mandatory; elsewhere it is advice."""

    ALL = "all"
    PRODUCTION = "production"


@dataclass(frozen=True)
class Setting:
    """One threshold of a rule. The default is the one for production."""

    default: Any
    schema: Mapping[str, Any]
    description: str


def number(default: int, description: str, *, minimum: int = 0) -> Setting:
    """A whole number, not below `minimum`."""
    return Setting(default, {"type": "integer", "minimum": minimum}, description)


def texts(default: Sequence[str], description: str) -> Setting:
    """A list of texts."""
    return Setting(list(default), {"type": "array", "items": {"type": "string"}}, description)


def ports(default: Sequence[int], description: str) -> Setting:
    """A list of TCP or UDP ports."""
    schema = {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 65535}}
    return Setting(list(default), schema, description)


def switch(default: bool, description: str) -> Setting:
    """On or off."""
    return Setting(default, {"type": "boolean"}, description)


@dataclass(frozen=True, kw_only=True)
class Described:
    """What every rule says of itself.

    `row`: its number in the catalogue of rules (docs/policies.md). `types`: canonical type tokens it wants to see.
    `reads`: inputs the check looks at (keys with dots between, lists without index). `speaks_for_itself`: findings
    already name the rule and what to do. `exemptible`: a configuration may exempt resources from it and lower its
    `level`. `binds_going_back`: it stops a run that gives traffic back as well; others only advise then
    (docs/adr/0012-nothing-but-data-stops-a-rollback.md).
    """

    id: str
    row: str
    title: str
    description: str
    types: frozenset[str]
    reads: tuple[str, ...]
    remedy: str
    severity: Severity
    source: str
    where: Where = Where.ALL
    level: Level = Level.MANDATORY
    settings: Mapping[str, Setting] = field(default_factory=dict)
    exemptible: bool = True
    speaks_for_itself: bool = False
    binds_going_back: bool = False

    @property
    def defaults(self) -> Settings:
        """The settings that hold where no configuration says otherwise."""
        return {name: setting.default for name, setting in self.settings.items()}


@dataclass(frozen=True, kw_only=True)
class Rule(Described):
    """A rule that judges one resource at a time: in previews, and in updates before the resource is changed.

    `defers`: inputs that may honestly be unknown in a preview; the rule then waits for the update instead of failing.
    """

    check: Check
    defers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Finding:
    """A sentence about a resource (`urn`)."""

    urn: str
    text: str


StackCheck: TypeAlias = Callable[[Sequence[Resource], Settings], Iterable[Finding]]
"""Judges resources together. Values that cannot be read become findings of their own (`unreadable`)."""


@dataclass(frozen=True, kw_only=True)
class StackRule(Described):
    """A rule about several resources together. Judged when all are registered: in an update, after the changes."""

    check: StackCheck


@dataclass(frozen=True)
class Outcome:
    """`violations`: what is wrong. `deferred`: inputs to judge once they are known. `broken`: the rule failed."""

    violations: tuple[Finding, ...] = ()
    deferred: tuple[str, ...] = ()
    broken: bool = False


def judge(rule: Rule, resource: Resource, settings: Settings) -> Outcome:
    """The outcome of `rule` on `resource`. Never raises.

    What cannot be judged does not pass: a value that is not known yet is a violation unless the rule defers it, and so
    are a value of the wrong kind and a fault in the rule itself.
    """
    found: list[str] = []
    deferred: list[str] = []
    broken = False
    try:
        found.extend(_sentence(rule, text) for text in rule.check(resource, settings))
    except Unreadable as error:
        for part in error.all:
            if isinstance(part, NotKnown) and _input(part.path) in rule.defers:
                deferred.append(part.path)
            else:
                found.append(_complete(rule, unreadable(part)))
    except Exception as error:  # noqa: BLE001 - whatever a rule trips over, the resource does not pass unjudged
        broken = True
        found.append(_say_broken(rule, error))
    return Outcome(tuple(Finding(resource.urn, text) for text in found), tuple(dict.fromkeys(deferred)), broken)


def judge_stack(rule: StackRule, resources: Sequence[Resource], settings: Settings) -> Outcome:
    """The outcome of `rule` on all `resources` that it wants to see. Never raises."""
    found: list[Finding] = []
    broken = False
    try:
        found.extend(Finding(each.urn, _sentence(rule, each.text)) for each in rule.check(resources, settings))
    except Exception as error:  # noqa: BLE001 - see judge
        broken = True
        found.append(Finding("", _say_broken(rule, error)))
    return Outcome(tuple(found), (), broken)


def unreadable(error: Unreadable) -> str:
    """What is wrong with a value that could not be read."""
    if isinstance(error, Malformed):
        return f"{error.path} must be {error.expected} and is not."
    return f"{error.path} must be known at preview; it depends on something that is not known yet."


def _sentence(rule: Described, text: str) -> str:
    return text if rule.speaks_for_itself else _complete(rule, text)


def _complete(rule: Described, text: str) -> str:
    return f"{rule.id}: {text} Do: {rule.remedy}"


def _input(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def _say_broken(rule: Described, error: Exception) -> str:
    """Names the place in our code, never the exception's text: that may quote a secret."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "policies" in Path(frame.filename).parts]
    place = f" in {ours[-1].name}, line {ours[-1].lineno}" if ours else ""
    return f"policy error {rule.id}: {type(error).__name__}{place}. What cannot be judged does not pass; report this."
