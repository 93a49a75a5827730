"""The provider's behaviour apart from single types: messages, previews, names, functions, refusals."""

import socket
from collections.abc import Iterator
from typing import Any

import grpc
import httpx
import pytest
from google.rpc import status_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2

from sandbox.plugins.aws.servicer import AwsStandIn
from sandbox.plugins.values import UNKNOWN, from_wire, to_wire
from tests.sandbox.standin.provider import CheckFailed, Provider, Resource, configured, serving, urn_of
from tests.sandbox.standin.world import TAGS, TRUST, forward, world

pytestmark = pytest.mark.sandbox

LISTENER = "aws:lb/listener:Listener"
GROUP = "aws:lb/targetGroup:TargetGroup"


def _half_made(error: Any) -> Any:
    """What the engine is told to record of a resource whose creation failed halfway."""
    trailing = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(trailing["grpc-status-details-bin"])
    detail = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(detail)
    return detail


def message(error: grpc.RpcError) -> str:
    return str(error.details())


class TestUnknown:
    def test_a_type_is_named_with_what_to_do(self, provider: Provider) -> None:
        with pytest.raises(grpc.RpcError) as refused:
            provider.check(urn_of("aws:sqs/queue:Queue", "q"), {})
        for part in ("aws:sqs/queue:Queue is not known", "Add a row", "official provider"):
            assert part in message(refused.value)

    def test_a_property_is_named_with_what_to_do(self, provider: Provider) -> None:
        with pytest.raises(CheckFailed) as refused:
            provider.check(urn_of(LISTENER, "l"), {"prot": 80, "alpnPolicy": "HTTP2Only"})
        for part in ("'prot' of aws:lb/listener:Listener", "'alpnPolicy'", "Known: certificateArn", "Add a Field"):
            assert part in str(refused.value)

    def test_a_nested_property_is_named_by_its_path(self, provider: Provider) -> None:
        actions = [{"type": "forward", "forward": {"targetGroups": [{"arn": "a", "wait": 1}]}}]
        with pytest.raises(CheckFailed, match=r"defaultActions\[0\]\.forward\.targetGroups\[0\]\.wait: not known"):
            provider.check(urn_of(LISTENER, "l"), {"defaultActions": actions})

    def test_a_function_is_named(self, provider: Provider) -> None:
        with pytest.raises(grpc.RpcError) as refused:
            provider.stub.Invoke(provider_pb2.InvokeRequest(tok="aws:ec2/getAmi:getAmi"))
        assert "function aws:ec2/getAmi:getAmi is not known" in message(refused.value)

    def test_an_argument_of_a_function_is_named(self, provider: Provider) -> None:
        tok = "aws:index/getAvailabilityZones:getAvailabilityZones"
        with pytest.raises(grpc.RpcError) as refused:
            provider.stub.Invoke(provider_pb2.InvokeRequest(tok=tok, args=to_wire({"filters": []})))
        assert "argument filters is not known" in message(refused.value)


class TestValidation:
    def test_a_missing_parameter_is_found_before_anything_is_called(self, provider: Provider) -> None:
        with pytest.raises(CheckFailed, match='CreateListener: Missing required parameter in input: "DefaultActions"'):
            provider.check(urn_of(LISTENER, "l"), {"loadBalancerArn": "a"})

    def test_a_value_of_the_wrong_type_is_found_and_not_quoted(self, provider: Provider) -> None:
        with pytest.raises(CheckFailed) as refused:
            provider.check(
                urn_of("aws:secretsmanager/secretVersion:SecretVersion", "v"),
                {"secretId": "a", "secretString": {"password": "hunter2"}},
            )
        assert "PutSecretValue: Invalid type for parameter SecretString, found dict" in str(refused.value)
        assert "hunter2" not in str(refused.value)

    def test_unknown_values_are_taken_as_valid(self, provider: Provider) -> None:
        given = {
            "loadBalancerArn": UNKNOWN,
            "port": 443,
            "certificateArn": UNKNOWN,
            "defaultActions": forward((UNKNOWN, 90), (UNKNOWN, 10)),  # type: ignore[arg-type]
            "tags": UNKNOWN,
        }
        assert provider.check(urn_of(LISTENER, "l"), given) == given

    def test_a_property_that_cannot_be_removed_is_found(self, provider: Provider) -> None:
        database = {"identifier": "d", "engine": "postgres", "instanceClass": "db.t4g.small", "allocatedStorage": 20}
        with pytest.raises(CheckFailed, match="property 'engineVersion' was removed"):
            provider.check(urn_of("aws:rds/instance:Instance", "d"), database, {**database, "engineVersion": "17"})


class TestNames:
    def test_a_name_is_made_up_and_kept(self, provider: Provider) -> None:
        urn = urn_of("aws:iam/role:Role", "task")
        first = provider.check(urn, {"assumeRolePolicy": TRUST})
        assert first["name"].startswith("task-")
        assert len(first["name"]) == len("task-") + 7
        assert first["__defaults"] == ["name"]
        assert provider.check(urn, {"assumeRolePolicy": TRUST, "description": "d"}, first)["name"] == first["name"]

    def test_a_given_name_is_taken_as_it_is(self, provider: Provider) -> None:
        given = {"assumeRolePolicy": TRUST, "name": "task"}
        assert provider.check(urn_of("aws:iam/role:Role", "task"), given) == given

    def test_a_replacement_under_a_given_name_deletes_first(self, provider: Provider) -> None:
        urn = urn_of(GROUP, "g")
        given = {"name": "g", "port": 80, "protocol": "HTTP", "vpcId": "vpc-1"}
        moved = {**given, "port": 8080}
        diff = provider.diff(Resource(urn, "id", given, given), moved)
        assert list(diff.replaces) == ["port"]
        assert diff.deleteBeforeReplace
        assert not provider.diff(Resource(urn, "id", given, given), {**moved, "name": "h"}).deleteBeforeReplace
        made_up = {**given, "__defaults": ["name"]}
        assert not provider.diff(
            Resource(urn, "id", made_up, given), {**moved, "__defaults": ["name"]}
        ).deleteBeforeReplace


class TestPreview:
    def test_a_create_gives_the_inputs_and_calls_nothing(self, provider: Provider, control: httpx.Client) -> None:
        last = max((record["number"] for record in control.get("calls").json()), default=0)
        given = {"cidrBlock": "10.0.0.0/16", "tags": TAGS}
        request = provider_pb2.CreateRequest(
            urn=urn_of("aws:ec2/vpc:Vpc", "v"), properties=to_wire(given), preview=True
        )
        answer = provider.stub.Create(request)
        assert (answer.id, from_wire(answer.properties)) == ("", given)
        assert control.get("calls", params={"since": last}).json() == []

    def test_an_update_gives_what_is_known(self, provider: Provider) -> None:
        answer = provider.stub.Update(
            provider_pb2.UpdateRequest(
                urn=urn_of("aws:ec2/vpc:Vpc", "v"),
                id="vpc-1",
                old_inputs=to_wire({"cidrBlock": "10.0.0.0/16", "tags": TAGS}),
                olds=to_wire({"cidrBlock": "10.0.0.0/16", "tags": TAGS, "arn": "a"}),
                news=to_wire({"cidrBlock": "10.0.0.0/16", "enableDnsSupport": True}),
                preview=True,
            )
        )
        assert from_wire(answer.properties) == {"cidrBlock": "10.0.0.0/16", "enableDnsSupport": True, "arn": "a"}

    def test_a_run_without_changes_calls_nothing(self, provider: Provider, control: httpx.Client) -> None:
        with world(provider) as w:
            made = provider.create("aws:ec2/vpc:Vpc", "v", {"cidrBlock": "10.0.0.0/16", "tags": TAGS})
            last = max(record["number"] for record in control.get("calls").json())
            inputs = provider.check(made.urn, made.inputs, made.inputs)
            assert provider.diff(made, inputs).changes == provider_pb2.DiffResponse.DIFF_NONE
            assert control.get("calls", params={"since": last}).json() == []
            provider.delete(made)
            assert w.made == {}


class TestTroubles:
    def test_what_exists_is_not_created_again(self, provider: Provider) -> None:
        """As the official provider: after a `kill -9` between the call and the checkpoint, AWS's own error."""
        with world(provider) as w:
            w.target_group("blue")
            with pytest.raises(grpc.RpcError) as refused:
                provider.create(GROUP, "again", w.made["targets-blue"].inputs)
            assert message(refused.value).startswith("CreateTargetGroup: DuplicateTargetGroupName")

    def test_a_half_made_resource_is_recorded(self, provider: Provider, control: httpx.Client) -> None:
        control.post("faults", json={"service": "ec2", "operation": "ModifyVpcAttribute", "mode": "refuse"})
        given = {"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": True}
        urn = urn_of("aws:ec2/vpc:Vpc", "v")
        with pytest.raises(grpc.RpcError) as refused:
            provider.create("aws:ec2/vpc:Vpc", "v", given)
        assert message(refused.value).startswith("ModifyVpcAttribute: OperationNotPermitted")
        detail = _half_made(refused.value)
        assert detail.id.startswith("vpc-")
        assert from_wire(detail.inputs) == given
        # The next run finishes it.
        half = Resource(urn, detail.id, given, from_wire(detail.properties))
        assert list(provider.diff(half, given).detailedDiff) == ["enableDnsHostnames"]
        whole = provider.update(half, given)
        assert whole.outputs["enableDnsHostnames"] is True
        provider.delete(whole)

    def test_a_half_made_resource_that_cannot_be_read_is_recorded_too(
        self, provider: Provider, control: httpx.Client
    ) -> None:
        for operation in ("ModifyVpcAttribute", "DescribeVpcs"):
            control.post("faults", json={"service": "ec2", "operation": operation, "mode": "refuse"})
        given = {"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": True}
        with pytest.raises(grpc.RpcError) as refused:
            provider.create("aws:ec2/vpc:Vpc", "v", given)
        detail = _half_made(refused.value)
        half = Resource(
            urn_of("aws:ec2/vpc:Vpc", "v"), detail.id, from_wire(detail.inputs), from_wire(detail.properties)
        )
        assert list(provider.diff(half, given).detailedDiff) == ["enableDnsHostnames"]
        provider.delete(provider.update(half, given))

    def test_a_drifted_weight_is_read(self, provider: Provider, client: Any) -> None:
        with world(provider) as w:
            blue, green = w.target_group("blue"), w.target_group("green")
            given = {
                "loadBalancerArn": w.balancer(),
                "port": 80,
                "protocol": "HTTP",
                "defaultActions": forward((blue, 90), (green, 10)),
            }
            made = w.make(LISTENER, "traffic", **given)
            groups = [{"TargetGroupArn": green, "Weight": 30}, {"TargetGroupArn": blue, "Weight": 70}]
            actions = [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]
            client("elbv2").modify_listener(ListenerArn=made.id, DefaultActions=actions)
            seen = provider.read(made)
            assert seen is not None
            drift = [group["weight"] for group in seen.inputs["defaultActions"][0]["forward"]["targetGroups"]]
            assert drift == [70, 30]
            assert {k: v for k, v in seen.inputs.items() if k != "defaultActions"} == {
                k: v for k, v in made.inputs.items() if k != "defaultActions"
            }

    def test_a_resource_can_be_imported(self, provider: Provider) -> None:
        with world(provider) as w:
            made = w.make(
                "aws:lb/loadBalancer:LoadBalancer", "lb", name=w.named("imported"), subnets=[w.subnet(0), w.subnet(1)]
            )
            seen = provider.read(Resource(made.urn, made.id, {}, {}))
            assert seen is not None
            assert seen.inputs["name"] == w.named("imported")
            assert sorted(seen.inputs["subnets"]) == sorted([w.subnet(0), w.subnet(1)])

    def test_a_defect_of_ours_says_where_and_quotes_nothing(self, aws: str) -> None:
        class Broken(AwsStandIn):
            def configured(self) -> Any:
                raise KeyError("hunter2")

        with serving(Broken("7.51.1", {"AWS_ENDPOINT_URL": aws})) as stub, pytest.raises(grpc.RpcError) as failed:
            stub.Create(provider_pb2.CreateRequest(urn=urn_of("aws:ec2/vpc:Vpc", "v")))
        assert "a defect in the sandbox's stand-in provider: Create ended with KeyError" in message(failed.value)
        assert "hunter2" not in message(failed.value)


def test_an_emulator_that_is_gone_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with configured(f"http://127.0.0.1:{port}") as alone, pytest.raises(grpc.RpcError) as lost:
        alone.create("aws:ec2/eip:Eip", "e", {"domain": "vpc"})
    assert "AllocateAddress: EndpointConnectionError" in message(lost.value)
    assert "headgate sandbox status" in message(lost.value)


class TestFunctions:
    def invoke(self, provider: Provider, name: str, **args: Any) -> dict[str, Any]:
        request = provider_pb2.InvokeRequest(tok=f"aws:index/{name}:{name}", args=to_wire(args))
        return from_wire(getattr(provider.stub.Invoke(request), "return"))

    def test_the_account(self, provider: Provider) -> None:
        found = self.invoke(provider, "getCallerIdentity")
        assert found["accountId"] == "123456789012"
        assert found["arn"].startswith("arn:aws:")

    def test_the_region(self, provider: Provider) -> None:
        assert self.invoke(provider, "getRegion")["region"] == "us-east-1"

    def test_the_zones(self, provider: Provider) -> None:
        found = self.invoke(provider, "getAvailabilityZones", state="available")
        assert found["names"][:3] == ["us-east-1a", "us-east-1b", "us-east-1c"]
        assert len(found["zoneIds"]) == len(found["names"])

    def test_a_prefix_list_that_a_rule_may_name(self, provider: Provider) -> None:
        asked = {"name": "com.amazonaws.global.cloudfront.origin-facing"}
        token = "aws:ec2/getManagedPrefixList:getManagedPrefixList"
        request = provider_pb2.InvokeRequest(tok=token, args=to_wire(asked))
        found = from_wire(getattr(provider.stub.Invoke(request), "return"))
        assert found["id"].startswith("pl-")
        assert found["name"] == asked["name"]
        with world(provider) as w:
            given = {
                "securityGroupId": w.group(),
                "prefixListId": found["id"],
                "ipProtocol": "tcp",
                "fromPort": 443,
                "toPort": 443,
                "description": "the edge",
            }
            rule = provider.create("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "edge", given)
            read = provider.read(rule)
            assert read is not None
            assert {key: read.outputs[key] for key in given} == given
            changed = provider.update(rule, {**given, "description": "CloudFront"})
            read = provider.read(changed)
            assert read is not None
            assert (read.outputs["description"], read.outputs["prefixListId"]) == ("CloudFront", found["id"])
            provider.delete(changed)
            assert provider.read(changed) is None

    def test_a_prefix_list_that_is_not_there_is_said(self, provider: Provider) -> None:
        token = "aws:ec2/getManagedPrefixList:getManagedPrefixList"
        with pytest.raises(grpc.RpcError, match="0 prefix lists are called 'none'"):
            provider.stub.Invoke(provider_pb2.InvokeRequest(tok=token, args=to_wire({"name": "none"})))

    def test_the_partition(self, provider: Provider) -> None:
        assert self.invoke(provider, "getPartition")["partition"] == "aws"


class TestConfiguration:
    @pytest.fixture
    def stub(self) -> Iterator[Any]:
        with serving(AwsStandIn("7.51.1", {"AWS_ENDPOINT_URL": "https://ec2.us-east-1.amazonaws.com"})) as stub:
            yield stub

    def test_a_real_account_is_refused(self, stub: Any) -> None:
        with pytest.raises(grpc.RpcError) as refused:
            stub.Configure(provider_pb2.ConfigureRequest(args=to_wire({"region": "us-east-1"})))
        assert "speaks only to a sandbox on this machine" in message(refused.value)
        assert "official pulumi-resource-aws" in message(refused.value)

    def test_nothing_is_done_before_it_is_configured(self, stub: Any) -> None:
        with pytest.raises(grpc.RpcError) as refused:
            stub.Create(provider_pb2.CreateRequest(urn=urn_of("aws:ec2/vpc:Vpc", "v")))
        assert "used before it was configured" in message(refused.value)

    def test_an_unknown_key_fails_the_check(self, stub: Any) -> None:
        answer = stub.CheckConfig(provider_pb2.CheckRequest(news=to_wire({"region": "r", "profile": "prod"})))
        (failure,) = answer.failures
        assert failure.property == "profile"
        assert "does not understand the configuration key aws:profile" in failure.reason

    def test_a_changed_region_is_a_difference(self, stub: Any) -> None:
        answer = stub.DiffConfig(
            provider_pb2.DiffRequest(old_inputs=to_wire({"region": "a"}), news=to_wire({"region": "b"}))
        )
        assert list(answer.diffs) == ["region"]

    def test_the_engine_may_ask_and_attach(self, stub: Any) -> None:
        assert stub.GetPluginInfo(provider_pb2.google_dot_protobuf_dot_empty__pb2.Empty()).version == "7.51.1"
        stub.Attach(plugin_pb2.PluginAttach(address="127.0.0.1:1"))
        stub.Cancel(provider_pb2.google_dot_protobuf_dot_empty__pb2.Empty())
        assert stub.Handshake(provider_pb2.ProviderHandshakeRequest()).supports_autonaming_configuration


def test_records_are_validated_and_shared_by_all_plugins(provider: Provider) -> None:
    """What the emulator lacks lives in a bucket of the emulator, so another start of the plugin finds it."""
    token = "aws:elasticache/parameterGroup:ParameterGroup"
    with world(provider) as w:
        made = w.make(token, "p", name=w.named("p"), family="redis7", parameters=[{"name": "a", "value": "1"}])
        seen = provider.read(made)
        assert seen is not None
        assert seen.outputs["arn"] == f"arn:aws:elasticache:us-east-1:123456789012:parametergroup:{w.named('p')}"
        with pytest.raises(grpc.RpcError) as refused:
            provider.create(token, "again", made.inputs)
        assert "CacheParameterGroupAlreadyExists" in message(refused.value)
