"""A scene from an empty sandbox to its table."""

import json
import os
import time
from collections.abc import Mapping

import yaml
from rich.console import Console

from headgate import gates
from headgate import settings as stack_settings
from headgate.settings import Settings
from sandbox.manager import Layout, SandboxError, down, exports, status, up
from sandbox.rehearsal.pace import Pace
from sandbox.rehearsal.project import Project
from sandbox.rehearsal.scene import Scene
from sandbox.rehearsal.stage import Speaker, Stage
from sandbox.rehearsal.summary import Outcome
from toolchain.progress import Progress


def rehearse(
    scene: Scene,
    console: Console,
    progress: Progress,
    *,
    scale: int,
    users: int,
    environ: Mapping[str, str] = os.environ,
) -> Outcome:
    """Runs the whole rehearsal in a sandbox of its own, ends that sandbox, and writes `<name>.json`.

    `scale`: how many times as fast the clock runs while a command runs; `users`: fresh users of a measurement. Raises
    SandboxError when a command fails that must not.
    """
    outer = Layout.of(environ)
    layout = Layout(outer.home / scene.name, outer.checkout)
    down(layout, progress)
    started = time.monotonic()
    try:
        up(layout, progress, stack=scene.stack, environ=environ)
        stage = _stage(scene, Speaker(console, progress), layout, scale=scale, users=users, environ=environ)
        stage.speaker.say(stage.outcome.clock, "bold")
        scene.script(stage)
    finally:
        down(layout, progress)
    outcome = stage.outcome
    outcome.seconds = time.monotonic() - started
    outer.home.mkdir(parents=True, exist_ok=True)
    path = outer.home / f"{scene.name}.json"
    path.write_text(json.dumps(outcome.as_json(), indent=2) + "\n")
    console.print(outcome.table())
    console.print(
        f"Users who kept asking throughout: {outcome.background_requests} requests, {outcome.background_lost} lost, "
        f"{outcome.background_missing_writes} stored items missing. {outcome.seconds:.0f} s in all. Figures: {path}"
    )
    return outcome


def _stage(
    scene: Scene, speaker: Speaker, layout: Layout, *, scale: int, users: int, environ: Mapping[str, str]
) -> Stage:
    """A copy of the project on the running sandbox, and a clock that runs from now on."""
    settings = _settings(layout, scene.stack)
    if settings.release.candidate is None:
        raise SandboxError(f"{settings.file}: headgate:release.candidate: found nothing; name a candidate")
    record = status(layout).usable
    variables = exports(layout, record.urls, record.toolchain, environ).applied_to(environ)
    pace = Pace(variables, scale, scene.forward)
    with speaker.progress.phase("preparing the stack"):
        log = layout.logs / "rehearsal.log"
        project = Project.copy(layout.checkout, layout.home / "project", scene.stack, variables, log)
    return Stage(
        speaker=speaker,
        project=project,
        plan=settings.plan,
        pace=pace,
        router=record.urls[scene.router],
        outcome=Outcome(scene.stack, pace.describe()),
        users=users,
        live=settings.release.live,
        candidate=settings.release.candidate,
    )


def _settings(layout: Layout, stack: str) -> Settings:
    path = layout.stack_files / f"Pulumi.{stack}.yaml"
    config = yaml.safe_load(path.read_text())["config"]
    prefix = f"{stack_settings.PROJECT}:"
    raw = {key.removeprefix(prefix): value for key, value in config.items() if key.startswith(prefix)}
    return stack_settings.parse(raw, f"stacks/{path.name}", gates.KNOWN)
