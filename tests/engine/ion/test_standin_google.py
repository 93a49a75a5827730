"""The Google stand-in under the real engine: a service from its creation to its end, and the hidden failure.

The program is a bare service: what Headgate makes of it is tested elsewhere (test_lost_writes_ion.py).
"""

import json
from typing import Any

import pytest

from tests.engine.ion.conftest import PRODUCTION, STAGING, Google, MakeIon
from tests.support.engine import Project

pytestmark = pytest.mark.engine

# The agent in the log of calls: what the provider calls, not what a test or a program does.
AGENT = "headgate-standin-gcp"

PROGRAM = """
import pulumi
from pulumi_gcp import cloudrunv2

config = pulumi.Config("standin")
share, second = config.get_int("share") or 0, config.get_bool("second")
name = "standin"
entry = {"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"}
service = cloudrunv2.Service(
    "service",
    name=name,
    location="us-central1",
    deletion_protection=config.get_bool("protect") or False,
    template={
        "revision": f"{name}-r2" if second else f"{name}-r1",
        "containers": [{"image": f"us-docker.pkg.dev/p/r/img:{second}"}],
    },
    traffics=[
        {**entry, "revision": f"{name}-r1", "percent": 100 - share, "tag": "live"},
        *([{**entry, "revision": f"{name}-r2", "percent": share, "tag": "candidate"}] if second else []),
    ],
)
pulumi.export("uri", service.uri)
pulumi.export("shares", service.traffics.apply(lambda each: [entry.percent for entry in each]))
"""


def make(make_ion: MakeIon, stack: str) -> Project:
    """The service with two revisions, the second at 5 %."""
    made = make_ion(stack, PROGRAM)
    made.policy_pack = False
    for settings in ({"share": "0"}, {"second": "true"}, {"share": "5"}):
        for key, value in settings.items():
            made.pulumi("config", "set", f"standin:{key}", value, check=True)
        made.up("--skip-preview")
    return made


@pytest.fixture(scope="module")
def made(make_ion: MakeIon) -> Project:
    return make(make_ion, STAGING)


@pytest.fixture
def project(made: Project, google: Google) -> Project:
    """At 5 %, whatever the test before left."""
    google.clear()
    if live_split(google) != {"live": 95, "candidate": 5}:
        set_share(made, 5)
        made.up("--skip-preview", "--refresh")
    return made


def set_share(project: Project, share: int) -> None:
    project.pulumi("config", "set", "standin:share", str(share), check=True)


def provider_calls(google: Google, since: int) -> list[str]:
    calls = google.http.get("calls", params={"since": since, "agent": AGENT}).raise_for_status().json()
    return [f"{call['method']} {call['operation'].rpartition('services.')[2]}" for call in calls]


def services(google: Google) -> dict[str, Any]:
    found: dict[str, Any] = google.http.get("store").raise_for_status().json().get("run.services", {})
    return found


def live_split(google: Google) -> dict[str, int]:
    (service,) = (each for name, each in services(google).items() if f"/{STAGING}/" in name)
    return {each["tag"]: each.get("percent", 0) for each in service["trafficStatuses"]}


def test_a_stack_without_changes_asks_for_nothing(project: Project, google: Google) -> None:
    assert live_split(google) == {"live": 95, "candidate": 5}
    since = google.last_call()
    assert project.preview("--expect-no-changes").code == 0
    assert provider_calls(google, since) == []
    assert project.outputs()["uri"].startswith("https://standin-")
    assert "warning" not in project.preview("--refresh", "--expect-no-changes").output


def test_drift_is_shown_by_a_refresh_only(project: Project, google: Google) -> None:
    (service,) = (name for name in services(google) if f"/{STAGING}/" in name)
    entries = services(google)[service]["traffic"]
    for entry, percent in zip(entries, (50, 50), strict=True):
        entry["percent"] = percent
    path = f"{google.url}/v2/{service}?updateMask=traffic"
    google.http.patch(path, json={"traffic": entries}).raise_for_status()
    assert project.preview("--expect-no-changes").code == 0
    drift = project.pulumi("refresh", "--preview-only", "--diff", "--non-interactive")
    assert "percent" in drift.output
    assert "95 => 50" in drift.output, str(drift)
    project.up("--skip-preview", "--refresh")
    assert live_split(google) == {"live": 95, "candidate": 5}


def test_after_a_refused_update_the_next_one_hides_it(project: Project, google: Google) -> None:
    """As the official provider, measured: cloud-run-notes 4."""
    google.plant(service="run", operation="services.patch", mode="refuse", status=403, message="planted")
    set_share(project, 50)

    first = project.up("--skip-preview", check=False)
    assert first.code != 0
    assert "googleapi: Error 403: planted" in first.output, str(first)

    # A preview says that there is an update, and can name no property.
    seen = project.preview("--json")
    (step,) = [each for each in json.loads(seen.output)["steps"] if each["op"] == "update"]
    assert step["detailedDiff"] == {}, str(seen)

    since = google.last_call()
    second = project.up("--skip-preview")
    assert provider_calls(google, since) == ["GET get"]
    assert "1 updated" in second.output, str(second)
    assert live_split(google) == {"live": 95, "candidate": 5}

    since = google.last_call()
    third = project.up("--skip-preview")
    assert "1 updated" in third.output, str(third)
    assert next(call for call in provider_calls(google, since) if call != "GET get") == "PATCH patch"
    assert live_split(google) == {"live": 50, "candidate": 50}
    assert project.preview("--refresh", "--expect-no-changes").code == 0


def test_a_refresh_after_a_refused_update_repairs_at_once(project: Project, google: Google) -> None:
    google.plant(service="run", operation="services.patch", mode="refuse", status=409, message="planted")
    set_share(project, 20)
    assert project.up("--skip-preview", check=False).code != 0
    project.up("--skip-preview", "--refresh")
    assert live_split(google) == {"live": 80, "candidate": 20}


def test_a_protected_service_is_not_destroyed(make_ion: MakeIon, google: Google) -> None:
    project = make(make_ion, PRODUCTION)
    project.pulumi("config", "set", "standin:protect", "true", check=True)
    project.up("--skip-preview")
    since = google.last_call()
    refused = project.pulumi("destroy", "--yes", "--non-interactive", "--skip-preview")
    assert refused.code != 0
    assert "deletionProtection=false" in refused.output, str(refused)
    assert provider_calls(google, since) == []
    project.pulumi("config", "set", "standin:protect", "false", check=True)
    project.up("--skip-preview")
    project.pulumi("destroy", "--yes", "--non-interactive", "--skip-preview", check=True)
    assert not [name for name in services(google) if f"/{PRODUCTION}/" in name]
