"""Where moto 5.2.5 differs from AWS in storage and backups: what the repairs make of it, on the running server."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from components.aws.bucket_policies import LogSource, log_policy, private_policy
from tests.sandbox.standin.provider import Provider
from tests.sandbox.standin.storage_world import ACCOUNT, REGION, bucket, log_bucket
from tests.sandbox.standin.world import world

pytestmark = pytest.mark.sandbox

Client = Callable[[str], Any]


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as error:
        call()
    return str(error.value.response["Error"]["Code"])


def test_a_bucket_logs_where_the_policy_lets_the_logging_service_write(provider: Provider, client: Client) -> None:
    with world(provider) as w:
        s3, source, target = client("s3"), bucket(w), log_bucket(w)

        def log(prefix: str) -> Any:
            enabled = {"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": prefix}}
            return s3.put_bucket_logging(Bucket=source, BucketLoggingStatus=enabled)

        log("access/data/")
        assert refused(lambda: log("elsewhere/")) == "InvalidTargetBucketForLogging"
        for policy in (
            private_policy(target, REGION),
            log_policy(target, REGION, ACCOUNT, "hg", [LogSource.BALANCER]),
        ):
            s3.put_bucket_policy(Bucket=target, Policy=policy)
            assert refused(lambda: log("access/data/")) == "InvalidTargetBucketForLogging"
        s3.put_bucket_logging(Bucket=source, BucketLoggingStatus={})


def test_a_bucket_is_emptied_when_the_program_said_so_and_else_stays(provider: Provider, client: Client) -> None:
    with world(provider) as w:
        s3 = client("s3")
        given = {"bucket": w.named("hg-full"), "forceDestroy": False}
        made = provider.create("aws:s3/bucket:Bucket", "full", given)
        s3.put_bucket_versioning(Bucket=made.id, VersioningConfiguration={"Status": "Enabled"})
        for _ in range(2):
            s3.put_object(Bucket=made.id, Key="a", Body=b"1")
        s3.delete_object(Bucket=made.id, Key="a")

        with pytest.raises(Exception, match="BucketNotEmpty"):
            provider.delete(made)
        provider.delete(provider.update(made, {**given, "forceDestroy": True}))
        assert refused(lambda: s3.head_bucket(Bucket=made.id)) == "404"


def test_a_plan_changes_and_keeps_its_id(provider: Provider, client: Client) -> None:
    with world(provider):
        backup = client("backup")
        rule = {"RuleName": "daily", "TargetBackupVaultName": "v", "Lifecycle": {"DeleteAfterDays": 35}}
        plan = backup.create_backup_plan(BackupPlan={"BackupPlanName": "p", "Rules": [rule]})
        rule["Lifecycle"] = {"DeleteAfterDays": 60}
        changed = backup.update_backup_plan(
            BackupPlanId=plan["BackupPlanId"], BackupPlan={"BackupPlanName": "p", "Rules": [rule]}
        )
        assert changed["BackupPlanId"] == plan["BackupPlanId"]
        assert changed["VersionId"] != plan["VersionId"]
        (found,) = backup.get_backup_plan(BackupPlanId=plan["BackupPlanId"])["BackupPlan"]["Rules"]
        assert found["Lifecycle"] == {"DeleteAfterDays": 60}

        backup.delete_backup_plan(BackupPlanId=plan["BackupPlanId"])
        gone = refused(lambda: backup.update_backup_plan(BackupPlanId="none", BackupPlan=found_plan(rule)))
        assert gone == "ResourceNotFoundException"


def found_plan(rule: dict[str, Any]) -> dict[str, Any]:
    return {"BackupPlanName": "p", "Rules": [rule]}


def test_a_plan_with_selections_cannot_go(provider: Provider, client: Client) -> None:
    with world(provider):
        backup = client("backup")
        rule = {"RuleName": "daily", "TargetBackupVaultName": "v"}
        plan = backup.create_backup_plan(BackupPlan={"BackupPlanName": "q", "Rules": [rule]})["BackupPlanId"]
        wanted = {
            "SelectionName": "tagged",
            "IamRoleArn": f"arn:aws:iam::{ACCOUNT}:role/backup",
            "ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "k", "ConditionValue": "v"}],
        }
        made = backup.create_backup_selection(BackupPlanId=plan, BackupSelection=wanted)
        key = {"BackupPlanId": plan, "SelectionId": made["SelectionId"]}

        assert backup.get_backup_selection(**key)["BackupSelection"] == wanted
        assert refused(lambda: backup.delete_backup_plan(BackupPlanId=plan)) == "InvalidRequestException"
        backup.delete_backup_selection(**key)
        assert refused(lambda: backup.get_backup_selection(**key)) == "ResourceNotFoundException"
        backup.delete_backup_plan(BackupPlanId=plan)
