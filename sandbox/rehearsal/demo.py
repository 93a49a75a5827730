"""GreenFlow: bootstrap, an update that changes nothing, every step of the plan, a refused jump, and the way back."""

from sandbox.rehearsal.scene import Scene
from sandbox.rehearsal.stage import Stage


def script(stage: Stage) -> None:
    """Every step in turn; the jump is tried at the first one with traffic."""
    steps = stage.plan.steps
    first_with_traffic = next(step for step in steps if step.weight > 0)
    stage.bootstrap()
    stage.again()
    with stage.users_who_keep_asking():
        for position, step in enumerate(steps):
            if position:
                stage.bake(steps[position - 1])
            stage.step(step)
            if step is first_with_traffic and step is not steps[-1]:
                stage.refused(steps[-1], f"A jump from {step.name} to {steps[-1].name}")
        stage.back()


DEMO = Scene(name="demo", stack="greenflow-production", router="traffic", script=script)
