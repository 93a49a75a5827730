"""Elastic Load Balancing v2. Reference: Elastic Load Balancing API, version 2015-12-01."""

from collections.abc import Callable, Iterator
from typing import Any

from sandbox.plugins.aws.codecs import TEXT, List, Obj, Via, choice
from sandbox.plugins.aws.rows import (
    Call,
    Cloud,
    Field,
    Row,
    Target,
    Values,
    Write,
    attributes,
    described,
    new,
    row,
)
from sandbox.plugins.aws.tags import by_arn
from sandbox.plugins.values import UNKNOWN

_TAGS = by_arn(
    "AddTags",
    "RemoveTags",
    "DescribeTags",
    "TagDescriptions[0].Tags",
    resource="ResourceArns",
    one_arn=False,
    who=lambda target: target.id,
)


def _attribute(name: str, default: Any) -> Field:
    """A property that the API keeps in a list of attributes."""
    return Field(read=f'Attributes_."{name}"', default=default)


def _with_attributes(operation: str, member: str) -> Callable[[Cloud, Target, dict[str, Any]], dict[str, Any]]:
    def more(cloud: Cloud, target: Target, found: dict[str, Any]) -> dict[str, Any]:
        listed = cloud(operation, **{member: target.id})["Attributes"]
        return {"Attributes_": {pair["Key"]: pair.get("Value") for pair in listed}}

    return more


def _suffix(member: str, before: str, keep: str) -> Callable[[Values, Target], str]:
    """The part of an ARN that CloudWatch takes as a dimension."""
    return lambda found, _: keep + str(found[member]).split(before, 1)[1]


_LB_ATTRIBUTES = {
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "desyncMitigationMode": "routing.http.desync_mitigation_mode",
    "enableDeletionProtection": "deletion_protection.enabled",
    "idleTimeout": "idle_timeout.timeout_seconds",
    "enableHttp2": "routing.http2.enabled",
}


_ACCESS_LOGS = {
    "enabled": "access_logs.s3.enabled",
    "bucket": "access_logs.s3.bucket",
    "prefix": "access_logs.s3.prefix",
}


def _set_access_logs(target: Target) -> Iterator[Call]:
    given = target.inputs["accessLogs"]
    if given is UNKNOWN:
        return
    pairs = [
        {"Key": attribute, "Value": UNKNOWN if given[name] is UNKNOWN else TEXT.to_aws(given[name])}
        for name, attribute in _ACCESS_LOGS.items()
        if name in given
    ]
    yield Call("ModifyLoadBalancerAttributes", {"LoadBalancerArn": target.id, "Attributes": pairs})


def _set_subnets(target: Target) -> Iterator[Call]:
    yield Call("SetSubnets", {"LoadBalancerArn": target.id, "Subnets": target.inputs["subnets"]})


def _set_security_groups(target: Target) -> Iterator[Call]:
    groups = target.inputs["securityGroups"]
    yield Call("SetSecurityGroups", {"LoadBalancerArn": target.id, "SecurityGroups": groups})


_LOAD_BALANCER = row(
    "aws:lb/loadBalancer:LoadBalancer",
    "elbv2",
    {
        "name": new("Name", read="LoadBalancerName"),
        "internal": new("Scheme", choice(**{"internal": True, "internet-facing": False})),
        "loadBalancerType": new("Type"),
        "securityGroups": Field("SecurityGroups", List()),
        "subnets": Field("Subnets", List(), read="AvailabilityZones[].SubnetId"),
        "accessLogs": Field(
            codec=Obj({name: f'"{attribute}"' for name, attribute in _ACCESS_LOGS.items()}),
            read="Attributes_",
            default={"enabled": False},
        ),
        **{
            name: _attribute(attribute, default)
            for (name, attribute), default in zip(
                _LB_ATTRIBUTES.items(), (False, "defensive", False, 60, True), strict=True
            )
        },
    },
    create="CreateLoadBalancer",
    made="LoadBalancers[0]",
    identity=lambda found, _: found["LoadBalancerArn"],
    find=described(
        "DescribeLoadBalancers",
        lambda t: {"LoadBalancerArns": [t.id]},
        "LoadBalancers[0]",
        more=_with_attributes("DescribeLoadBalancerAttributes", "LoadBalancerArn"),
    ),
    writes=(
        attributes(_LB_ATTRIBUTES, "ModifyLoadBalancerAttributes", lambda t: {"LoadBalancerArn": t.id}),
        Write(frozenset({"accessLogs"}), _set_access_logs),
        Write(frozenset({"subnets"}), _set_subnets, on_create=False),
        Write(frozenset({"securityGroups"}), _set_security_groups, on_create=False),
    ),
    delete=lambda t: [Call("DeleteLoadBalancer", {"LoadBalancerArn": t.id})],
    outputs={
        "arn": "LoadBalancerArn",
        "arnSuffix": _suffix("LoadBalancerArn", ":loadbalancer/", ""),
        "dnsName": "DNSName",
        "zoneId": "CanonicalHostedZoneId",
        "vpcId": "VpcId",
    },
    missing=("LoadBalancerNotFound",),
    name="name",
    name_max=32,
    tags=_TAGS,
    support="repaired",
    note="deletion protection is enforced",
)

_HEALTH_CHECK = Obj(
    {
        "enabled": "HealthCheckEnabled",
        "path": "HealthCheckPath",
        "matcher": "Matcher.HttpCode",
        "interval": "HealthCheckIntervalSeconds",
        "timeout": "HealthCheckTimeoutSeconds",
        "healthyThreshold": "HealthyThresholdCount",
        "unhealthyThreshold": "UnhealthyThresholdCount",
        "port": "HealthCheckPort",
        "protocol": "HealthCheckProtocol",
    }
)

_STICKINESS = Obj(
    {
        "enabled": 'Attributes_."stickiness.enabled"',
        "type": 'Attributes_."stickiness.type"',
        "cookieDuration": 'Attributes_."stickiness.lb_cookie.duration_seconds"',
        "cookieName": 'Attributes_."stickiness.app_cookie.cookie_name"',
    }
)

_TG_ATTRIBUTES = {
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "slowStart": "slow_start.duration_seconds",
    "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
}


def _stickiness(target: Target) -> Iterator[Call]:
    names = {
        "enabled": "stickiness.enabled",
        "type": "stickiness.type",
        "cookieDuration": "stickiness.lb_cookie.duration_seconds",
        "cookieName": "stickiness.app_cookie.cookie_name",
    }
    given = {names[key]: value for key, value in (target.inputs["stickiness"] or {}).items() if value != ""}
    pairs = [
        {"Key": key, "Value": str(value).lower() if key.endswith("enabled") else str(value)}
        for key, value in given.items()
    ]
    if pairs:
        yield Call("ModifyTargetGroupAttributes", {"TargetGroupArn": target.id, "Attributes": pairs})


_TARGET_GROUP = row(
    "aws:lb/targetGroup:TargetGroup",
    "elbv2",
    {
        "name": new("Name", read="TargetGroupName"),
        "port": new("Port"),
        "protocol": new("Protocol"),
        "protocolVersion": new("ProtocolVersion"),
        "targetType": new("TargetType"),
        "vpcId": new("VpcId"),
        "healthCheck": Field("", _HEALTH_CHECK, read="@"),
        "deregistrationDelay": _attribute("deregistration_delay.timeout_seconds", 300),
        "slowStart": _attribute("slow_start.duration_seconds", 0),
        "loadBalancingAlgorithmType": _attribute("load_balancing.algorithm.type", "round_robin"),
        "stickiness": Field(codec=_STICKINESS, read="@", default={"enabled": False, "type": "lb_cookie"}),
    },
    create="CreateTargetGroup",
    made="TargetGroups[0]",
    identity=lambda found, _: found["TargetGroupArn"],
    find=described(
        "DescribeTargetGroups",
        lambda t: {"TargetGroupArns": [t.id]},
        "TargetGroups[0]",
        more=_with_attributes("DescribeTargetGroupAttributes", "TargetGroupArn"),
    ),
    update="ModifyTargetGroup",
    key=lambda t: {"TargetGroupArn": t.id},
    writes=(
        attributes(_TG_ATTRIBUTES, "ModifyTargetGroupAttributes", lambda t: {"TargetGroupArn": t.id}),
        Write(frozenset({"stickiness"}), _stickiness),
    ),
    delete=lambda t: [Call("DeleteTargetGroup", {"TargetGroupArn": t.id})],
    outputs={
        "arn": "TargetGroupArn",
        "arnSuffix": _suffix("TargetGroupArn", ":targetgroup/", "targetgroup/"),
        "loadBalancerArns": "LoadBalancerArns",
    },
    missing=("TargetGroupNotFound",),
    name="name",
    name_max=32,
    tags=_TAGS,
    support="repaired",
    note="targets of ECS services are registered; their health can be told by the control endpoint",
)

_ACTION = Obj(
    {
        "type": "Type",
        "order": "Order",
        "targetGroupArn": "TargetGroupArn",
        "forward": (
            "ForwardConfig",
            Obj(
                {
                    "targetGroups": (
                        "TargetGroups",
                        List(Obj({"arn": "TargetGroupArn", "weight": "Weight"}), key="arn"),
                    ),
                    "stickiness": (
                        "TargetGroupStickinessConfig",
                        Obj({"enabled": "Enabled", "duration": "DurationSeconds"}),
                    ),
                }
            ),
        ),
        "redirect": (
            "RedirectConfig",
            Obj(
                {
                    "protocol": "Protocol",
                    "port": "Port",
                    "statusCode": "StatusCode",
                    "host": "Host",
                    "path": "Path",
                    "query": "Query",
                }
            ),
        ),
        "fixedResponse": (
            "FixedResponseConfig",
            Obj({"contentType": "ContentType", "messageBody": "MessageBody", "statusCode": "StatusCode"}),
        ),
    }
)
_ACTIONS = List(_ACTION, ordered=True)

_LISTENER = row(
    "aws:lb/listener:Listener",
    "elbv2",
    {
        "loadBalancerArn": new("LoadBalancerArn"),
        "port": Field("Port"),
        "protocol": Field("Protocol"),
        "sslPolicy": Field("SslPolicy", default="ELBSecurityPolicy-2016-08"),
        "certificateArn": Field(
            "Certificates",
            Via(lambda arn: [{"CertificateArn": arn}] if arn else [], lambda arn: arn),
            read="Certificates[0].CertificateArn",
            default="",
        ),
        "defaultActions": Field("DefaultActions", _ACTIONS),
    },
    create="CreateListener",
    made="Listeners[0]",
    identity=lambda found, _: found["ListenerArn"],
    find=described("DescribeListeners", lambda t: {"ListenerArns": [t.id]}, "Listeners[0]"),
    update="ModifyListener",
    key=lambda t: {"ListenerArn": t.id},
    # The whole of the listener, as the official provider sends it.
    always=frozenset({"port", "protocol", "sslPolicy", "certificateArn", "defaultActions"}),
    delete=lambda t: [Call("DeleteListener", {"ListenerArn": t.id})],
    outputs={"arn": "ListenerArn"},
    missing=("ListenerNotFound",),
    tags=_TAGS,
    support="repaired",
    note="duplicate ports, weights, target groups and certificates are checked",
)


def _values(member: str) -> tuple[str, Obj]:
    return (member, Obj({"values": ("Values", List())}))


_CONDITION = Obj(
    {
        "hostHeader": _values("HostHeaderConfig"),
        "pathPattern": _values("PathPatternConfig"),
        "httpRequestMethod": _values("HttpRequestMethodConfig"),
        "sourceIp": _values("SourceIpConfig"),
        "httpHeader": (
            "HttpHeaderConfig",
            Obj({"httpHeaderName": "HttpHeaderName", "values": ("Values", List())}),
        ),
        "queryStrings": ("QueryStringConfig.Values", List(Obj({"key": "Key", "value": "Value"}))),
    }
)

# The API wants the field's name beside its values; the property says it by which block is given.
_FIELDS = {
    "HostHeaderConfig": "host-header",
    "PathPatternConfig": "path-pattern",
    "HttpRequestMethodConfig": "http-request-method",
    "SourceIpConfig": "source-ip",
    "HttpHeaderConfig": "http-header",
    "QueryStringConfig": "query-string",
}


class _Conditions(List):
    def to_aws(self, value: Any) -> Any:
        made = super().to_aws(value)
        return made if not isinstance(made, list) else [_with_field(condition) for condition in made]


def _with_field(condition: Any) -> Any:
    if not isinstance(condition, dict):
        return condition
    given = next((field for member, field in _FIELDS.items() if member in condition), None)
    return {"Field": given, **condition} if given else condition


def _set_priority(target: Target) -> Iterator[Call]:
    pair = {"RuleArn": target.id, "Priority": target.inputs["priority"]}
    yield Call("SetRulePriorities", {"RulePriorities": [pair]})


_LISTENER_RULE = row(
    "aws:lb/listenerRule:ListenerRule",
    "elbv2",
    {
        "listenerArn": new("ListenerArn", read="ListenerArn_"),
        "priority": Field("Priority", updates=False),
        "actions": Field("Actions", _ACTIONS),
        "conditions": Field("Conditions", _Conditions(_CONDITION)),
    },
    create="CreateRule",
    made="Rules[0]",
    identity=lambda found, _: found["RuleArn"],
    find=described(
        "DescribeRules",
        lambda t: {"RuleArns": [t.id]},
        "Rules[0]",
        # A rule's ARN is its listener's with one more part.
        more=lambda _, t, __: {"ListenerArn_": t.id.replace(":listener-rule/", ":listener/").rsplit("/", 1)[0]},
    ),
    update="ModifyRule",
    key=lambda t: {"RuleArn": t.id},
    writes=(Write(frozenset({"priority"}), _set_priority, on_create=False),),
    delete=lambda t: [Call("DeleteRule", {"RuleArn": t.id})],
    outputs={"arn": "RuleArn"},
    missing=("RuleNotFound", "ListenerNotFound", "LoadBalancerNotFound"),
    tags=_TAGS,
    support="repaired",
    note="weights are checked",
)

ROWS: tuple[Row, ...] = (_LOAD_BALANCER, _TARGET_GROUP, _LISTENER, _LISTENER_RULE)
