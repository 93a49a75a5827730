"""Alarms: one for every bound of every limit of the plan, and those for what the service relies on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import cloudwatch

from components._common import SLOT_TAG, PlainArguments, Slot, token
from components.aws import alarm_rules, metrics, resource_alarms
from components.aws.alarm_rules import AlarmRule, Bound, Told
from components.aws.blue_green_service import DEFAULT_MEMORY
from components.aws.metrics import Series, Subject
from components.aws.resource_alarms import Supplies
from headgate import limits as limit_rules
from headgate.limits import Limits

MIB = 2**20
ESCALATION = {"leads": 1800, "management": 3600}  # seconds that a rollback bound stays broken (R-B22)
SLOTS = tuple(slot.value for slot in Slot)

Topics = Sequence[pulumi.Input[str]]


class BySlotArgs(TypedDict):
    """Something that each slot has one of."""

    blue: pulumi.Input[str]
    """Of blue."""
    green: pulumi.Input[str]
    """Of green."""


class WatchedDatabaseArgs(TypedDict):
    """The database, as far as alarms need to know it."""

    identifier: pulumi.Input[str]
    """Identifier of the instance."""
    instance_class: str
    """Such as db.m7g.large: how much memory and how many connections there are."""
    storage_gib: int
    """Storage that was asked for."""


class WatchedCacheArgs(TypedDict):
    """The cache, as far as alarms need to know it."""

    replication_group_id: str
    """Id of the group, from which its nodes are named."""
    nodes: int
    """Number of nodes."""


class AlarmsArgs(TypedDict):
    """Arguments of `Alarms`."""

    physical_name: str
    """Name of the service and stem of the alarms' names. Replaces every alarm."""
    limits: Mapping[str, Any]
    """Limits of the plan as a mapping (`headgate.limits.to_dict`). Plain and known."""
    listener_arn: pulumi.Input[str]
    """ARN of the traffic listener; the balancer's series are found by it."""
    target_group_arns: BySlotArgs
    """ARN of each slot's target group."""
    cluster_name: pulumi.Input[str]
    """Name of the ECS cluster."""
    service_names: BySlotArgs
    """Name of each slot's ECS service."""
    memory_mib: NotRequired[int]
    """Memory of a task in MiB: ECS reports its use as a share. Default: 1024."""
    database: WatchedDatabaseArgs
    """The database."""
    cache: WatchedCacheArgs
    """The cache."""
    log_namespace: str
    """Namespace of what is read off the logs (`LogMetrics`)."""
    watchers: Topics
    """Topics for what holds a rollout; at least one."""
    deploy_team: Topics
    """Topics for what ends a rollout; at least one."""
    leads: NotRequired[Topics]
    """Topics told after 30 minutes. Default: none."""
    management: NotRequired[Topics]
    """Topics told after an hour. Default: none."""
    rollback_actions: NotRequired[Topics]
    """What else starts when a slot is beyond a rollback bound, such as a function. Default: nothing."""
    tags: Mapping[str, pulumi.Input[str]]
    """Tags of every taggable child."""


@dataclass(frozen=True, kw_only=True)
class _Settings:
    rules: Sequence[AlarmRule]
    resources: Sequence[AlarmRule]
    outages: Sequence[AlarmRule]
    escalation: Mapping[str, Topics]


class Alarms(pulumi.ComponentResource):
    """An alarm for every bound of the plan's limits in each slot, with what to do in its text.

    What holds a rollout reaches the watchers; what ends it reaches the whole deploy team, and the leads and the
    management when it lasts. One composite alarm per slot and bound says whether that version is within the plan.

    Creates: per bound of a limit a metric alarm, for each slot where slots differ; alarms of the database, the cache
    and the tasks, and of their silence; per slot and bound a composite alarm; with `leads` or `management` the alarms
    on what lasts.

    Changes during a rollout: nothing. A plan is frozen while it is under way.

    Replaces on: `physical_name` (everything); a limit that comes or goes (its alarm).
    """

    alarm_names: dict[str, pulumi.Output[str]]
    """Name of each metric alarm by key: `<slot>-<metric>-<bound>`, `database-cpu`, `no-data-cache`, `down`."""
    alarm_arns: dict[str, pulumi.Output[str]]
    """ARN of each metric alarm by the same keys."""
    composite_names: dict[str, pulumi.Output[str]]
    """Name of each composite alarm by `<slot>-<bound>`."""
    composite_arns: dict[str, pulumi.Output[str]]
    """ARN of each composite alarm by `<slot>-<bound>`."""

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("Alarms"), name, {}, opts)
        settings = _resolve(name, args)
        self._args = args
        self._dimensions = _dimensions(args)

        self.alarm_names, self.alarm_arns = {}, {}
        self.composite_names, self.composite_arns = {}, {}
        for rule in settings.rules:
            self._alarm(rule, args["watchers"] if rule.bound is Bound.HOLD else args["deploy_team"])
        for rule in settings.resources:
            self._alarm(rule, args["watchers"])
        for rule in settings.outages:
            self._alarm(rule, args["deploy_team"])
        for tier, topics in settings.escalation.items():
            for rule in _escalated(args["physical_name"], settings, ESCALATION[tier], tier):
                self._alarm(rule, topics)
        for slot in SLOTS:
            for bound in Bound:
                self._composite(slot, bound, settings)
        self.register_outputs(
            {
                "alarm_names": self.alarm_names,
                "alarm_arns": self.alarm_arns,
                "composite_names": self.composite_names,
                "composite_arns": self.composite_arns,
            }
        )

    def _alarm(self, rule: AlarmRule, topics: Topics) -> None:
        alarm = cloudwatch.MetricAlarm(
            f"{self.pulumi_resource_name}-{rule.key}",
            name=f"{self._args['physical_name']}-{rule.key}",
            alarm_description=rule.text,
            comparison_operator=rule.comparison.value,
            threshold=rule.threshold,
            evaluation_periods=rule.readings,
            datapoints_to_alarm=rule.readings,
            treat_missing_data=rule.missing.value,
            metric_queries=self._queries(rule),
            actions_enabled=True,
            alarm_actions=list(topics),
            ok_actions=list(topics),
            tags=self._tags(rule.slot),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.alarm_names[rule.key] = alarm.name
        self.alarm_arns[rule.key] = alarm.arn

    def _queries(self, rule: AlarmRule) -> list[cloudwatch.MetricAlarmMetricQueryArgsDict]:
        """The series of an alarm and its expression; a series that is the whole expression stands alone."""
        series = rule.watch.series
        alone = len(series) == 1 and series[0].id == rule.watch.expression
        queries: list[cloudwatch.MetricAlarmMetricQueryArgsDict] = [
            {
                "id": each.id,
                "return_data": alone,
                "metric": {
                    "namespace": each.namespace or self._args["log_namespace"],
                    "metric_name": each.name,
                    "period": rule.period,
                    "stat": each.stat,
                    "dimensions": self._dimensions_of(each),
                },
            }
            for each in series
        ]
        if not alone:
            queries.append(
                {"id": "watched", "expression": rule.watch.expression, "label": rule.title, "return_data": True}
            )
        return queries

    def _dimensions_of(self, series: Series) -> dict[str, pulumi.Input[str]]:
        if series.subject is Subject.CACHE:
            return {"CacheClusterId": series.of}
        return dict(self._dimensions[series.subject, series.of])

    def _composite(self, slot: str, bound: Bound, settings: _Settings) -> None:
        """Whether the version in `slot` is beyond any limit; those of the whole service count for either slot."""
        watched = [rule for rule in settings.rules if rule.bound is bound and rule.slot in (slot, None)]
        if bound is Bound.ROLLBACK:
            watched += [rule for rule in settings.outages if rule.slot == slot]
        if not watched:
            return
        args, key = self._args, f"{slot}-{bound.value}"
        # Each alarm tells its own people; this one is for the record, and for what acts by itself.
        actions = [*args["watchers"], *(args.get("rollback_actions", ()) if bound is Bound.ROLLBACK else ())]
        composite = cloudwatch.CompositeAlarm(
            f"{self.pulumi_resource_name}-{key}",
            alarm_name=f"{args['physical_name']}-{key}",
            alarm_description=(
                f"{args['physical_name']} {slot} is beyond a {bound.value} bound. {alarm_rules.WHAT_TO_DO[bound]}"
            ),
            alarm_rule=pulumi.Output.all(*[self.alarm_names[rule.key] for rule in watched]).apply(any_of),
            actions_enabled=True,
            alarm_actions=actions,
            ok_actions=list(args["watchers"]),
            tags=self._tags(slot),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.composite_names[key] = composite.alarm_name
        self.composite_arns[key] = composite.arn

    def _tags(self, slot: str | None) -> Mapping[str, pulumi.Input[str]]:
        return self._args["tags"] if slot is None else {**self._args["tags"], SLOT_TAG: slot}


def any_of(names: Sequence[str]) -> str:
    """The rule of a composite alarm that fires when any of the alarms does."""
    return " OR ".join(f'ALARM("{name}")' for name in names)


def _dimensions(args: AlarmsArgs) -> Mapping[tuple[Subject, str], Mapping[str, pulumi.Input[str]]]:
    """Dimensions by subject and slot."""
    balancer = pulumi.Output.from_input(args["listener_arn"]).apply(metrics.balancer_dimension)
    groups = {"blue": args["target_group_arns"]["blue"], "green": args["target_group_arns"]["green"]}
    services = {"blue": args["service_names"]["blue"], "green": args["service_names"]["green"]}
    return {
        (Subject.BALANCER, ""): {"LoadBalancer": balancer},
        (Subject.DATABASE, ""): {"DBInstanceIdentifier": args["database"]["identifier"]},
        **{
            (Subject.TARGETS, slot): {
                "LoadBalancer": balancer,
                "TargetGroup": pulumi.Output.from_input(arn).apply(metrics.targets_dimension),
            }
            for slot, arn in groups.items()
        },
        **{
            (Subject.TASKS, slot): {"ClusterName": args["cluster_name"], "ServiceName": service}
            for slot, service in services.items()
        },
        **{(Subject.LOGS, slot): {} for slot in SLOTS},
    }


def _escalated(service: str, settings: _Settings, waited: int, tier: str) -> list[AlarmRule]:
    """What the tier is told when it has lasted for `waited` seconds: per slot the limits, and the outage."""
    minutes = waited // 60
    lasted = f"This has lasted for {minutes} minutes; the deploy team was told at its beginning. "
    found: list[AlarmRule] = []
    for slot in SLOTS:
        broken = [rule for rule in settings.rules if rule.bound is Bound.ROLLBACK and rule.slot in (slot, None)]
        title = f"{service} {slot}: beyond its limits for {minutes} minutes"
        text = f"{title}. {lasted}{alarm_rules.WHAT_TO_DO[Bound.ROLLBACK]}"
        told = Told(key=f"{tier}-{slot}-limits", title=title, text=text)
        found += alarm_rules.lasting(told, slot, broken, waited)
    outage = next(rule for rule in settings.outages if rule.slot is None)
    title = f"{service}: no healthy task for {minutes} minutes"
    told = Told(key=f"{tier}-down", title=title, text=f"{title}. {lasted}{alarm_rules.DOWN_TEXT}")
    return [*found, resource_alarms.outlasting(told, outage, waited)]


def _resolve(name: str, args: AlarmsArgs) -> _Settings:
    plain = PlainArguments("Alarms", name)
    service = args["physical_name"]
    memory_mib = args.get("memory_mib", DEFAULT_MEMORY)
    database, cache = args["database"], args["cache"]
    limits = _limits(plain, args["limits"])
    memory_gib = resource_alarms.memory_gib(database["instance_class"])
    plain.name("physical_name", service)
    plain.between("memory_mib", memory_mib, 512, 122_880, "MiB")
    plain.between("cache.nodes", cache["nodes"], 1, 6)
    plain.between("database.storage_gib", database["storage_gib"], 20, 65_536, "GiB")
    plain.expect(
        memory_gib is not None,
        "database.instance_class",
        database["instance_class"],
        "a class of the families m, r, t or x, such as db.m7g.large",
    )
    for field in ("watchers", "deploy_team"):
        topics: Any = args.get(field)
        plain.expect(len(topics) > 0, field, [], "at least one topic", "An alarm that reaches nobody is none.")
    plain.refuse()
    supplies = Supplies(
        memory_gib=memory_gib or 1,
        storage_gib=database["storage_gib"],
        nodes=metrics.cache_nodes(cache["replication_group_id"], cache["nodes"]),
    )
    limited = limits.get("database_connections") is not None
    return _Settings(
        rules=alarm_rules.rules(limits, service, SLOTS, memory_mib * MIB),
        resources=(
            *resource_alarms.supplies_rules(service, supplies, connections_limited=limited),
            *resource_alarms.unseen(service, SLOTS, supplies),
        ),
        outages=(
            resource_alarms.down(service, SLOTS),
            *(resource_alarms.slot_down(service, slot) for slot in SLOTS),
        ),
        escalation={tier: topics for tier in ESCALATION if (topics := _tier(args, tier))},
    )


def _tier(args: AlarmsArgs, tier: str) -> Topics:
    return args.get("leads", ()) if tier == "leads" else args.get("management", ())


def _limits(plain: PlainArguments, raw: Mapping[str, Any]) -> Limits:
    try:
        return limit_rules.from_dict(raw)
    except (KeyError, TypeError, ValueError) as error:
        plain.expect(False, "limits", str(error), "limits as headgate.limits.to_dict gives them")
        return Limits()
