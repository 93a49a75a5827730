"""Repairs of Amazon S3. Reference: S3 API, version 2006-03-01."""

import json
from fnmatch import fnmatchcase
from typing import Any

from moto.s3.exceptions import InvalidTargetBucketForLogging
from moto.s3.models import FakeBucket

from sandbox.aws.repairs import Original, around

_LOGGING = "logging.s3.amazonaws.com"


@around(FakeBucket, "set_logging")
def a_policy_of_the_target_may_say_more(original: Original, bucket: FakeBucket, config: Any, backend: Any) -> Any:
    """moto fails on a target whose policy has a statement about everybody, and reads no list of resources; AWS takes
    any policy that lets its logging service write (PutBucketLogging)."""
    target = backend.buckets.get(config["TargetBucket"]) if config else None
    if target is None or not target.policy:
        return original(config, backend)
    key = f"arn:aws:s3:::{target.name}/{config.get('TargetPrefix') or ''}x"
    if not any(_lets_write(statement, key) for statement in json.loads(target.policy)["Statement"]):
        raise InvalidTargetBucketForLogging(f"The policy of the target bucket does not let {_LOGGING} write to it.")
    bucket.logging = config
    return None


def _lets_write(statement: dict[str, Any], key: str) -> bool:
    principal = statement.get("Principal")
    return (
        statement["Effect"] == "Allow"
        and isinstance(principal, dict)
        and _LOGGING in _listed(principal.get("Service"))
        and "s3:PutObject" in _listed(statement.get("Action"))
        and any(fnmatchcase(key, pattern) for pattern in _listed(statement.get("Resource")))
    )


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value or ""]
