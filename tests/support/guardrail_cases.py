"""What the policies on keys, secrets, rights and operation say of inputs; the table's form is that of policy_cases."""

import json
from typing import Any

from policies.iam import OF_PEOPLE
from tests.support.policy_cases import (
    BALANCER,
    CACHE,
    DATABASE,
    DEFERS,
    GONE,
    PARAMETERS,
    PASSES,
    SERVICE,
    TAGS,
    TASK,
    VIOLATES,
    Case,
)
from tests.support.servicer import UNKNOWN, secret

CLUSTER = "aws:ecs/cluster:Cluster"
SCALABLE = "aws:appautoscaling/target:Target"
USER = "aws:elasticache/user:User"
KEY = "aws:kms/key:Key"
ENTRY = "aws:secretsmanager/secret:Secret"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
ROTATION = "aws:secretsmanager/secretRotation:SecretRotation"
POLICY = "aws:iam/policy:Policy"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
GROUP_POLICY = "aws:iam/groupPolicy:GroupPolicy"
ATTACHMENTS = tuple(
    f"aws:iam/{kind[0].lower()}{kind[1:]}:{kind}"
    for kind in ("RolePolicyAttachment", "GroupPolicyAttachment", "PolicyAttachment")
)

KEY_ARN = "arn:aws:kms:us-east-1:123456789012:key/1"
_ACCOUNT = "arn:aws:iam::123456789012:root"
_REPOSITORY = "repo:acme/greenflow:environment:production"
_OIDC = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: object, resource: object = "arn:aws:s3:::logs/*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trust(principal: object, condition: object = None, **more: Any) -> str:
    conditions = {} if condition is None else {"Condition": condition}
    return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **conditions, **more})


_INSTANCE = {
    "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
    "iamDatabaseAuthenticationEnabled": True,
    "autoMinorVersionUpgrade": True,
    "monitoringInterval": 60,
    "performanceInsightsEnabled": True,
    "performanceInsightsKmsKeyId": KEY_ARN,
    "username": "headgate_admin",
    "applyImmediately": False,
    "manageMasterUserPassword": True,
    "masterUserSecretKmsKeyId": KEY_ARN,
    "copyTagsToSnapshot": True,
    "tags": TAGS,
}
_PARAMETERS = {"family": "postgres17", "parameters": [{"name": "log_min_duration_statement", "value": "500"}]}
_REDIS = {
    "atRestEncryptionEnabled": True,
    "kmsKeyId": KEY_ARN,
    "snapshotRetentionLimit": 7,
    "finalSnapshotIdentifier": "greenflow-production-final",
    "subnetGroupName": "greenflow-production",
    "autoMinorVersionUpgrade": True,
    "applyImmediately": False,
    "tags": TAGS,
}
_USER = {"userName": "app", "authenticationMode": {"type": "iam"}, "accessString": "on ~* &* +@all", "tags": TAGS}
_CONTAINER = {
    "name": "api",
    "healthCheck": {"command": ["CMD-SHELL", "curl localhost"]},
    "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
}
_TASK = {"containerDefinitions": json.dumps([_CONTAINER]), "tags": TAGS}
_TASK_READS: dict[str, Any] = {
    "missing": {"containerDefinitions": VIOLATES},
    "unknown": {"containerDefinitions": DEFERS},
}
_BAD_TASK = {"not JSON": {"containerDefinitions": "[{"}, "no container": {"containerDefinitions": "[]"}}
_KEY = {
    "enableKeyRotation": True,
    "deletionWindowInDays": 30,
    "policy": document({"Effect": "Allow", "Principal": {"AWS": _ACCOUNT}, "Action": "kms:Describe*", "Resource": "*"}),
    "tags": TAGS,
}
_EVERYBODY = {"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}

WIDE: dict[str, str] = {
    "everything": document(allow("*")),
    "a whole service": document(allow(["s3:GetObject", "s3:*"])),
    "many stars": document(allow("s3:**")),
    "services by pattern": document(allow("s*:GetObject")),
    "second statement": document(allow("s3:GetObject"), allow("ec2:*")),
    "one statement": json.dumps({"Statement": allow("iam:*")}),
    "all but some": document({"Effect": "Allow", "NotAction": "iam:*", "Resource": "arn:aws:s3:::logs"}),
    "all but some things": document({"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::logs"}),
    "no statement": "{}",
    "not JSON": "{",
    "no object": "[]",
}
NARROW: dict[str, str] = {
    "a list of verbs": document(allow(["s3:Get*", "s3:ListBucket"])),
    "taking away": document({"Effect": "Deny", "Action": "*", "Resource": "*"}),
}
UNSCOPED: dict[str, str] = {
    "every role": document(
        allow("iam:PassRole", "*", Condition={"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}})
    ),
    "every role by name": document(
        allow(
            "iam:passrole",
            "arn:aws:iam::123456789012:role/*",
            Condition={"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        )
    ),
    "to any service": document(allow("iam:PassRole", f"{_ACCOUNT[:-4]}role/task")),
    "by pattern": document(allow("iam:Pass*", "*")),
    "every key": document(allow(["kms:Decrypt"], ["*"])),
    "every key by name": document(allow("kms:*crypt", "arn:aws:kms:us-east-1:123456789012:key/*")),
    "another way to read": document(allow("kms:ReEncryptFrom", "*")),
}
SCOPED: dict[str, str] = {
    "one role": document(
        allow(
            "iam:PassRole",
            f"{_ACCOUNT[:-4]}role/task",
            Condition={"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        )
    ),
    "one key": document(allow("kms:Decrypt", KEY_ARN)),
    "taken away": document({"Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*"}),
}


def _documents(rule: str, bad: dict[str, str], fine: dict[str, str]) -> list[Case]:
    """The same documents in every type that holds some."""
    alone = [
        Case(
            rule,
            token,
            {"policy": document(allow("s3:GetObject")), "tags": TAGS},
            bad={name: {"policy": text} for name, text in bad.items()},
            fine={name: {"policy": text} for name, text in fine.items()},
            missing={"policy": VIOLATES},
            unknown={"policy": DEFERS},
        )
        for token in (POLICY, ROLE_POLICY, GROUP_POLICY)
    ]
    more = {"managedPolicyArns": PASSES} if rule == "iam-no-admin-or-wildcards" else {}
    role = Case(
        rule,
        ROLE,
        {"inlinePolicies": [{}, {"policy": document(allow("s3:GetObject"))}], "managedPolicyArns": [], "tags": TAGS},
        bad={name: {"inlinePolicies.1.policy": text} for name, text in bad.items()}
        | ({"administrator": {"managedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}} if more else {}),
        fine={name: {"inlinePolicies.1.policy": text} for name, text in fine.items()},
        missing={"inlinePolicies": PASSES, **more},
        unknown={"inlinePolicies": DEFERS, **({"managedPolicyArns": DEFERS} if more else {})},
    )
    return [*alone, role]


GUARDRAIL_CASES: tuple[Case, ...] = (
    Case(
        "alb-drop-invalid-headers",
        BALANCER,
        {"dropInvalidHeaderFields": True, "tags": TAGS},
        bad={"handed on": {"dropInvalidHeaderFields": False}},
        missing={"dropInvalidHeaderFields": VIOLATES},
        unknown={"dropInvalidHeaderFields": VIOLATES},
    ),
    Case(
        "ecs-fargate-platform-latest",
        SERVICE,
        {"platformVersion": "LATEST", "tags": TAGS},
        bad={"old": {"platformVersion": "1.3.0"}, "no version": {"platformVersion": "newest"}},
        fine={"recent": {"platformVersion": "1.4.0"}, "newer": {"platformVersion": "1.10"}},
        missing={"platformVersion": PASSES},
        unknown={"platformVersion": VIOLATES},
    ),
    Case(
        "ecs-cluster-container-insights",
        CLUSTER,
        {"settings": [{"name": "containerInsights", "value": "enhanced"}], "tags": TAGS},
        bad={
            "off": {"settings.0.value": "disabled"},
            "no value": {"settings.0.value": GONE},
            "another setting": {"settings.0.name": "other"},
        },
        fine={"enabled": {"settings.0.value": "enabled"}},
        missing={"settings": VIOLATES},
        unknown={"settings": VIOLATES},
    ),
    Case(
        "ecs-exec-off-in-prod",
        SERVICE,
        {"enableExecuteCommand": False, "tags": TAGS},
        bad={"on": {"enableExecuteCommand": True}},
        missing={"enableExecuteCommand": PASSES},
        unknown={"enableExecuteCommand": VIOLATES},
    ),
    Case(
        "ecs-exec-off-in-prod",
        CLUSTER,
        {"configuration": {"executeCommandConfiguration": {"kmsKeyId": KEY_ARN, "logging": "OVERRIDE"}}, "tags": TAGS},
        bad={
            "no key": {"configuration.executeCommandConfiguration.kmsKeyId": GONE},
            "no record": {"configuration.executeCommandConfiguration.logging": "NONE"},
        },
        missing={"configuration": PASSES},
        unknown={"configuration": VIOLATES},
    ),
    Case(
        "ecs-min-capacity",
        SCALABLE,
        {"serviceNamespace": "ecs", "minCapacity": 6, "maxCapacity": 24, "tags": TAGS},
        bad={
            "one task": {"minCapacity": 1},
            "no room": {"maxCapacity": 11},
            "no room in an empty slot": {"minCapacity": 0, "maxCapacity": 1},
        },
        fine={
            "just room": {"maxCapacity": 12},
            "an empty slot": {"minCapacity": 0},
            "another service": {"serviceNamespace": "dynamodb", "minCapacity": 1, "maxCapacity": 1},
        },
        missing={"serviceNamespace": PASSES, "minCapacity": PASSES, "maxCapacity": VIOLATES},
        unknown={"serviceNamespace": VIOLATES, "minCapacity": VIOLATES, "maxCapacity": VIOLATES},
    ),
    Case(
        "ecs-service-waits",
        SERVICE,
        {"waitForSteadyState": True, "tags": TAGS},
        bad={"at once": {"waitForSteadyState": False}},
        missing={"waitForSteadyState": VIOLATES},
        unknown={"waitForSteadyState": VIOLATES},
    ),
    Case(
        "ecs-task-drops-capabilities",
        TASK,
        _TASK,
        bad={
            "none": {"containerDefinitions.0.linuxParameters.capabilities": GONE},
            "some": {"containerDefinitions.0.linuxParameters.capabilities.drop": ["NET_RAW"]},
            **_BAD_TASK,
        },
        **_TASK_READS,
    ),
    Case(
        "ecs-task-health-and-end",
        TASK,
        _TASK,
        bad={
            "no check": {"containerDefinitions.0.healthCheck": GONE},
            "no command": {"containerDefinitions.0.healthCheck.command": []},
            "no init": {"containerDefinitions.0.linuxParameters.initProcessEnabled": False},
            **_BAD_TASK,
        },
        **_TASK_READS,
    ),
    Case(
        "rds-log-exports",
        DATABASE,
        _INSTANCE,
        bad={"none": {"enabledCloudwatchLogsExports": []}, "one": {"enabledCloudwatchLogsExports": ["upgrade"]}},
        missing={"enabledCloudwatchLogsExports": VIOLATES},
        unknown={"enabledCloudwatchLogsExports": VIOLATES},
    ),
    Case(
        "rds-iam-auth",
        DATABASE,
        _INSTANCE,
        bad={"off": {"iamDatabaseAuthenticationEnabled": False}},
        missing={"iamDatabaseAuthenticationEnabled": VIOLATES},
        unknown={"iamDatabaseAuthenticationEnabled": VIOLATES},
    ),
    Case(
        "rds-minor-upgrades",
        DATABASE,
        _INSTANCE,
        bad={"off": {"autoMinorVersionUpgrade": False}},
        missing={"autoMinorVersionUpgrade": PASSES},
        unknown={"autoMinorVersionUpgrade": VIOLATES},
    ),
    Case(
        "rds-monitoring",
        DATABASE,
        _INSTANCE,
        bad={
            "no interval": {"monitoringInterval": 0},
            "no insights": {"performanceInsightsEnabled": False},
            "AWS's key": {"performanceInsightsKmsKeyId": GONE},
        },
        missing={
            "monitoringInterval": VIOLATES,
            "performanceInsightsEnabled": VIOLATES,
            "performanceInsightsKmsKeyId": VIOLATES,
        },
        unknown={
            "monitoringInterval": VIOLATES,
            "performanceInsightsEnabled": VIOLATES,
            "performanceInsightsKmsKeyId": PASSES,
        },
    ),
    Case(
        "rds-custom-admin-name",
        DATABASE,
        _INSTANCE,
        bad={"postgres": {"username": "postgres"}, "another case": {"username": "Admin"}},
        missing={"username": PASSES},
        unknown={"username": VIOLATES},
    ),
    Case(
        "rds-no-apply-immediately",
        DATABASE,
        _INSTANCE,
        bad={"at once": {"applyImmediately": True}},
        missing={"applyImmediately": PASSES},
        unknown={"applyImmediately": VIOLATES},
    ),
    Case(
        "rds-password-own-key",
        DATABASE,
        _INSTANCE,
        bad={"AWS's key": {"masterUserSecretKmsKeyId": GONE}},
        fine={"no managed password": {"manageMasterUserPassword": GONE, "masterUserSecretKmsKeyId": GONE}},
        missing={"manageMasterUserPassword": PASSES, "masterUserSecretKmsKeyId": VIOLATES},
        unknown={"manageMasterUserPassword": VIOLATES, "masterUserSecretKmsKeyId": PASSES},
    ),
    Case(
        "rds-snapshot-tags",
        DATABASE,
        _INSTANCE,
        bad={"without": {"copyTagsToSnapshot": False}},
        missing={"copyTagsToSnapshot": VIOLATES},
        unknown={"copyTagsToSnapshot": VIOLATES},
    ),
    Case(
        "rds-slow-statements-logged",
        PARAMETERS,
        _PARAMETERS,
        bad={
            "never": {"parameters.0.value": "-1"},
            "too slow": {"parameters.0.value": "5000"},
            "no value": {"parameters.0.value": GONE},
            "another parameter": {"parameters.0.name": "rds.force_ssl"},
        },
        fine={"MySQL": {"family": "mysql8.4", "parameters": []}},
        missing={"family": PASSES, "parameters": VIOLATES},
        unknown={"family": VIOLATES, "parameters": VIOLATES},
    ),
    Case(
        "redis-subnets-and-upgrades",
        CACHE,
        _REDIS,
        bad={"default network": {"subnetGroupName": "default"}, "no patches": {"autoMinorVersionUpgrade": False}},
        missing={"subnetGroupName": VIOLATES, "autoMinorVersionUpgrade": PASSES},
        unknown={"subnetGroupName": DEFERS, "autoMinorVersionUpgrade": VIOLATES},
    ),
    Case(
        "redis-no-apply-immediately",
        CACHE,
        _REDIS,
        bad={"at once": {"applyImmediately": True}},
        missing={"applyImmediately": PASSES},
        unknown={"applyImmediately": VIOLATES},
    ),
    Case(
        "redis-users-without-passwords",
        USER,
        _USER,
        bad={
            "a password": {"passwords": ["hunter2-hunter2-1"]},
            "a password inside": {"authenticationMode": {"type": "password", "passwords": ["hunter2-hunter2-1"]}},
            "nobody asks": {"authenticationMode.type": "no-password-required"},
            "nobody asks either": {"authenticationMode": GONE, "noPasswordRequired": True},
        },
        fine={
            "a closed user": {
                "authenticationMode.type": "no-password-required",
                "accessString": "off ~* -@all",
            }
        },
        missing={
            "passwords": PASSES,
            "authenticationMode": PASSES,
            "accessString": PASSES,
            "noPasswordRequired": PASSES,
        },
        unknown={
            "passwords": VIOLATES,
            "authenticationMode": VIOLATES,
            "accessString": VIOLATES,
            "noPasswordRequired": VIOLATES,
        },
    ),
    Case(
        "secret-rotation",
        ROTATION,
        {"rotationRules": {"automaticallyAfterDays": 30}},
        bad={
            "seldom": {"rotationRules.automaticallyAfterDays": 91},
            "seldom by rate": {"rotationRules": {"scheduleExpression": "rate(100 days)"}},
            "by calendar": {"rotationRules": {"scheduleExpression": "cron(0 8 1 1 ? *)"}},
            "never": {"rotationRules": {}},
        },
        fine={
            "at the bound": {"rotationRules.automaticallyAfterDays": 90},
            "by rate": {"rotationRules": {"scheduleExpression": "rate(12 hours)"}},
        },
        missing={"rotationRules": VIOLATES},
        unknown={"rotationRules": VIOLATES},
    ),
    Case(
        "secret-cmk",
        ENTRY,
        {"kmsKeyId": KEY_ARN, "tags": TAGS},
        bad={"AWS's key": {"kmsKeyId": GONE}},
        missing={"kmsKeyId": VIOLATES},
        unknown={"kmsKeyId": PASSES},
    ),
    Case(
        "secret-recovery-window",
        ENTRY,
        {"recoveryWindowInDays": 30, "tags": TAGS},
        bad={"at once": {"recoveryWindowInDays": 0}, "just below": {"recoveryWindowInDays": 6}},
        fine={"at the bound": {"recoveryWindowInDays": 7}},
        missing={"recoveryWindowInDays": PASSES},
        unknown={"recoveryWindowInDays": VIOLATES},
    ),
    Case(
        "secret-no-plaintext-value",
        VERSION,
        {"secretString": secret("hunter2"), "secretBinary": secret("aHVudGVyMg==")},
        bad={"in clear": {"secretString": "hunter2"}, "bytes in clear": {"secretBinary": "aHVudGVyMg=="}},
        fine={
            "write only": {"secretString": GONE, "secretBinary": GONE, "secretStringWo": "hunter2"},
            "marked, not known": {"secretString": secret(UNKNOWN)},
        },
        missing={"secretString": PASSES, "secretBinary": PASSES},
        unknown={"secretString": DEFERS, "secretBinary": DEFERS},
    ),
    Case(
        "kms-rotation",
        KEY,
        _KEY,
        bad={"never": {"enableKeyRotation": False}},
        fine={
            "signing": {"keyUsage": "SIGN_VERIFY", "enableKeyRotation": GONE},
            "a pair": {"customerMasterKeySpec": "RSA_4096", "enableKeyRotation": GONE},
        },
        missing={"keyUsage": PASSES, "customerMasterKeySpec": PASSES, "enableKeyRotation": VIOLATES},
        unknown={"keyUsage": VIOLATES, "customerMasterKeySpec": VIOLATES, "enableKeyRotation": VIOLATES},
    ),
    Case(
        "kms-safe-deletion-and-policy",
        KEY,
        _KEY,
        bad={
            "soon": {"deletionWindowInDays": 29},
            "locked out": {"bypassPolicyLockoutSafetyCheck": True},
            "off": {"isEnabled": False},
            "for everybody": {"policy": document(_EVERYBODY)},
            "for every account": {"policy": document({**_EVERYBODY, "Principal": {"AWS": "*"}})},
            "for all but one": {
                "policy": document({"Effect": "Allow", "NotPrincipal": {"AWS": _ACCOUNT}, "Action": "kms:Decrypt"})
            },
            "not JSON": {"policy": "{"},
        },
        fine={
            "for everybody through a service": {
                "policy": document({**_EVERYBODY, "Condition": {"StringEquals": {"kms:CallerAccount": "123456789012"}}})
            }
        },
        missing={
            "deletionWindowInDays": PASSES,
            "bypassPolicyLockoutSafetyCheck": PASSES,
            "isEnabled": PASSES,
            "policy": PASSES,
        },
        unknown={
            "deletionWindowInDays": VIOLATES,
            "bypassPolicyLockoutSafetyCheck": VIOLATES,
            "isEnabled": VIOLATES,
            "policy": DEFERS,
        },
    ),
    *_documents("iam-no-admin-or-wildcards", WIDE, NARROW),
    *(
        Case(
            "iam-no-admin-or-wildcards",
            token,
            {"policyArn": "arn:aws:iam::123456789012:policy/greenflow"},
            bad={
                "administrator": {"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
                "nearly": {"policyArn": "arn:aws:iam::aws:policy/PowerUserAccess"},
            },
            missing={"policyArn": PASSES},
            unknown={"policyArn": DEFERS},
        )
        for token in ATTACHMENTS
    ),
    *_documents("iam-passrole-and-decrypt-scoped", UNSCOPED, SCOPED),
    Case(
        "iam-trust-scoped",
        ROLE,
        {
            "assumeRolePolicy": trust(
                {"Service": "ecs-tasks.amazonaws.com"}, {"StringEquals": {"aws:SourceAccount": "123456789012"}}
            ),
            "tags": TAGS,
        },
        bad={
            "everybody": {"assumeRolePolicy": trust("*")},
            "every account": {"assumeRolePolicy": trust({"AWS": ["*"]})},
            "every account on a condition": {
                "assumeRolePolicy": trust({"AWS": "*"}, {"StringEquals": {"aws:PrincipalOrgID": "o-1"}})
            },
            "a service for anybody": {"assumeRolePolicy": trust({"Service": "ecs-tasks.amazonaws.com"})},
            "any audience": {
                "assumeRolePolicy": trust({"Federated": _OIDC}, {"StringEquals": {"token:sub": _REPOSITORY}})
            },
            "any pipeline": {
                "assumeRolePolicy": trust({"Federated": _OIDC}, {"StringEquals": {"token:aud": "sts.amazonaws.com"}})
            },
            "any branch": {
                "assumeRolePolicy": trust(
                    {"Federated": _OIDC},
                    {"StringEquals": {"token:aud": "sts.amazonaws.com", "token:sub": "repo:acme/greenflow"}},
                )
            },
            "any environment": {
                "assumeRolePolicy": trust(
                    {"Federated": _OIDC},
                    {
                        "StringEquals": {"token:aud": "sts.amazonaws.com"},
                        "StringLike": {"token:sub": "repo:acme/greenflow:*"},
                    },
                )
            },
            "not JSON": {"assumeRolePolicy": "{"},
        },
        fine={
            "a service by its resource": {
                "assumeRolePolicy": trust(
                    {"Service": "ecs-tasks.amazonaws.com"}, {"ArnLike": {"aws:SourceArn": "arn:aws:ecs:*"}}
                )
            },
            "a service that acts for itself": {"assumeRolePolicy": trust({"Service": "ec2.amazonaws.com"})},
            "one pipeline": {
                "assumeRolePolicy": trust(
                    {"Federated": _OIDC},
                    {"StringEquals": {"token:aud": "sts.amazonaws.com", "token:sub": _REPOSITORY}},
                )
            },
            "an account": {"assumeRolePolicy": trust({"AWS": _ACCOUNT})},
            "taken away": {"assumeRolePolicy": trust("*", Effect="Deny")},
        },
        missing={"assumeRolePolicy": VIOLATES},
        unknown={"assumeRolePolicy": DEFERS},
    ),
)
"""Every case of these policies."""

FORBIDDEN_IDENTITIES = frozenset(OF_PEOPLE)
"""Types that iam-no-users-or-keys refuses whatever their inputs are."""
