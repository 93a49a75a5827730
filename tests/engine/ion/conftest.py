"""The real engine on the emulated Google: one server a module, so that modules cannot see each other's resources."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from headgate.windows import DAY
from sandbox.manager.environment import google_variables
from tests.support.emulators import Emulator, announced
from tests.support.engine import Project, copy_on

PRODUCTION, STAGING = "ion-production", "ion-staging"
BACKGROUND_AWS = "http://127.0.0.1:9"  # a closed port: the rehearsal clock wants it on loopback, nobody may call it
STEPS = (("canary-up", 0, 60), ("canary-5", 5, 300), ("ab-50", 50, 7 * DAY), ("full-100", 100, 14 * DAY))
LIVE, CANDIDATE = "0d5e8a1c3b7f", "7b1c9d4e2f60"  # the ends of the names of the two committed versions' revisions
OPENS = 14  # UTC; the start window of ion-production, Monday to Thursday


class Google(Emulator):
    """The emulated Google of a module."""

    def service(self, name: str) -> dict[str, Any]:
        """A Cloud Run service, straight from the API."""
        path = f"{self.url}/v2/projects/{name}/locations/us-central1/services/{name}"
        found: dict[str, Any] = httpx.get(path).raise_for_status().json()
        return found

    def served(self, name: str) -> dict[str, int]:
        """Per cent by tag, as the service says it is served."""
        return {each["tag"]: each.get("percent", 0) for each in self.service(name)["trafficStatuses"]}

    def split(self, name: str) -> dict[str, int]:
        """Per cent by the end of the revision's name, as served; those that get nothing are left out."""
        statuses = self.service(name)["trafficStatuses"]
        return {each["revision"].removeprefix(f"{name}-"): each["percent"] for each in statuses if each.get("percent")}

    def revisions(self, name: str) -> set[str]:
        """The ends of the names of all revisions there are."""
        path = f"{self.url}/v2/projects/{name}/locations/us-central1/services/{name}/revisions"
        found = httpx.get(path).raise_for_status().json().get("revisions", [])
        return {each["name"].rpartition("/")[2].removeprefix(f"{name}-") for each in found}

    def move_by_hand(self, name: str, **shares: int) -> None:
        """Somebody changes the split behind everybody's back; shares by tag."""
        service = self.service(name)
        traffic = [{**each, "percent": shares.get(each["tag"], 0)} for each in service["traffic"]]
        answer = httpx.patch(f"{self.url}/v2/{service['name']}?updateMask=traffic", json={"traffic": traffic})
        answer.raise_for_status()

    def ready(self, revision: str, ready: bool) -> None:
        told = {"revision": revision, "ready": ready, "reason": "HEALTH_CHECK_CONTAINER_ERROR", "message": "told so"}
        self.http.put("revisions", json=told).raise_for_status()

    def writes(self, since: int) -> list[dict[str, Any]]:
        """Writes to Cloud Run after call `since`."""
        query = {"service": "run", "since": since, "writes": 1}
        found: list[dict[str, Any]] = self.http.get("calls", params=query).raise_for_status().json()
        return found


@pytest.fixture(scope="module")
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Google]:
    """A fresh emulated Google."""
    with announced("sandbox.google", tmp_path_factory.mktemp("google")) as told:
        made = Google(told["url"])
        with made.http:
            yield made


MakeIon = Callable[..., Project]


@pytest.fixture(scope="module")
def make_ion(google: Google, engine_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> MakeIon:
    """Makes copies of the project, each with a backend of its own, on this module's cloud, at a start window."""

    def make(stack: str, program: str | None = None) -> Project:
        cloud = {
            **google_variables(google.url),
            "AWS_ENDPOINT_URL": BACKGROUND_AWS,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }
        project = copy_on(cloud, engine_environment, tmp_path_factory.mktemp(stack), stack, program)
        project.ahead = until_window()
        return project

    return make


def until_window(ahead: int = 0) -> int:
    """Seconds from the machine's time until a start window has opened, at least `ahead`; a little inside it."""
    at = datetime.now(UTC) + timedelta(seconds=ahead)
    opening = at.replace(hour=OPENS, minute=5, second=0, microsecond=0)
    while opening < at or opening.weekday() > 3:
        opening += timedelta(days=1)
    return int((opening - datetime.now(UTC)).total_seconds())


def start(project: Project, step: str = "canary-up") -> None:
    """Starts a rollout in the next start window."""
    project.ahead = until_window(project.ahead + 60)
    project.step(step)
    project.up("--skip-preview")


def walk(project: Project, google: Google, until: str) -> None:
    """From idle to the step `until`, each seen in the API."""
    for position, (name, weight, after) in enumerate(STEPS):
        if position == 0:
            start(project)
        else:
            project.ahead += after + 60
            project.step(name)
            project.up("--skip-preview")
        assert project.recorded_step() == name
        assert google.served(project.stack) == {"live": 100 - weight, "candidate": weight}
        if name == until:
            return


def versions(project: Project) -> dict[str, Any]:
    """headgate:release as the stack file has it."""
    found: dict[str, Any] = _configuration(project)["config"]["headgate:release"]
    return found


def release(project: Project, **named: Any) -> None:
    """Writes headgate:release as a whole, and step idle."""
    written = _configuration(project)
    written["config"]["headgate:release"] = named
    written["config"]["headgate:step"] = "idle"
    _file_of(project).write_text(yaml.safe_dump(written))


def _configuration(project: Project) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(_file_of(project).read_text())
    return found


def _file_of(project: Project) -> Path:
    return project.folder / "stacks" / f"Pulumi.{project.stack}.yaml"
