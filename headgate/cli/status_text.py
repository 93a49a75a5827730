"""What `headgate status` prints for people: one block per stack, at most 100 columns, readable in a pipe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from headgate import duration
from headgate.carrier import show_split
from headgate.cli.ahead import Kind, Next
from headgate.cli.situation import Situation
from headgate.clock import Clock, RehearsalClock
from headgate.engine import Update
from headgate.plan import IDLE
from headgate.problems import Violation
from headgate.report import GateResult, Verdict
from headgate.state import Phase, State, Version
from headgate.traffic import Reading

WIDTH = 100  # columns; more is hard to read and wraps in most terminals
PLAN_WIDTH = 62  # columns of a line of steps: fits 80 with the label
BAR = 24  # cells of the bake's bar
DIGEST = 12  # hex digits; as much as registries show


@dataclass(frozen=True, slots=True)
class Marks:
    """Signs that the output's encoding can show."""

    yes: str
    no: str
    here: str
    ahead: str
    unknown: str
    differs: str
    full: str
    left: str

    @classmethod
    def of(cls, encoding: str) -> "Marks":
        """Plain ASCII where the output cannot carry more."""
        fine = cls("✓", "✗", "▶", "·", "?", "≠", "█", "░")
        try:
            "".join(getattr(fine, name) for name in cls.__slots__).encode(encoding)
        except (UnicodeEncodeError, LookupError):
            return cls("ok", "x", ">", "-", "?", "!=", "#", ".")
        return fine


def console() -> Console:
    """A console on stdout: no wider than `WIDTH`, without colour where there is no terminal."""
    return Console(highlight=False, width=min(Console().width, WIDTH))


def show(found: Sequence[Situation], clock: Clock, real_now: int, screen: Console) -> str:
    """All stacks as text for `screen`, a blank line between two. `real_now`: epoch seconds of the system's clock."""
    marks = Marks.of(screen.encoding)
    with screen.capture() as captured:
        for number, each in enumerate(found):
            screen.print(*([""] if number else []), block(each, clock, marks, real_now), sep="\n")
    return as_text(captured.get(), screen)


def as_text(drawn: str, screen: Console) -> str:
    """What `screen` drew. Tables fill their columns with spaces, which nobody wants in a file."""
    lines = drawn.splitlines()
    return "\n".join(lines if screen.is_terminal else [line.rstrip() for line in lines])


def block(found: Situation, clock: Clock, marks: Marks, real_now: int) -> RenderableType:
    """One stack. `real_now`: epoch seconds of the system's clock, by which updates are dated."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for label, text in _rows(found, clock, marks, real_now):
        table.add_row(f"  {label}", Text.from_markup(text))
    return Group(Text.from_markup(_headline(found, marks)), table)


def _headline(found: Situation, marks: Marks) -> str:
    head = f"[bold]{escape(found.stack)}[/bold]"
    if found.settings is not None:
        head += f"  {found.settings.system} in {found.settings.environment}"
    if found.as_asked is False:
        head += f"  [bold red]{marks.differs} the balancer does not route what is recorded[/bold red]"
    return head


def _rows(found: Situation, clock: Clock, marks: Marks, real_now: int) -> list[tuple[str, str]]:
    rows = [("phase", _phase(found)), *_steps(found, marks), *_traffic(found, marks), *_versions(found, marks)]
    rows += _bake(found, clock, marks)
    rows += _next(found, marks)
    rows.append(("last update", _update(found.update, real_now)))
    rows.append(("cloud", _cloud(found, marks)))
    if isinstance(clock, RehearsalClock):
        rows.append(("clock", f"[yellow]rehearsal: time passes {clock.scale:g} times as fast[/yellow]"))
    rows += [("problem", f"[red]{marks.no}[/red] {escape(problem)}") for problem in found.problems]
    return rows


def _phase(found: Situation) -> str:
    state = found.state
    if state is None:
        return "not deployed yet" if found.known and found.last is None else "[yellow]not known[/yellow]"
    spoken = {
        Phase.IDLE: "idle, no rollout under way",
        Phase.ROLLING_OUT: f"[bold]rolling out[/bold] {escape(state.rollout_id)}",
        Phase.ROLLED_BACK: f"[yellow]rolled back[/yellow] {escape(state.rollout_id)}",
        Phase.PROMOTED: f"[green]promoted[/green] {escape(state.rollout_id)}",
    }
    text = spoken[state.phase]
    if state.phase is Phase.PROMOTED and state.retain_until is not None:
        left = state.retain_until - found.now
        text += f"; standby kept for another {duration.show(left)}" if left > 0 else "; standby may be retired"
    return text


def _steps(found: Situation, marks: Marks) -> list[tuple[str, str]]:
    plan, state = found.plan, found.state
    if plan is None:
        return []
    position = plan.index(state.step) if state is not None else None
    shown = []
    for number, step in enumerate(plan.steps):
        text = f"{escape(step.name)} {step.weight} %"
        if position is None or number > position:
            shown.append(f"[dim]{marks.ahead} {text}[/dim]")
        elif number == position:
            shown.append(f"[bold]{marks.here} {text}[/bold]")
        else:
            shown.append(f"[green]{marks.yes}[/green] {text}")
    lines = _packed(shown)
    rows = [("plan" if number == 0 else "", line) for number, line in enumerate(lines)]
    if state is not None:
        where = state.step if position is None else f"{position + 1}/{len(plan.steps)} {state.step}, {state.weight} %"
        rows.insert(0, ("step", f"{escape(where)}, for {duration.show(max(0, found.now - state.entered_at))}"))
    elif found.settings is not None:
        rows.insert(0, ("step", f"{escape(found.settings.step)} is asked for"))
    return rows


def _packed(items: Sequence[str]) -> list[str]:
    """Items side by side on as many lines as they need, none broken in two; room is left for the labels."""
    lines: list[str] = []
    for item in items:
        joined = f"{lines[-1]}   {item}" if lines else item
        if lines and Text.from_markup(joined).cell_len <= PLAN_WIDTH:
            lines[-1] = joined
        else:
            lines.append(item)
    return lines


def _traffic(found: Situation, marks: Marks) -> list[tuple[str, str]]:
    state, live = found.state, found.live
    asked = show_split(state.split) if state else "nothing recorded"
    if live is None:
        observed = "[yellow]not known: the cloud could not be read[/yellow]"
    elif not live.exists:
        observed = "there is no balancer" if state is None else f"[bold red]{marks.no} there is no balancer[/bold red]"
    else:
        observed = show_split(live.split)
        if found.as_asked is False:
            observed = f"[bold red]{marks.differs} {escape(observed)}[/bold red]"
        elif found.as_asked:
            observed = f"{escape(observed)} [green]{marks.yes}[/green]"
    return [("asked", f"{asked} (per cent of users)"), ("observed", observed)]


def _versions(found: Situation, marks: Marks) -> list[tuple[str, str]]:
    source = found.state or (found.settings.release if found.settings else None)
    if source is None:
        return []
    roles: Mapping[str, Version | None] = {
        "live": source.live, "candidate": source.candidate, "standby": source.standby
    }  # fmt: skip
    return [(role, _version(version, found, marks)) for role, version in roles.items() if version or role != "standby"]


def _version(version: Version | None, found: Situation, marks: Marks) -> str:
    if version is None:
        return "none"
    name, separator, digest = version.image.partition("@sha256:")
    short = digest[:DIGEST] if separator else name
    text = f"{escape(version.version)}  slot {version.slot}  {escape(short)}"
    live = found.live
    if live is None or not live.exists:
        return text
    healthy, desired = live.healthy.get(version.slot, 0), live.desired.get(version.slot, 0)
    tasks = f"{healthy}/{desired} healthy"
    text += f"  {tasks}" if healthy >= desired else f"  [red]{tasks}[/red]"
    unsteady = live.unsteady.get(version.slot) if isinstance(live, Reading) else None
    if unsteady:
        text += f"  [yellow]{escape(unsteady)}[/yellow]"
    deployed = live.images.get(version.slot)
    if found.state is not None and deployed is not None and deployed != version.image:
        other = deployed.partition("@sha256:")[2][:DIGEST] or deployed
        text += f"  [red]{marks.differs} deployed is {escape(other)}[/red]"
    return text


def _bake(found: Situation, clock: Clock, marks: Marks) -> list[tuple[str, str]]:
    return [] if found.bake is None else [("bake", bake_bar(*found.bake, clock, marks))]


def bake_bar(seconds: int, elapsed: int, clock: Clock, marks: Marks) -> str:
    """A bar of the `seconds` that a step bakes, filled by those that `elapsed`, and what is left."""
    share = 1.0 if seconds <= 0 else min(1.0, max(0.0, elapsed / seconds))
    cells = int(share * BAR)
    bar = f"[cyan]{marks.full * cells}[/cyan][dim]{marks.left * (BAR - cells)}[/dim]"
    left = seconds - elapsed
    if left <= 0:
        return f"{bar} {duration.show(seconds)} over"
    text = f"{bar} {duration.show(left)} left of {duration.show(seconds)}"
    if isinstance(clock, RehearsalClock):
        text += f" ({max(1, round(left / clock.scale))} s at {clock.scale:g} times the speed)"
    return text


def _next(found: Situation, marks: Marks) -> list[tuple[str, str]]:
    following = found.next
    if following is None:
        return [("next", _nothing_next(found))]
    verdict = "[green]may go[/green]" if following.may_go else "[bold yellow]held[/bold yellow]"
    lines = [f"{_spoken(following)}: {verdict}"]
    lines += [_gate(result, marks) for result in following.results]
    lines += [_blocked(violation, marks) for violation in following.blocked_by]
    if following.may_go:
        lines.append(_how(following))
    return [("next" if number == 0 else "", line) for number, line in enumerate(lines)]


def _nothing_next(found: Situation) -> str:
    if found.settings is None or not found.known:
        return "not known"
    if found.state is not None and found.state.candidate is None:
        return "name headgate:release.candidate in the stack file to start a rollout"
    return "nothing"


def _spoken(following: Next) -> str:
    proposed = following.proposed
    step = "idle" if proposed.step == IDLE else f"{escape(proposed.step)}, {proposed.weight} % to the candidate"
    return {
        Kind.DEPLOY: f"first deployment, step {step}",
        Kind.APPLY: f"what the stack file asks for and is not applied yet (step {step})",
        Kind.STEP: f"step {step}",
        Kind.PROMOTE: f"promote {escape(proposed.live.version)}",
        Kind.RETIRE: "retire the standby",
    }[following.kind]


def _how(following: Next) -> str:
    proposed: State = following.proposed
    if following.kind is Kind.STEP:
        return f"pulumi config set headgate:step {escape(proposed.step)} && pulumi up"
    if following.kind is Kind.PROMOTE:
        return "in headgate:release make the candidate live and the former live standby, step idle; pulumi up"
    if following.kind is Kind.RETIRE:
        return "take standby out of headgate:release; pulumi up"
    return "pulumi up"


def _gate(result: GateResult, marks: Marks) -> str:
    passed = result.verdict is Verdict.PASSED
    mark = f"[green]{marks.yes}[/green]" if passed else f"[red]{marks.no}[/red]"
    if result.verdict is Verdict.INCONCLUSIVE:
        mark = f"[yellow]{marks.unknown}[/yellow]"
    reasons = f": {escape('; '.join(result.reasons))}" if result.reasons and not passed else ""
    return f"{mark} gate {escape(result.gate)} {result.verdict}{reasons}"


def _blocked(violation: Violation, marks: Marks) -> str:
    found, must = violation.found.rstrip("."), violation.must.rstrip(".")
    return (
        f"[red]{marks.no}[/red] {escape(str(violation.rule))}: {escape(found)} [dim](needs: {escape(must)})[/dim]\n"
        f"  {escape(violation.fix)}"
    )


def _update(update: Update | None, real_now: int) -> str:
    if update is None:
        return "none known"
    ago = duration.show(max(0, real_now - update.started))
    result = update.result if update.result == "succeeded" else f"[red]{escape(update.result)}[/red]"
    message = f": {escape(update.message.splitlines()[0])}" if update.message.strip() else ""
    return f"{escape(update.kind)} {result}, {ago} ago{message}"


def _cloud(found: Situation, marks: Marks) -> str:
    if found.live is not None:
        return f"reachable [green]{marks.yes}[/green]"
    return f"[red]{marks.no} not reachable[/red]: {escape(found.cloud_error)}"
