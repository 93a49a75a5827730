"""GreenFlow on AWS: its components in dependency order. No resources of its own."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pulumi

from components._common import Slot, standard_tags
from components.aws import safeguards
from components.aws.backups import Backups, RolloutSnapshot, backed_up
from components.aws.blue_green_service import BlueGreenService, SlotArgs, SlotsArgs
from components.aws.bucket_policies import LogSource
from components.aws.cache import Cache
from components.aws.certificate import Certificate, CertificateArgs
from components.aws.database import Database
from components.aws.declared import cohort_rule, listener
from components.aws.encryption import EncryptionKey
from components.aws.load_balancer import LoadBalancer, LoadBalancerArgs
from components.aws.network import NatGateways, Network
from components.aws.registry import ImageRepository
from components.aws.secrets import AppSecrets
from components.aws.service_security_group import ServiceSecurityGroup
from components.aws.storage import LogBucket
from headgate import state
from headgate.clock import Clock
from headgate.plan import IDLE
from headgate.settings import Settings
from headgate.traffic.port import TrafficPort
from stacks import foundation, greenflow_edge, greenflow_watch, ledger
from stacks.greenflow_edge import Surroundings
from stacks.greenflow_settings import GreenflowSettings
from stacks.settings import region as aws_region

PUBLIC = ["0.0.0.0/0"]  # the service is public; with an edge in front, only that reaches the balancer
KEPT = "kept"  # the stack output that names what holds data


def build(
    settings: Settings, details: GreenflowSettings, clock: Clock, port: TrafficPort
) -> Mapping[str, pulumi.Input[Any]]:
    """Declares everything of the stack and returns its outputs."""
    name, system = settings.name, settings.system
    tags = standard_tags(service=system, environment=settings.environment, owner=settings.owner)
    region = aws_region()
    account_id: pulumi.Output[str] = pulumi.Output.from_input(asyncio.ensure_future(_account_id()))
    desired = state.desired(settings.asked, settings.plan)

    began = foundation.begin(settings, clock, port, listener(settings.slots))
    kept = safeguards.DataGuard("stack", began.last.get(KEPT) or {}) if settings.production else None
    guard = kept.binding if kept else None
    unreplaced = pulumi.ResourceOptions(transformations=[kept.unreplaced] if kept else None)

    key = EncryptionKey(
        "key",
        {
            "physical_name": name,
            "account_id": account_id,
            "region": region,
            "protect_data": settings.production,
            "tags": tags,
        },
        pulumi.ResourceOptions.merge(_kept(settings), unreplaced),
        guard=guard,
    )
    network = Network(
        "network",
        {
            "physical_name": name,
            "account_id": account_id,
            "region": region,
            "kms_key_arn": key.key_arn,
            "cidr": details.network.cidr,
            "availability_zones": details.network.availability_zones,
            "nat_gateways": NatGateways.ONE_PER_ZONE if details.network.nat_per_zone else NatGateways.SINGLE,
            "tags": tags,
        },
        _kept(settings),
    )
    service_group = ServiceSecurityGroup("service-access", {"vpc_id": network.vpc_id, "tags": tags}, _kept(settings))
    logs = LogBucket(
        "logs",
        {
            "physical_name": name,
            "account_id": account_id,
            "region": region,
            "sources": [LogSource.BALANCER, LogSource.ACCESS, LogSource.EDGE],
            "protect_data": settings.production,
            "tags": tags,
        },
        _kept(settings),
    )
    around = Surroundings(settings, details, account_id, region, tags, key, logs, _kept(settings), guard)
    named = greenflow_edge.names(around, details.edge) if details.edge else None
    certificate = _certificate(around, named)
    database = Database(
        "database",
        {
            "physical_name": name,
            "account_id": account_id,
            "region": region,
            "vpc_id": network.vpc_id,
            "subnet_ids": network.data_subnet_ids,
            "client_security_group_id": service_group.security_group_id,
            "kms_key_arn": key.key_arn,
            "instance_class": details.database.instance_class,
            "database_name": system,
            "storage_gib": details.database.allocated_storage,
            "max_storage_gib": 2 * details.database.allocated_storage,
            "multi_az": details.database.multi_az,
            "backup_retention_days": details.database.backup_retention_days,
            "protect_data": settings.production,
            "tags": backed_up(tags, name),
        },
        pulumi.ResourceOptions.merge(_kept(settings), unreplaced),
        guard=guard,
    )
    snapshot = RolloutSnapshot(
        "rollout-snapshot",
        {
            "physical_name": name,
            "instance_identifier": database.instance.identifier,
            "rollout_id": began.change["proposed"]["rolloutId"] if settings.step != IDLE else "",
            "protect_data": settings.production,
            "tags": tags,
        },
    )
    Backups(
        "backups",
        {
            "physical_name": name,
            "account_id": account_id,
            "region": region,
            "kms_key_arn": key.key_arn,
            "protect_data": settings.production,
            "tags": tags,
        },
        _kept(settings),
        guard=guard,
    )
    ImageRepository(
        "images",
        {
            "repository_name": name,
            "kms_key_arn": key.key_arn,
            "versions_in_use": [version.version for version in settings.release.versions],
            "protect_data": settings.production,
            "tags": tags,
        },
        _kept(settings),
    )
    balanced: LoadBalancerArgs = {
        "physical_name": name,
        "vpc_id": network.vpc_id,
        "vpc_cidr": details.network.cidr,
        "subnet_ids": network.public_subnet_ids,
        "certificate_arn": certificate.certificate_arn,
        "service_security_group_id": service_group.security_group_id,
        "access_logs_bucket": logs.bucket_name,
        "weights": {"blue": desired.split.get("blue", 0), "green": desired.split.get("green", 0)},
        "stickiness_seconds": desired.stickiness,
        "test_slot": _test_slot(settings),
        "cohorts": details.cohorts is not None,
        "protect": settings.production,
        "tags": tags,
    }
    if details.edge:
        balanced["client_prefix_list_id"] = pulumi.Output.from_input(asyncio.ensure_future(greenflow_edge.senders()))
    else:
        balanced["client_cidrs"] = PUBLIC
    balancer = LoadBalancer(
        "balancer",
        balanced,
        _kept(settings),
        carrier_hooks=began.guard.binding,
        carrier_depends_on=[began.rollout, snapshot],
        rule_hooks=began.guard.beside("cohorts", cohort_rule(settings.slots)) if details.cohorts else None,
    )
    fronted = greenflow_edge.front(around, details.edge, named, balancer, began.guard) if details.edge and named else {}
    cache = Cache(
        "cache",
        {
            "physical_name": name,
            "vpc_id": network.vpc_id,
            "subnet_ids": network.data_subnet_ids,
            "client_security_group_id": service_group.security_group_id,
            "kms_key_arn": key.key_arn,
            "node_type": details.cache.node_type,
            "nodes": details.cache.nodes,
            "protect_data": settings.production,
            "tags": tags,
        },
        pulumi.ResourceOptions.merge(_kept(settings), unreplaced),
        guard=guard,
    )
    secrets = AppSecrets(
        "settings",
        {
            "physical_name": name,
            "kms_key_arn": key.key_arn,
            "settings": {"CACHE_URL": _cache_url(cache), "DATABASE_HOST": database.address},
            "rotation_exempt_reason": "addresses and no credentials",
            "protect_data": settings.production,
            "tags": tags,
        },
    )
    service = BlueGreenService(
        "service",
        {
            "physical_name": name,
            "account_id": account_id,
            "region": region,
            "subnet_ids": network.app_subnet_ids,
            "security_group_id": service_group.security_group_id,
            "kms_key_arn": key.key_arn,
            "slots": _slots(settings, desired, balancer),
            "environment": {"HEADGATE_SYSTEM": system, "DATABASE_NAME": system},
            "secrets": {
                **secrets.arns,
                "DATABASE_USER": pulumi.Output.concat(database.secret_arn, ":username::"),
                "DATABASE_PASSWORD": pulumi.Output.concat(database.secret_arn, ":password::"),
            },
            "task_permissions": [{"actions": ["elasticache:Connect"], "resources": cache.connect_arns}],
            "tags": tags,
        },
        services_depend_on=[balancer.listener, *balancer.rules],
    )
    greenflow_watch.watch(around, balancer, database, service)
    return {
        ledger.OUTPUT: ledger.confirmed(began.change, balancer.settled, port, lambda: began.guard.written),
        KEPT: kept.keeps(key.key, database.instance, cache.replication_group) if kept else {},
        **fronted,
        "balancer": balancer.dns_name,
        "url": f"https://{settings.domain}{greenflow_edge.HEALTH}",
        "cluster": service.cluster_name,
    }


async def _account_id() -> str:
    """The account that the credentials belong to. Raises pulumi.RunError, so without a traceback, when AWS fails."""
    try:
        caller = await pulumi.runtime.invoke_async("aws:index/getCallerIdentity:getCallerIdentity", {})
    except Exception as error:  # noqa: BLE001 - the SDK raises its bare base class
        raise pulumi.RunError(
            f"AWS does not say whose credentials these are: {error}. Check that the AWS_* variables are "
            'set and the network works; for the sandbox: headgate sandbox status, then eval "$(headgate sandbox env)".'
        ) from None
    return str(caller["accountId"])


def _kept(settings: Settings) -> pulumi.ResourceOptions:
    """Protection, in production, of everything that a release does not make anew."""
    return pulumi.ResourceOptions(protect=settings.production)


def _slots(settings: Settings, desired: state.Desired, balancer: LoadBalancer) -> SlotsArgs:
    """Every slot with the version in it; a slot without one runs the live image with no tasks."""
    release = settings.release
    versions = {version.slot: version for version in release.versions}

    def slot_args(slot: str) -> SlotArgs:
        version = versions.get(slot, release.live)
        return {
            "image": version.image,
            "version": version.version,
            "tasks": desired.tasks.get(slot, 0),
            "max_tasks": settings.capacity.maximum_tasks,
            "target_group_arn": balancer.target_group_arns[slot],
        }

    return {"blue": slot_args("blue"), "green": slot_args("green")}


def _test_slot(settings: Settings) -> Slot:
    """The candidate's slot; the standby's when there is no candidate; else the one that is not live."""
    release = settings.release
    tested = release.candidate or release.standby
    if tested is not None:
        return Slot(tested.slot)
    return Slot(next(slot for slot in settings.slots if slot != release.live.slot))


def _certificate(around: Surroundings, named: greenflow_edge.Names | None) -> Certificate:
    """The balancer's certificate: validated in the stack's zone, or one that exists, or one that waits for its DNS."""
    existing = around.details.certificate_arn
    if named is not None and existing is None:
        return named.certificate
    args: CertificateArgs = {"domain_name": around.settings.domain, "tags": around.tags}
    if existing is not None:
        args = {"existing_certificate_arn": existing, "tags": around.tags}
    return Certificate("balancer-certificate" if named else "certificate", args, around.opts)


def _cache_url(cache: Cache) -> pulumi.Output[str]:
    """`rediss://`: TLS; the user logs in with a short-lived IAM token, so there is no password to keep."""
    address = pulumi.Output.concat("rediss://", cache.user_name, "@", cache.primary_endpoint)
    return pulumi.Output.secret(pulumi.Output.concat(address, ":", pulumi.Output.format("{0}", cache.port)))
