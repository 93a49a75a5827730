"""What must not pass on Cloud Run: each at preview and at up, with the rule's id, and nothing changed."""

from collections.abc import Callable

import pytest

from headgate.windows import DAY
from tests.engine.ion.conftest import PRODUCTION, Google, MakeIon, start
from tests.support.engine import Project
from tests.support.refusals import broken, refused_twice, restored

pytestmark = pytest.mark.engine

IMAGE = f"us-central1-docker.pkg.dev/{PRODUCTION}/{PRODUCTION}/ion-api"
AT_CANARY_5 = {"live": 95, "candidate": 5}


@pytest.fixture(scope="module")
def in_flight(make_ion: MakeIon) -> Project:
    """ION at 5 %, its bake over."""
    project = make_ion(PRODUCTION)
    project.up("--skip-preview")
    start(project)
    project.advance("canary-5", 300)
    project.ahead += 7 * DAY
    return project


def _skip(project: Project) -> None:
    project.step("full-100")


def _tag(project: Project) -> None:
    project.set("headgate:release.candidate.slot", f"{PRODUCTION}-7b1c9d4e2f60")
    project.set("headgate:release.candidate.image", f"{IMAGE}:latest")


def _image_under_the_live_name(project: Project) -> None:
    project.set("headgate:release.live.slot", f"{PRODUCTION}-0d5e8a1c3b7f")
    project.set("headgate:release.live.image", f"{IMAGE}@sha256:{'e' * 64}")


def _settings_of_the_candidate(project: Project) -> None:
    project.set("headgate:service.memory", "4Gi")


def _freeze(project: Project) -> None:
    project.set("headgate:plan.freezes[0].from", "2020-01-01")
    project.set("headgate:plan.freezes[0].until", "2099-01-01")
    project.set("headgate:plan.freezes[0].reason", "the books are open")
    project.step("ab-50")


def _window(project: Project) -> None:
    """Advancing only on a day that is not today."""
    project.set("headgate:plan.windows.advance[0].from", "03:00")
    project.set("headgate:plan.windows.advance[0].for", "1m")
    project.step("ab-50")


def _too_early(project: Project) -> None:
    project.back_to_entry()
    project.step("ab-50")


Case = tuple[str, Callable[[Project], None], str, str]

CASES: list[Case] = [
    ("skipping a step", _skip, "R-03", "after 'canary-5' comes 'ab-50'"),
    ("an image by tag", _tag, "R-10", ":latest"),
    ("another image under the live name", _image_under_the_live_name, "R-08", "headgate:release.live stays"),
    ("other settings under the candidate's name", _settings_of_the_candidate, "R-09", "keeps the settings"),
    ("an advance in a freeze", _freeze, "R-28", "the books are open"),
    ("an advance outside the window", _window, "R-28", "advances only in its window"),
    ("before the bake is over", _too_early, "R-06", "must bake 7d"),
]


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_is_refused_at_preview_and_at_up(in_flight: Project, google: Google, case: Case) -> None:
    what, change, rule, words = case
    with restored(in_flight, "canary-5"):
        change(in_flight)
        for run in refused_twice(in_flight, what, rule, words):
            assert "Traceback" not in run.output, str(run)
    assert google.served(PRODUCTION) == AT_CANARY_5


def test_a_rollback_passes_in_a_freeze_and_outside_every_window(make_ion: MakeIon, google: Google) -> None:
    """With other settings and without the candidate besides: nothing of it reaches the template."""
    project = make_ion("ion-staging")
    project.up("--skip-preview")
    project.advance("canary-up", 60)
    project.advance("canary-5", 300)
    assert google.served("ion-staging") == AT_CANARY_5
    _freeze(project)
    project.set("headgate:plan.windows.advance[0].from", "03:00")
    project.set("headgate:plan.windows.advance[0].for", "1m")
    project.set("headgate:service.memory", "4Gi")
    project.pulumi("config", "rm", "--path", "headgate:release.candidate", check=True)
    project.step("idle")
    back = project.up()
    assert google.split("ion-staging") == {"0d5e8a1c3b7f": 100}, str(back)
    again = project.up("--skip-preview")
    assert " updated" not in again.output, str(again)


SERVICE = """
    if args.type_ == "gcp:cloudrunv2/service:Service":
        """

BROKEN = [
    (
        "LATEST in the traffic",
        SERVICE
        + """props["traffics"] = [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 95},
                             props["traffics"][1]]""",
        "R-25",
        "nothing may follow the newest one",
    ),
    (
        "percentages that are not 100",
        SERVICE + """props["traffics"] = [props["traffics"][0], {**props["traffics"][1], "percent": 10}]""",
        "R-02",
        "must sum to 100",
    ),
    (
        "traffic to an unknown revision",
        SERVICE
        + """props["traffics"] = [props["traffics"][0],
                             {**props["traffics"][1], "revision": "ion-production-somebody-elses"}]""",
        "R-05",
        "ion-production-somebody-elses",
    ),
    (
        "a template whose revision has no name",
        SERVICE + """props["template"] = {k: v for k, v in dict(props["template"]).items() if k != "revision"}""",
        "R-25",
        "no name",
    ),
    (
        "the latest version of a secret",
        SERVICE
        + """template = dict(props["template"])
        container = dict(template["containers"][0])
        container["envs"] = [*container["envs"], {"name": "PARTNER_API_KEY", "valueSource":
            {"secretKeyRef": {"secret": "ion-production-partner-api-key", "version": "latest"}}}]
        template["containers"] = [container]
        props["template"] = template""",
        "cloudrun-no-plaintext-secrets",
        "latest",
    ),
    (
        "everybody as invoker of another service",
        """
    if args.type_ == "gcp:cloudrunv2/serviceIamMember:ServiceIamMember":
        props["name"] = "another-service"
        props["member"] = "allAuthenticatedUsers" """,
        "cloudrun-no-public-invoker",
        "found everybody",
    ),
]


@pytest.mark.parametrize("case", BROKEN, ids=[case[0] for case in BROKEN])
def test_a_broken_program_is_refused_at_preview_and_at_up(
    in_flight: Project, google: Google, case: tuple[str, str, str, str]
) -> None:
    what, change, rule, words = case
    with broken(in_flight, change):
        refused_twice(in_flight, what, rule, words)
    assert google.served(PRODUCTION) == AT_CANARY_5
