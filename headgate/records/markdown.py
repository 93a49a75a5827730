"""Records as Markdown, to be read, completed and filed by people. Pure."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from headgate import duration
from headgate.carrier import show_split
from headgate.records.incident import Acknowledgement, IncidentRecord, amended
from headgate.records.rollout import RolloutRecord, StepTaken
from headgate.windows import show_moment

OPEN = "*to be filled in*"
_MARKED = re.compile(r"([\\`*_{}\[\]<>|#])")


def rollout(record: RolloutRecord) -> str:
    """The record of a rollout."""
    lasted = "under way" if record.seconds is None else duration.show(record.seconds)
    finished = "" if record.finished is None else show_moment(record.finished)
    facts = {
        "Stack": record.stack,
        "Rollout": record.rollout,
        "Version": f"{record.live or 'none'} → {record.candidate}",
        "Image": record.image,
        "Came to": str(record.came),
        "Start": show_moment(record.started) + ("" if record.whole else " (the history does not go back further)"),
        "End": finished,
        "Duration": lasted,
        "Incidents": ", ".join(record.incidents) or "none",
    }
    lines = [f"# Rollout {_text(record.rollout)} of {_text(record.stack)}", "", *_facts(facts), "", "## Steps", ""]
    lines += _table(("step", "users", "entered", "stayed", "update", "gates"), map(_step, record.steps))
    lines += ["", "## What was noticed, and how it was solved", ""]
    issues = [(show_moment(each.at), each.what, each.solved or "not solved by itself") for each in record.issues]
    lines += _table(("time", "what", "how it was solved"), issues) if issues else ["Nothing."]
    lines += ["", "## Gates", ""]
    found = [
        (step.step, each.gate, each.verdict, show_moment(each.at), each.by, "; ".join(each.reasons))
        for step in record.steps
        for each in step.gates
    ]
    lines += _table(("step", "gate", "verdict", "time", "by", "said"), found) if found else ["No evidence is kept."]
    lines += ["", "## Updates", ""]
    rows = [
        (str(each.number), show_moment(each.started), each.message or each.move, each.step, show_split(each.split),
         each.result, duration.show(each.finished - each.started))
        for each in record.updates
    ]  # fmt: skip
    lines += _table(("update", "time", "what", "step", "split asked for", "result", "took"), rows)
    return "\n".join(lines) + "\n"


def incident(record: IncidentRecord, notes: Sequence[Acknowledgement] = ()) -> str:
    """The record of an incident with all that people added; what they still have to say is marked."""
    whole = amended(record, notes)
    facts = {
        "Time": show_moment(whole.at),
        "Kind": whole.kind,
        "Severity": str(whole.severity),
        "Detection": "not known" if whole.detected_within is None else f"within {duration.show(whole.detected_within)}",
        "Users back after": _seconds(whole.rollback_seconds),
        "All of it took": _seconds(whole.total_seconds),
        "Stack": whole.stack,
        "Rollout": whole.rollout or "none",
        "Rolled back by": whole.by or "not known",
        "Acknowledged": "; ".join(f"{each.by}, {show_moment(each.at)}" for each in notes) or "by nobody yet",
    }
    if whole.continues:
        facts["Goes on"] = whole.continues
    lines = [f"# Incident {_text(whole.id)}", "", *_facts(facts), ""]
    for title, said in (
        ("Symptoms", whole.symptoms),
        ("Cause", (whole.cause,)),
        ("Impact", (whole.impact,)),
        ("Actions", (*whole.actions, *(f"NOT done: {each}" for each in whole.left))),
        ("Improvements", whole.improvements),
    ):
        items = [f"- {_text(each)}" for each in said if each]
        lines += [f"## {title}", "", *(items or [OPEN]), ""]
    lines += ["## Evidence", "", f"Split before: {_split(whole.split_before)}; after: {_split(whole.split_after)}."]
    lines += [f"Tasks asked for: {show_split(whole.tasks)}.", ""]
    gates = [
        (each.gate, each.step, each.verdict, show_moment(each.at), "; ".join(each.reasons), _figures(each.figures))
        for each in whole.gates
    ]
    lines += _table(("gate", "step", "verdict", "time", "said", "figures"), gates) if gates else ["No gate is kept."]
    lines += ["", "Updates, newest first:", ""]
    lines += _table(
        ("update", "time", "what", "result"),
        [
            (str(each["number"]), show_moment(int(str(each["started"]))), str(each["message"] or each["move"]),
             str(each["result"]))
            for each in whole.history
        ],
    ) if whole.history else ["The history could not be read."]  # fmt: skip
    lines += ["", *_configuration(whole)]
    return "\n".join(lines) + "\n"


def _configuration(record: IncidentRecord) -> Iterator[str]:
    if not record.configuration:
        yield "The deployed configuration could not be read."
        return
    yield f"Deployed configuration, of update {record.configuration_update}, without secrets:"
    yield ""
    yield "```json"
    # A fence inside a value would end this one.
    yield json.dumps(record.configuration, indent=2, sort_keys=True).replace("```", "'''")
    yield "```"


def _step(step: StepTaken) -> tuple[str, ...]:
    stayed = "not left" if step.stayed is None else duration.show(step.stayed)
    verdicts = {each.gate: each.verdict for each in step.gates}
    gates = ", ".join(f"{gate} {verdict}" for gate, verdict in verdicts.items())
    return step.step, f"{step.weight} %", show_moment(step.entered), stayed, str(step.update), gates


def _facts(facts: Mapping[str, str]) -> list[str]:
    return _table(("", ""), facts.items())


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [_row(head), "|" + "---|" * len(head), *map(_row, rows)]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_text(cell) for cell in cells) + " |"


def _text(text: str) -> str:
    """`text` as it stands: nothing in it is markup, a link or another cell."""
    return _MARKED.sub(r"\\\1", " ".join(text.split()))


def _seconds(seconds: float | None) -> str:
    return "not known" if seconds is None else f"{seconds:.1f} s"


def _split(split: Mapping[str, int] | None) -> str:
    return "not read" if split is None else show_split(split)


def _figures(figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in sorted(figures.items()))
