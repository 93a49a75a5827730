"""The main job: every step forward, and back from every one of them."""

import pytest
import yaml

from tests.engine.conftest import PRODUCTION, STAGING, Cloud, MakeProject
from tests.support.engine import SLACK, Project

pytestmark = pytest.mark.engine

STEPS = (("green-up", 0, 60), ("green-10", 10, 300), ("green-50", 50, 300), ("green-100", 100, 600))


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Project:
    bootstrapped = make_project(PRODUCTION)
    bootstrapped.up()
    return bootstrapped


def test_forward_through_every_step_and_back_from_each(project: Project, cloud: Cloud) -> None:
    for position, (last, _, _) in enumerate(STEPS):
        project.set("headgate:release.rollout", f"walk-{position}")
        for name, weight, after in STEPS[: position + 1]:
            # Once with previews: in the longest walk, which meets every step.
            run = project.advance(name, after, preview=last == STEPS[-1][0])
            assert project.recorded_step() == name, str(run)
            assert cloud.weights(PRODUCTION) == {"blue": 100 - weight, "green": weight}
        # Back inside the bake, with the readiness of the candidate gone and no time passed.
        cloud.http.put("services", json={"service": f"{PRODUCTION}-green", "rollout_state": "FAILED", "running": 0})
        project.step("idle")
        project.up()
        cloud.http.delete("condition")
        assert project.recorded_step() == "idle", f"back from {last}"
        assert cloud.weights(PRODUCTION) == {"blue": 100, "green": 0}


def test_a_second_update_and_a_refresh_change_nothing(project: Project) -> None:
    again = project.up()
    assert " updated" not in again.output, str(again)
    assert " created" not in again.output, str(again)
    clean = project.preview("--refresh", "--expect-no-changes")
    assert clean.code == 0, str(clean)


def test_promotion_moves_no_traffic_and_the_way_back_to_the_standby_is_open(
    make_project: MakeProject, cloud: Cloud
) -> None:
    project = make_project(STAGING)
    project.up("--skip-preview")
    for name, _, after in STEPS:
        project.ahead += after + SLACK
        project.step(name)
        project.up("--skip-preview")
    before = (project.folder / "stacks" / f"Pulumi.{STAGING}.yaml").read_text()

    config = yaml.safe_load(before)
    release = config["config"]["headgate:release"]
    release["standby"], release["live"] = release["live"], release.pop("candidate")
    config["config"]["headgate:step"] = "idle"
    (project.folder / "stacks" / f"Pulumi.{STAGING}.yaml").write_text(yaml.safe_dump(config))
    project.ahead += 3600
    promoted = project.up("--skip-preview")
    assert "balancer-traffic" not in promoted.output, str(promoted)
    assert project.outputs()["rollout"]["proposed"]["phase"] == "promoted"
    assert cloud.weights(STAGING) == {"blue": 0, "green": 100}

    # The previous configuration, applied again, and from there back to idle.
    (project.folder / "stacks" / f"Pulumi.{STAGING}.yaml").write_text(before)
    project.up("--skip-preview")
    assert cloud.weights(STAGING) == {"blue": 0, "green": 100}
    project.step("idle")
    project.up("--skip-preview")
    assert project.outputs()["rollout"]["proposed"]["phase"] == "rolled-back"
    assert cloud.weights(STAGING) == {"blue": 100, "green": 0}
