"""`headgate plan`: what a rollout will take, step by step, before anybody starts it."""

import json
import os
from pathlib import Path

import typer

from headgate.cli.errors import CommandFailed, ExitCode
from headgate.cli.status_cmd import JsonOption, StackOption


def plan(stack: StackOption = None, as_json: JsonOption = False) -> None:
    """Tell what each step of the plan takes: weight, bake, gates, tasks on both sides, extra capacity and its hours.

    Read from the stack file alone: no cloud, no state. A task hour is one task running for an hour; bakes are the least
    a step lasts. Where a platform adds tasks by load, only those that are always kept are counted.

    JSON: {stack, tasks, peak_tasks, least_s, extra_task_hours, windows, steps: [{step, weight, bake_s, gates,
    live_tasks, candidate_tasks, standby_tasks, extra_tasks, extra_task_hours}]}; the last entry, `promoted`, is the
    time in which the former live version is kept.
    """
    from headgate import schedule
    from headgate.cli import plan_text
    from headgate.cli.reading import settings_of
    from headgate.settings import SettingsError

    try:
        settings = settings_of(stack, Path.cwd(), os.environ)
    except SettingsError as error:
        raise CommandFailed(str(error), ExitCode.USAGE) from error
    found = schedule.of(settings.asked, settings.plan)
    if as_json:
        typer.echo(json.dumps(plan_text.to_json(settings, found), indent=2))
    else:
        from headgate.cli.status_text import console

        typer.echo(plan_text.show(settings, found, console()))
