"""What verbs say: reasons, what an engine's output comes down to, what would happen. Pure."""

import re
from collections.abc import Mapping, Sequence

from headgate import duration
from headgate.carrier import show_split
from headgate.changes import Changes
from headgate.cli.ahead import Next
from headgate.engine import Run
from headgate.moves import Move, classify
from headgate.plan import IDLE
from headgate.problems import RuleId, Violation
from headgate.state import State

MOST_LINES = 8  # of an engine's output; what comes first names the cause
MOST_NAMED = 5  # resources

_NOISE = ("an unhandled error occurred", "preview failed", "update failed", "update canceled")
_ERROR = "error: "
_LOCKED = "currently locked"
_SECTION = re.compile(r"^(Outputs|Resources|Duration|Policies|Policy Violations)\b")


def held_by(following: Next, bake: tuple[int, int] | None) -> tuple[str, ...]:
    """A line for each rule that does not let `following` happen. `bake`: seconds it takes, and seconds that passed."""
    return tuple(_reason(violation, bake) for violation in following.blocked_by)


def _reason(violation: Violation, bake: tuple[int, int] | None) -> str:
    if violation.rule == RuleId.BAKE_ELAPSED and bake is not None:
        seconds, passed = bake
        return f"bake: {duration.show(max(0, passed))} of {duration.show(seconds)} ({violation.rule}). {violation.fix}"
    return said(violation)


def said(violation: Violation) -> str:
    """A violation in a line; what a policy said in fewer parts has no empty ones."""
    parts = (violation.must, f"Found: {violation.found}" if violation.must else violation.found)
    fix = f"Do: {violation.fix}" if violation.fix else ""
    return " ".join(" ".join(filter(None, (f"{violation.rule}:", *parts, fix))).split())


def last_lines(run: Run) -> tuple[str, ...]:
    """What the output of an update that failed comes down to: the errors of its diagnostics, else those that it printed
    beside, else its end."""
    lines = [line.strip() for line in run.output.splitlines()]
    if "Diagnostics:" in lines:
        lines = _errors(lines[lines.index("Diagnostics:") + 1 :])
    else:
        said = [line.strip() for line in run.errors.splitlines() if line.strip()]
        lines = said or [line for line in lines if "error:" in line] or lines[-3:]
    kept = [line.removeprefix(_ERROR).strip() for line in lines if line and _tells(line)]
    return tuple(dict.fromkeys(kept))[:MOST_LINES] or (f"pulumi ended with exit code {run.code} and said nothing",)


def _errors(diagnostics: Sequence[str]) -> list[str]:
    """The errors among diagnostics: each goes on to an empty line, the next message or the next resource."""
    found: list[str] = []
    inside = False
    for line in diagnostics:
        if _SECTION.match(line):
            break
        if not line or line.startswith("warning: ") or line.endswith("):"):
            inside = False
        elif line.startswith(_ERROR):
            inside = True
        if inside:
            found.append(line)
    return found


def locked(run: Run) -> bool:
    """Whether the update did not begin because another one holds the stack."""
    return _LOCKED in run.errors or _LOCKED in run.output


def _tells(line: str) -> bool:
    return not any(noise in line.lower() for noise in _NOISE)


def would(before: State | None, proposed: State, changes: Changes) -> tuple[str, ...]:
    """What is to be agreed to: where the rollout goes, where users go, and what happens to resources."""
    lines = [place_change(before, proposed)]
    if before is not None and before.split == proposed.split:
        lines.append(f"users: {show_split(proposed.split)}, as now")
    else:
        lines.append(f"users: {show_split(before.split) if before else 'nobody'} -> {show_split(proposed.split)}")
    return (*lines, f"resources: {_counted(changes)}")


def place_change(before: State | None, proposed: State) -> str:
    """`step green-up -> green-10 of rollout 2026.02.11`, `promote 2026.02.11`, `retire 2026.01.28`."""
    move = classify(before, proposed)
    if move is Move.PROMOTE:
        return f"promote {proposed.live.version}; {_version(proposed)} is kept as standby"
    if move is Move.RETIRE and before is not None and before.standby is not None:
        return f"retire {before.standby.version}; the way back to it ends"
    left = before.step if before else "nothing"
    of = f" of rollout {proposed.rollout_id}" if proposed.rollout_id else ""
    return f"step {left} -> {proposed.step}{of}"


def _version(state: State) -> str:
    return state.standby.version if state.standby else "nothing"


def _counted(changes: Changes) -> str:
    touched = changes.touched
    if not touched:
        return "none is touched"
    names = ", ".join(f"{each.op} {each.name}" for each in touched[:MOST_NAMED])
    more = len(touched) - MOST_NAMED
    return names + (f" and {more} more" if more > 0 else "")


def where(state: State | None, observed: Mapping[str, int] | None) -> str:
    """Where the stack is: what is recorded and what was read."""
    recorded = "nothing is recorded" if state is None else f"recorded: {_place(state)}"
    read = "the split could not be read" if observed is None else f"users: {show_split(observed)}"
    return f"{recorded}; {read}"


def _place(state: State) -> str:
    return str(state.phase) if state.step == IDLE else f"step {state.step}, {state.weight} % to the candidate"


def listed(problems: Sequence[str]) -> tuple[str, ...]:
    """Problems as lines, each on its own."""
    return tuple(line.strip() for problem in problems for line in problem.splitlines() if line.strip())
