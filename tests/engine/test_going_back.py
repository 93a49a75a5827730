"""An ordinary policy that is broken does not stop a rollback: it advises, and stops what comes next."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from policies.going_back import ADVICE
from tests.engine.conftest import PRODUCTION, Cloud, MakeProject
from tests.support.engine import Project, Run
from tests.support.refusals import broken, refused_twice

pytestmark = pytest.mark.engine

RULE = "alb-drop-invalid-headers"
BREAKS_IT = """
    if args.type_ == "aws:lb/loadBalancer:LoadBalancer":
        props["dropInvalidHeaderFields"] = False"""
RUN_OUT = {
    "policy": RULE,
    "urnPattern": "*",
    "reason": "an old client sends them",
    "owner": "greenflow-team",
    "expires": "2020-06-30",
}


@pytest.fixture
def in_flight(make_project: MakeProject) -> Project:
    """GreenFlow at 10 %, its bake over."""
    project = make_project(PRODUCTION)
    project.up("--skip-preview")
    project.ahead += 90
    project.step("green-up")
    project.up("--skip-preview")
    project.ahead += 330
    project.step("green-10")
    project.up("--skip-preview")
    project.ahead += 600
    return project


@pytest.fixture
def violated(in_flight: Project, tmp_path: Path) -> Iterator[Project]:
    """An exemption has run out, and what it was for is there."""
    written = tmp_path / "policies.json"
    written.write_text(json.dumps({"policy-configuration": {"exemptions": [RUN_OUT]}}))
    in_flight.extra["PULUMI_OPTION_POLICY_PACK_CONFIG"] = str(written)
    with broken(in_flight, BREAKS_IT):
        yield in_flight


def test_a_rollback_passes_an_ordinary_violation_and_the_next_start_does_not(violated: Project, cloud: Cloud) -> None:
    project = violated
    project.step("green-50")
    refused(project, "an advance")
    assert cloud.weights(PRODUCTION) == {"blue": 90, "green": 10}

    project.step("idle")
    back = project.up()
    assert cloud.weights(PRODUCTION) == {"blue": 100, "green": 0}
    assert project.recorded_step() == "idle"
    assert {RULE, "policy-configuration"} <= said(back, "advisory"), str(back)
    assert not said(back, "mandatory"), str(back)
    assert ADVICE in " ".join(back.output.split())

    project.ahead += 600
    refused(project, "the same again")
    project.set("headgate:release.rollout", "another")
    project.step("green-up")
    refused(project, "the next start")
    assert cloud.weights(PRODUCTION) == {"blue": 100, "green": 0}


def refused(project: Project, what: str) -> None:
    """At preview by both policies, at up by the first: before anything else is registered."""
    preview, up = refused_twice(project, what, "policy-configuration", "has run out")
    assert said(preview, "mandatory") == {RULE, "policy-configuration"}, str(preview)
    assert said(up, "mandatory") == {"policy-configuration"}, str(up)


def said(run: Run, level: str) -> set[str]:
    """The policies that the CLI lists at a level."""
    return set(re.findall(rf"- \[{level}\](?: \[severity: \w+\])? +([\w-]+)", run.output))
