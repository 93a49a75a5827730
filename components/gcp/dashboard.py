"""The dashboard that people watch a rollout on."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_gcp import monitoring

from components._common import PlainArguments, token
from components.gcp.dashboard_layout import Subject, dashboard_json
from components.gcp.logs import changes, failed_requests
from components.gcp.revision import DEFAULT_MEMORY, memory_bytes
from headgate import limits as limit_rules


class RolloutDashboardArgs(TypedDict):
    """Arguments of `RolloutDashboard`."""

    physical_name: str
    """Name of the Cloud Run service."""
    project: str
    """Id of the project. Replaces the dashboard."""
    host: str
    """Host name of the front door, by which the uptime check's series are found."""
    live: str
    """Name of the live revision."""
    candidate: NotRequired[str]
    """Name of the candidate's revision. Default: none, outside a rollout."""
    limits: Mapping[str, Any]
    """Limits of the plan as a mapping (`headgate.limits.to_dict`): the colours and the lines."""
    memory: NotRequired[str]
    """Memory of an instance, such as 2Gi. Default: 1Gi."""
    labels: Mapping[str, str]
    """Labels of the dashboard."""


class RolloutDashboard(pulumi.ComponentResource):
    """The last five minutes of the candidate beside the live version, trends of every revision, alerts and events.

    Built from what is known before the update, so that a preview shows it whole.

    Creates: dashboard.

    Changes during a rollout: `live`, `candidate`.

    Replaces on: `project`.
    """

    dashboard_name: pulumi.Output[str]
    """Full name of the dashboard."""

    def __init__(self, name: str, args: RolloutDashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("RolloutDashboard"), name, {}, opts)
        board = monitoring.Dashboard(
            f"{name}-rollout",
            project=args["project"],
            dashboard_json=dashboard_json(_subject(name, args)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.dashboard_name = board.id
        self.register_outputs({"dashboard_name": self.dashboard_name})


def _subject(name: str, args: RolloutDashboardArgs) -> Subject:
    plain = PlainArguments("RolloutDashboard", name)
    service, memory = args["physical_name"], args.get("memory", DEFAULT_MEMORY)
    plain.name("physical_name", service, 63)
    plain.expect("." in args["host"] and "/" not in args["host"], "host", args["host"], "a host name")
    candidate = args.get("candidate")
    for field, revision in (("live", args["live"]), ("candidate", candidate)):
        if revision is not None:
            plain.expect(
                revision.startswith(f"{service}-"), field, revision, f"a revision of the service, `{service}-...`"
            )
    plain.expect(candidate != args["live"], "candidate", candidate, "another revision than `live`")
    try:
        limits, size = limit_rules.from_dict(args["limits"]), memory_bytes(memory)
    except (KeyError, TypeError, ValueError) as error:
        plain.expect(
            False, "limits, memory", str(error), "limits as headgate.limits.to_dict gives them, and 512Mi or 2Gi"
        )
        limits, size = limit_rules.Limits(), 0
    plain.refuse()
    return Subject(
        service=service,
        host=args["host"],
        live=args["live"],
        candidate=candidate,
        limits=limits,
        memory_bytes=size,
        changes=changes(service),
        failures=failed_requests(service),
        labels=args["labels"],
    )
