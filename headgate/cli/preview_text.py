"""What `headgate preview` prints for people, and as Markdown: the split before and after, and what holds the update."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.markup import escape

from headgate import duration
from headgate.changes import Change
from headgate.cli.status_text import Marks, as_text
from headgate.lifecycle.preview import Held, Preview
from headgate.moves import Move
from headgate.plan import IDLE
from headgate.state import State

CELLS = 20  # of a bar that is whole: 5 % each
MOST_CHANGES = 30  # lines; a bootstrap has hundreds
MOST_PATHS = 3  # of one resource
_SIGNS = {"create": "+", "update": "~", "delete": "-", "replace": "±"}
_PLAIN_SIGNS = {"±": "+-"}
_SPOKEN = {
    Move.BOOTSTRAP: "first deployment",
    Move.STAY: "no change of the rollout",
    Move.START: "start of the rollout",
    Move.ADVANCE: "one step forward",
    Move.BACK: "back",
    Move.PROMOTE: "promotion",
    Move.RETIRE: "the standby retires",
    Move.EDIT: "a change outside a rollout",
}


def show(found: Preview, screen: Console) -> str:
    """The preview as text for `screen`."""
    marks = Marks.of(screen.encoding)
    with screen.capture() as captured:
        screen.print(f"[bold]{escape(found.stack)}[/bold]: {escape(headline(found))}")
        for line in picture(found, marks):
            screen.print(f"  {escape(line)}", soft_wrap=True)
        if found.failed:
            screen.print(f"\n[red]{marks.no} the preview failed[/red]: {escape(found.failed)}", soft_wrap=True)
        screen.print(f"\n{escape(counted(found))}")
        for line in _changes(found.changes.touched, screen.encoding):
            screen.print(f"  {escape(line)}", soft_wrap=True)
        for line in _remarks(found):
            screen.print(escape(line), style="dim", soft_wrap=True)
        for line in () if found.failed else found.errors:
            screen.print(f"[red]{marks.no}[/red] {escape(line)}", soft_wrap=True)
        if found.held:
            screen.print(f"\n[bold red]{marks.no} held by {_rules(found.held)}[/bold red]")
            for each in found.held:
                screen.print("\n".join(_lines(each)), soft_wrap=True)
        elif found.clean:
            screen.print(f"\n[green]{marks.yes}[/green] nothing holds this update")
    return as_text(captured.get(), screen)


def headline(found: Preview) -> str:
    """`one step forward, green-10 -> green-50 (step 3 of 4)`."""
    if found.move is None or found.after is None:
        return "what the update would do to the rollout is not known"
    spoken = _SPOKEN[found.move]
    before = found.before.step if found.before else "nothing"
    steps = f"{before} -> {found.after.step}" if before != found.after.step else found.after.step
    position = found.plan.index(found.after.step) if found.plan else None
    where = f" (step {position + 1} of {len(found.plan.steps)})" if found.plan and position is not None else ""
    return f"{spoken}, {steps}{where}"


def picture(found: Preview, marks: Marks) -> Iterator[str]:
    """A line per slot: who is in it, its share before and after as a bar."""
    states = [state for state in (found.before, found.after) if state is not None]
    slots = list(dict.fromkeys(slot for state in states for slot in state.split))
    named = {slot: _named(slot, states) for slot in slots}
    width = max(map(len, named.values()), default=0)
    for slot in slots:
        before = found.before.split.get(slot, 0) if found.before else None
        after = found.after.split.get(slot, 0) if found.after else None
        yield f"{named[slot]:{width}}  {_share(before, marks)}  ->  {_share(after, marks)}".rstrip()


def _named(slot: str, states: Sequence[State]) -> str:
    """Slot, version and role as of the later state that has it."""
    for state in reversed(states):
        for role, version in (("live", state.live), ("candidate", state.candidate), ("standby", state.standby)):
            if version is not None and version.slot == slot:
                return f"{slot} {version.version} {role}"
    return slot


def _share(share: int | None, marks: Marks) -> str:
    if share is None:
        return f"{marks.unknown:>3}   " + marks.unknown.ljust(CELLS)
    full = round(share * CELLS / 100)
    return f"{share:3} % {marks.full * full}{marks.left * (CELLS - full)}"


def counted(found: Preview) -> str:
    """`2 resources would be updated, 1 replaced`; the record and components are not counted."""
    ops = [each.op for each in found.changes.touched]
    if found.stopped and not ops:
        return "the preview stopped before it came to the resources of the cloud"
    if not ops:
        return "no resource of the cloud would change"
    verbs = {"create": "created", "update": "updated", "delete": "deleted", "replace": "replaced", "import": "imported"}
    parts = [f"{ops.count(op)} {verbs.get(op, op)}" for op in dict.fromkeys(ops)]
    more = ", and what comes after the error" if found.stopped else ""
    return f"{len(ops)} {'resource' if len(ops) == 1 else 'resources'} would change: {', '.join(parts)}{more}"


def _changes(touched: Sequence[Change], encoding: str) -> Iterator[str]:
    width = max((len(each.name) for each in touched[:MOST_CHANGES]), default=0)
    for each in touched[:MOST_CHANGES]:
        yield f"{_sign(each, encoding):2} {each.name:{width}}  {each.type.rpartition(':')[2]}{_at(each)}".rstrip()
    if len(touched) > MOST_CHANGES:
        yield f"and {len(touched) - MOST_CHANGES} more; pulumi preview lists all"


def _sign(change: Change, encoding: str) -> str:
    sign = _SIGNS.get(change.op, "?")
    try:
        sign.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return _PLAIN_SIGNS.get(sign, sign)
    return sign


def _at(change: Change) -> str:
    paths = change.because or change.paths
    if not paths:
        return ""
    more = f" and {len(paths) - MOST_PATHS} more" if len(paths) > MOST_PATHS else ""
    return f"  {', '.join(paths[:MOST_PATHS])}{more}"


def _remarks(found: Preview) -> Iterator[str]:
    if found.bake is not None and found.before is not None and found.before.step != IDLE and found.move != Move.BACK:
        left = found.left
        said = f"{duration.show(left)} of the bake are left" if left else "the bake is over"
        yield f"step {found.before.step}: {said} (of {duration.show(found.bake[0])})"
    for result in found.gates:
        yield f"gate {result.gate}: {result.verdict}{': ' if result.reasons else ''}{'; '.join(result.reasons)}"
    if found.advice:
        policies = sorted({each.policy for each in found.advice})
        yield f"{len(found.advice)} findings of policies are advice here: {', '.join(policies)}"
    for each in found.changes.diagnostics:
        if each.severity == "warning":
            yield f"warning: {each.message}"
    if found.saved is not None:
        yield f"the plan is in {found.saved}; pulumi up --plan {found.saved} does that and nothing else"


def _rules(held: Sequence[Held]) -> str:
    rules = dict.fromkeys(str(each.violation.rule).partition(" ")[0] for each in held)
    return ", ".join(rules)


def _lines(held: Held) -> Iterator[str]:
    violation = held.violation
    by = " and ".join(f"the {judge}" for judge in held.judges)
    yield f"  [bold]{escape(str(violation.rule))}[/bold] ({by}{', ' if held.resource else ''}{escape(held.resource)})"
    for label, text in (("must", violation.must), ("found", violation.found), ("do", violation.fix)):
        if text:
            yield f"    {label:5} {escape(text)}"


def markdown(found: Preview) -> str:
    """The same as Markdown, readable on its own."""
    fine = Marks.of("utf-8")
    verdict = "failed" if found.failed else f"held by {_rules(found.held)}" if found.held else "nothing holds it"
    lines = [f"### {found.stack}: {headline(found)}", "", f"**{verdict}**. {counted(found)}.", ""]
    split = list(picture(found, fine))
    if split:
        lines += ["```text", *split, "```", ""]
    wrong = (found.failed,) if found.failed else found.errors
    if wrong:
        lines += ["```text", *wrong, "```", ""]
    for each in found.held:
        violation, by = each.violation, " and ".join(f"the {judge}" for judge in each.judges)
        lines.append(f"- **{violation.rule}** ({by})")
        lines += [
            f"  - {label}: {_inline(text)}"
            for label, text in (("must", violation.must), ("found", violation.found), ("do", violation.fix))
            if text
        ]
    lines += [""] if found.held else []
    lines += [f"- {_inline(each)}" for each in _remarks(found)]
    touched = found.changes.touched
    if touched:
        listed = [*_changes(touched, "utf-8")]
        lines += ["", "<details><summary>Resources</summary>", "", "```text", *listed, "```", "", "</details>"]
    return "\n".join(lines).rstrip() + "\n"


def _inline(text: str) -> str:
    """Text that Markdown and HTML leave alone."""
    for sign in ("\\", "`", "*", "_", "|"):
        text = text.replace(sign, f"\\{sign}")
    return text.replace("<", "&lt;").replace("\n", " ")
