"""Who is told about GreenFlow, by which alarms, and what there is to look at."""

from collections.abc import Mapping, Sequence

import pulumi

from components._common import Slot
from components.aws.alarms import Alarms, BySlotArgs
from components.aws.blue_green_service import BlueGreenService
from components.aws.dashboard import ServiceDashboard, ServiceDashboardArgs
from components.aws.database import Database
from components.aws.load_balancer import LoadBalancer
from components.aws.log_metrics import LogMetrics
from components.aws.notifications import AlarmTopics, TopicChannelArgs, TopicChannelKind, TopicTier
from headgate import limits
from headgate.plan import IDLE
from stacks.greenflow_edge import Surroundings
from stacks.notifications import Channel


def watch(around: Surroundings, balancer: LoadBalancer, database: Database, service: BlueGreenService) -> None:
    """Topics, log metrics, an alarm for every limit of the plan, and the dashboard."""
    settings, details, name = around.settings, around.details, around.settings.name
    topics = AlarmTopics(
        "topics",
        {
            "physical_name": name,
            "account_id": around.account_id,
            "region": around.region,
            "channels": {key: _channel(channel) for key, channel in details.notifications.items()},
            "protect_data": settings.production,
            "tags": around.tags,
        },
        around.opts,
    )
    counted = LogMetrics("log-metrics", {"physical_name": name, "log_group_names": _by_slot(service.log_group_names)})
    groups, services = _by_slot(balancer.target_group_arns), _by_slot(service.service_names)
    alarms = Alarms(
        "alarms",
        {
            "physical_name": name,
            "limits": limits.to_dict(settings.plan.limits),
            "listener_arn": balancer.listener_arn,
            "target_group_arns": groups,
            "cluster_name": service.cluster_name,
            "service_names": services,
            "database": {
                "identifier": database.instance.identifier,
                "instance_class": details.database.instance_class,
                "storage_gib": details.database.allocated_storage,
            },
            "cache": {"replication_group_id": name, "nodes": details.cache.nodes},
            "log_namespace": counted.namespace,
            "watchers": [topics.watchers_arn],
            "deploy_team": [topics.deploy_team_arn],
            "leads": _some(topics.leads_arn),
            "management": _some(topics.management_arn),
            "tags": around.tags,
        },
    )
    board: ServiceDashboardArgs = {
        "physical_name": name,
        "region": around.region,
        "live": Slot(settings.release.live.slot),
        "limits": limits.to_dict(settings.plan.limits),
        "listener_arn": balancer.listener_arn,
        "target_group_arns": groups,
        "cluster_name": service.cluster_name,
        "service_names": services,
        "database_identifier": database.instance.identifier,
        "log_namespace": counted.namespace,
        "log_group_names": _by_slot(service.log_group_names),
        "alarm_arns": alarms.alarm_arns,
        "composite_arns": alarms.composite_arns,
    }
    if settings.release.candidate is not None and settings.step != IDLE:
        board["candidate"] = Slot(settings.release.candidate.slot)
    ServiceDashboard("dashboard", board)


def _by_slot(found: Mapping[str, pulumi.Input[str]]) -> BySlotArgs:
    return {"blue": found["blue"], "green": found["green"]}


def _some(arn: pulumi.Output[str] | None) -> Sequence[pulumi.Input[str]]:
    return [] if arn is None else [arn]


def _channel(channel: Channel) -> TopicChannelArgs:
    args: TopicChannelArgs = {"kind": TopicChannelKind(channel.kind), "tier": TopicTier(channel.tier)}
    if channel.address is not None:
        args["address"] = channel.address
    if channel.secret is not None:
        args["secret"] = pulumi.Output.secret(channel.secret)
    return args
