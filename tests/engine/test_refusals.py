"""What must not pass: each at preview and at up, with the rule's id, and nothing changed."""

from collections.abc import Callable

import pytest

from headgate.windows import DAY
from tests.engine.conftest import PRODUCTION, Cloud, MakeProject
from tests.support.engine import Project
from tests.support.refusals import broken, refused_twice, restored

pytestmark = pytest.mark.engine

HEX = "0123456789abcdef" * 4
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/greenflow-api"


@pytest.fixture(scope="module")
def in_flight(make_project: MakeProject) -> Project:
    """GreenFlow at 10 %, its bake over."""
    project = make_project(PRODUCTION)
    project.ahead = DAY
    project.up("--skip-preview")
    project.advance("green-up", 60)
    project.advance("green-10", 300)
    project.ahead += 600
    return project


def _skip(project: Project) -> None:
    project.step("green-100")


def _tag(project: Project) -> None:
    project.set("headgate:release.candidate.image", f"{IMAGE}:latest")


def _live_image(project: Project) -> None:
    project.set("headgate:release.live.image", f"{IMAGE}@sha256:{HEX}")


def _candidate_image(project: Project) -> None:
    project.set("headgate:release.candidate.image", f"{IMAGE}@sha256:{HEX}")


def _second_rollout(project: Project) -> None:
    project.set("headgate:release.candidate.version", "2026.03.01")
    project.set("headgate:release.candidate.image", f"{IMAGE}@sha256:{HEX}")
    project.step("green-up")


def _looser_plan(project: Project) -> None:
    project.set("headgate:plan.steps[2].bake", "1m")


def _too_early(project: Project) -> None:
    project.back_to_entry()
    project.step("green-50")


def _single_az(project: Project) -> None:
    project.set("headgate:database.multi_az", "false")


Case = tuple[str, Callable[[Project], None], str, str]

CASES: list[Case] = [
    ("skipping a step", _skip, "R-03", "after 'green-10' comes 'green-50'"),
    ("an image by tag", _tag, "R-10", ":latest"),
    ("another live image", _live_image, "R-08", "headgate:release.live stays"),
    ("another candidate image", _candidate_image, "R-09", "headgate:release.candidate stays"),
    ("a second rollout", _second_rollout, "R-11", "'2026.02.11' is under way"),
    ("a looser plan", _looser_plan, "R-15", "bake of 'green-50' went from 10m to 1m"),
    ("before the bake is over", _too_early, "R-06", "must bake 5m"),
    ("no Multi-AZ in production", _single_az, "rds-multi-az", "multiAz"),
]


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_is_refused_at_preview_and_at_up(in_flight: Project, cloud: Cloud, case: Case) -> None:
    what, change, rule, words = case
    with restored(in_flight, "green-10"):
        change(in_flight)
        for run in refused_twice(in_flight, what, rule, words):
            assert "Traceback" not in run.output, str(run)
    assert cloud.weights(PRODUCTION) == {"blue": 90, "green": 10}


BROKEN = [
    (
        "weights that do not sum to 100",
        """
    if args.type_ == "aws:lb/listener:Listener" and args.name.endswith("-traffic"):
        action = dict(props["defaultActions"][0])
        forward = dict(action["forward"])
        groups = [dict(group) for group in forward["targetGroups"]]
        groups[1]["weight"] = 20
        props["defaultActions"] = [{**action, "forward": {**forward, "targetGroups": groups}}]""",
        "R-02",
        "must sum to 100",
    ),
    (
        "a public database",
        """
    if args.type_ == "aws:rds/instance:Instance":
        props["publiclyAccessible"] = True""",
        "rds-not-public",
        "publiclyAccessible",
    ),
    (
        "no TLS policy on the listener",
        """
    if args.type_ == "aws:lb/listener:Listener" and args.name.endswith("-traffic"):
        del props["sslPolicy"]""",
        "alb-listener-modern-tls",
        "sslPolicy",
    ),
]


@pytest.mark.parametrize("case", BROKEN, ids=[case[0] for case in BROKEN])
def test_a_program_that_breaks_a_component_is_refused(
    in_flight: Project, cloud: Cloud, case: tuple[str, str, str, str]
) -> None:
    what, change, rule, words = case
    with broken(in_flight, change):
        refused_twice(in_flight, what, rule, words)
    assert cloud.weights(PRODUCTION) == {"blue": 90, "green": 10}
