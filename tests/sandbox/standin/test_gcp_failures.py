"""What the Google stand-in does after a refusal, as the official provider does: cloud-run-notes 4 (measured)."""

import grpc
import pytest

from sandbox.google.client import GoogleSandbox
from sandbox.plugins.values import from_wire
from tests.sandbox.standin.google_service import NAME, NONE, SMALL, as_recorded, half_done, last, message, sent, small
from tests.sandbox.standin.google_world import SERVICE, world
from tests.sandbox.standin.provider import PROJECT, Provider, Resource, urn_of

pytestmark = pytest.mark.sandbox

SECRET = "gcp:secretmanager/secret:Secret"


class TestFailedUpdate:
    """cloud-run-notes 4: after a refused PATCH the next plain update writes nothing and says that all is well."""

    @pytest.mark.parametrize("status", [403, 409])
    def test_the_next_update_only_looks_and_the_one_after_repairs(
        self, google: Provider, google_cloud: GoogleSandbox, status: int
    ) -> None:
        made = google.create(SERVICE, "s", SMALL)
        live = google.update(made, small("svc-r2", "v2", ("svc-r1", 95), ("svc-r2", 5)))
        wanted = small("svc-r2", "v2", ("svc-r1", 50), ("svc-r2", 50))
        google_cloud.refuse("services.patch", status=status, message="no")

        # 1. Refused: it fails, and what was wanted goes on record as what is there.
        with pytest.raises(grpc.RpcError) as refused:
            google.update(live, wanted)
        assert message(refused.value).startswith(f"googleapi: Error {status}: no")
        detail = half_done(refused.value)
        assert list(detail.reasons) == [message(refused.value)]
        assert from_wire(detail.inputs) == wanted
        recorded = as_recorded(live, detail)
        assert [entry["percent"] for entry in recorded.outputs["traffics"]] == [50, 50]
        assert google_cloud.split("svc").percents == {"svc-r1": 95, "svc-r2": 5}

        # 2. Nothing differs, so that a preview shows nothing; the engine updates because of the recorded failure.
        assert google.diff(recorded, wanted).changes == NONE
        before = last(google_cloud)
        looked = google.update(recorded, wanted)
        assert sent(google_cloud, before) == [f"GET v2/{NAME}?alt=json"]
        assert google_cloud.split("svc").percents == {"svc-r1": 95, "svc-r2": 5}
        assert [entry["percent"] for entry in looked.outputs["traffics"]] == [95, 5]

        # 3. Only now the difference is seen, and sent.
        assert sorted(google.diff(looked, wanted).detailedDiff) == ["traffics[0].percent", "traffics[1].percent"]
        repaired = google.update(looked, wanted)
        assert google_cloud.split("svc").percents == {"svc-r1": 50, "svc-r2": 50}
        assert google.diff(repaired, wanted).changes == NONE

    def test_a_removal_is_hidden_in_the_same_way(self, google: Provider, google_cloud: GoogleSandbox) -> None:
        made = google.create(SERVICE, "s", {**SMALL, "description": "old"})
        google_cloud.refuse("services.patch")
        with pytest.raises(grpc.RpcError) as refused:
            google.update(made, SMALL)
        recorded = as_recorded(made, half_done(refused.value))
        assert google.diff(recorded, SMALL).changes == NONE
        looked = google.update(recorded, SMALL)
        assert looked.outputs["description"] == "old"
        assert "description" not in google.update(looked, SMALL).outputs

    def test_a_refresh_right_after_it_repairs_at_once(self, google: Provider, google_cloud: GoogleSandbox) -> None:
        made = google.create(SERVICE, "s", SMALL)
        wanted = {**SMALL, "description": "new"}
        google_cloud.refuse("services.patch")
        with pytest.raises(grpc.RpcError) as refused:
            google.update(made, wanted)
        detail = half_done(refused.value)
        seen = google.read(as_recorded(made, detail))
        assert seen is not None
        assert "description" not in seen.inputs
        assert google.update(seen, wanted).outputs["description"] == "new"

    def test_a_failed_operation_is_the_same(self, google: Provider, google_cloud: GoogleSandbox) -> None:
        made = google.create(SERVICE, "s", SMALL)
        google_cloud.tell_revision("svc-r2", ready=False, reason="HEALTH_CHECK_CONTAINER_ERROR", message="it crashed")
        with pytest.raises(grpc.RpcError) as refused:
            google.update(made, small("svc-r2", "v2", ("svc-r1", 50), ("svc-r2", 50)))
        assert message(refused.value).startswith("Error waiting to update Service: Error code ")
        assert from_wire(half_done(refused.value).inputs)["template"]["revision"] == "svc-r2"

    def test_a_service_that_is_gone_is_said(self, google: Provider, google_cloud: GoogleSandbox) -> None:
        made = google.create(SERVICE, "s", SMALL)
        google_cloud.reset()
        with pytest.raises(grpc.RpcError) as refused:
            google.update(made, SMALL)
        assert "did not exist while it was updated" in message(refused.value)


class TestFailedCreate:
    def test_a_refused_create_leaves_nothing(self, google: Provider, google_cloud: GoogleSandbox) -> None:
        google_cloud.refuse("services.create", status=403, message="no")
        with pytest.raises(grpc.RpcError) as refused:
            google.create(SERVICE, "s", SMALL)
        assert message(refused.value).startswith("googleapi: Error 403: no (POST ")
        assert "grpc-status-details-bin" not in dict(refused.value.trailing_metadata())  # type: ignore[attr-defined]

    def test_what_exists_is_not_created_again(self, google: Provider) -> None:
        google.create(SERVICE, "s", SMALL)
        with pytest.raises(grpc.RpcError, match="Error 409"):
            google.create(SERVICE, "again", SMALL)

    def test_a_service_that_does_not_start_is_recorded(self, google: Provider, google_cloud: GoogleSandbox) -> None:
        google_cloud.tell_revision("svc-r1", ready=False, reason="HEALTH_CHECK_CONTAINER_ERROR", message="it crashed")
        with pytest.raises(grpc.RpcError) as refused:
            google.create(SERVICE, "s", SMALL)
        assert message(refused.value).startswith("Error waiting to create Service: Error code ")
        detail = half_done(refused.value)
        assert (detail.id, from_wire(detail.inputs)["name"]) == (NAME, "svc")

    def test_a_request_after_the_create_fails(self, google: Provider, google_cloud: GoogleSandbox) -> None:
        with world(google) as w:
            google_cloud.refuse("backendServices.setSecurityPolicy")
            given = {"name": "b", "loadBalancingScheme": "EXTERNAL_MANAGED", "securityPolicy": w.policy("p")}
            with pytest.raises(grpc.RpcError) as refused:
                google.create("gcp:compute/backendService:BackendService", "b", given)
            detail = half_done(refused.value)
            assert detail.id == f"projects/{PROJECT}/global/backendServices/b"
            google.delete(Resource(urn_of("gcp:compute/backendService:BackendService", "b"), detail.id, given, given))

    def test_what_passes_by_itself_is_tried_again(self, google: Provider, google_cloud: GoogleSandbox) -> None:
        google_cloud.refuse("services.create", status=503, times=2)
        assert google.create(SERVICE, "s", SMALL).id == NAME
        google_cloud.refuse("services.patch", status=503, times=None)
        with pytest.raises(grpc.RpcError, match="Error 503"):
            google.update(Resource(urn_of(SERVICE, "s"), NAME, SMALL, SMALL), {**SMALL, "description": "d"})


class TestProtection:
    def test_a_protected_service_is_not_deleted_and_nothing_is_sent(
        self, google: Provider, google_cloud: GoogleSandbox
    ) -> None:
        given = {key: value for key, value in SMALL.items() if key != "deletionProtection"}
        made = google.create(SERVICE, "s", given)
        before = last(google_cloud)
        with pytest.raises(grpc.RpcError, match="run `pulumi up` with deletionProtection=false first"):
            google.delete(made)
        assert sent(google_cloud, before) == []
        google.delete(google.update(made, SMALL))

    def test_a_deletion_policy_is_heeded(self, google: Provider, google_cloud: GoogleSandbox) -> None:
        given = {"secretId": "s", "replication": {"auto": {}}}
        kept = google.create(SECRET, "s", {**given, "deletionPolicy": "PREVENT"})
        with pytest.raises(grpc.RpcError, match="deletionPolicy=DELETE"):
            google.delete(kept)
        before = last(google_cloud)
        google.delete(Resource(kept.urn, kept.id, given, {**kept.outputs, "deletionPolicy": "ABANDON"}))
        assert sent(google_cloud, before) == []
        google.delete(Resource(kept.urn, kept.id, given, {**kept.outputs, "deletionPolicy": "DELETE"}))
        assert google.read(kept) is None
