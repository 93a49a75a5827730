"""The Google stand-in apart from single types: what it sends, what it says, and what it does after a failure.

What the official provider does was measured: cloud-run-notes, parts 2 to 4.
"""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from google.rpc import status_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2

from sandbox.google.client import GoogleSandbox
from sandbox.google.endpoints import environment
from sandbox.plugins.gcp.rest import AGENT
from sandbox.plugins.gcp.servicer import GcpStandIn
from sandbox.plugins.values import UNKNOWN, from_wire, to_wire
from tests.sandbox.standin.google_world import BY_REVISION, REGION, SERVICE, World, service, template, traffic, world
from tests.sandbox.standin.provider import (
    PROJECT,
    CheckFailed,
    Provider,
    Resource,
    configured_google,
    serving,
    urn_of,
)

pytestmark = pytest.mark.sandbox

NONE = provider_pb2.DiffResponse.DIFF_NONE
NAME = f"projects/{PROJECT}/locations/{REGION}/services/svc"
MEMBER = "gcp:cloudrunv2/serviceIamMember:ServiceIamMember"
SECRET = "gcp:secretmanager/secret:Secret"

# As in the notes: nothing but what a program must say.
SMALL = {
    "name": "svc",
    "location": REGION,
    "deletionProtection": False,
    "ingress": "INGRESS_TRAFFIC_ALL",
    "labels": {"app": "x"},
    "template": {
        "revision": "svc-r1",
        "timeout": "60s",
        "scaling": {"minInstanceCount": 0, "maxInstanceCount": 3},
        "containers": [
            {
                "image": "us-docker.pkg.dev/p/r/img:v1",
                "envs": [{"name": "A", "value": "1"}],
                "ports": {"containerPort": 8080},
                "resources": {"limits": {"cpu": "1", "memory": "512Mi"}, "cpuIdle": False},
            }
        ],
    },
    "traffics": [{"type": BY_REVISION, "revision": "svc-r1", "percent": 100}],
}


def small(revision: str, image: str, *shares: tuple[str, int]) -> dict[str, Any]:
    """SMALL with another revision; the second share carries the tag."""
    container = {**SMALL["template"]["containers"][0], "image": f"us-docker.pkg.dev/p/r/img:{image}"}  # type: ignore[index]
    tags: list[dict[str, str]] = [{}, {"tag": "canary"}]
    traffics = [
        {"type": BY_REVISION, "revision": name, "percent": percent, **tag}
        for (name, percent), tag in zip(shares, tags, strict=False)
    ]
    changed = {**SMALL["template"], "revision": revision, "containers": [container]}  # type: ignore[dict-item]
    return {**SMALL, "template": changed, "traffics": traffics}


def message(error: grpc.RpcError) -> str:
    return str(error.details())


def half_done(error: Any) -> Any:
    """What the engine is told to record of a resource about which a request failed."""
    trailing = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(trailing["grpc-status-details-bin"])
    detail = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(detail)
    return detail


def as_recorded(before: Resource, detail: Any) -> Resource:
    """What the engine keeps after an update that failed: the outputs it is told, and the inputs of before.

    Source: pulumi/pulumi pkg/engine/update.go, OnResourceStepPost (issue 2011 there).
    """
    return Resource(before.urn, detail.id, before.inputs, from_wire(detail.properties))


def sent(cloud: GoogleSandbox, since: int = 0) -> list[str]:
    """Method and path of every request of the stand-in, without the prefix of the API."""
    calls = cloud.calls(since=since, agent=AGENT)
    return [f"{call.method} {call.url.split('/', 2)[2]}" for call in calls]


def last(cloud: GoogleSandbox) -> int:
    return max((call.number for call in cloud.calls()), default=0)


class TestUnknown:
    def test_a_type_is_named_with_what_to_do(self, google: Provider) -> None:
        with pytest.raises(grpc.RpcError) as refused:
            google.check(urn_of("gcp:storage/bucket:Bucket", "b"), {})
        for part in ("gcp:storage/bucket:Bucket is not known", "Add a row", "official provider", SERVICE):
            assert part in message(refused.value)

    def test_a_property_is_named_with_what_to_do(self, google: Provider) -> None:
        with pytest.raises(CheckFailed) as refused:
            google.check(urn_of(SERVICE, "s"), {**SMALL, "traffic": [], "regoin": "r"})
        for part in (f"traffic: {SERVICE}: traffic: not known", "regoin: not known", "deletionProtection", "Add it in"):
            assert part in str(refused.value)

    def test_a_nested_property_is_named_by_its_path(self, google: Provider) -> None:
        wrong = {**SMALL, "template": {"containers": [{"image": "i", "env": []}]}}
        with pytest.raises(CheckFailed, match=r"template\.containers\[0\]\.env: not known"):
            google.check(urn_of(SERVICE, "s"), wrong)

    def test_what_is_required_and_missing_is_named(self, google: Provider) -> None:
        with pytest.raises(CheckFailed) as refused:
            google.check(urn_of(SERVICE, "s"), {"template": {"containers": [{"name": "c"}]}})
        assert "location: required, and not given" in str(refused.value)
        assert "template.containers[0].image: required, and not given" in str(refused.value)

    def test_a_block_that_is_none_is_named(self, google: Provider) -> None:
        with pytest.raises(CheckFailed, match="template: expected a block, found a text"):
            google.check(urn_of(SERVICE, "s"), {"location": "l", "template": "svc-r1"})
        with pytest.raises(CheckFailed, match=r"traffics: expected a list of blocks, found a block"):
            google.check(urn_of(SERVICE, "s"), {**SMALL, "traffics": {"percent": 100}})

    def test_unknown_values_are_taken(self, google: Provider) -> None:
        given = {**SMALL, "template": UNKNOWN, "labels": UNKNOWN, "traffics": [UNKNOWN]}
        assert google.check(urn_of(SERVICE, "s"), given) == given

    def test_a_function_and_its_argument_are_named(self, google: Provider) -> None:
        with pytest.raises(grpc.RpcError) as refused:
            google.stub.Invoke(provider_pb2.InvokeRequest(tok="gcp:compute/getRegions:getRegions"))
        assert "function gcp:compute/getRegions:getRegions is not known" in message(refused.value)
        tok = "gcp:organizations/getProject:getProject"
        with pytest.raises(grpc.RpcError) as refused:
            google.stub.Invoke(provider_pb2.InvokeRequest(tok=tok, args=to_wire({"filter": "x"})))
        assert "argument filter is not known" in message(refused.value)


class TestNamesAndDefaults:
    def test_a_name_is_made_up_and_kept(self, google: Provider) -> None:
        urn = urn_of("gcp:pubsub/topic:Topic", "events")
        first = google.check(urn, {})
        assert first["name"].startswith("events-")
        assert first["__defaults"] == ["name"]
        assert google.check(urn, {"labels": {"a": "b"}}, first)["name"] == first["name"]

    def test_defaults_of_the_official_provider_are_filled_in(self, google: Provider) -> None:
        given = {key: value for key, value in SMALL.items() if key != "deletionProtection"}
        inputs = google.check(urn_of(SERVICE, "s"), given)
        assert inputs["deletionProtection"] is True
        assert inputs["__defaults"] == ["deletionProtection"]

    def test_a_replacement_under_a_given_name_deletes_first(self, google: Provider) -> None:
        made = Resource(urn_of(SERVICE, "s"), NAME, SMALL, {**SMALL, "project": PROJECT})
        diff = google.diff(made, {**SMALL, "location": "europe-west1"})
        assert list(diff.replaces) == ["location"]
        assert diff.deleteBeforeReplace
        assert not google.diff(made, {**SMALL, "location": "l", "name": "other"}).deleteBeforeReplace

    def test_another_project_of_the_provider_replaces(self, google: Provider) -> None:
        made = Resource(urn_of(SERVICE, "s"), NAME, SMALL, {**SMALL, "project": "elsewhere"})
        assert list(google.diff(made, SMALL).replaces) == ["project"]


class TestRequests:
    """The bodies are those of the notes; the attribution label of the official provider is off."""

    @pytest.fixture
    def made(self, google: Provider) -> Resource:
        return google.create(SERVICE, "s", SMALL)

    def body(self, cloud: GoogleSandbox, method: str) -> Any:
        return cloud.calls(agent=AGENT, method=method)[-1].body

    def test_a_create(self, google_cloud: GoogleSandbox, made: Resource) -> None:
        parent = f"projects/{PROJECT}/locations/{REGION}/services"
        assert sent(google_cloud)[0] == f"POST v2/{parent}?alt=json&serviceId=svc"
        assert sent(google_cloud)[-1] == f"GET v2/{NAME}?alt=json"
        assert self.body(google_cloud, "POST") == {
            "ingress": "INGRESS_TRAFFIC_ALL",
            "labels": {"app": "x"},
            "template": {
                "containers": [
                    {
                        "env": [{"name": "A", "value": "1"}],
                        "image": "us-docker.pkg.dev/p/r/img:v1",
                        "ports": [{"containerPort": 8080}],
                        "resources": {"limits": {"cpu": "1", "memory": "512Mi"}},
                    }
                ],
                "revision": "svc-r1",
                "scaling": {"maxInstanceCount": 3},
                "timeout": "60s",
            },
            "traffic": [{"percent": 100, "revision": "svc-r1", "type": BY_REVISION}],
        }

    def test_an_update_sends_the_whole_service_and_no_mask(
        self, google: Provider, google_cloud: GoogleSandbox, made: Resource
    ) -> None:
        first = google.update(made, small("svc-r2", "v2", ("svc-r1", 100), ("svc-r2", 0)))
        before = last(google_cloud)
        google.update(first, small("svc-r2", "v2", ("svc-r1", 50), ("svc-r2", 50)))
        requests = [each for each in sent(google_cloud, before) if "/operations/" not in each]
        assert requests == [f"PATCH v2/{NAME}?alt=json", f"GET v2/{NAME}?alt=json"]
        body = self.body(google_cloud, "PATCH")
        found = made.outputs["template"]
        # What the server chose is sent back: launch stage, port name, probe, concurrency, account.
        assert body["launchStage"] == "GA"
        container = body["template"]["containers"][0]
        assert container["ports"] == [{"containerPort": 8080, "name": "http1"}]
        probe = container["startupProbe"]
        assert (probe["grpc"], probe["httpGet"], probe["tcpSocket"]) == (None, None, {"port": 8080})
        assert body["template"]["serviceAccount"] == found["serviceAccount"]
        assert body["template"]["maxInstanceRequestConcurrency"] == found["maxInstanceRequestConcurrency"] == 80
        assert body["template"]["scaling"] == {"maxInstanceCount": 3}
        assert "cpuIdle" not in container["resources"]
        assert body["traffic"] == [
            {"percent": 50, "revision": "svc-r1", "type": BY_REVISION},
            {"percent": 50, "revision": "svc-r2", "tag": "canary", "type": BY_REVISION},
        ]
        assert "uid" not in body
        assert "etag" not in body

    def test_zero_per_cent_is_left_out(self, google: Provider, google_cloud: GoogleSandbox, made: Resource) -> None:
        moved = google.update(made, small("svc-r2", "v2", ("svc-r1", 100), ("svc-r2", 0)))
        assert self.body(google_cloud, "PATCH")["traffic"][1] == {
            "revision": "svc-r2",
            "tag": "canary",
            "type": BY_REVISION,
        }
        assert moved.outputs["traffics"][1]["percent"] == 0
        assert google.diff(moved, moved.inputs).changes == NONE

    def test_what_is_removed_is_absent(self, google: Provider, google_cloud: GoogleSandbox, made: Resource) -> None:
        container = {key: value for key, value in SMALL["template"]["containers"][0].items() if key != "envs"}  # type: ignore[index]
        wanted = {**SMALL, "template": {**SMALL["template"], "revision": "svc-r2", "containers": [container]}}  # type: ignore[dict-item]
        diff = google.diff(made, wanted)
        assert set(diff.detailedDiff) == {"template.revision", "template.containers[0].envs"}
        changed = google.update(made, wanted)
        assert "env" not in self.body(google_cloud, "PATCH")["template"]["containers"][0]
        assert google.diff(changed, changed.inputs).changes == NONE

    def test_labels_of_others_stay(self, google: Provider, google_cloud: GoogleSandbox, made: Resource) -> None:
        theirs = {**made.outputs["effectiveLabels"], "theirs": "1"}
        known = Resource(made.urn, made.id, made.inputs, {**made.outputs, "effectiveLabels": theirs})
        changed = google.update(known, {**SMALL, "labels": {"mine": "2"}})
        assert self.body(google_cloud, "PATCH")["labels"] == {"mine": "2", "theirs": "1"}
        assert changed.outputs["labels"] == changed.outputs["pulumiLabels"] == {"mine": "2"}
        assert changed.outputs["effectiveLabels"] == {"mine": "2", "theirs": "1"}

    def test_a_change_of_protection_alone_sends_the_whole_service(
        self, google: Provider, google_cloud: GoogleSandbox, made: Resource
    ) -> None:
        google.update(made, {**SMALL, "deletionProtection": True})
        body = self.body(google_cloud, "PATCH")
        assert body["template"]["revision"] == "svc-r1"
        assert "deletionProtection" not in body
        assert len(google_cloud.store("run.revisions")) == 1

    def test_a_preview_and_a_run_without_changes_send_nothing(
        self, google: Provider, google_cloud: GoogleSandbox, made: Resource
    ) -> None:
        before = last(google_cloud)
        inputs = google.check(made.urn, SMALL, made.inputs)
        assert google.diff(made, inputs).changes == NONE
        create = provider_pb2.CreateRequest(urn=made.urn, properties=to_wire(inputs), preview=True)
        assert google.stub.Create(create).id == ""
        update = provider_pb2.UpdateRequest(
            urn=made.urn,
            id=made.id,
            old_inputs=to_wire(inputs),
            olds=to_wire(made.outputs),
            news=to_wire({**SMALL, "description": "new"}),
            preview=True,
        )
        planned = from_wire(google.stub.Update(update).properties)
        assert planned["description"] == "new"
        assert planned["uid"] == made.outputs["uid"]
        assert sent(google_cloud, before) == []

    def test_a_destroy(self, google: Provider, google_cloud: GoogleSandbox, made: Resource) -> None:
        before = last(google_cloud)
        google.delete(made)
        assert [each for each in sent(google_cloud, before) if "/operations/" not in each] == [
            f"DELETE v2/{NAME}?alt=json"
        ]
        google.delete(made)

    def test_an_operation_is_looked_at_until_it_is_done(
        self, google: Provider, google_cloud: GoogleSandbox, made: Resource
    ) -> None:
        google_cloud.pend(3)
        before = last(google_cloud)
        changed = google.update(made, {**SMALL, "description": "new"})
        looks = [each for each in sent(google_cloud, before) if "/operations/" in each]
        assert len(looks) >= 3
        assert all(each.startswith("GET v2/projects/") and each.endswith("?alt=json") for each in looks)
        assert changed.outputs["description"] == "new"

    def test_masks_name_what_changed(self, google: Provider, google_cloud: GoogleSandbox) -> None:
        with world(google) as w:
            topic = google.create("gcp:pubsub/topic:Topic", "t", {"name": "events", "labels": {"a": "b"}})
            google.update(topic, {**topic.inputs, "labels": {"a": "c"}})
            call = google_cloud.calls(agent=AGENT, method="PATCH")[-1]
            assert call.url.endswith("/topics/events?alt=json&updateMask=labels")
            assert call.body["topic"]["labels"] == {"a": "c"}
            account = w.account()
            google.update(account, {**account.inputs, "displayName": "d"})
            call = google_cloud.calls(agent=AGENT, method="PATCH")[-1]
            assert call.body == {"serviceAccount": {"displayName": "d"}, "updateMask": "display_name"}
            google.delete(topic)


class TestRemovals:
    """What a program no longer names goes, also where a request of its own carries it."""

    def remove(self, google: Provider, made: Resource, *names: str) -> Resource:
        wanted = {key: value for key, value in made.inputs.items() if key not in names}
        changed = google.update(made, wanted)
        assert names
        assert all(name not in changed.outputs for name in names)
        assert google.diff(changed, changed.inputs).changes == NONE
        return changed

    def test_parts_of_a_load_balancer(self, google: Provider) -> None:
        with world(google) as w:
            given = {"name": "b", "loadBalancingScheme": "EXTERNAL_MANAGED", "securityPolicy": w.policy("p")}
            google.delete(
                self.remove(
                    google, google.create("gcp:compute/backendService:BackendService", "b", given), "securityPolicy"
                )
            )
            given = {
                "name": "x",
                "urlMap": w.url_map(),
                "sslCertificates": [w.certificate("c")],
                "sslPolicy": w.tls("t"),
            }
            google.delete(
                self.remove(
                    google, google.create("gcp:compute/targetHttpsProxy:TargetHttpsProxy", "x", given), "sslPolicy"
                )
            )

    def test_labels_and_blocks(self, google: Provider, google_cloud: GoogleSandbox) -> None:
        given = {"name": "events", "labels": {"a": "b"}, "messageRetentionDuration": "86400s"}
        made = google.create("gcp:pubsub/topic:Topic", "t", given)
        changed = self.remove(google, made, "labels", "messageRetentionDuration")
        assert changed.outputs["effectiveLabels"] == {}
        (call,) = google_cloud.calls(agent=AGENT, method="PATCH")
        assert call.url.endswith("updateMask=labels%2CmessageRetentionDuration")

    def test_rules_of_a_firewall_are_changed_one_by_one(self, google: Provider, google_cloud: GoogleSandbox) -> None:
        def rule(priority: int, ranges: str) -> dict[str, Any]:
            match = {"versionedExpr": "SRC_IPS_V1", "config": {"srcIpRanges": [ranges]}}
            return {"action": "deny(403)", "priority": priority, "match": match}

        last = rule(2147483647, "*")
        token = "gcp:compute/securityPolicy:SecurityPolicy"
        kept, gone = rule(0, "192.0.2.0/24"), rule(1000, "198.51.100.0/24")
        made = google.create(token, "p", {"name": "p", "rules": [kept, gone, last]})
        changed = google.update(made, {"name": "p", "rules": [last, {**kept, "preview": True}, rule(5, "10.0.0.0/8")]})
        posts = [each.partition("?") for each in sent(google_cloud) if "Rule" in each]
        assert [(path.rsplit("/", 1)[1], query) for path, _, query in posts] == [
            ("addRule", "alt=json"),
            ("patchRule", "alt=json&priority=0"),
            ("removeRule", "alt=json&priority=1000"),
        ]
        assert google.diff(changed, changed.inputs).changes == NONE
        without = google.check(made.urn, {"name": "p"}, changed.inputs)
        assert google.diff(changed, without).changes == NONE


class TestDrift:
    def test_a_split_changed_by_hand_is_shown_by_a_refresh_only(
        self, google: Provider, google_cloud: GoogleSandbox
    ) -> None:
        made = google.create(SERVICE, "s", SMALL)
        moved = google.update(made, small("svc-r2", "v2", ("svc-r1", 90), ("svc-r2", 10)))
        with configured_google(google_cloud.url) as other:
            other.update(moved, small("svc-r2", "v2", ("svc-r1", 50), ("svc-r2", 50)))
        assert google.diff(moved, moved.inputs).changes == NONE
        seen = google.read(moved)
        assert seen is not None
        assert [entry["percent"] for entry in seen.inputs["traffics"]] == [50, 50]
        assert {key for key in seen.inputs if seen.inputs[key] != moved.inputs[key]} == {"traffics"}
        assert sorted(google.diff(seen, moved.inputs).detailedDiff) == ["traffics[0].percent", "traffics[1].percent"]
        repaired = google.update(seen, moved.inputs)
        assert google_cloud.split("svc").percents == {"svc-r1": 90, "svc-r2": 10}
        assert google.diff(repaired, moved.inputs).changes == NONE

    def test_a_share_taken_to_zero_is_shown(self, google: Provider, google_cloud: GoogleSandbox) -> None:
        made = google.create(SERVICE, "s", SMALL)
        moved = google.update(made, small("svc-r2", "v2", ("svc-r1", 90), ("svc-r2", 10)))
        with configured_google(google_cloud.url) as other:
            other.update(moved, small("svc-r2", "v2", ("svc-r1", 100), ("svc-r2", 0)))
        seen = google.read(moved)
        assert seen is not None
        assert [entry["percent"] for entry in seen.inputs["traffics"]] == [100, 0]

    def test_something_added_by_hand_is_shown(self, google: Provider, google_cloud: GoogleSandbox) -> None:
        made = google.create(SERVICE, "s", SMALL)
        with configured_google(google_cloud.url) as other:
            other.update(made, {**SMALL, "description": "by hand"})
        seen = google.read(made)
        assert seen is not None
        assert seen.inputs["description"] == "by hand"
        assert list(google.diff(seen, SMALL).detailedDiff) == ["description"]


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


class TestPolicies:
    def member(self, name: str) -> dict[str, Any]:
        return {"name": "svc", "location": REGION, "role": "roles/run.invoker", "member": f"user:{name}@example.com"}

    def test_the_policy_is_read_changed_and_written_with_its_etag(
        self, google: Provider, google_cloud: GoogleSandbox
    ) -> None:
        google.create(SERVICE, "s", SMALL)
        before = last(google_cloud)
        made = google.create(MEMBER, "m", self.member("ada"))
        assert sent(google_cloud, before) == [
            f"GET v2/{NAME}:getIamPolicy?alt=json",
            f"POST v2/{NAME}:setIamPolicy?alt=json",
            f"GET v2/{NAME}:getIamPolicy?alt=json",
        ]
        policy = google_cloud.calls(agent=AGENT, method="POST")[-1].body["policy"]
        assert policy["bindings"] == [{"members": ["user:ada@example.com"], "role": "roles/run.invoker"}]
        assert policy["version"] == 3
        assert policy["etag"]
        google.delete(made)
        removed = google_cloud.calls(agent=AGENT, method="POST")[-1].body["policy"]
        assert removed.keys() == {"etag", "version"}
        assert google.read(made) is None

    def test_members_added_at_once_all_stay(self, google: Provider) -> None:
        google.create(SERVICE, "s", SMALL)
        names = [f"user{number}" for number in range(8)]
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda name: google.create(MEMBER, name, self.member(name)), names))
        assert all(google.read(each) for each in made)
        google.delete(made[0])
        assert [google.read(each) is not None for each in made] == [False, *[True] * 7]

    def test_a_policy_that_somebody_else_wrote_is_read_again(
        self, google: Provider, google_cloud: GoogleSandbox
    ) -> None:
        google.create(SERVICE, "s", SMALL)
        google_cloud.refuse("services.setIamPolicy", status=409, times=2)
        assert google.read(google.create(MEMBER, "m", self.member("ada"))) is not None

    def test_without_the_service_it_is_refused(self, google: Provider) -> None:
        with pytest.raises(grpc.RpcError, match="Error 404"):
            google.create(MEMBER, "m", self.member("ada"))
        with pytest.raises(grpc.RpcError, match="name: required field is not set"):
            google.create(MEMBER, "m", {k: v for k, v in self.member("ada").items() if k != "name"})

    def test_an_id_of_another_form_is_refused(self, google: Provider) -> None:
        with pytest.raises(grpc.RpcError, match="expected <resource> <role> <member>"):
            google.read(Resource(urn_of(MEMBER, "m"), NAME, {}, {}))


class TestImports:
    @pytest.mark.parametrize("identity", [NAME, f"{PROJECT}/{REGION}/svc", f"{REGION}/svc", "svc"])
    def test_an_id_may_be_short(self, google: Provider, identity: str) -> None:
        google.create(SERVICE, "s", SMALL)
        seen = google.read(Resource(urn_of(SERVICE, "s"), identity, {}, {}))
        assert seen is not None
        assert seen.id == NAME
        assert (seen.inputs["project"], seen.inputs["location"], seen.inputs["name"]) == (PROJECT, REGION, "svc")

    def test_an_id_that_is_too_long_is_refused(self, google: Provider) -> None:
        with pytest.raises(
            grpc.RpcError, match=r"expected projects/\{project\}/secrets/\{secretId\} or its last parts"
        ):
            google.read(Resource(urn_of(SECRET, "s"), "a/b/c", {}, {}))


class TestSecrets:
    def test_a_payload_is_sent_once_and_kept(self, google: Provider, google_cloud: GoogleSandbox) -> None:
        with world(google) as w:
            given = {"secret": w.secret().id, "secretData": "hunter2"}
            made = google.create("gcp:secretmanager/secretVersion:SecretVersion", "v", given)
            assert made.outputs["version"] == "1"
            seen = google.read(made)
            assert seen is not None
            assert seen.inputs["secretData"] == "hunter2"
            assert not any("access" in call.url for call in google_cloud.calls())
            assert list(google.diff(made, {**made.inputs, "secretData": "hunter3"}).replaces) == ["secretData"]
            google.delete(made)
            assert google.read(made) is None


class TestFunctions:
    def invoke(self, google: Provider, name: str, **args: Any) -> dict[str, Any]:
        request = provider_pb2.InvokeRequest(tok=f"gcp:organizations/{name}:{name}", args=to_wire(args))
        return from_wire(getattr(google.stub.Invoke(request), "return"))

    def test_the_project(self, google: Provider) -> None:
        found = self.invoke(google, "getProject")
        assert found["projectId"] == PROJECT
        assert found["number"].isdigit()
        assert self.invoke(google, "getProject", projectId="other")["id"] == "projects/other"

    def test_the_provider_itself(self, google: Provider) -> None:
        found = self.invoke(google, "getClientConfig")
        assert (found["project"], found["region"]) == (PROJECT, REGION)


class TestConfiguration:
    @pytest.fixture
    def stub(self, google_server: str) -> Iterator[Any]:
        with serving(GcpStandIn("10.2.0", environment(google_server))) as stub:
            yield stub

    def configure(self, stub: Any, **config: str) -> None:
        stub.Configure(provider_pb2.ConfigureRequest(args=to_wire(config)))

    def test_a_real_project_is_refused(self, stub: Any) -> None:
        with pytest.raises(grpc.RpcError) as refused:
            self.configure(stub, project="p", cloudRunV2CustomEndpoint="https://run.googleapis.com/v2/")
        assert "speaks only to a sandbox on this machine" in message(refused.value)
        assert "official pulumi-resource-gcp" in message(refused.value)

    def test_without_an_address_nothing_is_done(self) -> None:
        with serving(GcpStandIn("10.2.0", {})) as stub, pytest.raises(grpc.RpcError) as refused:
            self.configure(stub, project="p")
        assert "headgate sandbox up" in message(refused.value)

    def test_an_api_without_an_address_is_named_at_check_time(self, google_server: str) -> None:
        only_run = {"GOOGLE_CLOUD_RUN_V2_CUSTOM_ENDPOINT": f"{google_server}/run/v2/"}
        with serving(GcpStandIn("10.2.0", only_run)) as stub:
            self.configure(stub, project="p")
            assert Provider(stub).check(urn_of(SERVICE, "s"), SMALL) == SMALL
            with pytest.raises(grpc.RpcError, match="GOOGLE_SECRET_MANAGER_CUSTOM_ENDPOINT is set"):
                Provider(stub).check(urn_of(SECRET, "s"), {"secretId": "s", "replication": {"auto": {}}})

    def test_nothing_is_done_before_it_is_configured(self, stub: Any) -> None:
        with pytest.raises(grpc.RpcError, match="used before it was configured"):
            Provider(stub).check(urn_of(SERVICE, "s"), SMALL)

    def test_without_a_project_it_says_how_to_set_one(self, stub: Any) -> None:
        self.configure(stub, region=REGION)
        with pytest.raises(grpc.RpcError, match="pulumi config set gcp:project"):
            Provider(stub).create(SERVICE, "s", SMALL)

    def test_an_unknown_key_fails_the_check(self, stub: Any) -> None:
        answer = stub.CheckConfig(provider_pb2.CheckRequest(news=to_wire({"project": "p", "defaultLabels": "{}"})))
        (failure,) = answer.failures
        assert failure.property == "defaultLabels"
        assert "does not understand the configuration key gcp:defaultLabels" in failure.reason

    def test_the_engine_may_ask_and_attach(self, stub: Any) -> None:
        nothing = provider_pb2.google_dot_protobuf_dot_empty__pb2.Empty()
        assert stub.GetPluginInfo(nothing).version == "10.2.0"
        stub.Attach(plugin_pb2.PluginAttach(address="127.0.0.1:1"))
        stub.Cancel(nothing)
        assert stub.Handshake(provider_pb2.ProviderHandshakeRequest()).supports_autonaming_configuration
        changed = provider_pb2.DiffRequest(old_inputs=to_wire({"project": "a"}), news=to_wire({"project": "b"}))
        assert list(stub.DiffConfig(changed).diffs) == ["project"]


def test_an_emulator_that_is_gone_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with configured_google(f"http://127.0.0.1:{port}") as alone, pytest.raises(grpc.RpcError) as lost:
        alone.create(SERVICE, "s", SMALL)
    assert f"ConnectionRefusedError: 127.0.0.1:{port} did not answer" in message(lost.value)
    assert "headgate sandbox status" in message(lost.value)


def test_a_defect_of_ours_says_where_and_quotes_nothing(google_server: str) -> None:
    class Broken(GcpStandIn):
        def _engine(self) -> Any:
            raise KeyError("hunter2")

    with serving(Broken("10.2.0", environment(google_server))) as stub, pytest.raises(grpc.RpcError) as failed:
        stub.Create(provider_pb2.CreateRequest(urn=urn_of(SERVICE, "s")))
    assert "a defect in the sandbox's stand-in provider: Create ended with KeyError" in message(failed.value)
    assert "hunter2" not in message(failed.value)


def test_a_service_with_everything_a_component_gives_it_does_not_drift(google: Provider) -> None:
    make: Callable[[World], Resource] = lambda w: w.make(  # noqa: E731
        SERVICE,
        "whole",
        **service(
            "ion-whole",
            template=template(
                "ion-whole-r1",
                labels={"a": "b"},
                volumes=[{"name": "tmp", "emptyDir": {"medium": "MEMORY", "sizeLimit": "64Mi"}}],
            ),
            traffics=traffic(("ion-whole-r1", 100, "live")),
            customAudiences=["https://ion.example.com"],
            binaryAuthorization={"useDefault": True},
        ),
    )
    with world(google) as w:
        made = make(w)
        seen = google.read(made)
        assert seen is not None
        assert seen.inputs == made.inputs
        assert google.diff(seen, made.inputs).changes == NONE
