"""An emulated AWS, and balancers with services in it as Headgate makes them."""

import itertools
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest

from headgate import cohorts
from headgate.traffic.alb import AlbTraffic
from tests.support.emulators import END_S, LIFETIME_S, START_S
from tests.support.rollouts import image

_numbers = itertools.count(1)

SLOTS = {"arn:x:targetgroup/gf-blue/1": "blue", "arn:x:targetgroup/gf-green/2": "green"}
GROUPS = {slot: arn for arn, slot in SLOTS.items()}


@dataclass
class Cloud:
    """The emulated AWS of all these tests."""

    url: str
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        if service not in self.clients:
            session = boto3.session.Session("sandbox", "sandbox", region_name="us-east-1")
            self.clients[service] = session.client(service, endpoint_url=self.url)
        return self.clients[service]

    def control(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            f"{self.url}/headgate-sandbox/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


@dataclass
class System:
    """A balancer with its target groups, and a cluster with one service per slot, all under one name."""

    cloud: Cloud
    name: str
    network: dict[str, Any]
    balancer: str = ""
    listeners: dict[int, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)

    @property
    def traffic(self) -> AlbTraffic:
        return AlbTraffic(self.name, ("blue", "green"), region="us-east-1", endpoint=self.cloud.url)

    def create_balancer(self) -> None:
        elb = self.cloud.client("elbv2")
        answer = elb.create_load_balancer(Name=self.name, Subnets=self.network["subnets"])
        self.balancer = answer["LoadBalancers"][0]["LoadBalancerArn"]

    def create_group(self, slot: str | None, name: str | None = None) -> str:
        answer = self.cloud.client("elbv2").create_target_group(
            Name=name or f"{self.name}-{slot}",
            Protocol="HTTP",
            Port=8080,
            VpcId=self.network["vpc"],
            TargetType="ip",
            **({"Tags": [{"Key": "slot", "Value": slot}]} if slot else {}),
        )
        arn = str(answer["TargetGroups"][0]["TargetGroupArn"])
        if slot:
            self.groups.setdefault(slot, arn)
        return arn

    def create_listener(self, port: int, action: dict[str, Any], role: str | None = None) -> str:
        tags = {"Tags": [{"Key": "headgate-role", "Value": role}]} if role else {}
        answer = self.cloud.client("elbv2").create_listener(
            LoadBalancerArn=self.balancer, Protocol="HTTP", Port=port, DefaultActions=[action], **tags
        )
        self.listeners[port] = answer["Listeners"][0]["ListenerArn"]
        return self.listeners[port]

    def create_service(self, slot: str, letter: str, tasks: int, group: str) -> None:
        ecs = self.cloud.client("ecs")
        ecs.create_cluster(clusterName=self.name)
        definition = ecs.register_task_definition(
            family=f"{self.name}-{slot}",
            containerDefinitions=[{"name": "api", "image": image(letter), "memory": 128}],
        )
        ecs.create_service(
            cluster=self.name,
            serviceName=f"{self.name}-{slot}",
            taskDefinition=definition["taskDefinition"]["taskDefinitionArn"],
            desiredCount=tasks,
            launchType="FARGATE",
            loadBalancers=[{"targetGroupArn": group, "containerName": "api", "containerPort": 8080}],
            networkConfiguration={
                "awsvpcConfiguration": {
                    "subnets": self.network["subnets"],
                    "securityGroups": self.network["groups"],
                }
            },
        )

    def forward(self, blue: int, green: int) -> dict[str, Any]:
        groups = [
            {"TargetGroupArn": self.groups["blue"], "Weight": blue},
            {"TargetGroupArn": self.groups["green"], "Weight": green},
        ]
        return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}

    def traffic_split(self) -> dict[str, int]:
        """Slot -> weight of the traffic listener, without those of 0."""
        self.cloud.control("DELETE", "faults")
        groups = self.default_action()[0]["ForwardConfig"]["TargetGroups"]
        slots = {arn: slot for slot, arn in self.groups.items()}
        return {slots[group["TargetGroupArn"]]: group["Weight"] for group in groups if group["Weight"]}

    def default_action(self, port: int = 443) -> Any:
        answer = self.cloud.client("elbv2").describe_listeners(ListenerArns=[self.listeners[port]])
        return answer["Listeners"][0]["DefaultActions"]


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    ready = tmp_path_factory.mktemp("aws") / "ready.json"
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.aws.server", f"--ready-file={ready}", f"--lifetime={LIFETIME_S}"]
    )
    try:
        deadline = time.monotonic() + START_S
        while not ready.exists():
            assert process.poll() is None, "the emulated AWS ended while it started"
            assert time.monotonic() < deadline, "the emulated AWS does not answer"
            time.sleep(0.05)
        found = Cloud(json.loads(ready.read_text())["url"])
        yield found
        for client in found.clients.values():
            client.close()
    finally:
        process.terminate()
        process.wait(END_S)


@pytest.fixture(scope="session")
def network(cloud: Cloud) -> dict[str, Any]:
    """The default network that an account comes with."""
    ec2 = cloud.client("ec2")
    subnets = ec2.describe_subnets()["Subnets"][:2]
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [subnets[0]["VpcId"]]}])
    return {
        "vpc": subnets[0]["VpcId"],
        "subnets": [subnet["SubnetId"] for subnet in subnets],
        "groups": [group["GroupId"] for group in groups["SecurityGroups"][:1]],
    }


@pytest.fixture
def nothing(cloud: Cloud, network: dict[str, Any]) -> Iterator[System]:
    """A name under which nothing exists yet."""
    yield System(cloud, f"gf-{next(_numbers)}", network)
    cloud.control("DELETE", "faults")
    cloud.control("DELETE", "condition")


@pytest.fixture
def system(nothing: System) -> System:
    """Blue has all traffic and two tasks; green has none and one task. As `components/aws` makes it."""
    nothing.create_balancer()
    for slot in ("blue", "green"):
        nothing.create_group(slot)
    nothing.create_listener(443, nothing.forward(100, 0), role="traffic")
    test_action = {"Type": "forward", "TargetGroupArn": nothing.groups["green"]}
    nothing.create_listener(8443, test_action, role="test")
    nothing.create_service("blue", "a", 2, nothing.groups["blue"])
    nothing.create_service("green", "b", 1, nothing.groups["green"])
    return nothing


def action(groups: dict[str, str], slot: str) -> dict[str, Any]:
    weights = [{"TargetGroupArn": arn, "Weight": 100 if each == slot else 0} for each, arn in groups.items()]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": weights}}


def rule(place: int, values: Sequence[str], to: str, groups: dict[str, str] | None = None) -> dict[str, Any]:
    config = {"HttpHeaderName": "X-Headgate-Cohort", "Values": list(values)}
    return {
        "Priority": str(cohorts.FIRST_PRIORITY + place),
        "Conditions": [{"Field": "http-header", "HttpHeaderConfig": config}],
        "Actions": [action(groups or GROUPS, to)],
    }


@pytest.fixture
def by_cohort(system: System) -> System:
    """A system whose traffic listener has the rules of weight 0."""
    for place, each in enumerate(cohorts.layout(0)):
        made = rule(place, each.values, "blue", system.groups)
        system.cloud.client("elbv2").create_rule(
            ListenerArn=system.listeners[443], **{**made, "Priority": int(made["Priority"])}
        )
    return system
