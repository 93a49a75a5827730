"""The real engine on the emulated AWS: one server a module, so that modules cannot see each other's resources."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from headgate.traffic.alb import AlbTraffic
from sandbox.manager.environment import cloud_variables
from sandbox.plugins.install import install_plugins
from tests.support.emulators import Emulator, announced
from tests.support.engine import Project, base_environment, copy_on
from toolchain import Toolchain

PRODUCTION, STAGING = "greenflow-production", "greenflow-staging"
SLOTS = ("blue", "green")


class Cloud(Emulator):
    """The emulated AWS of a module."""

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",
        )

    def weights(self, name: str) -> dict[str, int]:
        """The default action of the balancer's traffic listener, by slot, straight from the API."""
        elb = self.client("elbv2")
        balancer = elb.describe_load_balancers(Names=[name])["LoadBalancers"][0]["LoadBalancerArn"]
        listeners = elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
        listener = next(each for each in listeners if each["Port"] == 443)
        groups = listener["DefaultActions"][0]["ForwardConfig"]["TargetGroups"]
        return {_slot_of(group["TargetGroupArn"]): group["Weight"] for group in groups}

    def move_by_hand(self, name: str, blue: int, green: int) -> None:
        """Somebody changes the split behind everybody's back."""
        elb = self.client("elbv2")
        balancer = elb.describe_load_balancers(Names=[name])["LoadBalancers"][0]["LoadBalancerArn"]
        listeners = elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
        listener = next(each for each in listeners if each["Port"] == 443)
        action = listener["DefaultActions"][0]
        for group in action["ForwardConfig"]["TargetGroups"]:
            group["Weight"] = blue if _slot_of(group["TargetGroupArn"]) == "blue" else green
        action.pop("TargetGroupArn", None)
        elb.modify_listener(ListenerArn=listener["ListenerArn"], DefaultActions=[action])

    def traffic(self, name: str) -> AlbTraffic:
        """The adapter that the program uses."""
        return AlbTraffic(name, SLOTS, region="us-east-1")

    def await_call(self, service: str, operation: str, since: int) -> None:
        """Returns when such a call has begun."""
        found = self.http.get("calls", params={"service": service, "operation": operation, "since": since, "wait": 60})
        assert found.raise_for_status().json(), f"no {service} {operation} within a minute"

    def ours(self) -> dict[str, list[str]]:
        """What exists in the cloud that carries our tag, by kind."""
        found = self.http.get("resources").raise_for_status().json()
        return {kind: names for kind, names in found.items() if names}


def _slot_of(arn: str) -> str:
    return arn.split("/")[1].rsplit("-", 1)[1]


@pytest.fixture(scope="session")
def engine_environment(pulumi_toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Engine, plugins and pack; no cloud yet."""
    home = tmp_path_factory.mktemp("engine")
    environ = base_environment(home, pulumi_toolchain.bin, Path(sys.prefix))
    install_plugins(home / "pulumi")
    return environ


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A fresh emulated AWS."""
    with announced("sandbox.aws.server", tmp_path_factory.mktemp("cloud")) as told:
        made = Cloud(told["url"])
        with made.http:
            yield made


MakeProject = Callable[..., Project]


@pytest.fixture(scope="module")
def make_project(
    cloud: Cloud, engine_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> MakeProject:
    """Makes copies of the project, each with a backend of its own, on this module's cloud."""

    def make(stack: str, program: str | None = None) -> Project:
        folder = tmp_path_factory.mktemp(stack)
        return copy_on(cloud_variables(cloud.url), engine_environment, folder, stack, program)

    return make


@pytest.fixture(autouse=True)
def _aws_of_the_module(request: pytest.FixtureRequest) -> None:
    """boto3 in this process speaks to the same cloud; the environment is restored by the outer fixture."""
    if "cloud" in request.fixturenames:
        os.environ.update(cloud_variables(request.getfixturevalue("cloud").url))
