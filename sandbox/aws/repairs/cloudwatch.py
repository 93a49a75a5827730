"""Repairs of Amazon CloudWatch. Reference: CloudWatch API, version 2010-08-01."""

import re
from typing import Any

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse

from sandbox.aws.repairs import Original, around

_NAMED = re.compile(r"""\b(?:ALARM|OK|INSUFFICIENT_DATA)\(\s*["']?([^"')]+?)["']?\s*\)""")


@around(CloudWatchResponse, "put_composite_alarm")
def composite_alarms_are_kept(original: Original, response: CloudWatchResponse) -> Any:
    """moto has no such operation; AWS keeps the alarm, of alarms that exist (PutCompositeAlarm)."""
    rule = str(response._get_param("AlarmRule"))
    missing = sorted(_named(rule) - set(response.cloudwatch_backend.alarms))
    if missing:
        raise ValidationError(f"AlarmRule refers to alarms that do not exist: {', '.join(missing)}")
    return response.put_metric_alarm()


@around(CloudWatchBackend, "delete_alarms")
def alarms_in_use_stay(original: Original, backend: CloudWatchBackend, alarm_names: list[str]) -> Any:
    """moto deletes any alarm; AWS none that another's rule refers to (DeleteAlarms)."""
    for other in backend.alarms.values():
        used = _named(other.rule or "") & set(alarm_names)
        if used and other.name not in alarm_names:
            raise ValidationError(f"Cannot delete {', '.join(sorted(used))}: the composite alarm {other.name} uses it")
    return original(alarm_names)


@around(CloudWatchBackend, "put_metric_alarm")
def an_update_keeps_the_tags(original: Original, backend: CloudWatchBackend, *args: Any, **given: Any) -> Any:
    """moto writes the tags of every call; AWS those of the first only (PutMetricAlarm, Tags)."""
    if given.get("name") in backend.alarms:
        given["tags"] = None
    return original(*args, **given)


def _named(rule: str) -> set[str]:
    """Names of the alarms that the rule of a composite alarm refers to; they may be ARNs."""
    return {name.rpartition(":alarm:")[2] for name in _NAMED.findall(rule)}
