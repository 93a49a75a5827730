"""`headgate sandbox` with everything real: processes, the emulated cloud, the router, applications, crashes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from headgate.traffic.alb import AlbTraffic
from headgate.traffic.cloud_run import CloudRunTraffic
from sandbox.manager.layout import CHECKOUT
from tests.support.rollouts import image
from toolchain import Toolchain

pytestmark = [pytest.mark.sandbox, pytest.mark.engine]

NAME, ION = "greenflow-production", "ion-production"
PROJECT = "projects/p/locations/us-central1"


@dataclass
class Sandbox:
    """A sandbox in a work folder of its own, used through the command line."""

    home: Path
    environ: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "headgate.cli.app", *arguments],
            cwd=CHECKOUT,
            env={**os.environ, **self.environ, "HEADGATE_HOME": str(self.home), **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=1800,
        )

    def must(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def status(self) -> dict[str, Any]:
        return dict(json.loads(self.run("sandbox", "status", "--json").stdout))

    def pid(self, name: str) -> int:
        return int(self.status()["processes"][name]["pid"])

    def enter(self) -> None:
        """As `eval "$(headgate sandbox env)"` does."""
        found = json.loads(self.must("sandbox", "env", "--json"))
        self.environ = found["variables"]

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.environ["AWS_ENDPOINT_URL"],
            region_name="us-east-1",
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",
        )


@pytest.fixture
def sandbox(tmp_path: Path, pulumi_toolchain: Toolchain) -> Iterator[Sandbox]:
    """A sandbox that is not up; ended at the end, whatever the test left."""
    found = Sandbox(tmp_path / "home")
    yield found
    done = found.run("sandbox", "down")
    assert done.returncode == 0, done.stderr


def eventually(true: Callable[[], object], what: str, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.1)


def ended(pid: int) -> bool:
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True


def test_from_up_to_down(sandbox: Sandbox) -> None:
    assert sandbox.status()["condition"] == "down"
    refused = sandbox.run("sandbox", "env")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "headgate: The sandbox is not up. Start it: headgate sandbox up\n"

    said = sandbox.must("sandbox", "up")
    assert f"The sandbox is running for stacks {NAME} and {ION}" in said
    before = sandbox.status()
    assert before["condition"] == "running"
    assert all(url.startswith("http://127.0.0.1:") for url in before["urls"].values())

    sandbox.enter()
    assert sandbox.client("sts").get_caller_identity()["Account"] == "123456789012"
    stacks = subprocess.run(
        ["pulumi", "stack", "ls", "--json", "--cwd", str(CHECKOUT)],
        env={**os.environ, **sandbox.environ},
        capture_output=True,
        text=True,
        check=True,
    )
    assert {stack["name"]: stack["current"] for stack in json.loads(stacks.stdout)} == {
        "greenflow-production": True,
        "greenflow-staging": False,
        "ion-production": False,
        "ion-staging": False,
    }
    assert sorted(path.name for path in (sandbox.home / "pulumi-home" / "plugins").iterdir()) != []

    sandbox.must("sandbox", "up")
    assert sandbox.status()["processes"] == before["processes"], "a second up starts nothing again"
    other = sandbox.run("sandbox", "up", "--stack", "greenflow-staging")
    assert other.returncode == 1
    assert "the sandbox runs for stack 'greenflow-production'" in other.stderr

    assert sandbox.must("sandbox", "down") == "The sandbox has ended.\n"
    assert all(ended(process["pid"]) for process in before["processes"].values())
    assert sorted(path.name for path in sandbox.home.iterdir()) == ["logs", "sandbox.lock"]
    assert sandbox.must("sandbox", "down") == "The sandbox was not up.\n"


def test_no_file_under_version_control_is_touched(sandbox: Sandbox) -> None:
    files = [CHECKOUT / "Pulumi.yaml", *sorted((CHECKOUT / "stacks").glob("Pulumi.*.yaml"))]
    before = [file.read_bytes() for file in files]
    sandbox.must("sandbox", "up")
    assert [file.read_bytes() for file in files] == before


def test_real_processes_follow_the_emulated_services(sandbox: Sandbox) -> None:
    sandbox.must("sandbox", "up")
    sandbox.enter()
    cloud = System(sandbox)
    cloud.create()
    router = sandbox.environ["HEADGATE_ROUTER_URL"]
    with httpx.Client(trust_env=False, timeout=10.0) as http:
        health = f"{router}/api/v2/health"
        eventually(lambda: http.get(health).status_code == 200, "blue serves")
        assert http.get(health).headers["X-Deployment-Version"] == "1"
        eventually(lambda: slots(sandbox) == {"blue": "1", "green": "2"}, "green serves too")

        cloud.traffic.write_split({"blue": 0, "green": 100}, 0)
        eventually(lambda: http.get(health).headers.get("X-Deployment-Version") == "2", "traffic moves")

        cloud.scale("blue", 0)
        eventually(lambda: slots(sandbox) == {"green": "2"}, "blue is drained")

        (green,) = [app for app in sandbox.status()["apps"] if app["serves"]]
        os.kill(green["pid"], signal.SIGKILL)
        eventually(lambda: http.get(health).status_code == 503, "the crash is felt")
        eventually(lambda: http.get(health).status_code == 200, "it is started again")

        cloud.deploy("green", "3")
        eventually(lambda: http.get(health).headers.get("X-Deployment-Version") == "3", "a new version takes over")
    apps = [app["pid"] for app in sandbox.status()["apps"]]
    sandbox.must("sandbox", "down")
    assert all(ended(pid) for pid in apps)


def test_real_processes_follow_the_emulated_revisions(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox.must("sandbox", "up")
    sandbox.enter()
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "sandbox")
    endpoint = sandbox.environ["GOOGLE_CLOUD_RUN_V2_CUSTOM_ENDPOINT"]
    traffic = CloudRunTraffic(ION, "p", "us-central1", endpoint=endpoint)
    health = f"{sandbox.environ['HEADGATE_ROUTER_RUN_URL']}/api/v2/health"
    with httpx.Client(trust_env=False, timeout=30.0) as http:
        deploy(http, endpoint, "POST", "1", {"a": 100})
        eventually(lambda: http.get(health).headers.get("X-Deployment-Version") == "1", "the only revision serves")
        deploy(http, endpoint, "PATCH", "2", {"a": 100, "b": 0})
        eventually(lambda: slots(sandbox) == {f"{ION}-a": "1", f"{ION}-b": "2"}, "the tagged revision serves too")

        traffic.write_split({f"{ION}-a": 0, f"{ION}-b": 100}, 0)
        eventually(lambda: http.get(health).headers["X-Deployment-Version"] == "2", "traffic moves")
        deploy(http, endpoint, "PATCH", "2", {"b": 100})
        eventually(lambda: slots(sandbox) == {f"{ION}-b": "2"}, "what the traffic does not name any more goes")
    apps = [app["pid"] for app in sandbox.status()["apps"]]
    sandbox.must("sandbox", "down")
    assert all(ended(pid) for pid in apps)


def test_a_router_that_crashed_is_started_again_where_it_was(sandbox: Sandbox) -> None:
    sandbox.must("sandbox", "up")
    before = sandbox.status()
    os.kill(sandbox.pid("router"), signal.SIGKILL)
    eventually(lambda: sandbox.status()["condition"] == "crashed", "the crash is seen")
    said = sandbox.run("sandbox", "status")
    assert said.returncode == 1
    assert "the router that plays the load balancer has ended" in said.stdout
    assert "the emulated clouds and the state are kept" in said.stdout
    assert "the router that plays the load balancer has ended" in sandbox.run("sandbox", "env").stderr

    sandbox.must("sandbox", "up")
    after = sandbox.status()
    assert (after["condition"], after["urls"]) == ("running", before["urls"])
    assert after["processes"]["cloud"]["pid"] == before["processes"]["cloud"]["pid"]


def test_a_watch_that_crashed_leaves_no_process_behind(sandbox: Sandbox) -> None:
    sandbox.must("sandbox", "up")
    sandbox.enter()
    System(sandbox).create()
    eventually(lambda: slots(sandbox) == {"blue": "1", "green": "2"}, "both slots serve")
    apps = [app["pid"] for app in sandbox.status()["apps"]]
    os.kill(sandbox.pid("watch"), signal.SIGKILL)
    eventually(lambda: sandbox.status()["condition"] == "crashed", "the crash is seen")
    assert not any(ended(pid) for pid in apps)
    sandbox.must("sandbox", "up")
    assert all(ended(pid) for pid in apps), "the new watch ends what the old one left"
    eventually(lambda: slots(sandbox) == {"blue": "1", "green": "2"}, "both slots serve again")


@pytest.mark.parametrize(("cloud", "spoken"), [("cloud", "AWS"), ("google", "Google")])
def test_a_cloud_that_crashed_is_lost_and_said(sandbox: Sandbox, cloud: str, spoken: str) -> None:
    sandbox.must("sandbox", "up")
    sandbox.enter()
    System(sandbox).create()
    eventually(lambda: slots(sandbox) == {"blue": "1", "green": "2"}, "both slots serve")
    before = sandbox.status()
    os.kill(sandbox.pid(cloud), signal.SIGKILL)
    eventually(lambda: sandbox.status()["condition"] == "crashed", "the crash is seen")
    remedy = "headgate sandbox down, then headgate sandbox up"
    for verb in ("status", "env", "up"):
        said = sandbox.run("sandbox", verb)
        assert said.returncode == 1, verb
        assert f"the emulated {spoken} has ended" in said.stdout + said.stderr
        assert remedy in said.stdout + said.stderr
        assert "Traceback" not in said.stderr
    rollout = sandbox.run("status", "--stack", NAME if cloud == "cloud" else ION)
    assert rollout.returncode == 0
    assert "not reachable" in rollout.stdout

    apps = [app["pid"] for app in before["apps"]]
    eventually(lambda: ended(before["processes"]["watch"]["pid"]), "the watch ends by itself")
    assert all(ended(pid) for pid in apps), "and the applications with it"
    sandbox.must("sandbox", "down")
    assert ended(before["processes"]["router"]["pid"])
    assert sandbox.status()["condition"] == "down"


def test_ctrl_c_while_it_starts_leaves_nothing_behind(sandbox: Sandbox) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "headgate.cli.app", "sandbox", "up"],
        cwd=CHECKOUT,
        env={**os.environ, "HEADGATE_HOME": str(sandbox.home)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    record = sandbox.home / "sandbox.json"
    eventually(record.exists, "the first process is started")
    started = [process["pid"] for process in json.loads(record.read_text())["processes"].values()]
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=180)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert started != []
    assert all(ended(pid) for pid in started)
    assert sandbox.status()["condition"] == "down"


def slots(sandbox: Sandbox) -> dict[str, str]:
    """What serves now; read from the file, which takes no process."""
    apps = json.loads((sandbox.home / "apps.json").read_text())["apps"]
    return {app["slot"]: app["version"] for app in apps if app["serves"]}


def deploy(http: httpx.Client, endpoint: str, verb: str, version: str, split: dict[str, int]) -> None:
    """ION's service with revision a (version 1) or b (version 2) as its template; `split` by revision."""
    container = {
        "image": f"us-docker.pkg.dev/p/ion/api@sha256:{version * 64}",
        "ports": [{"containerPort": 8080}],
        "env": [{"name": "HEADGATE_VERSION", "value": version}],
    }
    by_revision = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
    service = {
        "template": {"revision": f"{ION}-{' ab'[int(version)]}", "containers": [container]},
        "invokerIamDisabled": True,
        "traffic": [
            {"type": by_revision, "revision": f"{ION}-{letter}", "percent": share, "tag": f"tag-{letter}"}
            for letter, share in split.items()
        ],
    }
    where = f"{PROJECT}/services?serviceId={ION}" if verb == "POST" else f"{PROJECT}/services/{ION}"
    http.request(verb, f"{endpoint}{where}", json=service).raise_for_status()


class System:
    """GreenFlow's balancer and services, made by hand in the emulated cloud."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._elb, self._ecs, self._ec2 = (sandbox.client(service) for service in ("elbv2", "ecs", "ec2"))
        self.traffic = AlbTraffic(
            NAME, ("blue", "green"), region="us-east-1", endpoint=sandbox.environ["AWS_ENDPOINT_URL"]
        )
        os.environ |= {"AWS_ACCESS_KEY_ID": "sandbox", "AWS_SECRET_ACCESS_KEY": "sandbox"}

    def create(self) -> None:
        subnets = self._ec2.describe_subnets()["Subnets"][:2]
        ids = [subnet["SubnetId"] for subnet in subnets]
        security = self._ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
        balancer = self._elb.create_load_balancer(Name=NAME, Subnets=ids)["LoadBalancers"][0]["LoadBalancerArn"]
        self._ecs.create_cluster(clusterName=NAME)
        weighted = []
        for slot, version, weight in (("blue", "1", 100), ("green", "2", 0)):
            group = self._elb.create_target_group(
                Name=f"gf-{slot}",
                Protocol="HTTP",
                Port=8080,
                VpcId=subnets[0]["VpcId"],
                TargetType="ip",
                Tags=[{"Key": "slot", "Value": slot}],
            )["TargetGroups"][0]["TargetGroupArn"]
            weighted.append({"TargetGroupArn": group, "Weight": weight})
            self._ecs.create_service(
                cluster=NAME,
                serviceName=f"{NAME}-{slot}",
                taskDefinition=self._definition(slot, version),
                desiredCount=2,
                launchType="FARGATE",
                tags=[{"key": "slot", "value": slot}],
                networkConfiguration={"awsvpcConfiguration": {"subnets": ids, "securityGroups": [security]}},
            )
        self._elb.create_listener(
            LoadBalancerArn=balancer,
            Protocol="HTTP",
            Port=443,
            DefaultActions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": weighted}}],
            Tags=[{"Key": "headgate-role", "Value": "traffic"}],
        )

    def scale(self, slot: str, tasks: int) -> None:
        self._ecs.update_service(cluster=NAME, service=f"{NAME}-{slot}", desiredCount=tasks)

    def deploy(self, slot: str, version: str) -> None:
        self._ecs.update_service(cluster=NAME, service=f"{NAME}-{slot}", taskDefinition=self._definition(slot, version))

    def _definition(self, slot: str, version: str) -> str:
        container = {
            "name": "api",
            "image": image(version),
            "memory": 128,
            "environment": [{"name": "HEADGATE_VERSION", "value": version}],
        }
        answer = self._ecs.register_task_definition(family=f"{NAME}-{slot}", containerDefinitions=[container])
        return str(answer["taskDefinition"]["taskDefinitionArn"])
