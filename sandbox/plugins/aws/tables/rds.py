"""Amazon RDS. Reference: Amazon RDS API, version 2014-10-31."""

from collections.abc import Iterator
from typing import Any

from sandbox.plugins.aws.clients import CloudError
from sandbox.plugins.aws.codecs import List, Lower, Obj, Version
from sandbox.plugins.aws.rows import Call, Cloud, Field, Row, Target, Write, described, new, row
from sandbox.plugins.aws.tags import by_arn
from sandbox.plugins.values import UNKNOWN

_TAGS = by_arn("AddTagsToResource", "RemoveTagsFromResource", "ListTagsForResource", "TagList", resource="ResourceName")


def _change_subnet_group(target: Target) -> Iterator[Call]:
    yield Call(
        "ModifyDBSubnetGroup",
        {
            "DBSubnetGroupName": target.id,
            "DBSubnetGroupDescription": target.inputs.get("description", "Managed by Pulumi"),
            "SubnetIds": target.inputs["subnetIds"],
        },
    )


_SUBNET_GROUP = row(
    "aws:rds/subnetGroup:SubnetGroup",
    "rds",
    {
        "name": new("DBSubnetGroupName", Lower()),
        "description": Field("DBSubnetGroupDescription", default="Managed by Pulumi"),
        "subnetIds": Field("SubnetIds", List(), read="Subnets[].SubnetIdentifier"),
    },
    create="CreateDBSubnetGroup",
    made="DBSubnetGroup",
    also=lambda t: {} if "description" in t.inputs else {"DBSubnetGroupDescription": "Managed by Pulumi"},
    identity=lambda found, _: found["DBSubnetGroupName"],
    find=described("DescribeDBSubnetGroups", lambda t: {"DBSubnetGroupName": t.id}, "DBSubnetGroups[0]"),
    writes=(Write(frozenset({"description", "subnetIds"}), _change_subnet_group, on_create=False),),
    delete=lambda t: [Call("DeleteDBSubnetGroup", {"DBSubnetGroupName": t.id})],
    outputs={"arn": "DBSubnetGroupArn", "vpcId": "VpcId"},
    missing=("DBSubnetGroupNotFoundFault", "DBSubnetGroupNotFound"),
    name="name",
    tags=_TAGS,
    support="repaired",
    note="a change keeps the group",
)


def _with_parameters(cloud: Cloud, target: Target, found: dict[str, Any]) -> dict[str, Any]:
    answer = cloud("DescribeDBParameters", DBParameterGroupName=target.id, Source="user")
    return {"Parameters": answer.get("Parameters", [])}


def _set_parameters(target: Target) -> Iterator[Call]:
    wanted, old = target.inputs["parameters"], target.old.get("parameters") or []
    if wanted is UNKNOWN:
        return
    names = {parameter["name"] for parameter in wanted}
    gone = [
        {"ParameterName": parameter["name"], "ApplyMethod": parameter.get("applyMethod", "immediate")}
        for parameter in old
        if parameter["name"] not in names
    ]
    if gone:
        yield Call("ResetDBParameterGroup", {"DBParameterGroupName": target.id, "Parameters": gone})
    values = [
        {
            "ParameterName": parameter["name"],
            "ParameterValue": parameter["value"],
            "ApplyMethod": parameter.get("applyMethod", "immediate"),
        }
        for parameter in wanted
        if parameter not in old
    ]
    # ModifyDBParameterGroup takes at most 20 parameters in one call.
    for start in range(0, len(values), 20):
        yield Call(
            "ModifyDBParameterGroup",
            {"DBParameterGroupName": target.id, "Parameters": values[start : start + 20]},
        )


_PARAMETER_GROUP = row(
    "aws:rds/parameterGroup:ParameterGroup",
    "rds",
    {
        "name": new("DBParameterGroupName", Lower()),
        "family": new("DBParameterGroupFamily"),
        "description": new("Description"),
        "parameters": Field(
            codec=List(
                Obj({"name": "ParameterName", "value": "ParameterValue", "applyMethod": "ApplyMethod"}), key="name"
            ),
            read="Parameters",
            default=[],
        ),
    },
    create="CreateDBParameterGroup",
    made="DBParameterGroup",
    also=lambda t: {} if "description" in t.inputs else {"Description": "Managed by Pulumi"},
    identity=lambda found, _: found["DBParameterGroupName"],
    find=described(
        "DescribeDBParameterGroups",
        lambda t: {"DBParameterGroupName": t.id},
        "DBParameterGroups[0]",
        more=_with_parameters,
    ),
    writes=(Write(frozenset({"parameters"}), _set_parameters),),
    delete=lambda t: [Call("DeleteDBParameterGroup", {"DBParameterGroupName": t.id})],
    outputs={"arn": "DBParameterGroupArn"},
    missing=("DBParameterGroupNotFound", "DBParameterGroupNotFoundFault"),
    name="name",
    tags=_TAGS,
    support="repaired",
    note="parameters can be reset",
)


def _delete_instance(target: Target) -> Iterator[Call]:
    if target.known("skipFinalSnapshot"):
        snapshot: dict[str, Any] = {"SkipFinalSnapshot": True}
    else:
        name = target.known("finalSnapshotIdentifier")
        if not name:
            # AWS refuses it with this code (DeleteDBInstance); moto deletes without a snapshot.
            raise CloudError(
                "DeleteDBInstance",
                "InvalidParameterCombination",
                "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified: set "
                "finalSnapshotIdentifier, or skipFinalSnapshot, and run an update before the delete",
            )
        snapshot = {"SkipFinalSnapshot": False, "FinalDBSnapshotIdentifier": name}
    backups = target.known("deleteAutomatedBackups")
    yield Call(
        "DeleteDBInstance",
        {
            "DBInstanceIdentifier": target.known("identifier"),
            "DeleteAutomatedBackups": True if backups is None else backups,
            **snapshot,
        },
    )


def _endpoint(found: Any, _: Target) -> str | None:
    endpoint = found.get("Endpoint") or {}
    return f"{endpoint['Address']}:{endpoint['Port']}" if endpoint.get("Address") else None


def _secrets(found: Any, _: Target) -> list[dict[str, Any]]:
    secret = found.get("MasterUserSecret")
    if not secret:
        return []
    return [
        {
            "secretArn": secret.get("SecretArn"),
            "secretStatus": secret.get("SecretStatus"),
            "kmsKeyId": secret.get("KmsKeyId"),
        }
    ]


def _log_exports(target: Target) -> Iterator[Call]:
    new_, old = target.inputs["enabledCloudwatchLogsExports"], target.old.get("enabledCloudwatchLogsExports") or []
    exports = {
        "EnableLogTypes": [kind for kind in new_ if kind not in old],
        "DisableLogTypes": [kind for kind in old if kind not in new_],
    }
    yield Call(
        "ModifyDBInstance",
        {"DBInstanceIdentifier": target.known("identifier"), "CloudwatchLogsExportConfiguration": exports},
    )


_INSTANCE = row(
    "aws:rds/instance:Instance",
    "rds",
    {
        "identifier": new("DBInstanceIdentifier"),
        "engine": new("Engine"),
        "engineVersion": Field("EngineVersion", Version()),
        "instanceClass": Field("DBInstanceClass"),
        "allocatedStorage": Field("AllocatedStorage"),
        "maxAllocatedStorage": Field("MaxAllocatedStorage"),
        "storageType": Field("StorageType"),
        "storageEncrypted": new("StorageEncrypted"),
        "kmsKeyId": new("KmsKeyId"),
        "dbName": new("DBName"),
        "username": new("MasterUsername"),
        "manageMasterUserPassword": Field("ManageMasterUserPassword", read="MasterUserSecret && `true`"),
        "masterUserSecretKmsKeyId": Field("MasterUserSecretKmsKeyId", read="MasterUserSecret.KmsKeyId"),
        "multiAz": Field("MultiAZ", default=False),
        "dbSubnetGroupName": new("DBSubnetGroupName", Lower(), read="DBSubnetGroup.DBSubnetGroupName"),
        "vpcSecurityGroupIds": Field("VpcSecurityGroupIds", List(), read="VpcSecurityGroups[].VpcSecurityGroupId"),
        "parameterGroupName": Field("DBParameterGroupName", Lower(), read="DBParameterGroups[0].DBParameterGroupName"),
        "backupRetentionPeriod": Field("BackupRetentionPeriod", default=1),
        "backupWindow": Field("PreferredBackupWindow"),
        "maintenanceWindow": Field("PreferredMaintenanceWindow", Lower()),
        "copyTagsToSnapshot": Field("CopyTagsToSnapshot", default=False),
        "deletionProtection": Field("DeletionProtection", default=False),
        "publiclyAccessible": Field("PubliclyAccessible", default=False),
        "autoMinorVersionUpgrade": Field("AutoMinorVersionUpgrade", default=True),
        "enabledCloudwatchLogsExports": Field(
            "EnableCloudwatchLogsExports", List(), read="EnabledCloudwatchLogsExports", updates=False, default=[]
        ),
        "performanceInsightsEnabled": Field(
            "EnablePerformanceInsights", read="PerformanceInsightsEnabled", default=False
        ),
        "performanceInsightsKmsKeyId": Field("PerformanceInsightsKMSKeyId"),
        "performanceInsightsRetentionPeriod": Field("PerformanceInsightsRetentionPeriod"),
        "monitoringInterval": Field("MonitoringInterval", default=0),
        "monitoringRoleArn": Field("MonitoringRoleArn"),
        "iamDatabaseAuthenticationEnabled": Field(
            "EnableIAMDatabaseAuthentication", read="IAMDatabaseAuthenticationEnabled", default=False
        ),
        "caCertIdentifier": Field("CACertificateIdentifier"),
        "port": Field("Port", read="Endpoint.Port", updates=False),
        # How a change or a delete is done; RDS keeps none of them.
        "applyImmediately": Field(read=None, default=False),
        "skipFinalSnapshot": Field(read=None, default=False),
        "finalSnapshotIdentifier": Field(read=None, default=None),
        "deleteAutomatedBackups": Field(read=None, default=True),
    },
    create="CreateDBInstance",
    made="DBInstance",
    # As the official provider since version 6: the resource id, which survives a rename.
    identity=lambda found, _: found["DbiResourceId"],
    find=described(
        "DescribeDBInstances",
        lambda t: {"DBInstanceIdentifier": t.known("identifier")},
        "DBInstances[0]",
        gone=lambda found: found["DBInstanceStatus"] == "deleting",
    ),
    update="ModifyDBInstance",
    key=lambda t: {
        "DBInstanceIdentifier": t.known("identifier"),
        "ApplyImmediately": bool(t.inputs.get("applyImmediately")),
    },
    writes=(Write(frozenset({"enabledCloudwatchLogsExports"}), _log_exports, on_create=False),),
    delete=_delete_instance,
    outputs={
        "arn": "DBInstanceArn",
        "address": "Endpoint.Address",
        "endpoint": _endpoint,
        "port": "Endpoint.Port",
        "hostedZoneId": "Endpoint.HostedZoneId",
        "resourceId": "DbiResourceId",
        "status": "DBInstanceStatus",
        "availabilityZone": "AvailabilityZone",
        "engineVersionActual": "EngineVersion",
        "masterUserSecrets": _secrets,
    },
    missing=("DBInstanceNotFound", "DBInstanceNotFoundFault"),
    name="identifier",
    name_max=63,
    tags=_TAGS,
    support="repaired",
    note="Performance Insights are kept; each instance has a resource id of its own",
)

_SNAPSHOT = row(
    "aws:rds/snapshot:Snapshot",
    "rds",
    {
        "dbInstanceIdentifier": new("DBInstanceIdentifier"),
        "dbSnapshotIdentifier": new("DBSnapshotIdentifier"),
    },
    create="CreateDBSnapshot",
    made="DBSnapshot",
    identity=lambda found, _: found["DBSnapshotIdentifier"],
    find=described("DescribeDBSnapshots", lambda t: {"DBSnapshotIdentifier": t.id}, "DBSnapshots[0]"),
    delete=lambda t: [Call("DeleteDBSnapshot", {"DBSnapshotIdentifier": t.id})],
    outputs={
        "dbSnapshotArn": "DBSnapshotArn",
        "encrypted": "Encrypted",
        "engineVersion": "EngineVersion",
        "snapshotType": "SnapshotType",
        "status": "Status",
    },
    missing=("DBSnapshotNotFound", "DBSnapshotNotFoundFault"),
    name="dbSnapshotIdentifier",
    name_max=255,
    tags=by_arn(
        "AddTagsToResource",
        "RemoveTagsFromResource",
        "ListTagsForResource",
        "TagList",
        resource="ResourceName",
        who=lambda target: target.known("dbSnapshotArn"),
    ),
    note="complete at once",
)

ROWS: tuple[Row, ...] = (_SUBNET_GROUP, _PARAMETER_GROUP, _INSTANCE, _SNAPSHOT)
