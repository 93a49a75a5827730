"""The picture of `headgate status --watch`: where the rollout is, both versions side by side, what holds it."""

import math
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.constrain import Constrain
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from headgate import duration
from headgate.cli.ahead import Kind
from headgate.cli.situation import Situation
from headgate.cli.status_figures import Figures, Measured
from headgate.cli.status_text import WIDTH, Marks, bake_bar
from headgate.clock import Clock
from headgate.plan import IDLE
from headgate.problems import RuleId, Violation
from headgate.report import GateResult, Verdict
from headgate.state import Phase, Version

UNKNOWN = "[yellow]not known[/yellow]"
UNMEASURED = "[dim]not measured[/dim]"


def picture(found: Situation, measured: Measured, clock: Clock, marks: Marks, note: str) -> RenderableType:
    """One picture, at most `WIDTH` columns. `note`: what stands beside the stack's name."""
    head = f"[bold]{escape(found.stack)}[/bold]  [dim]{escape(note)}[/dim]"
    above, below = _table(), _table()
    for label, text in _where(found, clock, marks):
        above.add_row(label, Text.from_markup(text))
    for label, text in (*_measuring(measured), *_next(found, marks), *_troubles(found, measured, marks)):
        below.add_row(label, Text.from_markup(text))
    parts = [Text.from_markup(head), above, *_versions(found, measured), below]
    return Constrain(Group(*parts), WIDTH)


def held(found: Situation) -> tuple[str, ...]:
    """What holds the next step, a line each: `bake: 2m of 5m`, `gate requests: 150 (needs 100)`."""
    if found.next is None:
        return ()
    failed = [each for each in found.next.results if each.verdict is not Verdict.PASSED]
    blocked = [each for each in found.next.blocked_by if not (failed and each.rule == RuleId.GATES_PASSED)]
    return (*(_failed(each) for each in failed), *(_blocked(each, found.bake) for each in blocked))


def _table() -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim", min_width=10)
    table.add_column(overflow="fold")
    return table


def _where(found: Situation, clock: Clock, marks: Marks) -> list[tuple[str, str]]:
    state, plan = found.state, found.plan
    if state is None:
        text = "not deployed yet" if found.known and found.last is None else UNKNOWN
        return [("  rollout", text), ("  weight", f"observed {_observed(found)}")]
    phases = {Phase.IDLE: "idle", Phase.ROLLING_OUT: "rolling out", Phase.ROLLED_BACK: "[yellow]rolled back[/yellow]"}
    rows = [("  rollout", f"{phases.get(state.phase, '[green]promoted[/green]')} {escape(state.rollout_id)}".rstrip())]
    number = plan.index(state.step) if plan is not None else None
    count = f"{number + 1}/{len(plan.steps)} " if plan is not None and number is not None else ""
    since = duration.show(max(0, found.now - state.entered_at))
    rows.append(("  step", f"[bold]{count}{escape(state.step)}[/bold], for {since}"))
    agrees = {True: f" [green]{marks.yes}[/green]", False: f" [bold red]{marks.differs}[/bold red]", None: ""}
    rows.append(("  weight", f"asked {state.weight} %, observed {_observed(found)}{agrees[found.as_asked]}"))
    if found.bake is not None:
        rows.append(("  bake", bake_bar(*found.bake, clock, marks)))
    elif state.phase is Phase.PROMOTED and state.retain_until is not None:
        left = state.retain_until - found.now
        kept = f"for another {duration.show(left)}" if left > 0 else "long enough; it may be retired"
        rows.append(("  standby", f"kept {kept}"))
    return rows


def _observed(found: Situation) -> str:
    live, state = found.live, found.state
    if live is None:
        return UNKNOWN
    if not live.exists:
        return "[red]no balancer[/red]"
    if state is None or state.candidate is None:
        return ", ".join(f"{escape(slot)} {share} %" for slot, share in live.split.items() if share) or "nothing"
    return f"{live.split.get(state.candidate.slot, 0)} %"


def roles(found: Situation) -> list[tuple[str, Version]]:
    """The versions that stand side by side, by role: live, and the candidate or the standby."""
    named = found.state or (found.settings.release if found.settings else None)
    if named is None:
        return []
    each = [("live", named.live), ("candidate", named.candidate), ("standby", named.standby)]
    return [(role, version) for role, version in each if version is not None]


def _versions(found: Situation, measured: Measured) -> list[RenderableType]:
    sides = roles(found)
    if not sides:
        return []
    table = Table.grid(padding=(0, 3, 0, 0))
    table.add_column(no_wrap=True, style="dim", min_width=9)
    for _ in sides:
        table.add_column(min_width=12, overflow="fold")
    table.add_row("", *(f"[bold]{role}[/bold]" for role, _ in sides))
    versions = [version for _, version in sides]
    rows = {
        "version": [escape(each.version) for each in versions],
        "slot": [escape(each.slot) for each in versions],
        "users": [_users(found, each) for each in versions],
        "healthy": [_healthy(found, each) for each in versions],
        "requests": [_requests(measured.by_slot.get(each.slot)) for each in versions],
        "errors": [_errors(measured.by_slot.get(each.slot)) for each in versions],
        "p95": [_latency(measured.by_slot.get(each.slot)) for each in versions],
    }
    for label, cells in rows.items():
        table.add_row(f"  {label}", *cells)
    return [Text(), table, Text()]


def _users(found: Situation, version: Version) -> str:
    if found.live is None or not found.live.exists:
        return UNKNOWN
    return f"{found.live.split.get(version.slot, 0)} %"


def _healthy(found: Situation, version: Version) -> str:
    live = found.live
    if live is None or not live.exists:
        return UNKNOWN
    healthy, desired = live.healthy.get(version.slot, 0), live.desired.get(version.slot, 0)
    return f"{healthy}/{desired}" if healthy >= desired else f"[red]{healthy}/{desired}[/red]"


def _requests(figures: Figures | None) -> str:
    return UNMEASURED if figures is None else f"{figures.requests:.0f}"


def _errors(figures: Figures | None) -> str:
    if figures is None:
        return UNMEASURED
    return "-" if figures.error_rate is None else f"{figures.error_rate:.2f} %"


def _latency(figures: Figures | None) -> str:
    if figures is None:
        return UNMEASURED
    if figures.p95_ms is None:
        return "-"
    return "above every bucket" if math.isinf(figures.p95_ms) else f"{figures.p95_ms:.0f} ms"


def _measuring(measured: Measured) -> list[tuple[str, str]]:
    if measured.by_slot:
        return [("  measured", f"the last {measured.seconds} s, by {measured.where}")]
    if measured.where and not measured.problems:
        return [("  measured", f"from the next reading on, by {measured.where}")]
    if measured.problems:
        return []
    return [("  measured", "nothing: no address of metrics is known (--metrics)")]


def _next(found: Situation, marks: Marks) -> list[tuple[str, str]]:
    following = found.next
    if following is None:
        known = found.settings is not None and found.known
        return [("  next", "nothing" if known else UNKNOWN)]
    proposed = following.proposed
    step = "idle" if proposed.step == IDLE else f"{escape(proposed.step)}, {proposed.weight} %"
    spoken = {
        Kind.DEPLOY: "the first deployment", Kind.APPLY: f"what the stack file asks for (step {step})",
        Kind.STEP: f"step {step}", Kind.PROMOTE: f"promote {escape(proposed.live.version)}",
        Kind.RETIRE: "retire the standby",
    }[following.kind]  # fmt: skip
    verdict = "[green]may go[/green]" if following.may_go else "[bold yellow]held[/bold yellow]"
    lines = [f"{spoken}: {verdict}"]
    lines += [f"[red]{marks.no}[/red] {escape(line)}" for line in held(found)]
    passed = [each.gate for each in following.results if each.verdict is Verdict.PASSED]
    if passed:
        lines.append(f"[green]{marks.yes}[/green] {escape(', '.join(passed))}")
    return [("  next" if number == 0 else "", line) for number, line in enumerate(lines)]


def _failed(result: GateResult) -> str:
    reasons = "; ".join(result.reasons) or str(result.verdict)
    return f"gate {result.gate}: {reasons}"


def _blocked(violation: Violation, bake: tuple[int, int] | None) -> str:
    if violation.rule == RuleId.BAKE_ELAPSED and bake is not None:
        seconds, elapsed = bake
        return f"bake: {duration.show(max(0, elapsed))} of {duration.show(seconds)}"
    needs = f" (needs: {violation.must.rstrip('.')})" if violation.must else ""
    return f"{violation.rule}: {violation.found.rstrip('.')}{needs}"


def _troubles(found: Situation, measured: Measured, marks: Marks) -> list[tuple[str, str]]:
    cloud = [("  cloud", f"not readable: {found.cloud_error}")] if found.live is None else []
    others = [*(("  problem", each) for each in found.problems), *(("  metrics", each) for each in measured.problems)]
    return [(label, f"[red]{marks.no}[/red] {escape(text)}") for label, text in (*cloud, *others)]


def key(found: Situation, measured: Measured) -> Sequence[object]:
    """What makes a picture worth printing again in a log: everything but what only time changes."""
    state = found.state
    reasons = [line for line in held(found) if not line.startswith("bake: ")]
    return (
        found.known, state, found.live, found.cloud_error, found.problems, measured.problems,
        bool(measured.by_slot), found.next.kind if found.next else None, found.next is not None and found.next.may_go,
        *reasons,
    )  # fmt: skip
