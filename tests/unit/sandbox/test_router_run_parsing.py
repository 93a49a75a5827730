"""What the emulated Google answers, as the router understands it."""

from typing import Any

import pytest

from sandbox.router.run import parsing
from sandbox.router.run.model import Ingress, Revision, Service, Target

NAME = "projects/p/locations/us-central1/services/ion"
BY_REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
BY_LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"


def store(service: dict[str, Any], *revisions: dict[str, Any], policy: dict[str, Any] | None = None) -> Any:
    return (
        {NAME: service},
        {revision["name"]: revision for revision in revisions},
        {NAME: policy} if policy else {},
    )


def revision(name: str, **more: Any) -> dict[str, Any]:
    container = {
        "image": "i:1",
        "ports": [{"containerPort": 8080}],
        "env": [{"name": "HEADGATE_VERSION", "value": "2.6.0"}, {"name": "KEY", "valueSource": {}}],
    }
    return {"name": f"{NAME}/revisions/{name}", "containers": [{"image": "side:1"}, container], **more}


def only(content: Any) -> Service:
    (service,) = parsing.cloud(*content).services.values()
    return service


def test_a_service_with_two_revisions() -> None:
    found = only(
        store(
            {
                "uri": "https://ion-abc-uc.a.run.app",
                "urls": ["https://ion-123.us-central1.run.app", "https://ion-abc-uc.a.run.app"],
                "ingress": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
                "defaultUriDisabled": True,
                "trafficStatuses": [
                    {"type": BY_REVISION, "revision": "ion-a", "percent": 95, "tag": "live"},
                    {"type": BY_REVISION, "revision": "ion-b", "percent": 5, "tag": "candidate"},
                    {"type": BY_REVISION, "revision": "ion-0", "tag": "standby"},
                ],
            },
            revision("ion-a", sessionAffinity=True, scaling={"minInstanceCount": 2}),
            revision("ion-b", conditions=[{"type": "Ready", "state": "CONDITION_FAILED", "message": "exit 1"}]),
            policy={"bindings": [{"role": "roles/run.invoker", "members": ["allUsers"]}]},
        )
    )
    assert found == Service(
        name="ion",
        place="projects/p/locations/us-central1",
        hosts=("ion-abc-uc.a.run.app", "ion-123.us-central1.run.app"),
        ingress=Ingress.LOAD_BALANCER,
        default_uri=False,
        public=True,
        targets=(Target("ion-a", 95, "live"), Target("ion-b", 5, "candidate"), Target("ion-0", 0, "standby")),
        revisions={
            "ion-a": Revision("ion-a", "2.6.0", affinity=True, minimum=2),
            "ion-b": Revision("ion-b", "2.6.0", problem="exit 1"),
        },
    )


def test_a_poor_answer_is_enough() -> None:
    assert only(store({})) == Service(name="ion", place="projects/p/locations/us-central1", public=False)


@pytest.mark.parametrize(
    ("policy", "public"),
    [
        ({"bindings": [{"role": "roles/run.invoker", "members": ["serviceAccount:a@b"]}]}, False),
        ({"bindings": [{"role": "roles/run.viewer", "members": ["allUsers"]}]}, False),
        ({"etag": "ACAB"}, False),
    ],
)
def test_who_may_call(policy: dict[str, Any], public: bool) -> None:
    assert only(store({}, policy=policy)).public is public
    assert only(store({"invokerIamDisabled": True}, policy=policy)).public


def test_what_follows_the_latest_revision_means_the_one_that_is_ready() -> None:
    latest = {"type": BY_LATEST, "percent": 100}
    found = only(store({"latestReadyRevision": f"{NAME}/revisions/ion-b", "trafficStatuses": [latest]}))
    assert found.targets == (Target("ion-b", 100),)


def test_version_falls_back_to_the_image() -> None:
    plain = {"name": f"{NAME}/revisions/ion-a", "containers": [{"image": "i:1"}]}
    assert only(store({}, plain)).revisions["ion-a"].version == "i:1"


class TestRunning:
    """Which revisions have a process."""

    @pytest.mark.parametrize(
        ("target", "minimum", "runs"),
        [
            (Target("ion-a", 5), 0, True),
            (Target("ion-a", 0, "candidate"), 0, True),
            (Target("ion-a", 0), 0, False),
            (Target("ion-a", 0), 1, True),
        ],
    )
    def test_by_share_tag_or_minimum(self, target: Target, minimum: int, runs: bool) -> None:
        service = Service("ion", targets=(target,), revisions={"ion-a": Revision("ion-a", minimum=minimum)})
        assert [revision.name for revision in service.running] == (["ion-a"] if runs else [])

    def test_not_one_that_the_traffic_does_not_name(self) -> None:
        assert Service("ion", revisions={"ion-a": Revision("ion-a", minimum=5)}).running == ()

    def test_once_for_two_entries(self) -> None:
        service = Service("ion", targets=(Target("ion-a", 100), Target("ion-a", 0, "live")))
        assert [revision.name for revision in service.running] == ["ion-a"]
        assert service.weights == {"ion-a": 100}
        assert service.tags == {"live": "ion-a"}
