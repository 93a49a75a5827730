"""R-21: every version that runs, or may be gone back to, works with the schema that the database has.

So a schema is extended before a rollout starts, and nothing of it is taken away while the former version is kept.
Nobody sees a schema from outside, so it is declared in the stack file, beside the release:

    headgate:migration: {schema: 8, reads: {"2026.01.28": 7-8, "2026.02.11": 8-9}}
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from headgate.problems import Problem, RuleId, Violation
from headgate.state import Phase, State
from headgate.wire import show

KEY = "migration"
_KEYS = frozenset({"schema", "reads"})
_RANGE = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")


@dataclass(frozen=True, slots=True)
class Migration:
    """`schema`: the number of the one in force. `reads`: by version the first and last schema that it works with."""

    schema: int
    reads: Mapping[str, tuple[int, int]]


def parse(raw: object, where: str) -> tuple[Migration | None, tuple[Problem, ...]]:
    """`headgate:migration` as written; nothing when it is not there. Every problem is returned."""
    if raw is None:
        return None, ()
    if not isinstance(raw, Mapping):
        return None, (Problem(where, show(raw), "a mapping with schema and reads", "Write the schema out."),)
    problems = [
        Problem(f"{where}.{key}", "an unknown key", f"one of: {', '.join(sorted(_KEYS))}", "Correct or remove it.")
        for key in raw
        if key not in _KEYS
    ]
    schema, reads = raw.get("schema"), raw.get("reads")
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 0:
        problems.append(Problem(f"{where}.schema", show(schema), "a whole number", "Name the schema the database has."))
        schema = 0
    ranges: dict[str, tuple[int, int]] = {}
    for version, written in reads.items() if isinstance(reads, Mapping) else ():
        found = _range(written)
        if found is None:
            problems.append(
                Problem(
                    f"{where}.reads.{version}",
                    show(written),
                    "a number of a schema, or two with a hyphen such as 7-8",
                    "Name the first and the last schema that this version works with.",
                )
            )
        else:
            ranges[str(version)] = found
    if not isinstance(reads, Mapping):
        problems.append(
            Problem(f"{where}.reads", show(reads), "a mapping of versions to schemas", "Name every version.")
        )
    if problems:
        return None, tuple(problems)
    return Migration(schema, ranges), ()


def _range(written: object) -> tuple[int, int] | None:
    found = _RANGE.fullmatch(str(written)) if isinstance(written, int | str) and written is not True else None
    if found is None:
        return None
    first, last = int(found[1]), int(found[2] or found[1])
    return (first, last) if first <= last else None


def judge(migration: Migration | None, proposed: State) -> Iterable[Violation]:
    """R-21 on what a state runs; nothing where no schema is declared."""
    if migration is None:
        return
    candidate = proposed.candidate if proposed.phase is Phase.ROLLING_OUT else None
    for version in (proposed.live, candidate, proposed.standby):
        if version is None:
            continue
        reads = migration.reads.get(version.version)
        if reads is not None and reads[0] <= migration.schema <= reads[1]:
            continue
        said = "does not say which schemas it works with" if reads is None else f"works with {reads[0]} to {reads[1]}"
        yield Violation(
            RuleId.EXPAND_THEN_CONTRACT,
            f"Every version works with the schema in force, {migration.schema} (headgate:migration.schema).",
            f"version {version.version!r} {said} (headgate:migration.reads).",
            "Extend the schema before the rollout starts, so that both versions work with it; take nothing of it away "
            "before the standby was retired.",
        )
