"""AWS Backup. Reference: AWS Backup API, version 2018-11-15."""

from typing import Any

from sandbox.plugins.aws.codecs import List, Obj
from sandbox.plugins.aws.rows import Call, Field, Row, Target, described, new, row
from sandbox.plugins.aws.tags import TagStyle


def _tags(member: str) -> TagStyle:
    return TagStyle(
        member=member,
        who=lambda target: target.known("arn"),
        add=("TagResource", lambda who, tags: {"ResourceArn": who, "Tags": tags}),
        remove=("UntagResource", lambda who, keys: {"ResourceArn": who, "TagKeyList": keys}),
        listing=("ListTags", lambda who: {"ResourceArn": who}, "Tags"),
        names=None,
    )


_VAULT = row(
    "aws:backup/vault:Vault",
    "backup",
    {
        "name": new("BackupVaultName"),
        "kmsKeyArn": new("EncryptionKeyArn"),
        # Says whether a delete takes the copies along; the emulator makes none.
        "forceDestroy": Field(read=None, default=False),
    },
    create="CreateBackupVault",
    made="@",
    identity=lambda found, _: found["BackupVaultName"],
    find=described("DescribeBackupVault", lambda t: {"BackupVaultName": t.id}, "@"),
    delete=lambda t: [Call("DeleteBackupVault", {"BackupVaultName": t.id})],
    outputs={"arn": "BackupVaultArn", "recoveryPoints": "NumberOfRecoveryPoints"},
    missing=("ResourceNotFoundException",),
    name="name",
    name_max=50,
    tags=_tags("BackupVaultTags"),
)

_RULE = Obj(
    {
        "ruleName": "RuleName",
        "targetVaultName": "TargetBackupVaultName",
        "schedule": "ScheduleExpression",
        "startWindow": "StartWindowMinutes",
        "completionWindow": "CompletionWindowMinutes",
        "enableContinuousBackup": "EnableContinuousBackup",
        "lifecycle": ("Lifecycle", Obj({"deleteAfter": "DeleteAfterDays"})),
        "recoveryPointTags": "RecoveryPointTags",
    }
)

_PLAN = row(
    "aws:backup/plan:Plan",
    "backup",
    {
        "name": Field("BackupPlan.BackupPlanName"),
        "rules": Field("BackupPlan.Rules", List(_RULE, key="ruleName")),
    },
    create="CreateBackupPlan",
    made="@",
    identity=lambda found, _: found["BackupPlanId"],
    find=described(
        "GetBackupPlan", lambda t: {"BackupPlanId": t.id}, "@", gone=lambda found: bool(found.get("DeletionDate"))
    ),
    update="UpdateBackupPlan",
    key=lambda t: {"BackupPlanId": t.id},
    always=frozenset({"name", "rules"}),
    delete=lambda t: [Call("DeleteBackupPlan", {"BackupPlanId": t.id})],
    outputs={"arn": "BackupPlanArn", "version": "VersionId"},
    missing=("ResourceNotFoundException",),
    name="name",
    name_max=50,
    tags=_tags("BackupPlanTags"),
    support="repaired",
    note="a plan can change; nothing is ever copied",
)


def _selection(target: Target) -> dict[str, Any]:
    return {"BackupPlanId": target.known("planId"), "SelectionId": target.id}


_SELECTION = row(
    "aws:backup/selection:Selection",
    "backup",
    {
        "planId": new("BackupPlanId"),
        "name": new("BackupSelection.SelectionName"),
        "iamRoleArn": new("BackupSelection.IamRoleArn"),
        "resources": new("BackupSelection.Resources", List()),
        "selectionTags": new(
            "BackupSelection.ListOfTags",
            List(Obj({"type": "ConditionType", "key": "ConditionKey", "value": "ConditionValue"})),
        ),
    },
    create="CreateBackupSelection",
    made="@",
    identity=lambda found, _: found["SelectionId"],
    find=described("GetBackupSelection", _selection, "@"),
    delete=lambda t: [Call("DeleteBackupSelection", _selection(t))],
    missing=("ResourceNotFoundException",),
    name="name",
    name_max=50,
    support="repaired",
    note="a plan has selections",
)

ROWS: tuple[Row, ...] = (_VAULT, _PLAN, _SELECTION)
