"""Resources that others need, made on demand through the provider; and one realistic case per type."""

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.sandbox.standin.makes import Maker
from tests.sandbox.standin.provider import Provider, Resource

TAGS = {"service": "greenflow", "environment": "test", "owner": "platform", "managed-by": "headgate"}
_numbers = itertools.count(1)


@dataclass
class World(Maker):
    """What the cases of AWS stand on."""

    suffix: str = field(default_factory=lambda: f"t{next(_numbers)}")

    def named(self, name: str) -> str:
        return f"{name}-{self.suffix}"

    def vpc(self) -> str:
        return self.make("aws:ec2/vpc:Vpc", "vpc", cidrBlock="10.0.0.0/16", enableDnsHostnames=True, tags=TAGS).id

    def subnet(self, number: int) -> str:
        return self.make(
            "aws:ec2/subnet:Subnet",
            f"subnet{number}",
            vpcId=self.vpc(),
            cidrBlock=f"10.0.{number}.0/24",
            availabilityZone=f"us-east-1{'abc'[number]}",
            tags=TAGS,
        ).id

    def gateway(self) -> str:
        return self.make("aws:ec2/internetGateway:InternetGateway", "gateway", vpcId=self.vpc(), tags=TAGS).id

    def table(self, number: int = 0) -> str:
        return self.make("aws:ec2/routeTable:RouteTable", f"table{number}", vpcId=self.vpc(), tags=TAGS).id

    def group(self, number: int = 0) -> str:
        return self.make(
            "aws:ec2/securityGroup:SecurityGroup", f"group{number}", vpcId=self.vpc(), description="test", tags=TAGS
        ).id

    def key(self) -> str:
        return str(self.make("aws:kms/key:Key", "key", description="test", tags=TAGS).outputs["arn"])

    def balancer(self) -> str:
        return self.make(
            "aws:lb/loadBalancer:LoadBalancer",
            "balancer",
            name=self.named("lb"),
            subnets=[self.subnet(0), self.subnet(1)],
            securityGroups=[self.group()],
            tags=TAGS,
        ).id

    def target_group(self, slot: str) -> str:
        return self.make(
            "aws:lb/targetGroup:TargetGroup",
            f"targets-{slot}",
            name=self.named(f"tg-{slot}"),
            port=8080,
            protocol="HTTP",
            targetType="ip",
            vpcId=self.vpc(),
            tags={**TAGS, "slot": slot},
        ).id

    def listener(self) -> str:
        return self.make(
            "aws:lb/listener:Listener",
            "listener",
            loadBalancerArn=self.balancer(),
            port=81,
            protocol="HTTP",
            defaultActions=forward((self.target_group("blue"), 100)),
        ).id

    def certificate(self) -> str:
        return self.make(
            "aws:acm/certificate:Certificate", "certificate", domainName="api.example.com", validationMethod="DNS"
        ).id

    def role(self) -> Resource:
        return self.make("aws:iam/role:Role", "role", name=self.named("role"), assumeRolePolicy=TRUST, tags=TAGS)

    def cluster(self) -> Resource:
        return self.make("aws:ecs/cluster:Cluster", "cluster", name=self.named("cluster"), tags=TAGS)

    def definition(self, number: int) -> str:
        return str(
            self.make(
                "aws:ecs/taskDefinition:TaskDefinition",
                f"definition{number}",
                **task_definition(self, f"sha256:{number}"),
            ).outputs["arn"]
        )

    def service(self) -> str:
        self.make("aws:ecs/service:Service", "service", **service(self))
        return f"service/{self.named('cluster')}/{self.named('service')}"

    def scalable(self) -> Resource:
        return self.make(
            "aws:appautoscaling/target:Target",
            "scalable",
            minCapacity=1,
            maxCapacity=4,
            resourceId=self.service(),
            scalableDimension="ecs:service:DesiredCount",
            serviceNamespace="ecs",
        )

    def secret(self) -> str:
        return self.make(
            "aws:secretsmanager/secret:Secret", "secret", name=self.named("secret"), recoveryWindowInDays=0
        ).id

    def database_subnets(self) -> str:
        return self.make(
            "aws:rds/subnetGroup:SubnetGroup",
            "database-subnets",
            name=self.named("database-subnets"),
            subnetIds=[self.subnet(0), self.subnet(1)],
        ).id

    def cache_subnets(self) -> str:
        return self.make(
            "aws:elasticache/subnetGroup:SubnetGroup",
            "cache-subnets",
            name=self.named("cache-subnets"),
            subnetIds=[self.subnet(0), self.subnet(1)],
        ).id

    def cache_user(self, name: str) -> str:
        return self.make(
            "aws:elasticache/user:User",
            f"user-{name}",
            userId=self.named(name),
            userName=name,
            engine="redis",
            accessString="on ~* +@all",
            authenticationMode={"type": "password", "passwords": ["a-password-of-16-c"]},
        ).id


@contextmanager
def world(provider: Provider) -> Iterator[World]:
    with ExitStack() as stack:
        yield World(provider, stack)


TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


def policy(action: str) -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": [action], "Resource": ["*"]}]}
    )


def forward(*weights: tuple[str, int], stickiness: int = 0) -> list[dict[str, Any]]:
    """A weighted forward action. stickiness: seconds, 0 for none."""
    sticky = {"enabled": True, "duration": stickiness} if stickiness else {"enabled": False, "duration": 1}
    groups = [{"arn": arn, "weight": weight} for arn, weight in weights]
    return [{"type": "forward", "forward": {"targetGroups": groups, "stickiness": sticky}}]


def task_definition(w: World, image: str) -> dict[str, Any]:
    container = {
        "name": "api",
        "image": image,
        "essential": True,
        "portMappings": [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}],
        "environment": [{"name": "HEADGATE_SLOT", "value": "blue"}],
        "healthCheck": {"command": ["CMD-SHELL", "true"], "interval": 10, "timeout": 5, "retries": 3},
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/headgate/test"}},
        "readonlyRootFilesystem": True,
        "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
        "secrets": [],
        "stopTimeout": 60,
    }
    return {
        "family": w.named("api"),
        "cpu": "512",
        "memory": "1024",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "executionRoleArn": w.role().outputs["arn"],
        "taskRoleArn": w.role().outputs["arn"],
        "containerDefinitions": json.dumps([container]),
        "runtimePlatform": {"operatingSystemFamily": "LINUX", "cpuArchitecture": "X86_64"},
        "volumes": [{"name": "scratch"}],
        "skipDestroy": False,
        "tags": TAGS,
    }


def service(w: World) -> dict[str, Any]:
    return {
        "name": w.named("service"),
        "cluster": w.cluster().outputs["arn"],
        "taskDefinition": w.definition(1),
        "desiredCount": 2,
        "launchType": "FARGATE",
        "platformVersion": "LATEST",
        "schedulingStrategy": "REPLICA",
        "availabilityZoneRebalancing": "ENABLED",
        "networkConfiguration": {
            "subnets": [w.subnet(1), w.subnet(0)],
            "securityGroups": [w.group()],
            "assignPublicIp": False,
        },
        "loadBalancers": [{"targetGroupArn": w.target_group("blue"), "containerName": "api", "containerPort": 8080}],
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "deploymentController": {"type": "ECS"},
        "deploymentMinimumHealthyPercent": 100,
        "deploymentMaximumPercent": 200,
        "healthCheckGracePeriodSeconds": 60,
        "enableExecuteCommand": False,
        "enableEcsManagedTags": True,
        "propagateTags": "SERVICE",
        "waitForSteadyState": True,
        "tags": {**TAGS, "slot": "blue"},
    }


@dataclass(frozen=True)
class Case:
    """A type: what it is created with, and what is changed then."""

    token: str
    inputs: Callable[[World], dict[str, Any]]
    changes: Callable[[World], dict[str, Any]] = lambda w: {"tags": {**TAGS, "owner": "payments"}}
    leaves: bool = False  # a delete leaves the object in the cloud


def _database(w: World) -> dict[str, Any]:
    return {
        "identifier": w.named("db"),
        "engine": "postgres",
        "engineVersion": "17",
        "instanceClass": "db.t4g.medium",
        "allocatedStorage": 20,
        "maxAllocatedStorage": 100,
        "storageType": "gp3",
        "storageEncrypted": True,
        "kmsKeyId": w.key(),
        "dbName": "greenflow",
        "username": "greenflow",
        "manageMasterUserPassword": True,
        "masterUserSecretKmsKeyId": w.key(),
        "multiAz": True,
        "dbSubnetGroupName": w.database_subnets(),
        "vpcSecurityGroupIds": [w.group()],
        "backupRetentionPeriod": 7,
        "backupWindow": "02:00-03:00",
        "maintenanceWindow": "sun:04:00-sun:05:00",
        "copyTagsToSnapshot": True,
        "deletionProtection": False,
        "skipFinalSnapshot": True,
        "deleteAutomatedBackups": True,
        "publiclyAccessible": False,
        "autoMinorVersionUpgrade": True,
        "applyImmediately": False,
        "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
        "performanceInsightsEnabled": True,
        "performanceInsightsKmsKeyId": w.key(),
        "performanceInsightsRetentionPeriod": 7,
        "monitoringInterval": 60,
        "monitoringRoleArn": w.role().outputs["arn"],
        "iamDatabaseAuthenticationEnabled": True,
        "caCertIdentifier": "rds-ca-rsa2048-g1",
        "tags": TAGS,
    }


def _cache(w: World) -> dict[str, Any]:
    return {
        "replicationGroupId": w.named("cache"),
        "description": "test",
        "engine": "redis",
        "engineVersion": "7.1",
        "nodeType": "cache.t4g.small",
        "numCacheClusters": 2,
        "automaticFailoverEnabled": True,
        "multiAzEnabled": True,
        "atRestEncryptionEnabled": True,
        "kmsKeyId": w.key(),
        "transitEncryptionEnabled": True,
        "transitEncryptionMode": "required",
        "userGroupIds": ["users"],
        "subnetGroupName": w.cache_subnets(),
        "securityGroupIds": [w.group()],
        "parameterGroupName": "parameters",
        "snapshotRetentionLimit": 7,
        "snapshotWindow": "02:00-03:00",
        "maintenanceWindow": "sun:04:00-sun:05:00",
        "autoMinorVersionUpgrade": True,
        "applyImmediately": False,
        "port": 6379,
        "tags": TAGS,
    }


def _rule(w: World) -> dict[str, Any]:
    return {
        "securityGroupId": w.group(),
        "description": "to the database",
        "ipProtocol": "tcp",
        "fromPort": 5432,
        "toPort": 5432,
        "tags": TAGS,
    }


CASES: tuple[Case, ...] = (
    Case(
        "aws:ec2/vpc:Vpc",
        lambda w: {"cidrBlock": "10.9.0.0/16", "enableDnsHostnames": True, "enableDnsSupport": True, "tags": TAGS},
        lambda w: {"enableDnsHostnames": False, "tags": {"managed-by": "headgate"}},
    ),
    Case(
        "aws:ec2/subnet:Subnet",
        lambda w: {
            "vpcId": w.vpc(),
            "cidrBlock": "10.0.9.0/24",
            "availabilityZone": "us-east-1b",
            "mapPublicIpOnLaunch": False,
            "tags": TAGS,
        },
        lambda w: {"mapPublicIpOnLaunch": True},
    ),
    Case("aws:ec2/internetGateway:InternetGateway", lambda w: {"vpcId": w.vpc(), "tags": TAGS}),
    Case("aws:ec2/eip:Eip", lambda w: {"domain": "vpc", "tags": TAGS}),
    Case(
        "aws:ec2/natGateway:NatGateway",
        lambda w: {
            "allocationId": w.make("aws:ec2/eip:Eip", "address", domain="vpc").id,
            "subnetId": w.subnet(0),
            "tags": TAGS,
        },
    ),
    Case("aws:ec2/routeTable:RouteTable", lambda w: {"vpcId": w.vpc(), "tags": TAGS}),
    Case(
        "aws:ec2/route:Route",
        lambda w: {
            "routeTableId": w.table(),
            "destinationCidrBlock": "0.0.0.0/0",
            "gatewayId": w.gateway(),
        },
        lambda w: {
            "gatewayId": None,
            "natGatewayId": w.make(
                "aws:ec2/natGateway:NatGateway",
                "nat",
                allocationId=w.make("aws:ec2/eip:Eip", "address", domain="vpc").id,
                subnetId=w.subnet(0),
            ).id,
        },
    ),
    Case(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        lambda w: {"subnetId": w.subnet(0), "routeTableId": w.table()},
        lambda w: {},
    ),
    Case(
        "aws:ec2/securityGroup:SecurityGroup",
        lambda w: {"vpcId": w.vpc(), "name": w.named("sg"), "description": "test", "tags": TAGS},
    ),
    Case(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        lambda w: {"vpcId": w.vpc(), "ingress": [], "egress": [], "tags": TAGS},
        lambda w: {"egress": [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/16"]}]},
        leaves=True,
    ),
    Case(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        lambda w: {**_rule(w), "cidrIpv4": "10.0.0.0/16"},
        lambda w: {"description": "from the network", "fromPort": 5433, "toPort": 5433},
    ),
    Case(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        lambda w: {**_rule(w), "referencedSecurityGroupId": w.group(1)},
        lambda w: {"description": "elsewhere"},
    ),
    Case(
        "aws:lb/loadBalancer:LoadBalancer",
        lambda w: {
            "name": w.named("alb"),
            "internal": False,
            "loadBalancerType": "application",
            "securityGroups": [w.group()],
            "subnets": [w.subnet(1), w.subnet(0)],
            "dropInvalidHeaderFields": True,
            "desyncMitigationMode": "defensive",
            "enableDeletionProtection": False,
            "idleTimeout": 60,
            "enableHttp2": True,
            "accessLogs": {"enabled": True, "bucket": "hg-logs", "prefix": "balancer"},
            "tags": TAGS,
        },
        lambda w: {
            "idleTimeout": 30,
            "accessLogs": {"enabled": False, "bucket": "hg-logs", "prefix": "balancer"},
            "securityGroups": [w.group(), w.group(1)],
            "subnets": [w.subnet(0), w.subnet(1), w.subnet(2)],
            "tags": {"managed-by": "headgate"},
        },
    ),
    Case(
        "aws:lb/targetGroup:TargetGroup",
        lambda w: {
            "name": w.named("tg"),
            "port": 8080,
            "protocol": "HTTP",
            "protocolVersion": "HTTP1",
            "targetType": "ip",
            "vpcId": w.vpc(),
            "deregistrationDelay": 60,
            "slowStart": 0,
            "loadBalancingAlgorithmType": "round_robin",
            "stickiness": {"enabled": False, "type": "lb_cookie"},
            "healthCheck": {
                "enabled": True,
                "path": "/api/v2/health",
                "matcher": "200",
                "interval": 10,
                "timeout": 5,
                "healthyThreshold": 2,
                "unhealthyThreshold": 3,
                "port": "traffic-port",
                "protocol": "HTTP",
            },
            "tags": TAGS,
        },
        lambda w: {
            "deregistrationDelay": 30,
            "healthCheck": {"enabled": True, "path": "/", "matcher": "200-299", "interval": 15, "timeout": 5},
            "stickiness": {"enabled": True, "type": "lb_cookie", "cookieDuration": 600},
        },
    ),
    Case(
        "aws:lb/listener:Listener",
        lambda w: {
            "loadBalancerArn": w.balancer(),
            "port": 443,
            "protocol": "HTTPS",
            "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
            "certificateArn": w.certificate(),
            "defaultActions": forward((w.target_group("blue"), 100), (w.target_group("green"), 0), stickiness=600),
            "tags": {**TAGS, "headgate-role": "traffic"},
        },
        lambda w: {
            "defaultActions": forward((w.target_group("blue"), 90), (w.target_group("green"), 10), stickiness=600)
        },
    ),
    Case(
        "aws:lb/listenerRule:ListenerRule",
        lambda w: {
            "listenerArn": w.listener(),
            "priority": 10,
            "actions": forward((w.target_group("blue"), 1)),
            "conditions": [
                {"httpHeader": {"httpHeaderName": "x-canary", "values": ["always"]}},
                {"pathPattern": {"values": ["/api/*", "/v2/*"]}},
            ],
            "tags": TAGS,
        },
        lambda w: {
            "priority": 20,
            "actions": [
                {"type": "fixed-response", "fixedResponse": {"contentType": "text/plain", "statusCode": "503"}}
            ],
            "conditions": [{"sourceIp": {"values": ["10.0.0.0/8"]}}],
        },
    ),
    Case(
        "aws:acm/certificate:Certificate",
        lambda w: {
            "domainName": "api.example.com",
            "subjectAlternativeNames": ["www.example.com", "example.com"],
            "validationMethod": "DNS",
            "keyAlgorithm": "RSA_2048",
            "tags": TAGS,
        },
    ),
    Case(
        "aws:ecs/cluster:Cluster",
        lambda w: {
            "name": w.named("ecs"),
            "settings": [{"name": "containerInsights", "value": "enhanced"}],
            "tags": TAGS,
        },
        lambda w: {"settings": [{"name": "containerInsights", "value": "disabled"}]},
    ),
    Case("aws:ecs/taskDefinition:TaskDefinition", lambda w: task_definition(w, "sha256:1")),
    Case(
        "aws:ecs/service:Service",
        service,
        lambda w: {"taskDefinition": w.definition(2), "desiredCount": 4, "healthCheckGracePeriodSeconds": 30},
    ),
    Case(
        "aws:appautoscaling/target:Target",
        lambda w: {
            "minCapacity": 2,
            "maxCapacity": 10,
            "resourceId": w.service(),
            "scalableDimension": "ecs:service:DesiredCount",
            "serviceNamespace": "ecs",
            "tags": TAGS,
        },
        lambda w: {"minCapacity": 3, "tags": {"managed-by": "headgate"}},
    ),
    Case(
        "aws:appautoscaling/policy:Policy",
        lambda w: {
            "name": w.named("cpu"),
            "policyType": "TargetTrackingScaling",
            "resourceId": w.scalable().inputs["resourceId"],
            "scalableDimension": "ecs:service:DesiredCount",
            "serviceNamespace": "ecs",
            "targetTrackingScalingPolicyConfiguration": {
                "predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageCPUUtilization"},
                "targetValue": 60,
                "scaleOutCooldown": 60,
                "scaleInCooldown": 300,
            },
        },
        lambda w: {
            "targetTrackingScalingPolicyConfiguration": {
                "predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageCPUUtilization"},
                "targetValue": 50.5,
            },
        },
    ),
    Case(
        "aws:cloudwatch/logGroup:LogGroup",
        lambda w: {
            "name": w.named("/headgate/test"),
            "retentionInDays": 365,
            "kmsKeyId": w.key(),
            "tags": TAGS,
        },
        lambda w: {"retentionInDays": 30, "tags": {"managed-by": "headgate"}},
    ),
    Case(
        "aws:iam/role:Role",
        lambda w: {
            "name": w.named("task"),
            "assumeRolePolicy": TRUST,
            "description": "tasks",
            "maxSessionDuration": 3600,
            "permissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess",
            "tags": TAGS,
        },
        lambda w: {
            "assumeRolePolicy": TRUST.replace("ecs-tasks", "lambda"),
            "description": "functions",
            "permissionsBoundary": None,
            "tags": {"managed-by": "headgate"},
        },
    ),
    Case(
        "aws:iam/rolePolicy:RolePolicy",
        lambda w: {"name": w.named("policy"), "role": w.role().id, "policy": policy("logs:PutLogEvents")},
        lambda w: {"policy": policy("s3:GetObject")},
    ),
    Case(
        "aws:rds/subnetGroup:SubnetGroup",
        lambda w: {
            "name": w.named("subnets"),
            "description": "data",
            "subnetIds": [w.subnet(1), w.subnet(0)],
            "tags": TAGS,
        },
        lambda w: {"subnetIds": [w.subnet(0), w.subnet(1), w.subnet(2)], "description": "all zones"},
    ),
    Case(
        "aws:rds/parameterGroup:ParameterGroup",
        lambda w: {
            "name": w.named("parameters"),
            "family": "postgres17",
            "description": "TLS",
            "parameters": [
                {"name": "rds.force_ssl", "value": "1"},
                {"name": "log_min_duration_statement", "value": "500", "applyMethod": "immediate"},
            ],
            "tags": TAGS,
        },
        lambda w: {"parameters": [{"name": "rds.force_ssl", "value": "0"}]},
    ),
    Case(
        "aws:rds/instance:Instance",
        _database,
        lambda w: {
            "instanceClass": "db.r7g.large",
            "allocatedStorage": 40,
            "backupRetentionPeriod": 14,
            "enabledCloudwatchLogsExports": ["postgresql"],
        },
    ),
    Case(
        "aws:elasticache/subnetGroup:SubnetGroup",
        lambda w: {
            "name": w.named("caches"),
            "description": "data",
            "subnetIds": [w.subnet(1), w.subnet(0)],
            "tags": TAGS,
        },
        lambda w: {"subnetIds": [w.subnet(0), w.subnet(1), w.subnet(2)], "description": "all zones"},
    ),
    Case(
        "aws:elasticache/parameterGroup:ParameterGroup",
        lambda w: {
            "name": w.named("redis"),
            "family": "redis7",
            "description": "eviction",
            "parameters": [{"name": "maxmemory-policy", "value": "allkeys-lru"}],
            "tags": TAGS,
        },
        lambda w: {"parameters": [{"name": "maxmemory-policy", "value": "noeviction"}]},
    ),
    Case(
        "aws:elasticache/user:User",
        lambda w: {
            "userId": w.named("app"),
            "userName": w.named("app"),
            "engine": "redis",
            "accessString": "on ~* +@all",
            "authenticationMode": {"type": "password", "passwords": ["a-password-of-16-c"]},
            "tags": TAGS,
        },
        lambda w: {"accessString": "on ~app:* +@read", "tags": {"managed-by": "headgate"}},
    ),
    Case(
        "aws:elasticache/userGroup:UserGroup",
        lambda w: {
            "userGroupId": w.named("users"),
            "engine": "redis",
            "userIds": [w.cache_user("default"), w.cache_user("one")],
            "tags": TAGS,
        },
        lambda w: {"userIds": [w.cache_user("default"), w.cache_user("two")]},
    ),
    Case(
        "aws:elasticache/replicationGroup:ReplicationGroup",
        _cache,
        lambda w: {
            "description": "larger",
            "nodeType": "cache.r7g.large",
            "engineVersion": "7.2",
            "userGroupIds": ["others"],
            "numCacheClusters": 3,
        },
    ),
    Case(
        "aws:kms/key:Key",
        lambda w: {
            "description": "test",
            "enableKeyRotation": True,
            "rotationPeriodInDays": 365,
            "deletionWindowInDays": 7,
            "multiRegion": False,
            "policy": policy("kms:*").replace('"Action"', '"Principal": {"AWS": "*"}, "Action"'),
            "tags": TAGS,
        },
        lambda w: {"description": "changed", "enableKeyRotation": False, "rotationPeriodInDays": None},
    ),
    Case(
        "aws:kms/alias:Alias",
        lambda w: {"name": f"alias/{w.named('data')}", "targetKeyId": w.key().rsplit("/", 1)[1]},
        lambda w: {"targetKeyId": w.make("aws:kms/key:Key", "other", description="other").outputs["keyId"]},
    ),
    Case(
        "aws:secretsmanager/secret:Secret",
        lambda w: {
            "name": w.named("greenflow/TOKEN"),
            "description": "test",
            "kmsKeyId": w.key(),
            "recoveryWindowInDays": 0,
            "tags": TAGS,
        },
        lambda w: {"description": "changed"},
    ),
    Case(
        "aws:secretsmanager/secretVersion:SecretVersion",
        lambda w: {"secretId": w.secret(), "secretString": "hunter2"},
        lambda w: {},
        leaves=True,
    ),
)
