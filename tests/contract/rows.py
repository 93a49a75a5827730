"""One row for each component: how to build it with required arguments only. A new component gets a row here."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pulumi

import components
from components._common import Slot, standard_tags
from components.aws.blue_green_service import BlueGreenService, SlotArgs
from components.aws.cache import Cache
from components.aws.certificate import Certificate
from components.aws.database import Database
from components.aws.encryption import EncryptionKey
from components.aws.load_balancer import LoadBalancer
from components.aws.network import Network
from components.aws.secrets import AppSecrets
from components.aws.service_security_group import ServiceSecurityGroup
from tests.support.mocks import ACCOUNT, REGION

NAME = "unit"
PHYSICAL = "greenflow-production"
TAGS = standard_tags(service="greenflow", environment="production", owner="team-green", extra={"cost": "42"})
KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/greenflow-api@sha256:"


def slot_args(digit: str, tasks: int) -> SlotArgs:
    """A slot with an image whose digest is `digit` 64 times."""
    return {
        "image": IMAGE + digit * 64,
        "version": f"2026.0{digit}",
        "tasks": tasks,
        "max_tasks": 8,
        "target_group_arn": f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/{digit}/0",
    }


@dataclass(frozen=True)
class Row:
    """A component class, its required arguments, and the switch that gives up protection, if it has one."""

    component: type[pulumi.ComponentResource]
    args: Mapping[str, Any]
    unprotected: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        return self.component.__name__

    def build(self, **more: Any) -> Callable[[], pulumi.ComponentResource]:
        """A program that creates the component with `more` arguments beside the required ones."""
        constructor: Callable[..., pulumi.ComponentResource] = self.component
        return lambda: constructor(NAME, {**self.args, **more})


ROWS = (
    Row(
        Network,
        {"cidr": "10.0.0.0/16", "availability_zones": ["us-east-1a", "us-east-1b", "us-east-1c"], "tags": TAGS},
    ),
    Row(
        EncryptionKey,
        {"physical_name": PHYSICAL, "account_id": ACCOUNT, "region": REGION, "tags": TAGS},
        {"protect_data": False},
    ),
    Row(Certificate, {"domain_name": "api.example.com", "tags": TAGS}),
    Row(ServiceSecurityGroup, {"vpc_id": "vpc-1", "tags": TAGS}),
    Row(
        LoadBalancer,
        {
            "physical_name": PHYSICAL,
            "vpc_id": "vpc-1",
            "vpc_cidr": "10.0.0.0/16",
            "subnet_ids": ["subnet-1", "subnet-2", "subnet-3"],
            "certificate_arn": f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/1",
            "service_security_group_id": "sg-tasks",
            "client_cidrs": ["0.0.0.0/0"],
            "weights": {"blue": 90, "green": 10},
            "test_slot": Slot.GREEN,
            "tags": TAGS,
        },
        {"protect": False},
    ),
    Row(
        Database,
        {
            "physical_name": PHYSICAL,
            "account_id": ACCOUNT,
            "region": REGION,
            "vpc_id": "vpc-1",
            "subnet_ids": ["subnet-7", "subnet-8", "subnet-9"],
            "client_security_group_id": "sg-tasks",
            "kms_key_arn": KEY_ARN,
            "instance_class": "db.m7g.large",
            "database_name": "greenflow",
            "tags": TAGS,
        },
        {"protect_data": False},
    ),
    Row(
        Cache,
        {
            "physical_name": PHYSICAL,
            "vpc_id": "vpc-1",
            "subnet_ids": ["subnet-7", "subnet-8", "subnet-9"],
            "client_security_group_id": "sg-tasks",
            "kms_key_arn": KEY_ARN,
            "node_type": "cache.m7g.large",
            "tags": TAGS,
        },
        {"protect_data": False},
    ),
    Row(
        AppSecrets,
        {
            "physical_name": PHYSICAL,
            "kms_key_arn": KEY_ARN,
            "settings": {"SESSION_KEY": "canary-session-key"},
            "tags": TAGS,
        },
        {"protect_data": False},
    ),
    Row(
        BlueGreenService,
        {
            "physical_name": PHYSICAL,
            "account_id": ACCOUNT,
            "region": REGION,
            "subnet_ids": ["subnet-4", "subnet-5", "subnet-6"],
            "security_group_id": "sg-tasks",
            "kms_key_arn": KEY_ARN,
            "slots": {"blue": slot_args("1", 4), "green": slot_args("2", 2)},
            "tags": TAGS,
        },
    ),
)


def row(component: type[pulumi.ComponentResource]) -> Row:
    """The row of `component`."""
    return next(each for each in ROWS if each.component is component)


def modules() -> list[ModuleType]:
    """Every module of the package `components`."""
    found = pkgutil.walk_packages(components.__path__, f"{components.__name__}.")
    return [importlib.import_module(module.name) for module in found]


def component_classes() -> set[type[pulumi.ComponentResource]]:
    """Every component class that a module of `components.aws` defines."""
    return {
        member
        for module in modules()
        if module.__name__.startswith("components.aws.")
        for member in vars(module).values()
        if inspect.isclass(member)
        and issubclass(member, pulumi.ComponentResource)
        and member.__module__ == module.__name__
    }
