"""The service's logs: kept in a bucket of their own, and counted."""

from typing import NotRequired, TypedDict

import pulumi
from pulumi_gcp import logging

from components._common import PlainArguments, token
from components.gcp.queries import error_metric, failure_metric, turn_metric

DEFAULT_RETENTION_DAYS = 365
MOST_RETENTION_DAYS = 3650  # Logging API, LogBucket.retentionDays
NAME_LIMIT = 63

TURN_FIELD = "turn_ms"  # of a structured log entry: milliseconds that one conversation turn took

# 1 ms to about 90 s, each bucket a tenth wider than the one before: a quantile is read to within a tenth.
TURN_BUCKETS: logging.MetricBucketOptionsArgsDict = {
    "exponential_buckets": {"scale": 1.0, "growth_factor": 1.1, "num_finite_buckets": 120}
}


class ServiceLogsArgs(TypedDict):
    """Arguments of `ServiceLogs`."""

    physical_name: str
    """Name of the Cloud Run service, and of the bucket and the sink. Replaces everything."""
    project: str
    """Id of the project."""
    location: str
    """Region of the bucket. Replaces it."""
    retention_days: NotRequired[int]
    """Days to keep logs, 1 to 3650. Default: 365."""
    kms_key_name: NotRequired[pulumi.Input[str]]
    """Key of the bucket, for which Logging's own account needs the right to use it. Default: Google's own."""
    protect_data: NotRequired[bool]
    """Refuse to delete or replace the bucket, keep it when the stack goes. Default: true."""


class ServiceLogs(pulumi.ComponentResource):
    """Everything the service logs, and what was changed on it, in a bucket of its own; and the metrics read off it.

    Logging writes to a bucket of the same project without an account (Logging API, LogSink.writerIdentity), so
    nobody is given a right to write. A turn is counted when the application logs a JSON entry with `turn_ms`.

    Creates: bucket; sink; metrics of failed requests, of logged errors and of the latency of turns.

    Changes during a rollout: nothing.

    Replaces on: `physical_name` (everything), `location` (bucket). While `protect_data` is true these are refused.
    """

    bucket_name: pulumi.Output[str]
    """Full name of the bucket."""
    failure_metric: pulumi.Output[str]
    """Name of the metric of failed requests."""
    error_metric: pulumi.Output[str]
    """Name of the metric of logged errors."""
    turn_metric: pulumi.Output[str]
    """Name of the metric of the latency of turns."""

    def __init__(self, name: str, args: ServiceLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("ServiceLogs"), name, {}, opts)
        retention = args.get("retention_days", DEFAULT_RETENTION_DAYS)
        protect_data = args.get("protect_data", True)
        key = args.get("kms_key_name")
        service = args["physical_name"]
        plain = PlainArguments("ServiceLogs", name)
        plain.name("physical_name", service, NAME_LIMIT)
        plain.between("retention_days", retention, 1, MOST_RETENTION_DAYS, "days")
        plain.refuse()

        bucket = logging.ProjectBucketConfig(
            f"{name}-bucket",
            bucket_id=service,
            project=args["project"],
            location=args["location"],
            description=f"Logs of {service}",
            retention_days=retention,
            cmek_settings={"kms_key_name": key} if key is not None else None,
            opts=pulumi.ResourceOptions(parent=self, protect=protect_data, retain_on_delete=protect_data),
        )
        logging.ProjectSink(
            f"{name}-sink",
            name=service,
            project=args["project"],
            description=f"Logs of {service} into their own bucket",
            destination=pulumi.Output.concat("logging.googleapis.com/", bucket.id),
            filter=of_service(service),
            unique_writer_identity=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.bucket_name = bucket.id
        self.failure_metric = self._counter(
            "failed-requests", failure_metric(service), failed_requests(service), "Requests answered with 5xx"
        )
        self.error_metric = self._counter(
            "logged-errors", error_metric(service), f"{of_service(service)} AND severity>=ERROR", "Errors logged"
        )
        self.turn_metric = self._turns(service)
        self.register_outputs(
            {
                "bucket_name": self.bucket_name,
                "failure_metric": self.failure_metric,
                "error_metric": self.error_metric,
                "turn_metric": self.turn_metric,
            }
        )

    def _counter(self, role: str, metric: str, log_filter: str, what: str) -> pulumi.Output[str]:
        """A metric that counts entries. The revision comes with them: it is a label of the resource that logs."""
        return logging.Metric(
            f"{self.pulumi_resource_name}-{role}",
            name=metric,
            description=what,
            filter=log_filter,
            metric_descriptor={"metric_kind": "DELTA", "value_type": "INT64", "unit": "1", "display_name": what},
            opts=pulumi.ResourceOptions(parent=self),
        ).name

    def _turns(self, service: str) -> pulumi.Output[str]:
        what = "Milliseconds that conversation turns took"
        return logging.Metric(
            f"{self.pulumi_resource_name}-turn-latency",
            name=turn_metric(service),
            description=what,
            filter=f"{of_service(service)} AND jsonPayload.{TURN_FIELD}>=0",
            value_extractor=f"EXTRACT(jsonPayload.{TURN_FIELD})",
            bucket_options=TURN_BUCKETS,
            metric_descriptor={
                "metric_kind": "DELTA",
                "value_type": "DISTRIBUTION",
                "unit": "ms",
                "display_name": what,
            },
            opts=pulumi.ResourceOptions(parent=self),
        ).name


def of_service(service: str) -> str:
    """Filter of everything that Cloud Run logs of a service: requests, the application's output, and its changes."""
    return f'resource.type="cloud_run_revision" AND resource.labels.service_name="{service}"'


def failed_requests(service: str) -> str:
    """Filter of the requests that were answered with a server's error."""
    return f'{of_service(service)} AND log_id("run.googleapis.com/requests") AND httpRequest.status>=500'


def changes(service: str) -> str:
    """Filter of who changed the service: every shift of traffic is one, and so is a rollback.

    Method names are those of Cloud Run's audit log (documentation, "Cloud Run audit logging").
    """
    return (
        f'{of_service(service)} AND log_id("cloudaudit.googleapis.com/activity") AND '
        r'protoPayload.methodName=~"\.Services\.(CreateService|ReplaceService|UpdateService|DeleteService)$"'
    )
