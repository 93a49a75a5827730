"""The dashboard that people watch a rollout on."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import cloudwatch

from components._common import PlainArguments, Slot, token
from components.aws import metrics
from components.aws.alarms import BySlotArgs
from components.aws.dashboard_layout import Mark, Subjects, dashboard_json
from headgate import limits as limit_rules
from headgate.limits import Limits

MOST_ALARMS = 100  # alarms of one widget (CloudWatch API, "Dashboard body structure and syntax", alarm widget)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")


class DashboardEventArgs(TypedDict):
    """Something that happened to the rollout."""

    at: str
    """When, in UTC: 2026-02-11T14:00:00Z."""
    title: str
    """What, such as the name of the step that was entered."""


class ServiceDashboardArgs(TypedDict):
    """Arguments of `ServiceDashboard`."""

    physical_name: str
    """Name of the service and stem of the dashboard's. Replaces the dashboard."""
    region: str
    """Region of the metrics."""
    live: Slot
    """Slot of the live version."""
    candidate: NotRequired[Slot]
    """Slot of the candidate. Default: none, outside a rollout."""
    limits: Mapping[str, Any]
    """Limits of the plan as a mapping (`headgate.limits.to_dict`): the lines."""
    listener_arn: pulumi.Input[str]
    """ARN of the traffic listener; the balancer's series are found by it."""
    target_group_arns: BySlotArgs
    """ARN of each slot's target group."""
    cluster_name: pulumi.Input[str]
    """Name of the ECS cluster."""
    service_names: BySlotArgs
    """Name of each slot's ECS service."""
    database_identifier: pulumi.Input[str]
    """Identifier of the database instance."""
    log_namespace: str
    """Namespace of what is read off the logs (`LogMetrics`)."""
    log_group_names: BySlotArgs
    """Log group of each slot's tasks."""
    alarm_arns: Mapping[str, pulumi.Input[str]]
    """ARN of each alarm by key (`Alarms`); the first hundred by key are shown."""
    composite_arns: Mapping[str, pulumi.Input[str]]
    """ARN of each composite alarm by key (`Alarms`)."""
    events: NotRequired[Sequence[DashboardEventArgs]]
    """What happened to the rollout; the newest twenty are shown. Default: nothing."""


class ServiceDashboard(pulumi.ComponentResource):
    """The last five minutes of the candidate beside the live version, trends of both slots, alarms and events.

    Creates: dashboard.

    Changes during a rollout: `live`, `candidate`, `events`.

    Replaces on: `physical_name`.
    """

    dashboard_name: pulumi.Output[str]
    """Name of the dashboard."""

    def __init__(self, name: str, args: ServiceDashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("ServiceDashboard"), name, {}, opts)
        limits, marks = _resolve(name, args)
        body = pulumi.Output.all(
            listener=args["listener_arn"],
            targets=_by_slot(args["target_group_arns"]),
            cluster=args["cluster_name"],
            services=_by_slot(args["service_names"]),
            database=args["database_identifier"],
            logs=_by_slot(args["log_group_names"]),
            alarms=dict(args["alarm_arns"]),
            composites=dict(args["composite_arns"]),
        ).apply(lambda known: dashboard_json(_subjects(args, limits, marks, known)))
        board = cloudwatch.Dashboard(
            f"{name}-rollout",
            dashboard_name=f"{args['physical_name']}-rollout",
            dashboard_body=body,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.dashboard_name = board.dashboard_name
        self.register_outputs({"dashboard_name": self.dashboard_name})


def _subjects(args: ServiceDashboardArgs, limits: Limits, marks: Sequence[Mark], known: Mapping[str, Any]) -> Subjects:
    candidate = args.get("candidate")
    return Subjects(
        service=args["physical_name"],
        region=args["region"],
        live=Slot(args["live"]).value,
        candidate=Slot(candidate).value if candidate is not None else None,
        limits=limits,
        balancer=metrics.balancer_dimension(known["listener"]),
        targets={slot: metrics.targets_dimension(arn) for slot, arn in known["targets"].items()},
        cluster=known["cluster"],
        services=known["services"],
        database=known["database"],
        log_groups=known["logs"],
        log_namespace=args["log_namespace"],
        alarms=[known["alarms"][key] for key in sorted(known["alarms"])][:MOST_ALARMS],
        composites=[known["composites"][key] for key in sorted(known["composites"])],
        marks=marks,
    )


def _by_slot(given: BySlotArgs) -> dict[str, pulumi.Input[str]]:
    return {"blue": given["blue"], "green": given["green"]}


def _resolve(name: str, args: ServiceDashboardArgs) -> tuple[Limits, Sequence[Mark]]:
    plain = PlainArguments("ServiceDashboard", name)
    plain.name("physical_name", args["physical_name"])
    live = plain.one_of(Slot, "live", args["live"])
    candidate = args.get("candidate")
    if candidate is not None:
        other = plain.one_of(Slot, "candidate", candidate)
        plain.expect(other is not live, "candidate", str(candidate), "another slot than `live`")
    for position, event in enumerate(args.get("events", ())):
        at = event["at"]
        plain.expect(
            _TIME.fullmatch(at) is not None, f"events[{position}].at", at, "a time in UTC, 2026-02-11T14:00:00Z"
        )
    try:
        limits = limit_rules.from_dict(args["limits"])
    except (KeyError, TypeError, ValueError) as error:
        plain.expect(False, "limits", str(error), "limits as headgate.limits.to_dict gives them")
        limits = Limits()
    plain.refuse()
    return limits, [Mark(at=event["at"], title=event["title"]) for event in args.get("events", ())]
