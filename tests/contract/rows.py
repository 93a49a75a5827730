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
from components.aws.alarms import Alarms
from components.aws.backups import Backups, RolloutSnapshot
from components.aws.blue_green_service import BlueGreenService, SlotArgs
from components.aws.bucket_policies import LogSource
from components.aws.cache import Cache
from components.aws.certificate import Certificate
from components.aws.cohort_function import CohortFunction
from components.aws.dashboard import ServiceDashboard
from components.aws.database import Database
from components.aws.dns import HostedZone, NameTarget, PublicName
from components.aws.edge import Edge
from components.aws.encryption import EncryptionKey
from components.aws.firewall import Firewall, FirewallScope
from components.aws.load_balancer import LoadBalancer
from components.aws.log_metrics import LogMetrics
from components.aws.network import Network
from components.aws.notifications import AlarmTopics, TopicChannelKind, TopicTier
from components.aws.registry import ImageRepository
from components.aws.secrets import AppSecrets
from components.aws.service_security_group import ServiceSecurityGroup
from components.aws.storage import Bucket, LogBucket, SiteAccess, SiteBucket
from components.gcp.alerting import Alerting
from components.gcp.canary_service import CanaryService
from components.gcp.dashboard import RolloutDashboard
from components.gcp.encryption import EncryptionKeyRing
from components.gcp.front_door import FrontDoor
from components.gcp.labels import standard_labels
from components.gcp.logs import ServiceLogs
from components.gcp.notification import ChannelKind, NotificationChannels
from components.gcp.registry import ImageRegistry
from components.gcp.secrets import SecretEntries
from components.gcp.uptime import UptimeCheck
from headgate import limits
from tests.support.mocks import ACCOUNT, REGION

NAME = "unit"
CLOUDS = ("components.aws.", "components.gcp.")
PHYSICAL = "greenflow-production"
TAGS = standard_tags(service="greenflow", environment="production", owner="team-green", extra={"cost": "42"})
KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/greenflow-api@sha256:"

ION = "ion-production"
PROJECT = "acme-ion-production"
LOCATION = "us-central1"
LABELS = standard_labels(service="ion", environment="production", owner="team-ion", extra={"cost": "42"})
KEY_NAME = f"projects/{PROJECT}/locations/{LOCATION}/keyRings/{ION}/cryptoKeys/{ION}"
ION_IMAGE = f"{LOCATION}-docker.pkg.dev/{PROJECT}/ion-production/ion-api@sha256:"


def ion_limits() -> dict[str, Any]:
    """The limits of ION's plan, as components take them."""
    return limits_of("ion")


def limits_of(preset: str) -> dict[str, Any]:
    """The limits of a preset, as components take them."""
    parsed, problems = limits.parse({"preset": preset}, "limits")
    assert parsed is not None, problems
    return limits.to_dict(parsed)


def slot_args(digit: str, tasks: int) -> SlotArgs:
    """A slot with an image whose digest is `digit` 64 times."""
    return {
        "image": IMAGE + digit * 64,
        "version": f"2026.0{digit}",
        "tasks": tasks,
        "max_tasks": 8,
        "target_group_arn": f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/{digit}/0",
    }


_ELB = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}"
TOPIC_ARN = f"arn:aws:sns:{REGION}:{ACCOUNT}:{PHYSICAL}"
WATCHED: Mapping[str, Any] = {
    "listener_arn": f"{_ELB}:listener/app/{PHYSICAL}/0a1b2c/3d4e5f",
    "target_group_arns": {slot: f"{_ELB}:targetgroup/greenflow-prd-{slot}/6a7b8c" for slot in ("blue", "green")},
    "cluster_name": PHYSICAL,
    "service_names": {slot: f"{PHYSICAL}-{slot}" for slot in ("blue", "green")},
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

    @property
    def google(self) -> bool:
        return self.component.__module__.startswith("components.gcp.")

    def build(self, **more: Any) -> Callable[[], pulumi.ComponentResource]:
        """A program that creates the component with `more` arguments beside the required ones."""
        constructor: Callable[..., pulumi.ComponentResource] = self.component
        return lambda: constructor(NAME, {**self.args, **more})


ROWS = (
    Row(
        Network,
        {
            "physical_name": PHYSICAL,
            "account_id": ACCOUNT,
            "region": REGION,
            "kms_key_arn": KEY_ARN,
            "cidr": "10.0.0.0/16",
            "availability_zones": ["us-east-1a", "us-east-1b", "us-east-1c"],
            "tags": TAGS,
        },
    ),
    Row(
        Bucket,
        {
            "physical_name": PHYSICAL,
            "role": "evidence",
            "account_id": ACCOUNT,
            "region": REGION,
            "kms_key_arn": KEY_ARN,
            "log_bucket_name": "greenflow-production-logs-123456789012",
            "tags": TAGS,
        },
        {"protect_data": False},
    ),
    Row(
        LogBucket,
        {
            "physical_name": PHYSICAL,
            "account_id": ACCOUNT,
            "region": REGION,
            "sources": [LogSource.BALANCER, LogSource.EDGE, LogSource.ACCESS],
            "tags": TAGS,
        },
        {"protect_data": False},
    ),
    Row(
        SiteBucket,
        {
            "physical_name": PHYSICAL,
            "account_id": ACCOUNT,
            "region": REGION,
            "kms_key_arn": KEY_ARN,
            "log_bucket_name": "greenflow-production-logs-123456789012",
            "tags": TAGS,
        },
        {"protect_data": False},
    ),
    Row(
        SiteAccess,
        {
            "bucket_name": "greenflow-production-site-123456789012",
            "region": REGION,
            "distribution_arn": f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1",
        },
    ),
    Row(
        ImageRepository,
        {
            "repository_name": "greenflow-api",
            "kms_key_arn": KEY_ARN,
            "versions_in_use": ["2026.01.28", "2026.02.11"],
            "tags": TAGS,
        },
        {"protect_data": False},
    ),
    Row(
        Backups,
        {
            "physical_name": PHYSICAL,
            "account_id": ACCOUNT,
            "region": REGION,
            "kms_key_arn": KEY_ARN,
            "tags": TAGS,
        },
        {"protect_data": False},
    ),
    Row(
        RolloutSnapshot,
        {
            "physical_name": PHYSICAL,
            "instance_identifier": PHYSICAL,
            "rollout_id": "r-7",
            "tags": TAGS,
        },
        {"protect_data": False},
    ),
    Row(
        EncryptionKey,
        {"physical_name": PHYSICAL, "account_id": ACCOUNT, "region": REGION, "tags": TAGS},
        {"protect_data": False},
    ),
    Row(Certificate, {"domain_name": "api.example.com", "tags": TAGS}),
    Row(
        HostedZone,
        {"domain_name": "example.com", "account_id": ACCOUNT, "kms_key_arn": KEY_ARN, "tags": TAGS},
        {"protect": False},
    ),
    Row(
        PublicName,
        {
            "zone_id": "Z1",
            "host_name": "api.example.com",
            "target": NameTarget.EDGE,
            "target_domain": "d1.cloudfront.net",
            "tags": TAGS,
        },
    ),
    Row(
        Firewall,
        {
            "physical_name": PHYSICAL,
            "scope": FirewallScope.EDGE,
            "account_id": ACCOUNT,
            "region": REGION,
            "kms_key_arn": KEY_ARN,
            "tags": TAGS,
        },
    ),
    Row(
        Edge,
        {
            "physical_name": PHYSICAL,
            "domain": "api.example.com",
            "certificate_arn": f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/1",
            "web_acl_arn": f"arn:aws:wafv2:{REGION}:{ACCOUNT}:global/webacl/greenflow/1",
            "api_domain": "origin.api.example.com",
            "site_bucket_domain": "greenflow-site.s3.us-east-1.amazonaws.com",
            "log_bucket_arn": "arn:aws:s3:::greenflow-logs",
            "tags": TAGS,
        },
        {"protect": False},
    ),
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
            "access_logs_bucket": "greenflow-production-logs-123456789012",
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
        CohortFunction,
        {"physical_name": PHYSICAL, "salt": "greenflow", "header": "x-user-id", "cookie": "uid", "tags": TAGS},
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
    Row(
        AlarmTopics,
        {
            "physical_name": PHYSICAL,
            "account_id": ACCOUNT,
            "region": REGION,
            "channels": {
                "mail": {"kind": TopicChannelKind.EMAIL, "address": "team@example.com"},
                "leads": {"kind": TopicChannelKind.EMAIL, "tier": TopicTier.LEADS, "address": "leads@example.com"},
                "board": {"kind": TopicChannelKind.SMS, "tier": TopicTier.MANAGEMENT, "address": "+14155550123"},
            },
            "tags": TAGS,
        },
        {"protect_data": False},
    ),
    Row(
        LogMetrics,
        {"physical_name": PHYSICAL, "log_group_names": {"blue": "/headgate/blue", "green": "/headgate/green"}},
    ),
    Row(
        Alarms,
        {
            "physical_name": PHYSICAL,
            "limits": limits_of("greenflow"),
            **WATCHED,
            "database": {"identifier": PHYSICAL, "instance_class": "db.m7g.large", "storage_gib": 200},
            "cache": {"replication_group_id": PHYSICAL, "nodes": 3},
            "log_namespace": f"headgate/{PHYSICAL}",
            "watchers": [f"{TOPIC_ARN}-watchers"],
            "deploy_team": [f"{TOPIC_ARN}-deploy-team"],
            "tags": TAGS,
        },
    ),
    Row(
        ServiceDashboard,
        {
            "physical_name": PHYSICAL,
            "region": REGION,
            "live": Slot.BLUE,
            "limits": limits_of("greenflow"),
            **WATCHED,
            "database_identifier": PHYSICAL,
            "log_namespace": f"headgate/{PHYSICAL}",
            "log_group_names": {"blue": "/headgate/blue", "green": "/headgate/green"},
            "alarm_arns": {"blue-cpu-hold": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:blue-cpu-hold"},
            "composite_arns": {"blue-hold": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:blue-hold"},
        },
    ),
    Row(
        EncryptionKeyRing,
        {"physical_name": ION, "location": LOCATION, "labels": LABELS},
        {"protect_data": False},
    ),
    Row(
        ImageRegistry,
        {
            "physical_name": ION,
            "project": PROJECT,
            "location": LOCATION,
            "kms_key_name": KEY_NAME,
            "images_in_use": [ION_IMAGE + "1" * 64, ION_IMAGE + "2" * 64],
            "labels": LABELS,
        },
        {"protect_data": False},
    ),
    Row(
        SecretEntries,
        {
            "physical_name": ION,
            "project": PROJECT,
            "location": LOCATION,
            "kms_key_name": KEY_NAME,
            "topic_kms_key_name": KEY_NAME,
            "secret_manager_agent": "serviceAccount:secrets@agents.example",
            "entries": {"SESSION_KEY": {"version": 3}, "MAIL_TOKEN": {}},
            "first_rotation": "2026-03-01T09:00:00Z",
            "labels": LABELS,
        },
        {"protect_data": False},
    ),
    Row(
        CanaryService,
        {
            "physical_name": ION,
            "project": PROJECT,
            "location": LOCATION,
            "revision": {"revision": f"{ION}-222222222222", "image": ION_IMAGE + "2" * 64},
            "traffics": [
                {"revision": f"{ION}-111111111111", "percent": 95, "tag": "live"},
                {"revision": f"{ION}-222222222222", "percent": 5, "tag": "candidate"},
            ],
            "labels": LABELS,
        },
        {"protect": False},
    ),
    Row(
        FrontDoor,
        {
            "physical_name": ION,
            "location": LOCATION,
            "service_name": ION,
            "domain": "ion.example.com",
            "labels": LABELS,
        },
        {"protect": False},
    ),
    Row(ServiceLogs, {"physical_name": ION, "project": PROJECT, "location": LOCATION}, {"protect_data": False}),
    Row(
        NotificationChannels,
        {
            "physical_name": ION,
            "channels": {"mail": {"kind": ChannelKind.EMAIL, "address": "ion@example.com"}},
            "labels": LABELS,
        },
    ),
    Row(UptimeCheck, {"physical_name": ION, "project": PROJECT, "host": "ion.example.com", "labels": LABELS}),
    Row(
        Alerting,
        {
            "physical_name": ION,
            "limits": ion_limits(),
            "check_id": "check-1",
            "watchers": ["projects/p/notificationChannels/1"],
            "deploy_team": ["projects/p/notificationChannels/1", "projects/p/notificationChannels/2"],
            "labels": LABELS,
        },
    ),
    Row(
        RolloutDashboard,
        {
            "physical_name": ION,
            "project": PROJECT,
            "host": "ion.example.com",
            "live": f"{ION}-111111111111",
            "limits": ion_limits(),
            "labels": LABELS,
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
    """Every component class that a module of `components.aws` or `components.gcp` defines."""
    return {
        member
        for module in modules()
        if module.__name__.startswith(CLOUDS)
        for member in vars(module).values()
        if inspect.isclass(member)
        and issubclass(member, pulumi.ComponentResource)
        and member.__module__ == module.__name__
    }
