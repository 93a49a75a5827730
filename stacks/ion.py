"""ION on Cloud Run: its components in dependency order. No resources of its own."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pulumi

from components.gcp import declared
from components.gcp.alerting import Alerting
from components.gcp.canary_service import CanaryService, TrafficArgs
from components.gcp.dashboard import RolloutDashboard, RolloutDashboardArgs
from components.gcp.encryption import EncryptionKeyRing
from components.gcp.front_door import FrontDoor, FrontDoorArgs
from components.gcp.labels import standard_labels
from components.gcp.logs import ServiceLogs
from components.gcp.notification import ChannelArgs, ChannelKind, NotificationChannels, Tier
from components.gcp.registry import ImageRegistry
from components.gcp.revision import RevisionArgs, resolve, template_digest
from components.gcp.secrets import SecretEntries, SecretEntryArgs, references
from components.gcp.uptime import UptimeCheck
from headgate import limits
from headgate.clock import Clock
from headgate.plan import IDLE
from headgate.settings import Settings
from headgate.traffic.port import TrafficPort
from stacks import foundation, ledger
from stacks.ion_settings import IonSettings
from stacks.notifications import Channel
from stacks.settings import google_project, google_region

FIRST_ROTATION = 30 * 86400  # seconds from now; the API wants a time in the future when a secret is made


def build(settings: Settings, details: IonSettings, clock: Clock, port: TrafficPort) -> Mapping[str, pulumi.Input[Any]]:
    """Declares everything of the stack and returns its outputs."""
    name, project, region = settings.name, google_project(), google_region()
    labels = standard_labels(service=settings.system, environment=settings.environment, owner=settings.owner)
    entries = {key: _entry(version) for key, version in details.secrets.items()}
    revision = _revision(settings, details, entries)
    # A revision keeps what it was created with: the record holds a digest of all of it.
    settings = settings.with_template(_digest(settings, project, revision))
    began = foundation.begin(settings, clock, port, declared.service)

    keys = EncryptionKeyRing(
        "keys",
        {"physical_name": name, "location": region, "protect_data": settings.production, "labels": labels},
        _kept(settings),
    )
    registry = ImageRegistry(
        "images",
        {
            "physical_name": name,
            "project": project,
            "location": region,
            "kms_key_name": keys.key_names["artifactregistry.googleapis.com"],
            "images_in_use": [version.image for version in settings.release.versions],
            "protect_data": settings.production,
            "labels": labels,
        },
        _kept(settings),
    )
    secrets = SecretEntries(
        "settings",
        {
            "physical_name": name,
            "project": project,
            "location": region,
            "kms_key_name": keys.key_names["secretmanager.googleapis.com"],
            "topic_kms_key_name": keys.key_names["pubsub.googleapis.com"],
            "secret_manager_agent": keys.agents["secretmanager.googleapis.com"],
            "entries": entries,
            "first_rotation": datetime.fromtimestamp(clock.now() + FIRST_ROTATION, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "protect_data": settings.production,
            "labels": labels,
        },
        _kept(settings),
    )
    service = CanaryService(
        "service",
        {
            "physical_name": name,
            "project": project,
            "location": region,
            "revision": revision,
            "traffics": _traffics(settings),
            "secret_ids": secrets.secret_ids,
            "public": details.front_door.public,
            "protect": settings.production,
            "labels": labels,
        },
        carrier_hooks=began.guard.binding,
        carrier_depends_on=[began.rollout],
        keep_template=ledger.gives_back(began.change),
    )
    door = FrontDoor("front-door", _front_door(settings, details, region, service, labels), _kept(settings))
    ServiceLogs(
        "logs",
        {"physical_name": name, "project": project, "location": region, "protect_data": settings.production},
        _kept(settings),
    )
    channels = NotificationChannels(
        "channels",
        {
            "physical_name": name,
            "channels": {key: _channel(channel) for key, channel in details.notifications.items()},
            "labels": labels,
        },
    )
    uptime = UptimeCheck(
        "uptime",
        {
            "physical_name": name,
            "project": project,
            "host": settings.domain,
            "path": details.service.health_path,
            "labels": labels,
        },
    )
    Alerting(
        "alerts",
        {
            "physical_name": name,
            "limits": limits.to_dict(settings.plan.limits),
            "memory": details.service.memory,
            "check_id": uptime.check_id,
            "watchers": channels.watchers,
            "deploy_team": channels.deploy_team,
            "leads": channels.leads,
            "management": channels.management,
            "labels": labels,
        },
    )
    RolloutDashboard("dashboard", _dashboard(settings, details, project, labels))
    return {
        ledger.OUTPUT: ledger.confirmed(began.change, service.traffics, port, lambda: began.guard.written),
        "address": door.address,
        "url": pulumi.Output.concat("https://", settings.domain, details.service.health_path),
        "registry": registry.registry_url,
        "service": service.service_name,
    }


def _revision(settings: Settings, details: IonSettings, entries: Mapping[str, SecretEntryArgs]) -> RevisionArgs:
    """What the newest version is created with; every value plain, so that a preview can judge it."""
    version, service = settings.asked.newest, details.service
    return {
        "revision": version.slot,
        "image": version.image,
        "environment": {
            **details.variables,
            "HEADGATE_SYSTEM": settings.system,
            "HEADGATE_ENVIRONMENT": settings.environment,
            "HEADGATE_VERSION": version.version,
        },
        "secrets": references(settings.name, entries),
        "cpu": service.cpu,
        "memory": service.memory,
        "port": service.port,
        "concurrency": service.concurrency,
        "timeout_seconds": service.timeout,
        "minimum_instances": settings.capacity.minimum_tasks,
        "maximum_instances": settings.capacity.maximum_tasks,
        "startup_path": service.health_path,
        "liveness_path": service.health_path,
        "session_affinity": True,
    }


def _digest(settings: Settings, project: str, revision: RevisionArgs) -> str:
    try:
        return template_digest(resolve(settings.name, project, revision))
    except ValueError as error:
        raise pulumi.RunError(f"{settings.file}: {error}") from None


def _traffics(settings: Settings) -> Sequence[TrafficArgs]:
    """The split by named revision. A candidate is named only once its rollout has begun: before, it does not exist."""
    release, step = settings.release, settings.plan.step(settings.step)
    weight = step.weight if step and release.candidate else 0
    entries: list[TrafficArgs] = [{"revision": release.live.slot, "percent": 100 - weight, "tag": "live"}]
    if release.candidate is not None and settings.step != IDLE:
        entries.append({"revision": release.candidate.slot, "percent": weight, "tag": "candidate"})
    if release.standby is not None:
        entries.append({"revision": release.standby.slot, "percent": 0, "tag": "standby"})
    return entries


def _front_door(
    settings: Settings, details: IonSettings, region: str, service: CanaryService, labels: Mapping[str, str]
) -> FrontDoorArgs:
    args: FrontDoorArgs = {
        "physical_name": settings.name,
        "location": region,
        "service_name": service.service_name,
        "domain": settings.domain,
        "requests_per_minute": details.front_door.requests_per_minute,
        "protect": settings.production,
        "labels": labels,
    }
    if details.front_door.candidate_domain is not None:
        args["candidate_domain"] = details.front_door.candidate_domain
        args["test_client_cidrs"] = details.front_door.test_client_cidrs
    return args


def _dashboard(
    settings: Settings, details: IonSettings, project: str, labels: Mapping[str, str]
) -> RolloutDashboardArgs:
    release = settings.release
    args: RolloutDashboardArgs = {
        "physical_name": settings.name,
        "project": project,
        "host": settings.domain,
        "live": release.live.slot,
        "limits": limits.to_dict(settings.plan.limits),
        "memory": details.service.memory,
        "labels": labels,
    }
    if release.candidate is not None and settings.step != IDLE:
        args["candidate"] = release.candidate.slot
    return args


def _channel(channel: Channel) -> ChannelArgs:
    args: ChannelArgs = {"kind": ChannelKind(channel.kind), "tier": Tier(channel.tier)}
    if channel.address is not None:
        args["address"] = channel.address
    if channel.secret is not None:
        args["secret"] = pulumi.Output.secret(channel.secret)
    return args


def _entry(version: int | None) -> SecretEntryArgs:
    return {} if version is None else {"version": version}


def _kept(settings: Settings) -> pulumi.ResourceOptions:
    """Protection, in production, of everything that a release does not make anew."""
    return pulumi.ResourceOptions(protect=settings.production)
