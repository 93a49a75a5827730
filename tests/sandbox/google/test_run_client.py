"""The official client against the emulator: nothing is different but the endpoint.

Over REST it raises by the HTTP status: BadRequest for INVALID_ARGUMENT and FAILED_PRECONDITION, Conflict for ABORTED.
"""

import contextlib
from typing import Any

import httpx
import pytest
from google.api_core import exceptions as api
from google.cloud.run_v2 import (
    DeleteServiceRequest,
    Revision,
    RevisionsClient,
    Service,
    ServicesClient,
    UpdateServiceRequest,
)
from google.iam.v1.iam_policy_pb2 import TestIamPermissionsRequest as PermissionsRequest
from google.protobuf.field_mask_pb2 import FieldMask

from headgate.traffic.cloud_run import CloudRunTraffic
from headgate.traffic.port import TrafficError
from sandbox.google.client import GoogleSandbox
from sandbox.google.discovery import document
from tests.support.google import revisions_client, services_client

pytestmark = pytest.mark.sandbox

PARENT = "projects/p/locations/us-central1"
NAME = f"{PARENT}/services/ion"
BY_NAME = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
BY_LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"


@pytest.fixture
def services(google_cloud: GoogleSandbox) -> ServicesClient:
    return services_client(google_cloud.url)


@pytest.fixture
def revisions(google_cloud: GoogleSandbox) -> RevisionsClient:
    return revisions_client(google_cloud.url)


def template(letter: str, **more: Any) -> dict[str, Any]:
    image = f"us-docker.pkg.dev/p/r/ion@sha256:{letter * 64}"
    return {"revision": f"ion-{letter * 12}", "containers": [{"image": image}], **more}


def target(letter: str, percent: int, tag: str = "") -> dict[str, Any]:
    return {"type_": BY_NAME, "revision": f"ion-{letter * 12}", "percent": percent, "tag": tag}


def made(services: ServicesClient, **more: Any) -> Service:
    body = {"template": template("a"), "traffic": [target("a", 100, "live")], "launch_stage": "GA", **more}
    operation = services.create_service(parent=PARENT, service=Service(body), service_id="ion")
    service: Service = operation.result(timeout=30)
    return service


def shift(services: ServicesClient, *traffic: dict[str, Any], **more: Any) -> Service:
    request = UpdateServiceRequest(
        service=Service({"name": NAME, "traffic": list(traffic), **more}), update_mask=FieldMask(paths=["traffic"])
    )
    changed: Service = services.update_service(request=request).result(timeout=30)
    return changed


def split(service: Service) -> list[tuple[str, int, str]]:
    return [(each.revision, each.percent, each.tag) for each in service.traffic_statuses]


def test_a_rollout(services: ServicesClient, revisions: RevisionsClient) -> None:
    made(services)
    service = services.get_service(name=NAME)
    service.template = Service({"template": template("b")}).template
    service.traffic.append(Service({"traffic": [target("b", 0, "candidate")]}).traffic[0])
    service = services.update_service(service=service).result(timeout=30)
    assert split(service) == [("ion-" + "a" * 12, 100, "live"), ("ion-" + "b" * 12, 0, "candidate")]
    assert service.traffic_statuses[1].uri.startswith("https://candidate---ion-")
    for percent in (5, 50, 100, 0):
        service = shift(services, target("a", 100 - percent, "live"), target("b", percent, "candidate"))
        assert [share for _, share, _ in split(services.get_service(name=NAME))] == [100 - percent, percent]
    assert service.template.revision == "ion-" + "b" * 12
    names = [each.name.rpartition("/")[2] for each in revisions.list_revisions(parent=NAME)]
    assert names == ["ion-" + "b" * 12, "ion-" + "a" * 12]


def test_what_is_read_can_be_sent_back(services: ServicesClient) -> None:
    """A read and a write without a change is no change; numbers of enums and answered defaults are understood."""
    before = made(services)
    after = services.update_service(service=services.get_service(name=NAME)).result(timeout=30)
    assert (after.generation, after.latest_created_revision) == (before.generation, before.latest_created_revision)
    assert before.ingress == after.ingress == Service({"ingress": "INGRESS_TRAFFIC_ALL"}).ingress


def test_lists_come_in_pages(services: ServicesClient) -> None:
    for number in range(3):
        body = Service({"template": {"containers": [{"image": "nginx"}]}})
        services.create_service(parent=PARENT, service=body, service_id=f"s{number}").result(timeout=30)
    pager = services.list_services(request={"parent": PARENT, "page_size": 2})
    assert [each.name.rpartition("/")[2] for each in pager] == ["s0", "s1", "s2"]
    assert list(services.list_services(parent="projects/p/locations/europe-west1")) == []


def test_a_stale_etag(services: ServicesClient) -> None:
    etag = made(services).etag
    shift(services, target("a", 100), etag=etag)
    with pytest.raises(api.Conflict, match="Conflict for resource 'ion'"):
        shift(services, target("a", 100, "live"), etag=etag)
    with pytest.raises(api.Conflict):
        services.delete_service(request=DeleteServiceRequest(name=NAME, etag=etag))


def test_another_template_under_the_same_name(services: ServicesClient) -> None:
    service = made(services)
    service.template.timeout = "10s"
    with pytest.raises(api.Conflict, match="with different configuration already exists"):
        services.update_service(service=service)
    assert services.get_service(name=NAME).template.timeout.seconds == 300


def test_a_revision_that_does_not_start(
    services: ServicesClient, revisions: RevisionsClient, google_cloud: GoogleSandbox
) -> None:
    made(services)
    google_cloud.tell_revision("ion-" + "b" * 12, ready=False, message="It fell over.")
    service = Service({"name": NAME, "template": template("b"), "traffic": [target("a", 95), target("b", 5)]})
    with pytest.raises(api.FailedPrecondition, match="It fell over"):
        services.update_service(service=service).result(timeout=30)
    found = services.get_service(name=NAME)
    assert split(found) == [("ion-" + "a" * 12, 100, "live")]
    assert [each.percent for each in found.traffic] == [95, 5]
    assert found.terminal_condition.state.name == "CONDITION_FAILED"
    ill = revisions.get_revision(name=f"{NAME}/revisions/ion-{'b' * 12}")
    assert {each.type_: each.state.name for each in ill.conditions}["Ready"] == "CONDITION_FAILED"


def test_an_image_that_is_not_there(services: ServicesClient, google_cloud: GoogleSandbox) -> None:
    google_cloud.tell_image(template("a")["containers"][0]["image"], exists=False)
    with pytest.raises(api.FailedPrecondition, match="not found"):
        made(services)


def test_secrets_are_read_by_the_account_of_the_revision(
    services: ServicesClient, google_cloud: GoogleSandbox, http: httpx.Client
) -> None:
    reference = {"secret_key_ref": {"secret": "key", "version": "1"}}
    container = {**template("a")["containers"][0], "env": [{"name": "KEY", "value_source": reference}]}
    secret, account = "/secretmanager/v1/projects/p/secrets/key", "ion@p.iam.gserviceaccount.com"
    body = template("a", containers=[container], service_account=account)

    def create() -> None:
        with contextlib.suppress(api.NotFound):
            services.delete_service(name=NAME).result(timeout=30)
        made(services, template=body)

    with pytest.raises(api.FailedPrecondition, match="projects/p/secrets/key/versions/1 was not found"):
        create()
    parent, _, _ = secret.rpartition("/")
    assert http.post(f"{parent}?secretId=key", json={"replication": {"automatic": {}}}).status_code == 200
    assert http.post(f"{secret}:addVersion", json={"payload": {"data": "eA=="}}).status_code == 200
    with pytest.raises(api.FailedPrecondition, match=f"Permission denied on secret: .* account {account}"):
        create()
    binding = {"role": "roles/secretmanager.secretAccessor", "members": [f"serviceAccount:{account}"]}
    assert http.post(f"{secret}:setIamPolicy", json={"policy": {"bindings": [binding]}}).status_code == 200
    create()
    assert google_cloud.split("ion").percents == {body["revision"]: 100}
    assert http.post(f"{secret}/versions/1:disable", json={}).status_code == 200
    with pytest.raises(api.FailedPrecondition, match="DISABLED"):
        create()


def test_traffic_to_nowhere(services: ServicesClient) -> None:
    made(services)
    with pytest.raises(api.FailedPrecondition, match="does not exist or is deleted"):
        shift(services, target("a", 95), target("x", 5))
    assert split(services.get_service(name=NAME)) == [("ion-" + "a" * 12, 100, "live")]
    with pytest.raises(api.BadRequest, match="sum to 99"):
        shift(services, target("a", 99))


def test_the_danger_of_latest(services: ServicesClient, google_cloud: GoogleSandbox) -> None:
    """Why nothing here ever says LATEST: the next revision has everything, without a step and without a question."""
    made(services, traffic=[{"type_": BY_LATEST, "percent": 100}])
    request = UpdateServiceRequest(
        service=Service({"name": NAME, "template": template("b")}), update_mask=FieldMask(paths=["template"])
    )
    services.update_service(request=request).result(timeout=30)
    assert google_cloud.split("ion").percents == {"ion-" + "b" * 12: 100}


def test_revisions_are_deleted_when_nothing_needs_them(services: ServicesClient, revisions: RevisionsClient) -> None:
    made(services)
    for letter in "bc":
        services.update_service(
            service=Service({"name": NAME, "template": template(letter), "traffic": [target("a", 100)]})
        ).result(timeout=30)
    for letter in "ac":
        with pytest.raises(api.BadRequest, match="cannot be deleted"):
            revisions.delete_revision(name=f"{NAME}/revisions/ion-{letter * 12}")
    gone: Revision = revisions.delete_revision(name=f"{NAME}/revisions/ion-{'b' * 12}").result(timeout=30)
    assert gone.delete_time
    with pytest.raises(api.NotFound):
        revisions.get_revision(name=f"{NAME}/revisions/ion-{'b' * 12}")


def test_validate_only_and_allow_missing(services: ServicesClient) -> None:
    body = Service({"name": NAME, "template": template("a")})
    request: dict[str, Any] = {"parent": PARENT, "service": body, "service_id": "ion", "validate_only": True}
    assert services.create_service(request=request).result(timeout=30).template.timeout.seconds == 300
    assert list(services.list_services(parent=PARENT)) == []
    with pytest.raises(api.NotFound):
        services.update_service(service=body)
    services.update_service(request=UpdateServiceRequest(service=body, allow_missing=True)).result(timeout=30)
    assert services.get_service(name=NAME).latest_ready_revision.endswith("a" * 12)
    with pytest.raises(api.BadRequest, match="must have prefix"):
        services.update_service(service=Service({"name": NAME, "template": template("a", revision="x-1")}))


def test_permissions_and_deletion(services: ServicesClient) -> None:
    made(services)
    asked = PermissionsRequest(resource=NAME, permissions=["run.services.get"])
    assert list(services.test_iam_permissions(request=asked).permissions) == ["run.services.get"]
    assert services.delete_service(name=NAME).result(timeout=30).delete_time
    with pytest.raises(api.NotFound, match="'ion'"):
        services.get_service(name=NAME)


def test_pending_operations(services: ServicesClient, google_cloud: GoogleSandbox) -> None:
    made(services)
    google_cloud.pend(1)
    request = UpdateServiceRequest(
        service=Service({"name": NAME, "traffic": [target("a", 100)]}), update_mask=FieldMask(paths=["traffic"])
    )
    operation = services.update_service(request=request)
    assert services.get_service(name=NAME).reconciling is True
    assert split(operation.result(timeout=30)) == [("ion-" + "a" * 12, 100, "")]
    assert len(google_cloud.calls(operation="operations.get")) == 2


def test_headgate_reads_and_writes_it(
    services: ServicesClient, google_cloud: GoogleSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`headgate.traffic` with the provider's endpoint, which ends in /v2/."""
    made(services)
    services.update_service(
        service=Service({"name": NAME, "template": template("b"), "traffic": [target("a", 100), target("b", 0)]})
    ).result(timeout=30)
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "sandbox")
    port = CloudRunTraffic("ion", "p", "us-central1", f"{google_cloud.url}/run/v2/")
    old, new = "ion-" + "a" * 12, "ion-" + "b" * 12
    port.write_split({old: 95, new: 5}, 0)
    assert port.read_split() == {old: 95, new: 5}
    assert port.read_live().unsteady == {}
    google_cloud.ignore("services.patch")
    port.write_split({old: 50, new: 50}, 0)
    assert port.read_split() == {old: 95, new: 5}
    google_cloud.refuse("services.patch")
    with pytest.raises(TrafficError):
        port.write_split({old: 50, new: 50}, 0)


def test_everything_that_is_answered_fits_the_document(services: ServicesClient, google_cloud: GoogleSandbox) -> None:
    """Also what is inside an operation, which the gateway does not look into."""
    made(services)
    run = document("run.v2")
    get = run.methods["run.projects.locations.services.get"]
    for service in google_cloud.services().values():
        assert run.problems_of_answer(get, service) == []
