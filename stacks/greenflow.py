"""GreenFlow on AWS: its components in dependency order. No resources of its own."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pulumi

from components._common import Slot, standard_tags
from components.aws.blue_green_service import BlueGreenService, SlotArgs, SlotsArgs
from components.aws.bucket_policies import LogSource
from components.aws.cache import Cache
from components.aws.certificate import Certificate, CertificateArgs
from components.aws.database import Database
from components.aws.declared import listener
from components.aws.encryption import EncryptionKey
from components.aws.load_balancer import LoadBalancer
from components.aws.network import NatGateways, Network
from components.aws.secrets import AppSecrets
from components.aws.service_security_group import ServiceSecurityGroup
from components.aws.storage import LogBucket
from headgate import state
from headgate.clock import Clock
from headgate.settings import Settings
from headgate.traffic.port import TrafficPort
from stacks import foundation, ledger
from stacks.greenflow_settings import GreenflowSettings
from stacks.settings import region as aws_region

PUBLIC = ["0.0.0.0/0"]  # the service is public; the firewall in front of it comes with the edge


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

    key = EncryptionKey(
        "key",
        {
            "physical_name": name,
            "account_id": account_id,
            "region": region,
            "protect_data": settings.production,
            "tags": tags,
        },
        _kept(settings),
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
    certificate = Certificate("certificate", _certificate(settings, details, tags), _kept(settings))
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
    balancer = LoadBalancer(
        "balancer",
        {
            "physical_name": name,
            "vpc_id": network.vpc_id,
            "vpc_cidr": details.network.cidr,
            "subnet_ids": network.public_subnet_ids,
            "certificate_arn": certificate.certificate_arn,
            "service_security_group_id": service_group.security_group_id,
            "access_logs_bucket": logs.bucket_name,
            "client_cidrs": PUBLIC,
            "weights": {"blue": desired.split.get("blue", 0), "green": desired.split.get("green", 0)},
            "stickiness_seconds": desired.stickiness,
            "test_slot": _test_slot(settings),
            "protect": settings.production,
            "tags": tags,
        },
        _kept(settings),
        carrier_hooks=began.guard.binding,
        carrier_depends_on=[began.rollout],
    )
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
            "tags": tags,
        },
        _kept(settings),
    )
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
        _kept(settings),
    )
    secrets = AppSecrets(
        "settings",
        {
            "physical_name": name,
            "kms_key_arn": key.key_arn,
            "settings": {"CACHE_URL": _cache_url(cache), "DATABASE_HOST": database.address},
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
        services_depend_on=[balancer.listener],
    )
    return {
        ledger.OUTPUT: ledger.confirmed(began.change, balancer.default_actions, port, lambda: began.guard.written),
        "balancer": balancer.dns_name,
        "url": f"https://{settings.domain}/api/v2/health",
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
    versions = {version.slot: version for version in (release.live, release.candidate, release.standby) if version}

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


def _certificate(
    settings: Settings, details: GreenflowSettings, tags: Mapping[str, pulumi.Input[str]]
) -> CertificateArgs:
    if details.certificate_arn is not None:
        return {"existing_certificate_arn": details.certificate_arn, "tags": tags}
    return {"domain_name": settings.domain, "tags": tags}


def _cache_url(cache: Cache) -> pulumi.Output[str]:
    """`rediss://`: TLS; the user logs in with a short-lived IAM token, so there is no password to keep."""
    address = pulumi.Output.concat("rediss://", cache.user_name, "@", cache.primary_endpoint)
    return pulumi.Output.secret(pulumi.Output.concat(address, ":", pulumi.Output.format("{0}", cache.port)))
