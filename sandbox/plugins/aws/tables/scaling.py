"""Application Auto Scaling. Reference: Application Auto Scaling API, version 2016-02-06."""

from typing import Any

from sandbox.plugins.aws.codecs import Obj
from sandbox.plugins.aws.rows import Call, Field, Row, Target, described, new, row
from sandbox.plugins.aws.tags import by_arn

_TAGS = by_arn(
    "TagResource",
    "UntagResource",
    "ListTagsForResource",
    "Tags",
    resource="ResourceARN",
    names=None,
    who=lambda target: target.known("arn"),
)


def _which(target: Target) -> dict[str, Any]:
    return {
        "ServiceNamespace": target.known("serviceNamespace"),
        "ResourceId": target.known("resourceId"),
        "ScalableDimension": target.known("scalableDimension"),
    }


_WHICH = {
    "resourceId": new("ResourceId"),
    "scalableDimension": new("ScalableDimension"),
    "serviceNamespace": new("ServiceNamespace"),
}

_TARGET = row(
    "aws:appautoscaling/target:Target",
    "application-autoscaling",
    {**_WHICH, "minCapacity": "MinCapacity", "maxCapacity": "MaxCapacity"},
    create="RegisterScalableTarget",
    made="@",
    identity=lambda _, t: t.inputs["resourceId"],
    find=described(
        "DescribeScalableTargets",
        lambda t: {
            "ServiceNamespace": t.known("serviceNamespace"),
            "ResourceIds": [t.known("resourceId")],
            "ScalableDimension": t.known("scalableDimension"),
        },
        "ScalableTargets[0]",
    ),
    update="RegisterScalableTarget",
    key=_which,
    delete=lambda t: [Call("DeregisterScalableTarget", _which(t))],
    outputs={"arn": "ScalableTargetARN"},
    missing=("ObjectNotFoundException",),
    tags=_TAGS,
    support="repaired",
    note="tags are kept",
)

_TRACKING = Obj(
    {
        "targetValue": "TargetValue",
        "scaleInCooldown": "ScaleInCooldown",
        "scaleOutCooldown": "ScaleOutCooldown",
        "disableScaleIn": "DisableScaleIn",
        "predefinedMetricSpecification": (
            "PredefinedMetricSpecification",
            Obj({"predefinedMetricType": "PredefinedMetricType", "resourceLabel": "ResourceLabel"}),
        ),
    }
)

_POLICY = row(
    "aws:appautoscaling/policy:Policy",
    "application-autoscaling",
    {
        **_WHICH,
        "name": new("PolicyName"),
        "policyType": new("PolicyType"),
        "targetTrackingScalingPolicyConfiguration": Field("TargetTrackingScalingPolicyConfiguration", _TRACKING),
    },
    create="PutScalingPolicy",
    made="@",
    identity=lambda _, t: t.inputs["name"],
    find=described(
        "DescribeScalingPolicies",
        lambda t: {
            "PolicyNames": [t.id],
            "ServiceNamespace": t.known("serviceNamespace"),
            "ResourceId": t.known("resourceId"),
            "ScalableDimension": t.known("scalableDimension"),
        },
        "ScalingPolicies[0]",
    ),
    update="PutScalingPolicy",
    key=lambda t: {"PolicyName": t.id, **_which(t)},
    always=frozenset({"policyType", "targetTrackingScalingPolicyConfiguration"}),
    delete=lambda t: [Call("DeleteScalingPolicy", {"PolicyName": t.id, **_which(t)})],
    outputs={"arn": "PolicyARN"},
    missing=("ObjectNotFoundException",),
    name="name",
)

ROWS: tuple[Row, ...] = (_TARGET, _POLICY)
