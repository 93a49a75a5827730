"""AWS WAF. Reference: AWS WAF API, version 2019-07-29."""

from typing import Any

from sandbox.plugins.aws.codecs import List, Obj
from sandbox.plugins.aws.rows import Asked, Call, Field, Row, Target, described, new, row
from sandbox.plugins.aws.tags import by_arn

_DEFAULT = Obj({"allow": ("Allow", Obj()), "block": ("Block", Obj())})
_ACTION = Obj({"allow": ("Allow", Obj()), "block": ("Block", Obj()), "count": ("Count", Obj())})
_VISIBILITY = Obj(
    {
        "cloudwatchMetricsEnabled": "CloudWatchMetricsEnabled",
        "metricName": "MetricName",
        "sampledRequestsEnabled": "SampledRequestsEnabled",
    }
)
_RATE = Obj(
    {
        "limit": "Limit",
        "evaluationWindowSec": "EvaluationWindowSec",
        "aggregateKeyType": "AggregateKeyType",
        "forwardedIpConfig": (
            "ForwardedIPConfig",
            Obj({"headerName": "HeaderName", "fallbackBehavior": "FallbackBehavior"}),
        ),
    }
)
_MANAGED = Obj(
    {
        "vendorName": "VendorName",
        "name": "Name",
        "version": "Version",
        "ruleActionOverrides": (
            "RuleActionOverrides",
            List(Obj({"name": "Name", "actionToUse": ("ActionToUse", _ACTION)}), key="name"),
        ),
    }
)
_RULE = Obj(
    {
        "name": "Name",
        "priority": "Priority",
        "action": ("Action", _ACTION),
        "overrideAction": ("OverrideAction", Obj({"none": ("None", Obj()), "count": ("Count", Obj())})),
        "statement": (
            "Statement",
            Obj(
                {
                    "rateBasedStatement": ("RateBasedStatement", _RATE),
                    "managedRuleGroupStatement": ("ManagedRuleGroupStatement", _MANAGED),
                }
            ),
        ),
        "visibilityConfig": ("VisibilityConfig", _VISIBILITY),
    }
)


def _named(target: Target) -> dict[str, Any]:
    return {"Name": target.known("name"), "Scope": target.known("scope"), "Id": target.id}


def _last(target: Target) -> dict[str, Any]:
    """The web ACL and its version, which a change and a removal have to name."""
    return {**_named(target), "LockToken": Asked("GetWebACL", _named(target), "LockToken")}


_ACL = row(
    "aws:wafv2/webAcl:WebAcl",
    "wafv2",
    {
        "name": new("Name"),
        "scope": new("Scope", read="Scope_"),
        "description": Field("Description", default=""),
        "defaultAction": Field("DefaultAction", _DEFAULT),
        "rules": Field("Rules", List(_RULE, key="name"), default=[]),
        "visibilityConfig": Field("VisibilityConfig", _VISIBILITY),
    },
    create="CreateWebACL",
    made="Summary",
    identity=lambda found, _: found["Id"],
    find=described("GetWebACL", _named, "WebACL", more=lambda _, t, __: {"Scope_": t.known("scope")}),
    update="UpdateWebACL",
    key=_last,
    always=frozenset({"description", "defaultAction", "rules", "visibilityConfig"}),
    delete=lambda t: [Call("DeleteWebACL", _last(t))],
    outputs={"arn": "ARN", "capacity": "Capacity"},
    missing=("WAFNonexistentItemException",),
    name="name",
    name_max=128,
    tags=by_arn(
        "TagResource",
        "UntagResource",
        "ListTagsForResource",
        "TagInfoForResource.TagList",
        resource="ResourceARN",
    ),
    support="repaired",
    note="for the edge in us-east-1 only; no request is judged",
)


def _resource(target: Target) -> dict[str, Any]:
    return {"ResourceArn": target.id.split(",")[1]}


_ASSOCIATION = row(
    "aws:wafv2/webAclAssociation:WebAclAssociation",
    "wafv2",
    {
        "webAclArn": new("WebACLArn", read="ARN"),
        "resourceArn": new("ResourceArn", read="ResourceArn_"),
    },
    create="AssociateWebACL",
    made="@",
    identity=lambda _, t: f"{t.inputs['webAclArn']},{t.inputs['resourceArn']}",
    find=described(
        "GetWebACLForResource",
        _resource,
        "WebACL",
        more=lambda _, t, __: {"ResourceArn_": t.id.split(",")[1]},
    ),
    delete=lambda t: [Call("DisassociateWebACL", _resource(t))],
    missing=("WAFNonexistentItemException",),
)

_REDACTED = Obj({"singleHeader": ("SingleHeader", Obj({"name": "Name"}))})

_LOGGING = row(
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
    "wafv2",
    {
        "resourceArn": new("LoggingConfiguration.ResourceArn"),
        "logDestinationConfigs": Field("LoggingConfiguration.LogDestinationConfigs", List()),
        "redactedFields": Field("LoggingConfiguration.RedactedFields", List(_REDACTED), default=[]),
    },
    create="PutLoggingConfiguration",
    made="LoggingConfiguration",
    identity=lambda found, _: found["ResourceArn"],
    find=described(
        "GetLoggingConfiguration", lambda t: {"ResourceArn": t.id}, "{LoggingConfiguration: LoggingConfiguration}"
    ),
    update="PutLoggingConfiguration",
    key=lambda t: {"LoggingConfiguration": {"ResourceArn": t.id}},
    always=frozenset({"logDestinationConfigs", "redactedFields"}),
    delete=lambda t: [Call("DeleteLoggingConfiguration", {"ResourceArn": t.id})],
    missing=("WAFNonexistentItemException",),
    support="repaired",
    note="the name of the destination is checked; nothing is logged",
)

ROWS: tuple[Row, ...] = (_ACL, _ASSOCIATION, _LOGGING)
