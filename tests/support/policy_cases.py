"""What each policy on cloud resources says of good and bad inputs: the table behind tests/unit/policies/test_rules.py.

`good` is what the components declare. A case changes one thing in it. For every input that a rule reads, `missing` and
`unknown` say what follows when it is left out, or not known yet.
"""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

VIOLATES, PASSES, DEFERS = "violates", "passes", "defers"

GONE = object()
"""As a value: the key is left out."""

TAGS = {"service": "greenflow", "environment": "production", "owner": "greenflow-team", "managed-by": "headgate"}
ARN = "arn:aws:iam::123456789012:role/"
DIGEST = "123456789012.dkr.ecr.us-east-1.amazonaws.com/greenflow-api@sha256:" + "a" * 64


@dataclass(frozen=True)
class Case:
    """One rule on one type. `bad`: name -> changes by path, each of which breaks the rule; `fine`: which do not."""

    rule: str
    type: str
    good: Mapping[str, Any]
    bad: Mapping[str, Mapping[str, Any]]
    missing: Mapping[str, str]
    unknown: Mapping[str, str]
    fine: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def changed(good: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`good` with values replaced; a path is `key.key`, a number selects from a list, and JSON texts are opened."""
    inputs = copy.deepcopy(dict(good))
    for path, value in changes.items():
        _set(inputs, path.split("."), value)
    return inputs


def _set(container: Any, keys: list[str], value: object) -> None:
    key: Any = int(keys[0]) if isinstance(container, list) else keys[0]
    if len(keys) == 1:
        if value is GONE:
            container.pop(key, None)
        else:
            container[key] = value
        return
    inner = container.setdefault(key, {}) if isinstance(container, dict) else container[key]
    if isinstance(inner, str):
        document = json.loads(inner)
        _set(document, keys[1:], value)
        container[key] = json.dumps(document)
    else:
        _set(inner, keys[1:], value)


SUBNET = "aws:ec2/subnet:Subnet"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
GROUP_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LISTENER = "aws:lb/listener:Listener"
LISTENER_RULE = "aws:lb/listenerRule:ListenerRule"
TARGETS = "aws:lb/targetGroup:TargetGroup"
SERVICE = "aws:ecs/service:Service"
TASK_SET = "aws:ecs/taskSet:TaskSet"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
DATABASE = "aws:rds/instance:Instance"
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"

_SUBNET = {"vpcId": "vpc-1", "cidrBlock": "10.20.0.0/20", "mapPublicIpOnLaunch": False, "tags": TAGS}
_TO_DATABASE = {
    "securityGroupId": "sg-1",
    "referencedSecurityGroupId": "sg-2",
    "ipProtocol": "tcp",
    "fromPort": 5432,
    "toPort": 5432,
    "tags": TAGS,
}
_TO_WEB = {
    "securityGroupId": "sg-1",
    "cidrIpv4": "0.0.0.0/0",
    "ipProtocol": "tcp",
    "fromPort": 443,
    "toPort": 443,
    "tags": TAGS,
}
_GROUP_ENTRY = {"protocol": "tcp", "fromPort": 5432, "toPort": 5432, "securityGroups": ["sg-2"]}
_GROUP = {"vpcId": "vpc-1", "ingress": [_GROUP_ENTRY], "tags": TAGS}
_CLASSIC = {
    "type": "ingress",
    "protocol": "tcp",
    "fromPort": 5432,
    "toPort": 5432,
    "sourceSecurityGroupId": "sg-2",
    "securityGroupId": "sg-1",
}
_BALANCER = {"subnets": ["subnet-1", "subnet-2", "subnet-3"], "enableDeletionProtection": True, "tags": TAGS}
_FORWARD = {
    "type": "forward",
    "forward": {
        "targetGroups": [{"arn": f"{ARN}blue", "weight": 90}, {"arn": f"{ARN}green", "weight": 10}],
        "stickiness": {"enabled": True, "duration": 300},
    },
}
_HTTPS = {
    "protocol": "HTTPS",
    "port": 443,
    "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
    "certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1",
    "defaultActions": [_FORWARD],
    "tags": {**TAGS, "headgate-role": "traffic"},
}
_HTTP = {
    "protocol": "HTTP",
    "port": 80,
    "defaultActions": [
        {"type": "redirect", "redirect": {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}}
    ],
    "tags": TAGS,
}
_TARGETS = {
    "protocol": "HTTP",
    "deregistrationDelay": 60,
    "healthCheck": {
        "enabled": True,
        "protocol": "HTTP",
        "path": "/api/v2/health",
        "matcher": "200",
        "interval": 10,
        "unhealthyThreshold": 3,
    },
    "tags": TAGS,
}
_SERVICE = {
    "networkConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": False},
    "deploymentController": {"type": "ECS"},
    "deploymentCircuitBreaker": {"enable": True, "rollback": True},
    "deploymentMinimumHealthyPercent": 100,
    "deploymentConfiguration": {"strategy": "ROLLING"},
    "loadBalancers": [{"targetGroupArn": f"{ARN}blue", "containerName": "api", "containerPort": 8080}],
    "desiredCount": 6,
    "tags": TAGS,
}
_CONTAINER = {
    "name": "api",
    "image": DIGEST,
    "user": "10001",
    "privileged": False,
    "readonlyRootFilesystem": True,
    "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
    "environment": [
        {"name": "HEADGATE_VERSION", "value": "2026.02.11"},
        {"name": "DATABASE_SECRET_ARN", "value": "arn:aws:secretsmanager:us-east-1:123456789012:secret:db"},
    ],
    "secrets": [{"name": "DATABASE_PASSWORD", "valueFrom": "arn:aws:secretsmanager:us-east-1:123456789012:secret:db"}],
    "logConfiguration": {"logDriver": "awslogs"},
}
_TASK = {
    "networkMode": "awsvpc",
    "executionRoleArn": f"{ARN}execution",
    "taskRoleArn": f"{ARN}task",
    "containerDefinitions": json.dumps([_CONTAINER]),
    "tags": TAGS,
}
_DATABASE = {
    "multiAz": True,
    "storageEncrypted": True,
    "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/1",
    "publiclyAccessible": False,
    "backupRetentionPeriod": 14,
    "deletionProtection": True,
    "skipFinalSnapshot": False,
    "finalSnapshotIdentifier": "greenflow-production-final",
    "deleteAutomatedBackups": False,
    "manageMasterUserPassword": True,
    "dbSubnetGroupName": "greenflow-production",
    "tags": TAGS,
}
_PARAMETERS = {
    "family": "postgres17",
    "parameters": [{"name": "log_min_duration_statement", "value": "500"}, {"name": "rds.force_ssl", "value": "1"}],
    "tags": TAGS,
}
_CACHE = {
    "automaticFailoverEnabled": True,
    "multiAzEnabled": True,
    "numCacheClusters": 3,
    "atRestEncryptionEnabled": True,
    "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/1",
    "transitEncryptionEnabled": True,
    "transitEncryptionMode": "required",
    "userGroupIds": ["greenflow-production"],
    "snapshotRetentionLimit": 7,
    "finalSnapshotIdentifier": "greenflow-production-final",
    "tags": TAGS,
}

_ANYWHERE = {"0.0.0.0/0": {"cidrIpv4": "0.0.0.0/0"}, "::/0": {"cidrIpv6": "::/0"}, "0/0": {"cidrIpv4": "10.1.2.3/0"}}
_CONTAINERS = {"containerDefinitions": DEFERS}
_NO_CONTAINERS = {"containerDefinitions": VIOLATES}
_BAD_JSON = {
    "not JSON": {"containerDefinitions": "[{"},
    "no container": {"containerDefinitions": "[]"},
    "not a list": {"containerDefinitions": "{}"},
    "a list of texts": {"containerDefinitions": '["api"]'},
}

CASES: tuple[Case, ...] = (
    Case(
        "subnet-no-auto-public-ip",
        SUBNET,
        _SUBNET,
        bad={"true": {"mapPublicIpOnLaunch": True}, "as a text": {"mapPublicIpOnLaunch": "true"}},
        missing={"mapPublicIpOnLaunch": PASSES},
        unknown={"mapPublicIpOnLaunch": VIOLATES},
    ),
    Case(
        "sg-no-open-sensitive-ports",
        INGRESS,
        _TO_WEB,
        bad={
            "ssh": {"fromPort": 22, "toPort": 22},
            "in a range": {"fromPort": 0, "toPort": 1024},
            "every protocol": {"ipProtocol": "-1", "fromPort": GONE, "toPort": GONE},
            "IPv6": {"cidrIpv4": GONE, "cidrIpv6": "::/0", "fromPort": 3389, "toPort": 3389},
            "another spelling": {"cidrIpv4": "10.0.0.0/0", "fromPort": 6379, "toPort": 6379},
            "no range at all": {"cidrIpv4": "everyone", "fromPort": 5432, "toPort": 5432},
            "ports left out": {"fromPort": GONE, "toPort": GONE},
        },
        fine={
            "one network": {"cidrIpv4": "10.0.0.0/8", "fromPort": 22, "toPort": 22},
            "ping": {"ipProtocol": "icmp", "fromPort": -1, "toPort": -1},
            "ends below": {"fromPort": 1, "toPort": 21},
            "starts above": {"fromPort": 6380, "toPort": 9000},
        },
        missing={
            "cidrIpv4": PASSES,
            "cidrIpv6": PASSES,
            "ipProtocol": VIOLATES,
            "fromPort": VIOLATES,
            "toPort": VIOLATES,
            "referencedSecurityGroupId": PASSES,
        },
        unknown={
            "cidrIpv4": DEFERS,
            "cidrIpv6": DEFERS,
            "ipProtocol": VIOLATES,
            "fromPort": VIOLATES,
            "toPort": VIOLATES,
            "referencedSecurityGroupId": PASSES,
        },
    ),
    Case(
        "sg-no-open-sensitive-ports",
        GROUP,
        {**_GROUP, "ingress": [_GROUP_ENTRY, {**_GROUP_ENTRY, "cidrBlocks": ["10.0.0.0/8"]}]},
        bad={
            "second entry": {"ingress.1.cidrBlocks": ["10.0.0.0/8", "0.0.0.0/0"]},
            "IPv6": {"ingress.0.ipv6CidrBlocks": ["::/0"]},
        },
        missing={"ingress": PASSES},
        unknown={"ingress": DEFERS},
    ),
    Case(
        "sg-no-open-sensitive-ports",
        DEFAULT_GROUP,
        {**_GROUP, "ingress": []},
        bad={"opened": {"ingress": [{"protocol": "-1", "cidrBlocks": ["0.0.0.0/0"]}]}},
        missing={"ingress": PASSES},
        unknown={"ingress": DEFERS},
    ),
    Case(
        "sg-no-open-sensitive-ports",
        GROUP_RULE,
        _CLASSIC,
        bad={"the internet": {"cidrBlocks": ["0.0.0.0/0"], "sourceSecurityGroupId": GONE}},
        fine={"a way out": {"type": "egress", "cidrBlocks": ["0.0.0.0/0"], "sourceSecurityGroupId": GONE}},
        missing={
            "type": PASSES,
            "protocol": PASSES,
            "fromPort": PASSES,
            "toPort": PASSES,
            "cidrBlocks": PASSES,
            "ipv6CidrBlocks": PASSES,
            "sourceSecurityGroupId": PASSES,
            "self": PASSES,
        },
        unknown={
            "type": VIOLATES,
            "protocol": VIOLATES,
            "fromPort": VIOLATES,
            "toPort": VIOLATES,
            "cidrBlocks": DEFERS,
            "ipv6CidrBlocks": DEFERS,
            "sourceSecurityGroupId": PASSES,
            "self": PASSES,
        },
    ),
    Case(
        "sg-data-tier-source-is-sg",
        INGRESS,
        _TO_DATABASE,
        bad={
            "a network": {"cidrIpv4": "10.20.0.0/16", "referencedSecurityGroupId": GONE},
            "both": {"cidrIpv4": "10.20.0.0/16"},
            "a range of ports": {"cidrIpv4": "10.20.0.0/16", "fromPort": 6000, "toPort": 7000},
            "every protocol": {"cidrIpv4": "10.20.0.0/16", "ipProtocol": "-1"},
        },
        fine={"another port": {"cidrIpv4": "10.20.0.0/16", "fromPort": 8443, "toPort": 8443}},
        missing={
            "referencedSecurityGroupId": VIOLATES,
            "cidrIpv4": PASSES,
            "cidrIpv6": PASSES,
            "ipProtocol": PASSES,
            "fromPort": PASSES,
            "toPort": PASSES,
        },
        unknown={
            "referencedSecurityGroupId": PASSES,
            "cidrIpv4": DEFERS,
            "cidrIpv6": DEFERS,
            "ipProtocol": VIOLATES,
            "fromPort": VIOLATES,
            "toPort": VIOLATES,
        },
    ),
    Case(
        "sg-data-tier-source-is-sg",
        GROUP,
        _GROUP,
        bad={
            "a network": {"ingress.0.cidrBlocks": ["10.0.0.0/8"]},
            "nobody": {"ingress.0.securityGroups": []},
        },
        fine={"itself": {"ingress.0.securityGroups": [], "ingress.0.self": True}},
        missing={"ingress": PASSES},
        unknown={"ingress": DEFERS},
    ),
    Case(
        "sg-data-tier-source-is-sg",
        DEFAULT_GROUP,
        _GROUP,
        bad={"a network": {"ingress.0.cidrBlocks": ["10.0.0.0/8"]}},
        missing={"ingress": PASSES},
        unknown={"ingress": DEFERS},
    ),
    Case(
        "sg-data-tier-source-is-sg",
        GROUP_RULE,
        _CLASSIC,
        bad={"a network": {"cidrBlocks": ["10.0.0.0/8"]}},
        fine={"itself": {"sourceSecurityGroupId": GONE, "self": True}},
        missing={
            "sourceSecurityGroupId": VIOLATES,
            "self": PASSES,
            "type": PASSES,
            "protocol": PASSES,
            "fromPort": PASSES,
            "toPort": PASSES,
            "cidrBlocks": PASSES,
            "ipv6CidrBlocks": PASSES,
        },
        unknown={
            "sourceSecurityGroupId": PASSES,
            "self": PASSES,
            "type": VIOLATES,
            "protocol": VIOLATES,
            "fromPort": VIOLATES,
            "toPort": VIOLATES,
            "cidrBlocks": DEFERS,
            "ipv6CidrBlocks": DEFERS,
        },
    ),
    Case(
        "alb-http-redirects-to-https",
        LISTENER,
        _HTTP,
        bad={
            "forwards": {"defaultActions": [_FORWARD]},
            "redirects to HTTP": {"defaultActions.0.redirect.protocol": "HTTP"},
            "for now": {"defaultActions.0.redirect.statusCode": "HTTP_302"},
            "keeps the protocol": {"defaultActions.0.redirect.protocol": GONE},
            "second action": {"defaultActions": [_HTTP["defaultActions"][0], _FORWARD]},
        },
        fine={"HTTPS": {"protocol": "HTTPS", "defaultActions": [_FORWARD]}},
        missing={"protocol": PASSES, "defaultActions": VIOLATES},
        unknown={"protocol": VIOLATES, "defaultActions": VIOLATES},
    ),
    Case(
        "alb-listener-modern-tls",
        LISTENER,
        _HTTPS,
        bad={
            "old policy": {"sslPolicy": "ELBSecurityPolicy-2016-08"},
            "no policy": {"sslPolicy": GONE},
            "nonsense": {"sslPolicy": "none of yours"},
            "no certificate": {"certificateArn": GONE},
            "TLS listener": {"protocol": "TLS", "sslPolicy": GONE},
        },
        fine={"HTTP": {"protocol": "HTTP", "sslPolicy": GONE, "certificateArn": GONE}},
        missing={"protocol": PASSES, "certificateArn": VIOLATES, "sslPolicy": VIOLATES},
        unknown={"protocol": VIOLATES, "certificateArn": PASSES, "sslPolicy": VIOLATES},
    ),
    Case(
        "alb-deletion-protection",
        BALANCER,
        _BALANCER,
        bad={"off": {"enableDeletionProtection": False}},
        missing={"enableDeletionProtection": VIOLATES},
        unknown={"enableDeletionProtection": VIOLATES},
    ),
    Case(
        "alb-multi-az",
        BALANCER,
        _BALANCER,
        bad={"one subnet": {"subnets": ["subnet-1"]}},
        fine={
            "mapped": {"subnets": GONE, "subnetMappings": [{"subnetId": "subnet-1"}, {"subnetId": "subnet-2"}]},
            "ids unknown": {"subnets": ["04da6b54-80e4-46f7-96ec-b56ff0331ba9"] * 2},
        },
        missing={"subnets": VIOLATES, "subnetMappings": PASSES},
        unknown={"subnets": DEFERS, "subnetMappings": PASSES},
    ),
    Case(
        "target-group-health-check",
        TARGETS,
        _TARGETS,
        bad={
            "off": {"healthCheck.enabled": False},
            "no path": {"healthCheck.path": GONE},
            "no matcher": {"healthCheck.matcher": GONE},
            "slow": {"healthCheck.interval": 21},
            "patient": {"healthCheck.unhealthyThreshold": 7},
            "the provider's pace": {"healthCheck.interval": GONE, "healthCheck.unhealthyThreshold": GONE},
        },
        fine={
            "at the bound": {"healthCheck.interval": 20},
            "on by default": {"healthCheck.enabled": GONE},
            "TCP": {
                "protocol": "TCP",
                "healthCheck": {"protocol": "TCP", "interval": 10, "unhealthyThreshold": 2},
            },
        },
        missing={"protocol": PASSES, "healthCheck": VIOLATES},
        unknown={"protocol": PASSES, "healthCheck": VIOLATES},
    ),
    Case(
        "target-group-drain-bounded",
        TARGETS,
        _TARGETS,
        bad={
            "at once": {"deregistrationDelay": 0},
            "just below": {"deregistrationDelay": 14},
            "just above": {"deregistrationDelay": 301},
            "no number": {"deregistrationDelay": "soon"},
        },
        fine={
            "lower bound": {"deregistrationDelay": 15},
            "upper bound": {"deregistrationDelay": 300},
            "as a text": {"deregistrationDelay": "60"},
        },
        missing={"deregistrationDelay": PASSES},
        unknown={"deregistrationDelay": VIOLATES},
    ),
    *(
        Case(
            "ecs-service-no-public-ip",
            token,
            _SERVICE,
            bad={"public": {"networkConfiguration.assignPublicIp": True}},
            fine={"by default": {"networkConfiguration.assignPublicIp": GONE}},
            missing={"networkConfiguration": PASSES},
            unknown={"networkConfiguration": VIOLATES},
        )
        for token in (SERVICE, TASK_SET)
    ),
    Case(
        "ecs-deployment-guard",
        SERVICE,
        _SERVICE,
        bad={
            "no breaker": {"deploymentCircuitBreaker": GONE},
            "breaker off": {"deploymentCircuitBreaker.enable": False},
            "no rollback": {"deploymentCircuitBreaker.rollback": False},
            "half healthy": {"deploymentMinimumHealthyPercent": 50},
            "controller by default": {"deploymentController": GONE, "deploymentCircuitBreaker": GONE},
        },
        fine={"another controller": {"deploymentController.type": "EXTERNAL", "deploymentCircuitBreaker": GONE}},
        missing={
            "deploymentController": PASSES,
            "deploymentCircuitBreaker": VIOLATES,
            "deploymentMinimumHealthyPercent": PASSES,
        },
        unknown={
            "deploymentController": VIOLATES,
            "deploymentCircuitBreaker": VIOLATES,
            "deploymentMinimumHealthyPercent": VIOLATES,
        },
    ),
    Case(
        "ecs-task-not-privileged",
        TASK,
        _TASK,
        bad={
            "privileged": {"containerDefinitions.0.privileged": True},
            "added capability": {"containerDefinitions.0.linuxParameters.capabilities.add": ["SYS_ADMIN"]},
            **_BAD_JSON,
        },
        fine={"none added": {"containerDefinitions.0.linuxParameters.capabilities.add": []}},
        missing=_NO_CONTAINERS,
        unknown=_CONTAINERS,
    ),
    Case(
        "ecs-task-no-host-namespaces",
        TASK,
        _TASK,
        bad={
            "host network": {"networkMode": "host"},
            "bridge": {"networkMode": "bridge"},
            "processes": {"pidMode": "host"},
            "memory": {"ipcMode": "host"},
        },
        fine={"task's processes": {"pidMode": "task", "ipcMode": "task"}},
        missing={"networkMode": VIOLATES, "pidMode": PASSES, "ipcMode": PASSES},
        unknown={"networkMode": VIOLATES, "pidMode": VIOLATES, "ipcMode": VIOLATES},
    ),
    Case(
        "ecs-task-readonly-root",
        TASK,
        _TASK,
        bad={
            "writable": {"containerDefinitions.0.readonlyRootFilesystem": False},
            "by default": {"containerDefinitions.0.readonlyRootFilesystem": GONE},
            **_BAD_JSON,
        },
        missing=_NO_CONTAINERS,
        unknown=_CONTAINERS,
    ),
    Case(
        "ecs-task-non-root-user",
        TASK,
        _TASK,
        bad={
            "by default": {"containerDefinitions.0.user": GONE},
            "root": {"containerDefinitions.0.user": "root"},
            "0": {"containerDefinitions.0.user": "0"},
            "00": {"containerDefinitions.0.user": "00"},
            "0 with a group": {"containerDefinitions.0.user": "0:1000"},
            "only a group": {"containerDefinitions.0.user": ":1000"},
            **_BAD_JSON,
        },
        fine={"with a group": {"containerDefinitions.0.user": "10001:10001"}},
        missing=_NO_CONTAINERS,
        unknown=_CONTAINERS,
    ),
    Case(
        "ecs-task-no-plaintext-secrets",
        TASK,
        _TASK,
        bad={
            "password": {"containerDefinitions.0.environment.0.name": "DB_PASSWORD"},
            "token": {"containerDefinitions.0.environment.0.name": "github_token"},
            "key by name": {"containerDefinitions.0.environment.0.name": "AWS_ACCESS_KEY_ID"},
            "key by form": {"containerDefinitions.0.environment.0.value": "AKIAIOSFODNN7EXAMPLE"},
            "URL": {"containerDefinitions.0.environment.0.value": "postgres://app:pass@db/greenflow"},
            "private key": {"containerDefinitions.0.environment.0.value": "-----BEGIN RSA PRIVATE KEY-----"},
            "second container": {
                "containerDefinitions": json.dumps([_CONTAINER, {"environment": [{"name": "SECRET"}]}])
            },
            **_BAD_JSON,
        },
        fine={"nothing": {"containerDefinitions.0.environment": GONE}},
        missing=_NO_CONTAINERS,
        unknown=_CONTAINERS,
    ),
    Case(
        "ecs-task-logs-configured",
        TASK,
        _TASK,
        bad={"none": {"containerDefinitions.0.logConfiguration": GONE}, **_BAD_JSON},
        missing=_NO_CONTAINERS,
        unknown=_CONTAINERS,
    ),
    Case(
        "ecs-task-separate-roles",
        TASK,
        _TASK,
        bad={"one role": {"taskRoleArn": f"{ARN}execution"}},
        missing={"executionRoleArn": VIOLATES, "taskRoleArn": VIOLATES},
        unknown={"executionRoleArn": DEFERS, "taskRoleArn": DEFERS},
    ),
    Case(
        "ecs-task-image-digest",
        TASK,
        _TASK,
        bad={
            "by tag": {"containerDefinitions.0.image": DIGEST.partition("@")[0] + ":latest"},
            "short digest": {"containerDefinitions.0.image": DIGEST[:-1]},
            "upper case": {"containerDefinitions.0.image": DIGEST.replace("a" * 64, "A" * 64)},
            "another registry": {"containerDefinitions.0.image": f"docker.io/library/api@sha256:{'a' * 64}"},
            "no registry": {"containerDefinitions.0.image": f"api@sha256:{'a' * 64}"},
            "no image": {"containerDefinitions.0.image": GONE},
            **_BAD_JSON,
        },
        missing=_NO_CONTAINERS,
        unknown=_CONTAINERS,
    ),
    Case(
        "rds-multi-az",
        DATABASE,
        _DATABASE,
        bad={"one zone": {"multiAz": False}, "no answer": {"multiAz": "perhaps"}},
        missing={"multiAz": VIOLATES},
        unknown={"multiAz": VIOLATES},
    ),
    Case(
        "rds-storage-encrypted",
        DATABASE,
        _DATABASE,
        bad={"plain": {"storageEncrypted": False}, "AWS's key": {"kmsKeyId": GONE}},
        missing={"storageEncrypted": VIOLATES, "kmsKeyId": VIOLATES},
        unknown={"storageEncrypted": VIOLATES, "kmsKeyId": PASSES},
    ),
    Case(
        "rds-not-public",
        DATABASE,
        _DATABASE,
        bad={"public": {"publiclyAccessible": True}},
        missing={"publiclyAccessible": PASSES},
        unknown={"publiclyAccessible": VIOLATES},
    ),
    Case(
        "rds-backup-retention",
        DATABASE,
        _DATABASE,
        bad={"none": {"backupRetentionPeriod": 0}, "just below": {"backupRetentionPeriod": 6}},
        fine={
            "at the bound": {"backupRetentionPeriod": 7},
            "a replica": {"backupRetentionPeriod": GONE, "replicateSourceDb": "primary"},
        },
        missing={"replicateSourceDb": PASSES, "backupRetentionPeriod": VIOLATES},
        unknown={"replicateSourceDb": PASSES, "backupRetentionPeriod": VIOLATES},
    ),
    Case(
        "rds-deletion-protection",
        DATABASE,
        _DATABASE,
        bad={"off": {"deletionProtection": False}},
        missing={"deletionProtection": VIOLATES},
        unknown={"deletionProtection": VIOLATES},
    ),
    Case(
        "rds-final-snapshot",
        DATABASE,
        _DATABASE,
        bad={
            "skipped": {"skipFinalSnapshot": True},
            "nameless": {"finalSnapshotIdentifier": GONE},
            "backups go": {"deleteAutomatedBackups": True},
        },
        missing={"skipFinalSnapshot": PASSES, "finalSnapshotIdentifier": VIOLATES, "deleteAutomatedBackups": VIOLATES},
        unknown={"skipFinalSnapshot": VIOLATES, "finalSnapshotIdentifier": PASSES, "deleteAutomatedBackups": VIOLATES},
    ),
    Case(
        "rds-managed-password",
        DATABASE,
        _DATABASE,
        bad={
            "written down": {"password": "hunter2"},
            "both": {"password": "hunter2", "passwordWo": "hunter3"},
            "nobody's": {"manageMasterUserPassword": False},
        },
        fine={
            "write only": {"manageMasterUserPassword": GONE, "passwordWo": "hunter2"},
            "a replica": {"manageMasterUserPassword": GONE, "replicateSourceDb": "primary"},
        },
        missing={
            "password": PASSES,
            "passwordWo": PASSES,
            "replicateSourceDb": PASSES,
            "manageMasterUserPassword": VIOLATES,
        },
        unknown={
            "password": VIOLATES,
            "passwordWo": PASSES,
            "replicateSourceDb": PASSES,
            "manageMasterUserPassword": VIOLATES,
        },
    ),
    Case(
        "rds-force-ssl",
        PARAMETERS,
        _PARAMETERS,
        bad={
            "off": {"parameters.1.value": "0"},
            "no value": {"parameters.1.value": GONE},
            "another parameter": {"parameters.1.name": "rds.log_retention_period"},
        },
        fine={"MySQL": {"family": "mysql8.4", "parameters": []}, "a number": {"parameters.1.value": 1}},
        missing={"family": PASSES, "parameters": VIOLATES},
        unknown={"family": VIOLATES, "parameters": VIOLATES},
    ),
    Case(
        "rds-private-subnets",
        DATABASE,
        _DATABASE,
        bad={"default network": {"dbSubnetGroupName": GONE}},
        fine={"a replica": {"dbSubnetGroupName": GONE, "replicateSourceDb": "primary"}},
        missing={"dbSubnetGroupName": VIOLATES, "replicateSourceDb": PASSES},
        unknown={"dbSubnetGroupName": PASSES, "replicateSourceDb": PASSES},
    ),
    Case(
        "redis-failover-multi-az",
        CACHE,
        _CACHE,
        bad={
            "no failover": {"automaticFailoverEnabled": False},
            "one zone": {"multiAzEnabled": False},
            "alone": {"numCacheClusters": 1},
        },
        fine={"sharded": {"numCacheClusters": GONE, "replicasPerNodeGroup": 1}},
        missing={
            "automaticFailoverEnabled": VIOLATES,
            "multiAzEnabled": VIOLATES,
            "numCacheClusters": VIOLATES,
            "replicasPerNodeGroup": PASSES,
        },
        unknown={
            "automaticFailoverEnabled": VIOLATES,
            "multiAzEnabled": VIOLATES,
            "numCacheClusters": VIOLATES,
            "replicasPerNodeGroup": VIOLATES,
        },
    ),
    Case(
        "redis-encrypted-at-rest",
        CACHE,
        _CACHE,
        bad={"plain": {"atRestEncryptionEnabled": False}, "AWS's key": {"kmsKeyId": GONE}},
        missing={"atRestEncryptionEnabled": VIOLATES, "kmsKeyId": VIOLATES},
        unknown={"atRestEncryptionEnabled": VIOLATES, "kmsKeyId": PASSES},
    ),
    Case(
        "redis-encrypted-in-transit",
        CACHE,
        _CACHE,
        bad={"plain": {"transitEncryptionEnabled": False}, "optional": {"transitEncryptionMode": "preferred"}},
        missing={"transitEncryptionEnabled": VIOLATES, "transitEncryptionMode": PASSES},
        unknown={"transitEncryptionEnabled": VIOLATES, "transitEncryptionMode": VIOLATES},
    ),
    Case(
        "redis-auth",
        CACHE,
        _CACHE,
        bad={"nobody asks": {"userGroupIds": GONE}, "no groups": {"userGroupIds": []}},
        fine={
            "token": {"userGroupIds": GONE, "authToken": "hunter2"},
            "write only": {"userGroupIds": GONE, "authTokenWo": "hunter2"},
            "ids unknown": {"userGroupIds": ["04da6b54-80e4-46f7-96ec-b56ff0331ba9"]},
        },
        missing={"userGroupIds": VIOLATES, "authToken": PASSES, "authTokenWo": PASSES},
        unknown={"userGroupIds": DEFERS, "authToken": PASSES, "authTokenWo": PASSES},
    ),
    Case(
        "redis-backups",
        CACHE,
        _CACHE,
        bad={
            "none": {"snapshotRetentionLimit": 0},
            "just below": {"snapshotRetentionLimit": 6},
            "nothing in the end": {"finalSnapshotIdentifier": GONE},
        },
        missing={"snapshotRetentionLimit": VIOLATES, "finalSnapshotIdentifier": VIOLATES},
        unknown={"snapshotRetentionLimit": VIOLATES, "finalSnapshotIdentifier": PASSES},
    ),
    Case(
        "required-tags",
        BALANCER,
        _BALANCER,
        bad={
            "no owner": {"tags.owner": GONE},
            "empty owner": {"tags.owner": ""},
            "null": {"tags.owner": None},
            "no mapping": {"tags": ["owner"]},
        },
        fine={"owner unknown": {"tags.owner": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}},
        missing={"tags": VIOLATES},
        unknown={"tags": DEFERS},
    ),
    Case(
        "rollout-weights-sum-100",
        LISTENER,
        _HTTPS,
        bad={
            "less": {"defaultActions.0.forward.targetGroups.0.weight": 80},
            "more": {"defaultActions.0.forward.targetGroups.0.weight": 91},
            "ratios": {"defaultActions.0.forward.targetGroups": [{"arn": "a", "weight": 1}, {"arn": "b", "weight": 1}]},
            "half a per cent": {
                "defaultActions.0.forward.targetGroups": [{"arn": "a", "weight": 99.5}, {"arn": "b", "weight": 0.5}]
            },
            "below 0": {
                "defaultActions.0.forward.targetGroups": [{"arn": "a", "weight": 110}, {"arn": "b", "weight": -10}]
            },
            "no weight": {"defaultActions.0.forward.targetGroups.1.weight": GONE},
            "one group": {"defaultActions.0.forward.targetGroups": [{"arn": "a", "weight": 100}]},
            "by ARN": {"defaultActions": [{"type": "forward", "targetGroupArn": "a"}]},
            "no forward": {"defaultActions": [{"type": "fixed-response"}]},
            "weight unknown": {
                "defaultActions.0.forward.targetGroups.1.weight": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
            },
        },
        fine={
            "ARN unknown": {"defaultActions.0.forward.targetGroups.0.arn": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"},
            "not the carrier": {"tags": TAGS, "defaultActions": [{"type": "forward", "targetGroupArn": "a"}]},
            "test listener": {
                "tags.headgate-role": "test",
                "defaultActions.0.forward.targetGroups": [{"arn": "a", "weight": 100}],
            },
        },
        missing={"tags": PASSES, "defaultActions": VIOLATES},
        unknown={"tags": VIOLATES, "defaultActions": VIOLATES},
    ),
    Case(
        "rollout-weights-sum-100",
        LISTENER_RULE,
        {"actions": [_FORWARD], "tags": TAGS},
        bad={"less": {"actions.0.forward.targetGroups.1.weight": 9}},
        missing={"actions": PASSES, "tags": PASSES},
        unknown={"actions": VIOLATES, "tags": VIOLATES},
    ),
    Case(
        "one-owner-of-traffic",
        SERVICE,
        _SERVICE,
        bad={
            "CodeDeploy": {"deploymentController.type": "CODE_DEPLOY"},
            "somebody": {"deploymentController.type": "EXTERNAL"},
            "blue/green": {"deploymentConfiguration.strategy": "BLUE_GREEN"},
            "canary": {"deploymentConfiguration.strategy": "CANARY"},
            "linear": {"deploymentConfiguration.strategy": "LINEAR"},
            "second group": {"loadBalancers.0.advancedConfiguration": {"alternateTargetGroupArn": f"{ARN}green"}},
        },
        missing={"deploymentController": PASSES, "deploymentConfiguration": PASSES, "loadBalancers": PASSES},
        unknown={"deploymentController": VIOLATES, "deploymentConfiguration": VIOLATES, "loadBalancers": VIOLATES},
    ),
)
