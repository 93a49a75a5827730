"""What is counted in the logs of the tasks."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
from pulumi_aws import cloudwatch

from components._common import PlainArguments, Slot, token
from components.aws import metrics

# Of log entries in JSON, one a line. A pattern that lets no negative value through keeps percentiles possible
# (CloudWatch Logs User Guide, "Creating metrics from log events using filters").
ERRORS = '{ ($.level = "ERROR") || ($.level = "CRITICAL") || ($.severity = "ERROR") || ($.severity = "CRITICAL") }'
TURN_FIELD = "turn_ms"  # milliseconds that one conversation turn took
TURNS = f"{{ $.{TURN_FIELD} >= 0 }}"


class LogGroupNamesArgs(TypedDict):
    """Log group of each slot."""

    blue: pulumi.Input[str]
    """Of blue."""
    green: pulumi.Input[str]
    """Of green."""


class LogMetricsArgs(TypedDict):
    """Arguments of `LogMetrics`."""

    physical_name: str
    """Name of the service; the metrics' namespace follows from it."""
    log_group_names: LogGroupNamesArgs
    """Log group of each slot's tasks. Replaces the filters of the slot."""


class LogMetrics(pulumi.ComponentResource):
    """Errors that the tasks of each slot log, and the time that conversation turns take.

    Entries count when they are JSON: an error has `level` or `severity` ERROR or CRITICAL, a turn has `turn_ms`.
    Without such entries there are no figures, and nothing else follows.

    Creates: per slot a metric filter for errors and one for turns.

    Changes during a rollout: nothing.

    Replaces on: `physical_name`, `log_group_names`.
    """

    namespace: str
    """Namespace of the metrics."""
    error_metrics: dict[str, str]
    """Name of the metric of logged errors, by slot."""
    turn_metrics: dict[str, str]
    """Name of the metric of the latency of turns, by slot."""

    def __init__(self, name: str, args: LogMetricsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("LogMetrics"), name, {}, opts)
        plain = PlainArguments("LogMetrics", name)
        plain.name("physical_name", args["physical_name"])
        plain.refuse()
        self.namespace = metrics.log_namespace(args["physical_name"])
        self.error_metrics, self.turn_metrics = {}, {}
        groups: Mapping[Slot, pulumi.Input[str]] = {
            Slot.BLUE: args["log_group_names"]["blue"],
            Slot.GREEN: args["log_group_names"]["green"],
        }
        for slot, group in groups.items():
            self.error_metrics[slot.value] = self._filter(
                "errors",
                slot,
                group,
                ERRORS,
                {"name": metrics.error_metric(slot.value), "value": "1", "default_value": "0", "unit": "Count"},
            )
            # No default: a turn that did not happen took no time at all.
            self.turn_metrics[slot.value] = self._filter(
                "turns",
                slot,
                group,
                TURNS,
                {"name": metrics.turn_metric(slot.value), "value": f"$.{TURN_FIELD}", "unit": "Milliseconds"},
            )
        self.register_outputs(
            {
                "namespace": self.namespace,
                "error_metrics": self.error_metrics,
                "turn_metrics": self.turn_metrics,
            }
        )

    def _filter(self, role: str, slot: Slot, group: pulumi.Input[str], pattern: str, counted: Mapping[str, str]) -> str:
        name = f"{self.pulumi_resource_name}-{slot.value}-{role}"
        transformation: cloudwatch.LogMetricFilterMetricTransformationArgsDict = {
            "name": counted["name"],
            "namespace": self.namespace,
            "value": counted["value"],
            "unit": counted["unit"],
        }
        if "default_value" in counted:
            transformation["default_value"] = counted["default_value"]
        cloudwatch.LogMetricFilter(
            name,
            name=counted["name"],
            log_group_name=group,
            pattern=pattern,
            metric_transformation=transformation,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return counted["name"]
