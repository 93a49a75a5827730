"""Repairs of Amazon CloudWatch Logs. Reference: CloudWatch Logs API, version 2014-03-28."""

from typing import Any

from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.models import LogsBackend

from sandbox.aws.repairs import Original, around


@around(LogsBackend, "put_metric_filter")
def a_metric_filter_is_there_once(
    original: Original, backend: LogsBackend, filter_name: str, filter_pattern: str, log_group_name: str, *rest: Any
) -> Any:
    """moto adds a second one of the same name, to groups that do not exist too; AWS replaces it (PutMetricFilter)."""
    if log_group_name not in backend.groups:
        raise ResourceNotFoundException(f"The specified log group does not exist: {log_group_name}")
    backend.filters.delete_filter(filter_name, log_group_name)
    return original(filter_name, filter_pattern, log_group_name, *rest)
