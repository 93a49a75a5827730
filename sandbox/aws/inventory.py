"""What there is in the emulated account that is ours, by kind.

A destroyed stack must leave nothing here; a test reads it to prove that. Ours is what carries the tag
managed-by=headgate, and what takes no tags where everything but AWS's own is ours. What AWS itself removes
later is not counted: a key that is scheduled for deletion, a secret in its recovery window, an inactive
task definition, a deleted NAT gateway.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import boto3
import jmespath
from botocore.config import Config

OUR_TAG = ("managed-by", "headgate")

_OWN_BUCKETS = "headgate-sandbox-"  # how names of the sandbox's own buckets begin

_Client = Any


@dataclass(frozen=True)
class Kind:
    """One kind of object.

    listing: operation as boto3 names it, its parameters, JMESPath to the objects.
    name: JMESPath in an object to what it is called. alive: which objects count.
    tags: gives an object's tags; None where objects take none, and `alive` says which are ours.
    """

    service: str
    listing: tuple[str, dict[str, Any], str]
    name: str
    tags: Callable[[_Client, Any], Mapping[str, str]] | None
    alive: Callable[[Any], bool] = lambda found: True


def _inline(path: str = "Tags", key: str = "Key", value: str = "Value") -> Callable[[_Client, Any], dict[str, str]]:
    compiled = jmespath.compile(path)
    return lambda _, found: {tag[key]: tag.get(value, "") for tag in compiled.search(found) or ()}


def _asked(
    operation: str, params: Callable[[Any], dict[str, Any]], path: str, key: str = "Key", value: str = "Value"
) -> Callable[[_Client, Any], dict[str, str]]:
    compiled = jmespath.compile(path)

    def tags(client: _Client, found: Any) -> dict[str, str]:
        listed = compiled.search(getattr(client, operation)(**params(found)))
        if isinstance(listed, Mapping):
            return dict(listed)
        return {tag[key]: tag.get(value, "") for tag in listed or ()}

    return tags


def _by_arn(arn: str) -> Callable[[_Client, Any], dict[str, str]]:
    return _asked("list_tags_for_resource", lambda found: {"ResourceName": found[arn]}, "TagList")


def _balancer_tags(arn: str) -> Callable[[_Client, Any], dict[str, str]]:
    return _asked("describe_tags", lambda found: {"ResourceArns": [found[arn]]}, "TagDescriptions[0].Tags")


def _edge(operation: str, path: str, name: str) -> Kind:
    """What of CloudFront takes no tags; what is there by itself has another type and is not listed."""
    return Kind("cloudfront", (operation, {}, path), name, None)


def _tagged_edge(operation: str, path: str, name: str, arn: str) -> Kind:
    compiled = jmespath.compile(arn)
    tags = _asked("list_tags_for_resource", lambda found: {"Resource": compiled.search(found)}, "Tags.Items")
    return Kind("cloudfront", (operation, {}, path), name, tags)


def _web_acls(scope: str) -> Kind:
    tags = _asked("list_tags_for_resource", lambda found: {"ResourceARN": found["ARN"]}, "TagInfoForResource.TagList")
    return Kind("wafv2", ("list_web_acls", {"Scope": scope}, "WebACLs"), "Name", tags)


def _names_tags(kind: str) -> Callable[[_Client, Any], dict[str, str]]:
    return _asked(
        "list_tags_for_resource",
        lambda found: {"ResourceType": kind, "ResourceId": found["Id"].rsplit("/", 1)[-1]},
        "ResourceTagSet.Tags",
    )


def _delivery(operation: str, path: str, name: str) -> Kind:
    tags = _asked("list_tags_for_resource", lambda found: {"resourceArn": found["arn"]}, "tags")
    return Kind("logs", (operation, {}, path), name, tags)


def _alarms(path: str, kind: str) -> Kind:
    """Those that follow from scaling policies carry no tags, and go with them."""
    tags = _asked("list_tags_for_resource", lambda found: {"ResourceARN": found["AlarmArn"]}, "Tags")
    return Kind("cloudwatch", ("describe_alarms", {"AlarmTypes": [kind]}, path), "AlarmName", tags)


def _ec2(operation: str, path: str, name: str, alive: Callable[[Any], bool] = lambda found: True) -> Kind:
    return Kind("ec2", (operation, {}, path), name, _inline(), alive)


KINDS: Mapping[str, Kind] = {
    "vpc": _ec2("describe_vpcs", "Vpcs", "VpcId"),
    "subnet": _ec2("describe_subnets", "Subnets", "SubnetId"),
    "internet-gateway": _ec2("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    "elastic-ip": _ec2("describe_addresses", "Addresses", "AllocationId"),
    "nat-gateway": _ec2(
        "describe_nat_gateways",
        "NatGateways",
        "NatGatewayId",
        lambda found: found["State"] not in {"deleted", "deleting"},
    ),
    "route-table": _ec2("describe_route_tables", "RouteTables", "RouteTableId"),
    "security-group": _ec2("describe_security_groups", "SecurityGroups", "GroupId"),
    "security-group-rule": _ec2("describe_security_group_rules", "SecurityGroupRules", "SecurityGroupRuleId"),
    "flow-log": _ec2("describe_flow_logs", "FlowLogs", "FlowLogId"),
    "endpoint": _ec2(
        "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId", lambda found: found["State"] != "deleted"
    ),
    "distribution": _tagged_edge("list_distributions", "DistributionList.Items", "Id", "ARN"),
    "edge-function": _tagged_edge("list_functions", "FunctionList.Items", "Name", "FunctionMetadata.FunctionARN"),
    "edge-access": _edge("list_origin_access_controls", "OriginAccessControlList.Items", "Name"),
    "edge-cache-policy": _edge("list_cache_policies", "CachePolicyList.Items[].CachePolicy", "CachePolicyConfig.Name"),
    "edge-request-policy": _edge(
        "list_origin_request_policies",
        "OriginRequestPolicyList.Items[].OriginRequestPolicy",
        "OriginRequestPolicyConfig.Name",
    ),
    "edge-headers-policy": _edge(
        "list_response_headers_policies",
        "ResponseHeadersPolicyList.Items[].ResponseHeadersPolicy",
        "ResponseHeadersPolicyConfig.Name",
    ),
    "web-acl": _web_acls("REGIONAL"),
    "edge-web-acl": _web_acls("CLOUDFRONT"),
    "zone": Kind("route53", ("list_hosted_zones", {}, "HostedZones"), "Name", _names_tags("hostedzone")),
    "health-check": Kind("route53", ("list_health_checks", {}, "HealthChecks"), "Id", _names_tags("healthcheck")),
    "query-log": Kind("route53", ("list_query_logging_configs", {}, "QueryLoggingConfigs"), "Id", None),
    "log-delivery-source": _delivery("describe_delivery_sources", "deliverySources", "name"),
    "log-delivery-destination": _delivery("describe_delivery_destinations", "deliveryDestinations", "name"),
    "log-delivery": _delivery("describe_deliveries", "deliveries", "id"),
    "log-writer": Kind("logs", ("describe_resource_policies", {}, "resourcePolicies"), "policyName", None),
    "load-balancer": Kind(
        "elbv2",
        ("describe_load_balancers", {}, "LoadBalancers"),
        "LoadBalancerName",
        _balancer_tags("LoadBalancerArn"),
    ),
    "target-group": Kind(
        "elbv2",
        ("describe_target_groups", {}, "TargetGroups"),
        "TargetGroupName",
        _balancer_tags("TargetGroupArn"),
    ),
    "certificate": Kind(
        "acm",
        ("list_certificates", {}, "CertificateSummaryList"),
        "CertificateArn",
        _asked("list_tags_for_certificate", lambda found: {"CertificateArn": found["CertificateArn"]}, "Tags"),
    ),
    "scalable-target": Kind(
        "application-autoscaling",
        ("describe_scalable_targets", {"ServiceNamespace": "ecs"}, "ScalableTargets"),
        "ResourceId",
        _asked("list_tags_for_resource", lambda found: {"ResourceARN": found["ScalableTargetARN"]}, "Tags"),
    ),
    "scaling-policy": Kind(
        "application-autoscaling",
        ("describe_scaling_policies", {"ServiceNamespace": "ecs"}, "ScalingPolicies"),
        "PolicyName",
        None,
    ),
    "log-group": Kind(
        "logs",
        ("describe_log_groups", {}, "logGroups"),
        "logGroupName",
        _asked("list_tags_for_resource", lambda found: {"resourceArn": found["arn"].removesuffix(":*")}, "tags"),
    ),
    "role": Kind(
        "iam",
        ("list_roles", {}, "Roles"),
        "RoleName",
        _asked("list_role_tags", lambda found: {"RoleName": found["RoleName"]}, "Tags"),
    ),
    "database": Kind(
        "rds",
        ("describe_db_instances", {}, "DBInstances"),
        "DBInstanceIdentifier",
        _by_arn("DBInstanceArn"),
        lambda found: found["DBInstanceStatus"] != "deleting",
    ),
    "database-subnet-group": Kind(
        "rds",
        ("describe_db_subnet_groups", {}, "DBSubnetGroups"),
        "DBSubnetGroupName",
        _by_arn("DBSubnetGroupArn"),
    ),
    "database-parameter-group": Kind(
        "rds",
        ("describe_db_parameter_groups", {}, "DBParameterGroups"),
        "DBParameterGroupName",
        _by_arn("DBParameterGroupArn"),
    ),
    "database-snapshot": Kind(
        "rds",
        ("describe_db_snapshots", {"SnapshotType": "manual"}, "DBSnapshots"),
        "DBSnapshotIdentifier",
        _by_arn("DBSnapshotArn"),
    ),
    "backup-vault": Kind(
        "backup",
        ("list_backup_vaults", {}, "BackupVaultList"),
        "BackupVaultName",
        _asked("list_tags", lambda found: {"ResourceArn": found["BackupVaultArn"]}, "Tags"),
    ),
    "backup-plan": Kind(
        "backup",
        ("list_backup_plans", {}, "BackupPlansList"),
        "BackupPlanName",
        _asked("list_tags", lambda found: {"ResourceArn": found["BackupPlanArn"]}, "Tags"),
    ),
    "bucket": Kind(
        "s3",
        ("list_buckets", {}, "Buckets"),
        "Name",
        None,
        lambda found: not found["Name"].startswith(_OWN_BUCKETS),
    ),
    "image-repository": Kind(
        "ecr",
        ("describe_repositories", {}, "repositories"),
        "repositoryName",
        _asked("list_tags_for_resource", lambda found: {"resourceArn": found["repositoryArn"]}, "tags"),
    ),
    "cache": Kind(
        "elasticache",
        ("describe_replication_groups", {}, "ReplicationGroups"),
        "ReplicationGroupId",
        _by_arn("ARN"),
        lambda found: found["Status"] != "deleting",
    ),
    "cache-subnet-group": Kind(
        "elasticache",
        ("describe_cache_subnet_groups", {}, "CacheSubnetGroups"),
        "CacheSubnetGroupName",
        _by_arn("ARN"),
    ),
    "cache-user": Kind(
        "elasticache",
        ("describe_users", {}, "Users"),
        "UserId",
        None,
        # AWS's own, which cannot be deleted.
        lambda found: found["UserId"] != "default" and found["Status"] != "deleting",
    ),
    "key": Kind(
        "kms",
        ("list_keys", {}, "Keys"),
        "KeyId",
        _asked("list_resource_tags", lambda found: {"KeyId": found["KeyId"]}, "Tags", key="TagKey", value="TagValue"),
        lambda found: found["State"] != "PendingDeletion",
    ),
    "key-alias": Kind(
        "kms",
        ("list_aliases", {}, "Aliases"),
        "AliasName",
        None,
        lambda found: not found["AliasName"].startswith("alias/aws/"),
    ),
    "alarm": _alarms("MetricAlarms", "MetricAlarm"),
    "composite-alarm": _alarms("CompositeAlarms", "CompositeAlarm"),
    "dashboard": Kind("cloudwatch", ("list_dashboards", {}, "DashboardEntries"), "DashboardName", None),
    "metric-filter": Kind("logs", ("describe_metric_filters", {}, "metricFilters"), "filterName", None),
    "topic": Kind(
        "sns",
        ("list_topics", {}, "Topics"),
        "TopicArn",
        _asked("list_tags_for_resource", lambda found: {"ResourceArn": found["TopicArn"]}, "Tags"),
    ),
    "subscription": Kind("sns", ("list_subscriptions", {}, "Subscriptions"), "SubscriptionArn", None),
    "secret": Kind(
        "secretsmanager",
        ("list_secrets", {}, "SecretList"),
        "Name",
        _inline(),
        lambda found: not found.get("DeletedDate"),
    ),
}


def of_this_server() -> dict[str, list[str]]:
    """Everything of ours, by kind, of the server that this process is."""
    return find(f"http://127.0.0.1:{os.environ['MOTO_PORT']}")


def find(endpoint: str, region: str = "us-east-1") -> dict[str, list[str]]:
    """Names of everything of ours, by kind; a kind without any is left out."""
    found = {kind: sorted(_ours(_connect(endpoint, region, row.service), row)) for kind, row in KINDS.items()}
    found["cluster"], found["service"] = _containers(_connect(endpoint, region, "ecs"))
    found["record"] = sorted(_records(_connect(endpoint, region, "s3")))
    return {kind: names for kind, names in found.items() if names}


def _ours(client: _Client, kind: Kind) -> Iterator[str]:
    operation, params, path = kind.listing
    for found in _pages(client, operation, params, path):
        if kind.service == "kms" and "KeyId" in found:
            found["State"] = client.describe_key(KeyId=found["KeyId"])["KeyMetadata"]["KeyState"]
        if not kind.alive(found):
            continue
        if kind.tags is None or kind.tags(client, found).get(OUR_TAG[0]) == OUR_TAG[1]:
            yield str(jmespath.search(kind.name, found))


def _containers(client: _Client) -> tuple[list[str], list[str]]:
    """Clusters and services, which are described in two steps."""
    clusters: list[str] = []
    services: list[str] = []
    for arn in _pages(client, "list_clusters", {}, "clusterArns"):
        cluster = client.describe_clusters(clusters=[arn], include=["TAGS"])["clusters"][0]
        if cluster["status"] == "ACTIVE" and _is_ours(cluster):
            clusters.append(cluster["clusterName"])
        for name in _pages(client, "list_services", {"cluster": arn}, "serviceArns"):
            service = client.describe_services(cluster=arn, services=[name], include=["TAGS"])["services"][0]
            if service["status"] == "ACTIVE" and _is_ours(service):
                services.append(service["serviceName"])
    return sorted(clusters), sorted(services)


def _is_ours(found: Any) -> bool:
    return {tag["key"]: tag["value"] for tag in found.get("tags", ())}.get(OUR_TAG[0]) == OUR_TAG[1]


def _records(client: _Client) -> Iterator[str]:
    """What the stand-in provider only records (see `sandbox.plugins.aws.recordonly`)."""
    for bucket in client.list_buckets()["Buckets"]:
        if bucket["Name"].startswith(_OWN_BUCKETS):
            yield from (
                item["Key"] for item in _pages(client, "list_objects_v2", {"Bucket": bucket["Name"]}, "Contents")
            )


def _pages(client: _Client, operation: str, params: Mapping[str, Any], path: str) -> Iterator[Any]:
    if client.can_paginate(operation):
        pages = client.get_paginator(operation).paginate(**params)
    else:
        pages = [getattr(client, operation)(**params)]
    for page in pages:
        yield from jmespath.search(path, page) or ()


# Loading the API models takes longer than all the calls.
@lru_cache(maxsize=64)
def _connect(endpoint: str, region: str, service: str) -> _Client:
    # An empty mapping, because None takes the proxies of the environment.
    return boto3.session.Session().client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",
        config=Config(proxies={}, user_agent_extra="headgate-inventory"),
    )
