"""Log groups."""

import pulumi

from components.aws.logs import DEFAULT_RETENTION_DAYS, RETENTION_DAYS, log_group
from tests.support.drive import drive


def test_log_group_is_encrypted_and_forgets_in_time() -> None:
    def build() -> None:
        parent = pulumi.ComponentResource("headgate:index:Parent", "parent")
        log_group("log", path="/a/b", retention_days=30, kms_key_arn="arn:key", tags={"a": "b"}, parent=parent)

    made = drive(build).one("LogGroup", "log")
    assert made.inputs == {"name": "/a/b", "retentionInDays": 30, "kmsKeyId": "arn:key", "tags": {"a": "b"}}
    assert made.parent.endswith("::parent")


def test_default_retention_is_one_that_cloudwatch_accepts() -> None:
    assert DEFAULT_RETENTION_DAYS in RETENTION_DAYS
