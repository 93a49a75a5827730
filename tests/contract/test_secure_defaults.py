"""The secure defaults: what a component is with required arguments only."""

import json
from typing import Any

import pytest

from components.aws.blue_green_service import BlueGreenService
from components.aws.cache import Cache
from components.aws.certificate import Certificate
from components.aws.database import Database
from components.aws.encryption import EncryptionKey
from components.aws.load_balancer import LoadBalancer
from components.aws.network import Network
from components.aws.secrets import AppSecrets
from tests.contract.defaults import ABSENT, Default, check, name
from tests.contract.rows import KEY_ARN, ROWS, Row, row
from tests.support.drive import drive

# In brackets the rule of the policy catalogue.
DEFAULTS: list[Default] = [
    (row(Network), "Subnet", {"mapPublicIpOnLaunch": False}),  # subnet-no-auto-public-ip
    (row(Network), "DefaultSecurityGroup", {"ingress": [], "egress": []}),  # vpc-default-sg-closed
    (row(Network), "Vpc", {"enableDnsHostnames": True, "enableDnsSupport": True}),
    (
        row(EncryptionKey),
        "Key",
        {"enableKeyRotation": True, "deletionWindowInDays": 30, "bypassPolicyLockoutSafetyCheck": ABSENT},
    ),
    (row(Certificate), "Certificate", {"validationMethod": "DNS", "privateKey": ABSENT}),
    (
        row(LoadBalancer),
        "LoadBalancer",
        {
            "dropInvalidHeaderFields": True,
            "desyncMitigationMode": "defensive",
            "enableDeletionProtection": True,
            "internal": False,
        },
    ),
    (row(LoadBalancer), "TargetGroup", {"deregistrationDelay": 60, "targetType": "ip"}),
    (
        row(BlueGreenService),
        "Service",
        {
            "platformVersion": "LATEST",
            "enableExecuteCommand": False,
            "waitForSteadyState": True,
            "deploymentMinimumHealthyPercent": 100,
            "deploymentMaximumPercent": 200,
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "deploymentController": {"type": "ECS"},
            "deploymentConfiguration": ABSENT,  # ECS' own traffic shifting would be a second owner of the weights
            "forceDelete": ABSENT,
        },
    ),
    (
        row(BlueGreenService),
        "TaskDefinition",
        {"networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "pidMode": ABSENT, "ipcMode": ABSENT},
    ),
    (row(BlueGreenService), "LogGroup", {"retentionInDays": 365, "kmsKeyId": KEY_ARN}),
    (row(BlueGreenService), "Cluster", {"settings": [{"name": "containerInsights", "value": "enhanced"}]}),
    (
        row(Database),
        "Instance",
        {
            "multiAz": True,
            "storageEncrypted": True,
            "kmsKeyId": KEY_ARN,
            "manageMasterUserPassword": True,
            "masterUserSecretKmsKeyId": KEY_ARN,
            "password": ABSENT,
            "backupRetentionPeriod": 14,
            "deletionProtection": True,
            "skipFinalSnapshot": False,
            "finalSnapshotIdentifier": "greenflow-production-final",
            "deleteAutomatedBackups": False,
            "copyTagsToSnapshot": True,
            "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
            "performanceInsightsEnabled": True,
            "monitoringInterval": 60,
            "autoMinorVersionUpgrade": True,
            "applyImmediately": False,
            "publiclyAccessible": False,
            "iamDatabaseAuthenticationEnabled": True,
        },
    ),
    (row(Database), "LogGroup", {"retentionInDays": 365, "kmsKeyId": KEY_ARN}),
    (
        row(Cache),
        "ReplicationGroup",
        {
            "numCacheClusters": 2,
            "automaticFailoverEnabled": True,
            "multiAzEnabled": True,
            "atRestEncryptionEnabled": True,
            "kmsKeyId": KEY_ARN,
            "transitEncryptionEnabled": True,
            "transitEncryptionMode": "required",
            "authToken": ABSENT,  # excludes user groups, and would be in the state
            "snapshotRetentionLimit": 7,
            "finalSnapshotIdentifier": "greenflow-production-final",
            "autoMinorVersionUpgrade": True,
            "applyImmediately": False,
        },
    ),
    (row(Cache), "User", {"passwords": ABSENT, "engine": "redis"}),
    (
        row(AppSecrets),
        "Secret",
        {"kmsKeyId": KEY_ARN, "recoveryWindowInDays": 30, "forceOverwriteReplicaSecret": ABSENT},
    ),
]


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
@pytest.mark.parametrize("default", DEFAULTS, ids=name)
def test_default(default: Default, preview: bool) -> None:
    check(default, preview)


def test_administrator_of_the_database_has_no_name_that_is_tried_first() -> None:
    username = drive(row(Database).build()).one("Instance").inputs["username"]
    assert username not in {"postgres", "admin", "root"}


@pytest.mark.parametrize("each", ROWS, ids=lambda each: each.name)
def test_security_groups_have_standalone_described_rules_only(each: Row) -> None:
    recorded = drive(each.build())
    for group in recorded.of_type("SecurityGroup"):
        assert group.inputs.keys().isdisjoint({"ingress", "egress"}), group.name
        assert group.inputs["description"] not in {"", "Managed by Pulumi"}
    for rule in [*recorded.of_type("SecurityGroupIngressRule"), *recorded.of_type("SecurityGroupEgressRule")]:
        assert rule.inputs["description"], rule.name
        assert rule.inputs["ipProtocol"] == "tcp", rule.name


@pytest.mark.parametrize("each", ROWS, ids=lambda each: each.name)
def test_the_world_reaches_the_public_ports_only(each: Row) -> None:
    open_ports = {
        rule.inputs["fromPort"]
        for rule in drive(each.build()).of_type("SecurityGroupIngressRule")
        if rule.inputs.get("cidrIpv4") == "0.0.0.0/0" or "cidrIpv6" in rule.inputs
    }
    assert open_ports == ({80, 443} if each.component is LoadBalancer else set())


@pytest.mark.parametrize("each", [row(Database), row(Cache)], ids=lambda each: each.name)
def test_data_is_reached_from_the_service_only(each: Row) -> None:
    for rule in drive(each.build()).of_type("SecurityGroupIngressRule"):
        assert rule.inputs["referencedSecurityGroupId"] == "sg-tasks"
        assert "cidrIpv4" not in rule.inputs


@pytest.mark.parametrize("each", ROWS, ids=lambda each: each.name)
def test_documents_give_nobody_everything(each: Row) -> None:
    """No principal * without a condition, no action * or service:*, no pass role, no decrypt on every key."""
    recorded = drive(each.build(**_all_documents(each)))
    texts = [
        child.inputs[key]
        for child in recorded.custom()
        for key in ("policy", "assumeRolePolicy")
        if key in child.inputs and child.type != "aws:appautoscaling/policy:Policy"
    ]
    for statement in [each for text in texts for each in json.loads(text).get("Statement", [])]:
        if statement["Effect"] == "Deny":
            continue
        assert "*" not in json.dumps(statement.get("Principal", {})) or statement["Condition"]
        for action in statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]:
            assert not action.endswith(":*"), action
            assert action not in {"*", "iam:PassRole"}
            if "Principal" not in statement and statement["Resource"] == ["*"]:
                assert action in {"ecr:GetAuthorizationToken", "tag:GetResources"}
        if "sts:AssumeRole" in statement["Action"]:
            assert statement["Condition"]["StringEquals"]["aws:SourceAccount"]


def _all_documents(each: Row) -> dict[str, Any]:
    """Arguments with which the component writes every document it can."""
    if each.component is BlueGreenService:
        permission = {"actions": ["elasticache:Connect"], "resources": ["arn:aws:elasticache:us-east-1:1:user:app"]}
        return {"secrets": {"KEY": "arn:aws:secretsmanager:us-east-1:1:secret:k"}, "task_permissions": [permission]}
    return {}
