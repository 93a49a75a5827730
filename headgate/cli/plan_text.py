"""What `headgate plan` prints, for people and as JSON."""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from headgate import duration, windows
from headgate.cli.status_text import as_text
from headgate.schedule import PROMOTED, Schedule, Stretch
from headgate.settings import Settings
from headgate.systems import SYSTEMS


def show(settings: Settings, schedule: Schedule, screen: Console) -> str:
    """The plan as text for `screen`."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("step", no_wrap=True)
    for name in ("weight", "at least", "live", "cand.", "standby", "extra", "task h"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("gates", overflow="fold")
    for each in schedule.stretches:
        table.add_row(*_cells(each))
    with screen.capture() as captured:
        screen.print(f"[bold]{escape(settings.name)}[/bold]: {_summary(settings, schedule)}")
        screen.print(table)
        for line in _notes(settings):
            screen.print(line, style="dim")
    return as_text(captured.get(), screen)


def _cells(each: Stretch) -> tuple[str, ...]:
    return (
        escape(each.name),
        f"{each.weight} %",
        duration.show(each.lasts),
        str(each.live),
        str(each.candidate or ""),
        str(each.standby or ""),
        f"+{each.extra}" if each.extra else "",
        f"{each.extra_hours:.1f}" if each.extra else "",
        escape(" ".join(each.gates)) or ("" if each.name == PROMOTED else "none"),
    )


def _summary(settings: Settings, schedule: Schedule) -> str:
    rolling = sum(each.extra_hours for each in schedule.rollout)
    kept = duration.show(settings.plan.retention)
    return "; ".join(
        (
            f"{len(schedule.rollout)} steps, at least {duration.show(schedule.least)} to promotion",
            f"{schedule.tasks} tasks outside a rollout, {schedule.peak} at most",
            f"{rolling:.1f} extra task hours, {schedule.extra_hours:.1f} with the standby kept for {kept}",
        )
    )


def _notes(settings: Settings) -> list[str]:
    calendar = settings.plan.calendar
    notes = []
    if calendar.start:
        notes.append(f"A rollout starts {windows.show_windows(calendar.start)}.")
    if calendar.advance:
        notes.append(f"It advances {windows.show_windows(calendar.advance)}.")
    notes += [f"Nothing moves forward from {windows.show_freeze(freeze)}." for freeze in calendar.freezes]
    if not SYSTEMS[settings.system].fixed:
        notes.append("Tasks are those that are always kept; the platform adds others by load.")
    return notes


def to_json(settings: Settings, schedule: Schedule) -> dict[str, Any]:
    """The plan as JSON values; the keys are in the help of `headgate plan`."""
    calendar = settings.plan.calendar
    return {
        "stack": settings.name,
        "tasks": schedule.tasks,
        "peak_tasks": schedule.peak,
        "least_s": schedule.least,
        "extra_task_hours": round(schedule.extra_hours, 3),
        "windows": windows.to_dict(calendar),
        "steps": [
            {
                "step": each.name,
                "weight": each.weight,
                "bake_s": each.lasts,
                "gates": list(each.gates),
                "live_tasks": each.live,
                "candidate_tasks": each.candidate,
                "standby_tasks": each.standby,
                "extra_tasks": each.extra,
                "extra_task_hours": round(each.extra_hours, 3),
            }
            for each in schedule.stretches
        ],
    }
