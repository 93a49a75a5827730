"""The stand-in providers under the real engine: a weighted listener from its creation to its end."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import Cloud, MakeProject
from tests.support.emulators import await_ready
from tests.support.engine import Project

pytestmark = pytest.mark.engine

# The agent in the log of calls: what the provider calls, not what a test or a program does.
AGENT = "headgate-standin-aws"

PROGRAM = """
import pulumi
import pulumi_aws as aws

weight = pulumi.Config().get_int("weight") or 0
tags = {"managed-by": "headgate"}
vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16", tags=tags)
subnets = [
    aws.ec2.Subnet(f"net-{z}", vpc_id=vpc.id, cidr_block=f"10.0.{n}.0/24", availability_zone=f"us-east-1{z}", tags=tags)
    for n, z in enumerate("ab")
]
group = aws.ec2.SecurityGroup("balancer", vpc_id=vpc.id, description="test", tags=tags)
balancer = aws.lb.LoadBalancer(
    "balancer", name="standin-test", security_groups=[group.id], subnets=[s.id for s in subnets], tags=tags
)
groups = {
    slot: aws.lb.TargetGroup(
        slot,
        name=f"standin-{slot}",
        port=8080,
        protocol="HTTP",
        target_type="ip",
        vpc_id=vpc.id,
        health_check={"path": "/health", "matcher": "200"},
        tags={**tags, "slot": slot},
    )
    for slot in ("blue", "green")
}
listener = aws.lb.Listener(
    "traffic",
    load_balancer_arn=balancer.arn,
    port=80,
    protocol="HTTP",
    default_actions=[
        {
            "type": "forward",
            "forward": {
                "target_groups": [
                    {"arn": groups["blue"].arn, "weight": 100 - weight},
                    {"arn": groups["green"].arn, "weight": weight},
                ],
                "stickiness": {"enabled": True, "duration": 600},
            },
        }
    ],
    tags=tags,
)
rule = aws.lb.ListenerRule(
    "canary",
    listener_arn=listener.arn,
    priority=10,
    conditions=[{"http_header": {"http_header_name": "x-canary", "values": ["always"]}}],
    actions=[{"type": "forward", "target_group_arn": groups["green"].arn}],
    tags=tags,
)
pulumi.export("dns", balancer.dns_name)
pulumi.export("weight", listener.default_actions[0].forward.target_groups[1].weight)
"""

WEIGHTS = {
    "defaultActions[0].forward.targetGroups[0].weight",
    "defaultActions[0].forward.targetGroups[1].weight",
}


@pytest.fixture(scope="module")
def made(make_project: MakeProject) -> Iterator[Project]:
    project = make_project("greenflow-staging", PROGRAM)
    project.policy_pack = False
    project.up("--skip-preview")
    yield project
    # After a `kill -9` the backend may still be locked.
    project.pulumi("cancel", "--yes")
    project.pulumi("destroy", "--yes", "--non-interactive", "--skip-preview")


@pytest.fixture
def project(made: Project, cloud: Cloud) -> Iterator[Project]:
    """The stack with all weight on blue, whatever the test before did."""
    yield made
    cloud.clear()
    if weights(cloud) != [100, 0] or made.outputs()["weight"] != 0:
        made.pulumi("cancel", "--yes")
        made.pulumi("config", "set", "weight", "0", check=True)
        made.up("--refresh", "--skip-preview")


def weights(cloud: Cloud) -> list[int]:
    elb = cloud.client("elbv2")
    balancer = elb.describe_load_balancers(Names=["standin-test"])["LoadBalancers"][0]["LoadBalancerArn"]
    (listener,) = elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
    return [group["Weight"] for group in listener["DefaultActions"][0]["ForwardConfig"]["TargetGroups"]]


def calls(cloud: Cloud, since: int) -> list[str]:
    found = cloud.http.get("calls", params={"since": since, "agent": AGENT}).json()
    return [record["operation"] for record in found]


def test_a_weight_moves_and_nothing_else(project: Project, cloud: Cloud) -> None:
    project.pulumi("config", "set", "weight", "10", check=True)
    preview = json.loads(project.preview("--json", check=True).output)
    changed = [step for step in preview["steps"] if step["op"] != "same"]
    assert [step["urn"].rsplit("::", 1)[1] for step in changed] == ["traffic"]
    assert set(changed[0]["detailedDiff"]) == WEIGHTS
    since = cloud.last_call()
    project.up("--skip-preview")
    assert weights(cloud) == [90, 10]
    assert project.outputs()["weight"] == 10
    assert [name for name in calls(cloud, since) if not name.startswith("Describe")] == ["ModifyListener"]


def test_an_update_without_changes_calls_nothing(project: Project, cloud: Cloud) -> None:
    since = cloud.last_call()
    run = project.up("--skip-preview")
    assert "unchanged" in run.output
    assert calls(cloud, since) == []


def test_a_refresh_after_an_update_shows_nothing(project: Project) -> None:
    project.pulumi("refresh", "--preview-only", "--expect-no-changes", "--non-interactive", check=True)


def test_a_drift_is_shown_exactly_and_taken_back(project: Project, cloud: Cloud) -> None:
    elb = cloud.client("elbv2")
    balancer = elb.describe_load_balancers(Names=["standin-test"])["LoadBalancers"][0]["LoadBalancerArn"]
    (listener,) = elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
    actions = listener["DefaultActions"]
    for drifted, weight in zip(actions[0]["ForwardConfig"]["TargetGroups"], (70, 30), strict=True):
        drifted["Weight"] = weight
    elb.modify_listener(ListenerArn=listener["ListenerArn"], DefaultActions=actions)
    run = project.pulumi("refresh", "--preview-only", "--diff", "--non-interactive", check=True)
    assert "weight: 100 => 70" in run.output
    assert "weight: 0 => 30" in run.output
    assert "1 to update" in run.output
    project.up("--refresh", "--skip-preview")
    assert weights(cloud) == [100, 0]


def test_a_change_that_was_not_taken_is_seen_by_the_next_update(project: Project, cloud: Cloud) -> None:
    project.pulumi("config", "set", "weight", "50", check=True)
    cloud.plant(service="elbv2", operation="ModifyListener", mode="ignore")
    project.up("--skip-preview")
    assert weights(cloud) == [100, 0]
    # The outputs come from the balancer, so nothing that was derived from them says 50.
    assert project.outputs()["weight"] == 0
    project.up("--skip-preview")
    assert weights(cloud) == [50, 50]
    assert project.outputs()["weight"] == 50


def test_a_refused_change_names_resource_operation_and_code(project: Project, cloud: Cloud) -> None:
    project.pulumi("config", "set", "weight", "50", check=True)
    cloud.plant(service="elbv2", operation="ModifyListener", mode="refuse", code="AccessDenied", message="not today")
    run = project.up("--skip-preview", check=False)
    assert run.code != 0
    assert "traffic" in run.output
    assert "ModifyListener: AccessDenied: not today" in run.output
    assert "Traceback" not in run.output
    project.up("--skip-preview")
    assert weights(cloud) == [50, 50]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_engine_that_was_killed_leaves_nothing_that_the_next_update_does_not_mend(
    project: Project, cloud: Cloud, moment: str
) -> None:
    project.pulumi("config", "set", "weight", "50", check=True)
    cloud.plant(service="elbv2", operation="ModifyListener", mode="delay", seconds=3, moment=moment)
    since = cloud.last_call()
    engine = subprocess.Popen(
        ["pulumi", "up", "--yes", "--non-interactive", "--skip-preview"],
        cwd=project.folder,
        env=project.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    cloud.await_call("elbv2", "ModifyListener", since)
    provider = _children(engine.pid, "pulumi-resource-aws")
    engine.send_signal(signal.SIGKILL)
    engine.wait(timeout=60)
    assert provider
    _gone(provider)
    project.pulumi("cancel", "--yes", check=True)
    project.up("--skip-preview")
    assert weights(cloud) == [50, 50]
    assert project.outputs()["weight"] == 50
    project.pulumi("refresh", "--preview-only", "--expect-no-changes", "--non-interactive", check=True)


def test_a_warm_provider_is_attached(project: Project, cloud: Cloud, tmp_path: Path) -> None:
    ready = tmp_path / "providers.json"
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.plugins.serve", "--ready-file", str(ready), "--lifetime", "600"],
        env={**os.environ, **project.environment()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        await_ready("sandbox.plugins.serve", process, ready)
        project.extra["PULUMI_DEBUG_PROVIDERS"] = json.loads(ready.read_text())["debug_providers"]
        project.pulumi("config", "set", "weight", "10", check=True)
        project.up("--skip-preview")
        assert weights(cloud) == [90, 10]
        assert process.poll() is None, "an attached provider must not be ended by the engine"
    finally:
        project.extra.pop("PULUMI_DEBUG_PROVIDERS", None)
        process.terminate()
        process.wait(timeout=60)


def test_plugins_are_found_without_a_warning(project: Project) -> None:
    listed = json.loads(project.pulumi("plugin", "ls", "--json", check=True).output)
    assert {plugin["name"] for plugin in listed if plugin["kind"] == "resource"} >= {"aws", "gcp"}
    assert "using pulumi-resource-aws from $PATH" not in project.preview(check=True).output


def test_what_the_stand_in_does_not_know_stops_the_preview(make_project: MakeProject) -> None:
    program = """
import pulumi_aws as aws
aws.lb.TargetGroup("group", port=80, protocol="HTTP", lambda_multi_value_headers_enabled=True)
"""
    project = make_project("greenflow-staging", program)
    project.policy_pack = False
    run = project.preview()
    assert run.code != 0
    flat = " ".join(run.output.split())
    assert "'lambdaMultiValueHeadersEnabled' of aws:lb/targetGroup:TargetGroup is not known to the stand-in" in flat
    assert "Traceback" not in run.output


def test_google_without_an_emulated_one_is_refused_and_says_so(make_project: MakeProject) -> None:
    project = make_project("greenflow-staging", 'import pulumi_gcp as gcp\ngcp.storage.Bucket("b", location="EU")\n')
    project.policy_pack = False
    run = project.preview()
    assert run.code != 0
    flat = " ".join(run.output.split())
    assert "the stand-in Google provider speaks only to a sandbox on this machine" in flat, str(run)
    assert "Traceback" not in run.output, str(run)


def test_a_real_account_is_never_spoken_to(make_project: MakeProject) -> None:
    project = make_project(
        "greenflow-staging", 'import pulumi_aws as aws\naws.ec2.Vpc("v", cidr_block="10.0.0.0/16")\n'
    )
    project.policy_pack = False
    project.extra["AWS_ENDPOINT_URL"] = "https://ec2.us-east-1.amazonaws.com"
    run = project.preview()
    assert run.code != 0
    assert "speaks only to a sandbox on this machine" in " ".join(run.output.split())


def test_a_half_made_resource_is_recorded_and_finished(make_project: MakeProject, cloud: Cloud) -> None:
    program = 'import pulumi_aws as aws\naws.ec2.Vpc("half", cidr_block="10.9.0.0/16", enable_dns_hostnames=True)\n'
    project = make_project("greenflow-staging", program)
    project.policy_pack = False
    cloud.plant(service="ec2", operation="ModifyVpcAttribute", mode="refuse", code="AccessDenied")
    run = project.up("--skip-preview", check=False)
    assert run.code != 0
    assert "ModifyVpcAttribute: AccessDenied" in run.output

    def networks() -> list[str]:
        wanted = [{"Name": "cidr", "Values": ["10.9.0.0/16"]}]
        return [vpc["VpcId"] for vpc in cloud.client("ec2").describe_vpcs(Filters=wanted)["Vpcs"]]

    (half,) = networks()
    project.up("--skip-preview")
    assert networks() == [half]
    answer = cloud.client("ec2").describe_vpc_attribute(VpcId=half, Attribute="enableDnsHostnames")
    assert answer["EnableDnsHostnames"]["Value"] is True
    project.pulumi("destroy", "--yes", "--non-interactive", "--skip-preview", check=True)
    assert networks() == []


def test_a_secret_is_nowhere_in_clear(make_project: MakeProject, cloud: Cloud) -> None:
    program = """
import pulumi
import pulumi_aws as aws
secret = aws.secretsmanager.Secret("s", name="standin-secret", recovery_window_in_days=0)
version = aws.secretsmanager.SecretVersion("v", secret_id=secret.id, secret_string=pulumi.Output.secret("hunter2"))
pulumi.export("version", version.secret_string)
"""
    project = make_project("greenflow-staging", program)
    project.policy_pack = False
    runs = [project.up(), project.pulumi("refresh", "--yes", "--diff", "--non-interactive", check=True)]
    found = cloud.client("secretsmanager").get_secret_value(SecretId="standin-secret")
    assert found["SecretString"] == "hunter2"
    # A value of the wrong type is refused without being quoted.
    main = project.folder / "__main__.py"
    main.write_text(program.replace('secret("hunter2")', 'secret(["hunter2"])'))
    runs.append(project.up(check=False))
    assert runs[-1].code != 0
    assert not [str(run) for run in runs if "hunter2" in run.output]
    state = Path(project.environ["PULUMI_BACKEND_URL"].removeprefix("file://"))
    assert not [file for file in state.rglob("*") if file.is_file() and b"hunter2" in file.read_bytes()]
    main.write_text(program)
    project.pulumi("destroy", "--yes", "--non-interactive", "--skip-preview", check=True)


def test_a_destroyed_stack_leaves_nothing(make_project: MakeProject, made: Project, cloud: Cloud) -> None:
    program = PROGRAM.replace("standin-", "gone-")
    project = make_project("greenflow-staging", program)
    project.policy_pack = False
    before = cloud.ours()
    project.up("--skip-preview")
    assert cloud.ours() != before
    project.pulumi("destroy", "--yes", "--non-interactive", "--skip-preview", check=True)
    assert cloud.ours() == before


def _children(parent: int, name: str) -> list[int]:
    """Processes below `parent` whose command line holds `name`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().decode(errors="replace")
            status = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(status[1]) == parent and name in command:
            found.append(int(entry.name))
    return found


def _gone(processes: list[int]) -> None:
    """Returns when none of them runs any more; a killed engine's plugin has to end by itself."""
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{process}").exists() for process in processes):
        assert time.monotonic() < deadline, f"still running: {processes}"
        time.sleep(0.05)
