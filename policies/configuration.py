"""Which configuration is in force: the environment's own file, what the command line adds, and the exemptions in it.

Files of one environment have the form of `pulumi ... --policy-pack-config`, so they can be passed there as well.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeAlias

from policies.facts import plain
from policies.model import Described, Level

FOLDER = Path(__file__).parent / "config"
PRODUCTION = "production"
ENVIRONMENT_KEY = "headgate:environment"
LEVEL_KEY = "enforcementLevel"

Entries: TypeAlias = dict[str, dict[str, Any]]
"""Policy -> its settings, with its level under LEVEL_KEY."""


def environments() -> tuple[str, ...]:
    """The environments that have a file of their own."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json") if path.stem != "schema"))


def environment_of(stack: str, config: Mapping[str, str]) -> str:
    """The environment of a stack, from its configuration (`headgate:environment`).

    Production unless the configuration names another known environment, and the stack's own name
    (`<system>-<environment>`) does not contradict it: a wrong word must not make the rules milder.
    """
    known = environments()
    asked = config.get(ENVIRONMENT_KEY, PRODUCTION)
    by_name = {name for name in known if stack == name or stack.endswith(f"-{name}")}
    return asked if asked in known and by_name <= {asked} else PRODUCTION


def load(environment: str, rules: Mapping[str, Described], folder: Path = FOLDER) -> tuple[Entries, tuple[str, ...]]:
    """The file of `environment`, and every problem in it. What is wrong is left out, so that the defaults hold there.

    Never raises: a pack that does not start would only say that it did not.
    """
    path = folder / f"{environment}.json"
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return {}, (f"{path.name} must be a readable JSON file, found {type(error).__name__}: {error}.",)
    if not isinstance(raw, dict):
        return {}, (f"{path.name} must be a mapping of policies, found a {type(raw).__name__}.",)
    entries: Entries = {}
    problems: list[str] = []
    for policy, entry in raw.items():
        faults = list(_faults(policy, entry, rules))
        problems += [f"{path.name}: {fault}" for fault in faults]
        if not faults:
            entries[policy] = {
                LEVEL_KEY: rules[policy].level,
                **(entry if isinstance(entry, dict) else {LEVEL_KEY: entry}),
            }
    return entries, tuple(problems)


def _faults(policy: str, entry: object, rules: Mapping[str, Described]) -> Iterator[str]:
    if policy not in rules:
        yield f"{policy} must be the id of a policy, found no such policy."
        return
    fields = entry if isinstance(entry, dict) else {LEVEL_KEY: entry}
    level = fields.get(LEVEL_KEY, Level.MANDATORY)
    if level not in tuple(Level):
        yield f"{policy}: the level must be one of {', '.join(Level)}, found {level!r}."
    for name in fields.keys() - {LEVEL_KEY} - rules[policy].settings.keys():
        known = ", ".join(rules[policy].settings) or "none"
        yield f"{policy}.{name} must be a setting of the policy, found no such setting; it has: {known}."


@dataclass(frozen=True)
class Exemption:
    """A resource (`urn`, with * for any text) that one policy does not bind until the end of the day `expires`, UTC."""

    policy: str
    urn: str
    reason: str
    owner: str
    expires: date

    def covers(self, policy: str, urn: str, today: date) -> bool:
        """Whether `policy` lets go of `urn` today."""
        return self.policy == policy and fnmatchcase(urn, self.urn) and today <= self.expires

    def __str__(self) -> str:
        return f"{self.policy} until {self.expires} by {self.owner}: {self.reason}"


_FIELDS = ("policy", "urnPattern", "reason", "owner", "expires")


def read_exemptions(
    raw: Iterable[object], rules: Mapping[str, Described], today: date
) -> tuple[tuple[Exemption, ...], tuple[str, ...]]:
    """The exemptions in force, and what is wrong with the others. One that is not justified does not count."""
    good, problems = [], []
    for position, entry in enumerate(raw):
        where = f"exemptions[{position}]"
        found, faults = _read_exemption(entry, rules, today)
        problems += [f"{where}{fault}" for fault in faults]
        if found is not None and not faults:
            good.append(found)
    return tuple(good), tuple(problems)


def _read_exemption(entry: object, rules: Mapping[str, Described], today: date) -> tuple[Exemption | None, list[str]]:
    fields = plain(entry)
    if not isinstance(fields, Mapping):
        return None, [f" must be a mapping with {', '.join(_FIELDS)}, found none."]
    texts = {key: str(fields.get(key) or "").strip() for key in _FIELDS}
    faults = [f".{key} must be set, found nothing." for key, text in texts.items() if not text]
    parts = ", ".join(_FIELDS)
    faults += [f".{key} is no part of an exemption; those are {parts}." for key in fields if key not in _FIELDS]
    rule = rules.get(texts["policy"])
    if texts["policy"] and rule is None:
        faults.append(f".policy must be the id of a policy, found {texts['policy']!r}.")
    if rule is not None and not rule.exemptible:
        faults.append(f".policy: no configuration may exempt anything from {rule.id}.")
    expires = _day(texts["expires"])
    if texts["expires"] and expires is None:
        faults.append(f".expires must be a day such as 2026-12-31, found {texts['expires']!r}.")
    if expires is not None and expires < today:
        faults.append(f".expires must lie ahead, found {expires}: the exemption of {texts['policy']} has run out.")
    if expires is None:
        return None, faults
    return Exemption(texts["policy"], texts["urnPattern"], texts["reason"], texts["owner"], expires), faults


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def today(now: int) -> date:
    """The day, in UTC, of `now` (epoch seconds)."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=now)).date()


def lowered(rule: Described, level: Level | None) -> bool:
    """Whether `level` weakens a rule that no configuration may weaken."""
    return not rule.exemptible and level not in (Level.MANDATORY, rule.level)


def problems_of(levels: Mapping[str, Level | None], rules: Mapping[str, Described]) -> tuple[str, ...]:
    """What is wrong with the levels of a configuration: unknown policies, and levels lowered that may not be."""
    strange = sorted(levels.keys() - rules.keys())
    unknown = [f"{policy} must be the id of a policy, found no such policy." for policy in strange]
    weakened = [
        f"{policy} must be {rules[policy].level}, found {levels[policy]}."
        for policy in sorted(levels.keys() & rules.keys())
        if lowered(rules[policy], levels[policy])
    ]
    return (*unknown, *weakened)
