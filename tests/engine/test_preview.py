"""`headgate preview` under the real engine: one step is clean, and what must not come along with it is named."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import STAGING, Cloud, MakeProject
from tests.support.engine import TIMEOUT, Project

pytestmark = pytest.mark.engine

# The project's program, with what HURT says done to one resource; no message of ours is touched.
HURT = """
import os
import pulumi

HURT = os.environ.get("HURT", "")
INPUTS = {
    "database": ("aws:rds/instance:Instance", "database-primary", {"dbName": "other"}),
    "alarm": ("aws:cloudwatch/metricAlarm:MetricAlarm", "alarms-green-error-rate-rollback", {"threshold": 0.2}),
}


def change(args):
    kind, name, inputs = INPUTS.get(HURT, ("", "", {}))
    if args.type_ == kind and args.name == name:
        return pulumi.ResourceTransformResult(props={**args.props, **inputs}, opts=args.opts)


pulumi.runtime.register_resource_transform(change)
"""


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Project:
    """At green-10, its bake over, asking for green-50."""
    made = make_project(STAGING)
    main = made.folder / "__main__.py"
    main.write_text(HURT + main.read_text())
    made.up("--skip-preview")
    made.advance("green-up", 60)
    made.advance("green-10", 60)
    made.ahead += 600
    made.step("green-50")
    return made


def headgate(project: Project, *arguments: str, hurt: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["headgate", "preview", *arguments],
        cwd=project.folder,
        env={**project.environment(), "HURT": hurt},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


def held(project: Project, hurt: str) -> tuple[dict[str, Any], set[str]]:
    done = headgate(project, "--json", hurt=hurt)
    assert done.returncode == 3, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found, {each["rule"].partition(" ")[0] for each in found["held"]}


def test_a_database_that_would_be_replaced_is_named(project: Project) -> None:
    found, rules = held(project, "database")
    assert {"R-19", "R-26"} <= rules
    (data,) = [each for each in found["held"] if each["rule"].startswith("R-19")]
    assert data["found"] == "database-primary (Instance) would be replaced, because of dbName."
    assert data["judges"] == ["preview"]


def test_an_alarm_that_is_weakened_along_with_a_step_is_named(project: Project) -> None:
    found, rules = held(project, "alarm")
    assert rules == {"R-22", "R-23"}
    assert "threshold 0.01 -> 0.2" in str(found["held"])


def test_without_the_pack_a_step_is_held(project: Project) -> None:
    project.policy_pack = False
    try:
        found, rules = held(project, "")
    finally:
        project.policy_pack = True
    assert rules == {"R-29"}
    assert "no policy pack" in str(found["held"])


def test_a_skipped_step_is_told_once_with_everybody_who_says_so(project: Project) -> None:
    project.step("green-100")
    try:
        found, rules = held(project, "")
    finally:
        project.step("green-50")
    assert "R-03" in rules
    (skipped,) = [each for each in found["held"] if each["rule"].startswith("R-03")]
    assert skipped["judges"] == ["policy pack", "guard"]
    assert (found["stopped"], found["after"]["step"]) == (True, "green-100")


def test_going_back_is_clean_whatever_happened_to_an_alarm(project: Project) -> None:
    project.step("idle")
    try:
        done = headgate(project, hurt="alarm")
    finally:
        project.step("green-50")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "back, green-10 -> idle" in done.stdout
    assert "nothing holds this update" in done.stdout


def test_reading_the_cloud_first_changes_nothing_of_the_verdict(project: Project) -> None:
    done = headgate(project, "--json", "--refresh")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {each["name"] for each in json.loads(done.stdout)["changes"]} == {"balancer-traffic", "service-green"}


def test_a_failed_preview_is_one_line(project: Project) -> None:
    done = headgate(project, "--stack", "unknown-stack")
    assert done.returncode == 1, done.stdout
    assert "unknown-stack" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_one_step_is_clean_and_the_saved_plan_is_what_is_applied(
    project: Project, cloud: Cloud, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.json"
    done = headgate(project, "--json", "--save-plan", str(plan))
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert (found["clean"], found["move"], found["held"]) == (True, "advance", [])
    assert found["after"]["split"] == {"blue": 50, "green": 50}
    assert found["plan_file"] == str(plan)
    assert cloud.weights(STAGING) == {"blue": 90, "green": 10}  # a preview changes nothing

    project.extra["HURT"] = "alarm"
    other = project.up("--skip-preview", "--plan", str(plan), check=False)
    assert other.code != 0
    assert "violates plan" in other.output, str(other)
    del project.extra["HURT"]
    project.up("--skip-preview", "--plan", str(plan))
    assert cloud.weights(STAGING) == {"blue": 50, "green": 50}
    project.advance("green-10", 0)  # a step back, for the other tests
    project.ahead += 600
    project.step("green-50")
