"""Planted faults and the log of calls, on the running server."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.sandbox.standin.provider import Provider, Resource
from tests.sandbox.standin.world import TAGS, World, forward, world

pytestmark = pytest.mark.sandbox

Client = Callable[[str], Any]


def weights(client: Client, arn: str) -> list[int]:
    (listener,) = client("elbv2").describe_listeners(ListenerArns=[arn])["Listeners"]
    return [group["Weight"] for group in listener["DefaultActions"][0]["ForwardConfig"]["TargetGroups"]]


def weighted(w: World, blue: int, green: int) -> dict[str, Any]:
    return {
        "loadBalancerArn": w.balancer(),
        "port": 80,
        "protocol": "HTTP",
        "defaultActions": forward((w.target_group("blue"), blue), (w.target_group("green"), green)),
        "tags": TAGS,
    }


def listener(w: World, blue: int, green: int) -> Resource:
    return w.make("aws:lb/listener:Listener", "traffic", **weighted(w, blue, green))


def test_a_refused_change_is_an_error_with_its_code(provider: Provider, control: httpx.Client, client: Client) -> None:
    with world(provider) as w:
        made = listener(w, 100, 0)
        fault = {
            "service": "elbv2",
            "operation": "ModifyListener",
            "mode": "refuse",
            "code": "AccessDenied",
            "message": "not today",
            "status": 403,
        }
        assert control.post("faults", json=fault).json()["number"] > 0
        with pytest.raises(Exception, match="ModifyListener: AccessDenied: not today"):
            provider.update(made, weighted(w, 90, 10))
        assert weights(client, made.id) == [100, 0]
        # Spent: the next one passes.
        provider.update(made, weighted(w, 90, 10))
        assert weights(client, made.id) == [90, 10]


def test_an_ignored_change_succeeds_and_changes_nothing(
    provider: Provider, control: httpx.Client, client: Client
) -> None:
    with world(provider) as w:
        made = listener(w, 100, 0)
        control.post("faults", json={"service": "elbv2", "operation": "ModifyListener", "mode": "ignore"})
        changed = provider.update(made, weighted(w, 50, 50))
        assert weights(client, made.id) == [100, 0]
        # The provider reports success, and its outputs say what is really there; so the next run repairs it.
        assert changed.outputs["defaultActions"] == made.outputs["defaultActions"]
        again = provider.diff(changed, weighted(w, 50, 50))
        assert sorted(again.detailedDiff) == [
            "defaultActions[0].forward.targetGroups[0].weight",
            "defaultActions[0].forward.targetGroups[1].weight",
        ]
        provider.update(changed, weighted(w, 50, 50))
        assert weights(client, made.id) == [50, 50]


def test_an_ignored_call_answers_what_is_there(provider: Provider, control: httpx.Client, client: Client) -> None:
    with world(provider) as w:
        made = listener(w, 100, 0)
        control.post("faults", json={"service": "elbv2", "operation": "ModifyListener", "mode": "ignore"})
        answer = client("elbv2").modify_listener(ListenerArn=made.id, Port=81)
        assert [found["Port"] for found in answer["Listeners"]] == [80]


def test_a_fault_meets_only_what_it_matches(provider: Provider, control: httpx.Client, client: Client) -> None:
    fault = {"service": "elbv2", "operation": "CreateTargetGroup", "mode": "refuse", "match": "unlucky"}
    control.post("faults", json=fault)
    with world(provider) as w:
        w.target_group("blue")
        with pytest.raises(ClientError, match="OperationNotPermitted"):
            client("elbv2").create_target_group(Name="unlucky", Protocol="HTTP", Port=80, VpcId=w.vpc())


@pytest.mark.parametrize(
    ("service", "call"),
    [
        ("ecs", lambda client: client.create_cluster(clusterName="x")),
        ("iam", lambda client: client.create_role(RoleName="x", AssumeRolePolicyDocument="{}")),
        ("ec2", lambda client: client.create_vpc(CidrBlock="10.0.0.0/16")),
        ("application-autoscaling", lambda client: client.describe_scalable_targets(ServiceNamespace="ecs")),
        ("logs", lambda client: client.create_log_group(logGroupName="x")),
        ("rds", lambda client: client.describe_db_instances()),
        ("secretsmanager", lambda client: client.list_secrets()),
        ("cloudwatch", lambda client: client.list_metrics()),
    ],
)
def test_an_error_is_spoken_in_the_services_protocol(
    control: httpx.Client, client: Client, service: str, call: Callable[[Any], Any]
) -> None:
    operations = {
        "ecs": "CreateCluster",
        "iam": "CreateRole",
        "ec2": "CreateVpc",
        "application-autoscaling": "DescribeScalableTargets",
        "logs": "CreateLogGroup",
        "rds": "DescribeDBInstances",
        "secretsmanager": "ListSecrets",
        "cloudwatch": "ListMetrics",
    }
    control.post(
        "faults",
        json={"service": service, "operation": operations[service], "mode": "refuse", "code": "PlantedFault"},
    )
    with pytest.raises(ClientError) as refused:
        call(client(service))
    assert refused.value.response["Error"]["Code"] == "PlantedFault"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_throttling_is_met_once_per_attempt_and_overcome(control: httpx.Client, provider: Provider) -> None:
    control.post(
        "faults",
        json={
            "service": "ec2",
            "operation": "CreateVpc",
            "mode": "refuse",
            "code": "RequestLimitExceeded",
            "status": 503,
        },
    )
    with world(provider) as w:
        assert w.vpc()


@pytest.mark.parametrize(("moment", "weights_meanwhile"), [("before", [100, 0]), ("after", [90, 10])])
def test_a_delay_is_before_or_after_the_change(
    provider: Provider, control: httpx.Client, client: Client, moment: str, weights_meanwhile: list[int]
) -> None:
    with world(provider) as w, ThreadPoolExecutor(1) as pool:
        made = listener(w, 100, 0)
        wanted = weighted(w, 90, 10)
        before = max(record["number"] for record in control.get("calls").json())
        fault = {
            "service": "elbv2",
            "operation": "ModifyListener",
            "mode": "delay",
            "seconds": 4,
            "moment": moment,
        }
        control.post("faults", json=fault)
        update = pool.submit(provider.update, made, wanted)
        ask = {"service": "elbv2", "operation": "ModifyListener", "since": before}
        (begun,) = control.get("calls", params={**ask, "wait": 60}).json()
        assert begun["finished"] is None
        deadline = time.monotonic() + 3.0
        while weights(client, made.id) != weights_meanwhile and time.monotonic() < deadline:
            pass
        assert weights(client, made.id) == weights_meanwhile
        assert not update.done()
        update.result(timeout=60)
        (finished,) = control.get("calls", params={**ask, "phase": "finished"}).json()
        assert finished["finished"] - finished["begun"] >= 4
        assert finished["fault"].startswith("delay #")
        assert weights(client, made.id) == [90, 10]


class TestTheControlEndpoint:
    def test_faults_are_listed_and_cleared(self, control: httpx.Client) -> None:
        fault = {"service": "ec2", "operation": "CreateVpc", "mode": "refuse", "times": None}
        numbers = [control.post("faults", json=fault).json()["number"] for _ in range(2)]
        assert [found["number"] for found in control.get("faults").json()] == numbers
        control.delete(f"faults/{numbers[0]}")
        assert [found["number"] for found in control.get("faults").json()] == numbers[1:]
        control.delete("faults")
        assert control.get("faults").json() == []

    def test_every_problem_of_a_fault_is_named(self, control: httpx.Client) -> None:
        answer = control.post("faults", json={"service": 7, "operation": "X", "mode": "explode", "sevice": "ec2"})
        assert answer.status_code == 400
        error = answer.json()["error"]
        for part in ("sevice: unknown", "service: found 7; expected str", "mode: found 'explode'; expected one of"):
            assert part in error

    @pytest.mark.parametrize(
        ("method", "path", "error"),
        [
            ("GET", "nothing", "unknown; what there is: GET health"),
            ("DELETE", "faults/one", "fault: found 'one'"),
            ("GET", "calls?sinse=1", "unknown parameter sinse; known: agent"),
            ("GET", "calls?phase=over", "phase: found 'over'"),
            ("PUT", "targets", "the body is not JSON"),
        ],
    )
    def test_a_wrong_request_is_told_what_is_right(
        self, control: httpx.Client, method: str, path: str, error: str
    ) -> None:
        answer = control.request(method, path)
        assert answer.status_code == 400
        assert error in answer.json()["error"]

    def test_the_log_tells_callers_and_writes_apart(self, control: httpx.Client, client: Client) -> None:
        last = max((record["number"] for record in control.get("calls").json()), default=0)
        client("sts").get_caller_identity()
        client("ec2").create_vpc(CidrBlock="10.1.0.0/16")
        assert [r["operation"] for r in control.get("calls", params={"since": last}).json()] == [
            "GetCallerIdentity",
            "CreateVpc",
        ]
        assert [r["operation"] for r in control.get("calls", params={"since": last, "writes": 1}).json()] == [
            "CreateVpc"
        ]
        assert control.get("calls", params={"since": last, "agent": "headgate-standin"}).json() == []

    def test_waiting_ends_without_a_call_too(self, control: httpx.Client) -> None:
        assert control.get("calls", params={"operation": "NeverCalled", "wait": 1}).json() == []
