"""ION: going back from each step of a plan of weeks, then promotion and the next rollout."""

from dataclasses import replace

from headgate.state import Version
from headgate.systems import slot_of
from headgate.windows import DAY
from sandbox.rehearsal.scene import Scene
from sandbox.rehearsal.stage import Stage

NEXT_VERSION, NEXT_DIGEST = "2.8.0", "c0ffee" * 10 + "cafe"
QUICK = "--skip-preview"  # for walks that only lead to the step to go back from


def script(stage: Stage) -> None:
    """One walk to each step and back; then to the end, and on with the next version."""
    steps = stage.plan.steps
    stage.bootstrap()
    stage.again()
    with stage.users_who_keep_asking():
        stage.outside_window()
        stage.refused(steps[0], "A start outside its window")
        for last in range(len(steps)):
            if last:
                stage.as_rollout(f"{stage.candidate.version} take {last + 1}")
            _walk(stage, last, QUICK)
            stage.back(QUICK)
        stage.as_rollout(f"{stage.candidate.version} take {len(steps) + 1}")
        _walk(stage, len(steps) - 1)
        stage.bake(steps[-1])
        stage.promote()
        stage.prepare_next(_next(stage))
        _walk(stage, 1)


def _walk(stage: Stage, last: int, *options: str) -> None:
    steps = stage.plan.steps
    stage.window()
    for position, step in enumerate(steps[: last + 1]):
        if position:
            stage.bake(steps[position - 1])
        stage.step(step, *options)


def _next(stage: Stage) -> Version:
    image = f"{stage.live.image.partition('@')[0]}@sha256:{NEXT_DIGEST}"
    return replace(stage.live, version=NEXT_VERSION, image=image, slot=slot_of(stage.project.stack, image))


ION = Scene(name="ion", stack="ion-production", router="run", script=script, forward=4 * DAY)
