"""The Google stand-in apart from single types and requests: messages, names, policies, imports, configuration."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import plugin_pb2, provider_pb2

from sandbox.google.client import GoogleSandbox
from sandbox.google.endpoints import environment
from sandbox.plugins.gcp.rest import AGENT
from sandbox.plugins.gcp.servicer import GcpStandIn
from sandbox.plugins.values import UNKNOWN, from_wire, to_wire
from tests.sandbox.standin.google_service import NAME, NONE, SMALL, last, message, sent
from tests.sandbox.standin.google_world import REGION, SERVICE, service, template, traffic, world
from tests.sandbox.standin.provider import PROJECT, CheckFailed, Provider, Resource, configured_google, serving, urn_of

pytestmark = pytest.mark.sandbox

MEMBER = "gcp:cloudrunv2/serviceIamMember:ServiceIamMember"
SECRET = "gcp:secretmanager/secret:Secret"


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
        def configured(self) -> Any:
            raise KeyError("hunter2")

    with serving(Broken("10.2.0", environment(google_server))) as stub, pytest.raises(grpc.RpcError) as failed:
        stub.Create(provider_pb2.CreateRequest(urn=urn_of(SERVICE, "s")))
    assert "a defect in the sandbox's stand-in provider: Create ended with KeyError" in message(failed.value)
    assert "hunter2" not in message(failed.value)


def test_a_service_with_everything_a_component_gives_it_does_not_drift(google: Provider) -> None:
    scratch = {"name": "tmp", "emptyDir": {"medium": "MEMORY", "sizeLimit": "64Mi"}}
    given = service(
        "ion-whole",
        template=template("ion-whole-r1", labels={"a": "b"}, volumes=[scratch]),
        traffics=traffic(("ion-whole-r1", 100, "live")),
        customAudiences=["https://ion.example.com"],
        binaryAuthorization={"useDefault": True},
    )
    made = google.create(SERVICE, "whole", given)
    seen = google.read(made)
    assert seen is not None
    assert seen.inputs == made.inputs
    assert google.diff(seen, made.inputs).changes == NONE
