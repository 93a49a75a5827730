"""What the Google stand-in sends, as the official provider does: cloud-run-notes, parts 2 to 4 (measured)."""

from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.google.client import GoogleSandbox
from sandbox.plugins.gcp.rest import AGENT
from sandbox.plugins.values import from_wire, to_wire
from tests.sandbox.standin.google_service import NAME, NONE, SMALL, last, sent, small
from tests.sandbox.standin.google_world import BY_REVISION, REGION, SERVICE, world
from tests.sandbox.standin.provider import PROJECT, Provider, Resource, configured_google

pytestmark = pytest.mark.sandbox


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
