"""Giving everything back on an emulated Cloud Run, with what can go wrong planted, and the write calls counted."""

from collections.abc import Callable
from typing import Any

import pytest
from google.cloud.run_v2 import Service, ServicesClient

from headgate.traffic.cloud_run import CloudRunTraffic
from headgate.traffic.port import TrafficError
from sandbox.google.client import GoogleSandbox
from tests.support.google import services_client

pytestmark = pytest.mark.sandbox

PARENT = "projects/p/locations/us-central1"
NAME = f"{PARENT}/services/ion"
BY_NAME = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
BY_LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
OLD, NEW = "ion-" + "a" * 12, "ion-" + "b" * 12


class Clock:
    """Stands still, but for sleeping; `slept` is in seconds."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return sum(self.slept)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def services(google_cloud: GoogleSandbox) -> ServicesClient:
    """95 % on the old revision, 5 % on the new one."""
    client = services_client(google_cloud.url)
    client.create_service(
        parent=PARENT, service=Service({"template": template("a"), "traffic": [target(OLD, 100, "live")]}),
        service_id="ion",
    ).result(timeout=30)  # fmt: skip
    deploy(client, template("b"), target(OLD, 95, "live"), target(NEW, 5, "candidate"))
    google_cloud.forget_calls()
    return client


@pytest.fixture
def port(
    services: ServicesClient, google_cloud: GoogleSandbox, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> CloudRunTraffic:
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "sandbox")
    return of(google_cloud, clock)


def of(cloud: GoogleSandbox, clock: Clock, region: str = "us-central1") -> CloudRunTraffic:
    return CloudRunTraffic(
        "ion", "p", region, f"{cloud.url}/run/v2/", sleep=clock.slept.append, monotonic=clock.monotonic
    )


def template(letter: str) -> dict[str, Any]:
    image = f"us-docker.pkg.dev/p/r/ion@sha256:{letter * 64}"
    return {"revision": f"ion-{letter * 12}", "containers": [{"image": image}]}


def target(revision: str, percent: int, tag: str) -> dict[str, Any]:
    return {"type_": BY_NAME, "revision": revision, "percent": percent, "tag": tag}


def deploy(services: ServicesClient, made_from: dict[str, Any], *traffic: dict[str, Any]) -> None:
    body = Service({"name": NAME, "template": made_from, "traffic": list(traffic)})
    operation = services.update_service(service=body)
    operation.exception(timeout=30)


def entries(cloud: GoogleSandbox) -> list[tuple[str, int, str]]:
    """What is asked for: revision, per cent, tag."""
    asked = cloud.services()["ion"]["traffic"]
    return [(each["revision"], each.get("percent", 0), each.get("tag", "")) for each in asked]


def writes(cloud: GoogleSandbox) -> list[Any]:
    return cloud.calls(writes=1)


class TestOneWrite:
    def test_moves_everybody_and_nothing_else(self, port: CloudRunTraffic, google_cloud: GoogleSandbox) -> None:
        before = google_cloud.services()["ion"]
        back = port.give_back(OLD)
        assert back.before == {OLD: 95, NEW: 5}
        assert back.after == port.read_split() == {OLD: 100, NEW: 0}
        assert (back.writes, back.needed, back.done, back.trouble) == (1, True, True, ())
        (patch,) = writes(google_cloud)
        assert patch.operation.endswith("services.patch")
        assert "updateMask=traffic" in patch.url
        assert set(patch.body) <= {"name", "traffic", "etag"}
        assert patch.body["etag"] == before["etag"]
        assert entries(google_cloud) == [(OLD, 100, "live"), (NEW, 0, "candidate")]
        after = google_cloud.services()["ion"]
        assert after["template"] == before["template"]
        assert after["latestCreatedRevision"] == before["latestCreatedRevision"]

    def test_takes_three_calls(self, port: CloudRunTraffic, google_cloud: GoogleSandbox) -> None:
        port.give_back(OLD)
        assert [call.method for call in google_cloud.calls()] == ["GET", "PATCH", "GET"]

    def test_and_none_when_they_are_there(self, port: CloudRunTraffic, google_cloud: GoogleSandbox) -> None:
        port.give_back(OLD)
        google_cloud.forget_calls()
        back = port.give_back(OLD)
        assert (back.writes, back.needed, back.done) == (0, False, True)
        assert back.before == back.after == {OLD: 100, NEW: 0}
        assert writes(google_cloud) == []

    def test_the_other_way_after_a_promotion(self, port: CloudRunTraffic, google_cloud: GoogleSandbox) -> None:
        assert port.give_back(NEW).after == {OLD: 0, NEW: 100}

    def test_what_follows_the_newest_revision_is_pinned(
        self, port: CloudRunTraffic, services: ServicesClient, google_cloud: GoogleSandbox
    ) -> None:
        deploy(services, template("b"), {"type_": BY_LATEST, "percent": 100, "tag": "newest"})
        back = port.give_back(OLD)
        assert back.done
        assert entries(google_cloud) == [(NEW, 0, "newest"), (OLD, 100, "")]

    def test_a_change_that_takes_its_time(
        self, port: CloudRunTraffic, google_cloud: GoogleSandbox, clock: Clock
    ) -> None:
        google_cloud.pend(3)
        back = port.give_back(OLD)
        assert (back.writes, back.done) == (1, True)
        assert clock.slept == [0.2, 0.4, 0.8]

    def test_a_change_that_takes_too_long(
        self, port: CloudRunTraffic, google_cloud: GoogleSandbox, clock: Clock
    ) -> None:
        google_cloud.pend(1000)
        back = port.give_back(OLD)
        assert (back.writes, back.done, back.after) == (1, False, {OLD: 95, NEW: 5})
        assert "not in force after 60 s" in back.trouble[0]
        assert sum(clock.slept) <= 60


class TestCandidateNotReady:
    def test_one_that_never_was(
        self, port: CloudRunTraffic, services: ServicesClient, google_cloud: GoogleSandbox
    ) -> None:
        """Its tag at 0 % would hold the traffic of all others back."""
        third = "ion-" + "c" * 12
        google_cloud.tell_revision(third, ready=False, message="It fell over.")
        deploy(services, template("c"), target(OLD, 50, "live"), target(NEW, 45, ""), target(third, 5, "candidate"))
        google_cloud.forget_calls()
        back = port.give_back(OLD)
        assert back.before == {OLD: 95, NEW: 5}
        assert (back.writes, back.done) == (1, True)
        assert entries(google_cloud) == [(OLD, 100, "live"), (NEW, 0, "")]

    def test_one_that_was_and_is_not_any_more(self, port: CloudRunTraffic, google_cloud: GoogleSandbox) -> None:
        google_cloud.tell_revision(NEW, ready=False, message="It fell over.")
        back = port.give_back(OLD)
        assert back.done
        assert back.writes == 2, "the first with its tag is not carried out"
        assert entries(google_cloud) == [(OLD, 100, "live")]

    def test_one_that_was_asked_for_and_is_not_served(
        self, port: CloudRunTraffic, services: ServicesClient, google_cloud: GoogleSandbox
    ) -> None:
        """All users are where they should be, and would not be any more once the candidate is ready."""
        port.give_back(OLD)
        google_cloud.tell_revision(NEW, ready=False)
        deploy(services, template("b"), target(OLD, 95, "live"), target(NEW, 5, "candidate"))
        back = port.give_back(OLD)
        assert back.needed
        assert back.done
        assert all(revision == OLD or share == 0 for revision, share, _ in entries(google_cloud))


class TestFaults:
    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_what_passes_by_itself(
        self, port: CloudRunTraffic, google_cloud: GoogleSandbox, clock: Clock, status: int
    ) -> None:
        google_cloud.refuse("services.get", status=status, times=2)
        google_cloud.refuse("services.patch", status=status, times=3)
        back = port.give_back(OLD)
        assert (back.writes, back.done, back.trouble) == (4, True, ())
        assert len(writes(google_cloud)) == 4
        assert clock.slept == [0.2, 0.4, 0.2, 0.4, 0.8]

    def test_throttled_without_end(self, port: CloudRunTraffic, google_cloud: GoogleSandbox, clock: Clock) -> None:
        google_cloud.refuse("services.patch", status=429, times=None, message="slow down")
        with pytest.raises(TrafficError, match=r"'ion' cannot be given back: .*slow down"):
            port.give_back(OLD)
        assert 50 < sum(clock.slept) <= 60

    def test_refused(self, port: CloudRunTraffic, google_cloud: GoogleSandbox) -> None:
        google_cloud.refuse("services.patch", status=403, message="Permission 'run.services.update' denied")
        with pytest.raises(TrafficError, match=r"run.services.update.*roles/run.developer") as caught:
            port.give_back(OLD)
        assert "\n" not in str(caught.value)
        assert len(writes(google_cloud)) == 1

    def test_acknowledged_and_ignored(self, port: CloudRunTraffic, google_cloud: GoogleSandbox) -> None:
        google_cloud.ignore("services.patch")
        back = port.give_back(OLD)
        assert (back.writes, back.done) == (2, True)
        assert entries(google_cloud) == [(OLD, 100, "live"), (NEW, 0, "candidate")]

    def test_ignored_without_end(self, port: CloudRunTraffic, google_cloud: GoogleSandbox) -> None:
        google_cloud.ignore("services.patch", times=None)
        back = port.give_back(OLD)
        assert not back.done
        assert back.after == {OLD: 95, NEW: 5}

    @pytest.mark.parametrize("moment", ["before", "after"])
    def test_the_answer_is_lost(self, port: CloudRunTraffic, google_cloud: GoogleSandbox, moment: str) -> None:
        google_cloud.drop("services.patch", moment=moment)
        back = port.give_back(OLD)
        assert (back.writes, back.done, back.trouble) == (2, True, ())
        assert port.read_split() == {OLD: 100, NEW: 0}

    def test_every_answer_is_lost(self, port: CloudRunTraffic, google_cloud: GoogleSandbox) -> None:
        google_cloud.drop("services.patch", moment="before", times=None)
        with pytest.raises(TrafficError, match="cannot be given back"):
            port.give_back(OLD)
        assert port.read_split() == {OLD: 95, NEW: 5}

    def test_every_answer_is_lost_and_one_write_arrived(
        self, port: CloudRunTraffic, google_cloud: GoogleSandbox
    ) -> None:
        google_cloud.drop("services.patch", moment="after", times=None)
        back = port.give_back(OLD)
        assert (back.done, back.trouble) == (True, ())

    @pytest.mark.parametrize("status", [409, 412])
    def test_a_conflict(self, port: CloudRunTraffic, google_cloud: GoogleSandbox, status: int) -> None:
        google_cloud.refuse("services.patch", status=status)
        back = port.give_back(OLD)
        assert (back.writes, back.done, back.trouble) == (2, True, ())
        assert [call.method for call in google_cloud.calls()] == ["GET", "PATCH", "GET", "PATCH", "GET"]

    def test_conflicts_end_with_a_write_without_condition(
        self, port: CloudRunTraffic, google_cloud: GoogleSandbox
    ) -> None:
        google_cloud.refuse("services.patch", status=409, times=4)
        assert port.give_back(OLD).done
        assert ["etag" in call.body for call in writes(google_cloud)] == [True] * 4 + [False]

    def test_somebody_else_was_faster(
        self, port: CloudRunTraffic, services: ServicesClient, google_cloud: GoogleSandbox, clock: Clock
    ) -> None:
        """Unlike an advance, a give-back wins over another change of the traffic."""
        google_cloud.refuse("services.patch", status=503)
        clock.slept = Meanwhile(
            lambda: deploy(services, template("b"), target(OLD, 50, "live"), target(NEW, 50, "other"))
        )
        port = of(google_cloud, clock)
        back = port.give_back(OLD)
        assert back.done
        assert entries(google_cloud) == [(OLD, 100, "live"), (NEW, 0, "other")]

    def test_a_reading_that_fails_does_not_stop_it(self, port: CloudRunTraffic, google_cloud: GoogleSandbox) -> None:
        google_cloud.refuse("services.get", status=403, times=None)
        back = port.give_back(OLD)
        assert (back.before, back.after, back.done) == (None, None, False)
        assert (back.writes, back.needed) == (1, True)
        assert "tags are lost" in back.trouble[0]
        google_cloud.clear_faults()
        assert port.read_split() == {OLD: 100}

    def test_nor_when_it_works_again_later(self, port: CloudRunTraffic, google_cloud: GoogleSandbox) -> None:
        google_cloud.refuse("services.get", status=403, times=1)
        back = port.give_back(OLD)
        assert (back.before, back.done) == (None, True)


class Meanwhile(list[float]):
    """What is slept; at the first time something happens."""

    def __init__(self, happens: Callable[[], None]) -> None:
        super().__init__()
        self._happens = happens

    def append(self, seconds: float) -> None:
        if not self:
            self._happens()
        super().append(seconds)


class TestMistakes:
    def test_another_region(self, port: CloudRunTraffic, google_cloud: GoogleSandbox, clock: Clock) -> None:
        with pytest.raises(TrafficError, match=r"'ion' does not exist in region europe-west1 .*Check gcp:region"):
            of(google_cloud, clock, "europe-west1").give_back(OLD)
        assert writes(google_cloud) == []

    def test_no_such_revision(self, port: CloudRunTraffic, google_cloud: GoogleSandbox) -> None:
        with pytest.raises(TrafficError, match="'ion-zzz' does not exist"):
            port.give_back("ion-zzz")
        assert port.read_split() == {OLD: 95, NEW: 5}

    def test_no_credentials(self, port: CloudRunTraffic, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
        monkeypatch.delenv("GOOGLE_OAUTH_ACCESS_TOKEN")
        monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
        monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
        monkeypatch.setenv("NO_GCE_CHECK", "true")
        with pytest.raises(TrafficError, match="there are no credentials for Google Cloud"):
            port.give_back(OLD)

    def test_expired_credentials(self, port: CloudRunTraffic, google_cloud: GoogleSandbox) -> None:
        for operation in ("services.get", "services.patch"):
            google_cloud.refuse(operation, status=401, times=None, message="invalid authentication credentials")
        with pytest.raises(TrafficError, match=r"were not accepted .*gcloud auth application-default login"):
            port.give_back(OLD)

    def test_a_dead_endpoint_takes_a_moment(self, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "sandbox")
        port = CloudRunTraffic(
            "ion", "p", "us-central1", "http://127.0.0.1:1/v2/", sleep=clock.slept.append, monotonic=clock.monotonic
        )
        with pytest.raises(TrafficError, match=r"given back: no answer from http://127.0.0.1:1 \(conn") as caught:
            port.give_back(OLD)
        assert sum(clock.slept) < 1
        assert "\n" not in str(caught.value)
