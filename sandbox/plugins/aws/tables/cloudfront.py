"""Amazon CloudFront: distributions, access to buckets, functions. Reference: CloudFront API, version 2020-05-31."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.plugins.aws.clients import CloudError
from sandbox.plugins.aws.codecs import Obj, Via
from sandbox.plugins.aws.rows import LEFT_OUT, Asked, Call, Cloud, Field, Row, Target, Write, described, new, row
from sandbox.plugins.aws.tables._counted import TAGS, Counted, OuterFirst, removal, version
from sandbox.plugins.values import UNKNOWN

# The zone of every distribution's own name (Route 53 API, AliasTarget).
ZONE_ID = "Z2FDTNDATAQYW2"


@dataclass(frozen=True)
class _Origin(Obj):
    """An origin that is no server of one's own is a bucket, and the API wants to be told."""

    def to_aws(self, value: Any) -> Any:
        made = super().to_aws(value)
        if made is not UNKNOWN and "CustomOriginConfig" not in made:
            made["S3OriginConfig"] = {"OriginAccessIdentity": ""}
        return made


@dataclass(frozen=True)
class _Restriction(Obj):
    """The API wants the number of countries, of which there may be none."""

    def to_aws(self, value: Any) -> Any:
        made = super().to_aws(value)
        return made if made is UNKNOWN else {"Quantity": 0, **made}


_ORIGIN = _Origin(
    {
        "originId": "Id",
        "domainName": "DomainName",
        "originPath": "OriginPath",
        "originAccessControlId": "OriginAccessControlId",
        "customHeaders": ("CustomHeaders", Counted(Obj({"name": "HeaderName", "value": "HeaderValue"}), key="name")),
        "customOriginConfig": (
            "CustomOriginConfig",
            Obj(
                {
                    "httpPort": "HTTPPort",
                    "httpsPort": "HTTPSPort",
                    "originProtocolPolicy": "OriginProtocolPolicy",
                    "originSslProtocols": ("OriginSslProtocols", Counted()),
                    "originReadTimeout": "OriginReadTimeout",
                    "originKeepaliveTimeout": "OriginKeepaliveTimeout",
                }
            ),
        ),
    }
)
_BEHAVIOR: Mapping[str, Any] = {
    "targetOriginId": "TargetOriginId",
    "viewerProtocolPolicy": "ViewerProtocolPolicy",
    "allowedMethods": ("AllowedMethods", Counted()),
    "cachedMethods": ("AllowedMethods.CachedMethods", Counted()),
    "compress": "Compress",
    "cachePolicyId": "CachePolicyId",
    "originRequestPolicyId": "OriginRequestPolicyId",
    "responseHeadersPolicyId": "ResponseHeadersPolicyId",
    "functionAssociations": (
        "FunctionAssociations",
        Counted(Obj({"eventType": "EventType", "functionArn": "FunctionARN"}), key="eventType"),
    ),
}
_ORDERED = OuterFirst({"pathPattern": "PathPattern", **_BEHAVIOR})
_CERTIFICATE = Obj(
    {
        "acmCertificateArn": "ACMCertificateArn",
        "cloudfrontDefaultCertificate": "CloudFrontDefaultCertificate",
        "minimumProtocolVersion": "MinimumProtocolVersion",
        "sslSupportMethod": "SSLSupportMethod",
    }
)
_GEOGRAPHY = _Restriction({"restrictionType": "RestrictionType", "locations": "Items"})


def _config(member: str, codec: Any = None, **rest: Any) -> Field:
    path = f"DistributionConfig.{member}"
    return Field(path, **rest) if codec is None else Field(path, codec, **rest)


_PROPERTIES = {
    "enabled": _config("Enabled"),
    "comment": _config("Comment", default=""),
    "aliases": _config("Aliases", Counted(), default=[]),
    "defaultRootObject": _config("DefaultRootObject", default=""),
    "httpVersion": _config("HttpVersion", default="http2"),
    "isIpv6Enabled": _config("IsIPV6Enabled", default=False),
    "priceClass": _config("PriceClass", default="PriceClass_All"),
    "webAclId": _config("WebACLId", default=""),
    "origins": _config("Origins", Counted(_ORIGIN, key="originId")),
    "defaultCacheBehavior": _config("DefaultCacheBehavior", OuterFirst(_BEHAVIOR)),
    "orderedCacheBehaviors": _config("CacheBehaviors", Counted(_ORDERED, ordered=True), default=[]),
    "restrictions": _config("Restrictions", Obj({"geoRestriction": ("GeoRestriction", _GEOGRAPHY)})),
    "viewerCertificate": _config("ViewerCertificate", _CERTIFICATE),
}


def _switched_off(target: Target) -> Iterator[Call]:
    """AWS removes a distribution only when it serves nobody; the official provider switches it off first."""
    config = {**_configuration(target), "Enabled": False}
    known = {"Id": target.id, "IfMatch": version("Distribution")(target), "DistributionConfig": config}
    yield Call("UpdateDistribution", known)
    yield from removal("Distribution")(target)


def _configuration(target: Target) -> dict[str, Any]:
    made = _DISTRIBUTION.create_call(target).params["DistributionConfig"]
    return {**made, "CallerReference": target.state.get("callerReference")}


def _find_distribution(cloud: Cloud, target: Target) -> Any:
    found = cloud("GetDistribution", Id=target.id)
    return {**found["Distribution"], "ETag": found["ETag"]}


_DISTRIBUTION = row(
    "aws:cloudfront/distribution:Distribution",
    "cloudfront",
    {
        **_PROPERTIES,
        # Read from nowhere: it says how long a program waits.
        "waitForDeployment": Field(read=None, default=True),
    },
    regional=False,
    create="CreateDistribution",
    made="Distribution",
    also=lambda t: {"DistributionConfig": {"CallerReference": str(uuid.uuid4()), "Comment": t.get("comment", "")}},
    identity=lambda found, _: found["Id"],
    find=_find_distribution,
    update="UpdateDistribution",
    key=lambda t: {
        "Id": t.id,
        "IfMatch": version("Distribution")(t),
        "DistributionConfig": {"CallerReference": t.state.get("callerReference"), "Comment": t.get("comment", "")},
    },
    always=frozenset(_PROPERTIES),
    delete=_switched_off,
    outputs={
        "arn": "ARN",
        "domainName": "DomainName",
        "hostedZoneId": lambda *_: ZONE_ID,
        "callerReference": "DistributionConfig.CallerReference",
        "etag": "ETag",
    },
    missing=("NoSuchDistribution",),
    tags=TAGS,
    support="repaired",
    note="kept whole, references and versions are checked; served by the router's headers only",
)

_ACCESS_MEMBERS = {
    "name": "Name",
    "description": "Description",
    "originAccessControlOriginType": "OriginAccessControlOriginType",
    "signingBehavior": "SigningBehavior",
    "signingProtocol": "SigningProtocol",
}
_ACCESS = row(
    "aws:cloudfront/originAccessControl:OriginAccessControl",
    "cloudfront",
    {
        name: Field(f"OriginAccessControlConfig.{member}", default="" if name == "description" else LEFT_OUT)
        for name, member in _ACCESS_MEMBERS.items()
    },
    regional=False,
    create="CreateOriginAccessControl",
    made="OriginAccessControl",
    identity=lambda found, _: found["Id"],
    find=described("GetOriginAccessControl", lambda t: {"Id": t.id}, "OriginAccessControl"),
    update="UpdateOriginAccessControl",
    key=lambda t: {"Id": t.id, "IfMatch": version("OriginAccessControl")(t)},
    always=frozenset(_ACCESS_MEMBERS),
    delete=removal("OriginAccessControl"),
    missing=("NoSuchOriginAccessControl",),
    name="name",
    name_max=64,
    support="repaired",
    note="versions are checked; nobody signs",
)

_CODE = Via(lambda text: text.encode(), lambda code: code.decode())


def _function_version(target: Target) -> Asked:
    return Asked("DescribeFunction", {"Name": target.id}, "ETag")


def _publish(target: Target) -> Iterator[Call]:
    if target.get("publish", True):
        yield Call("PublishFunction", {"Name": target.id, "IfMatch": _function_version(target)})


def _find_function(cloud: Cloud, target: Target) -> Any:
    found = dict(cloud("DescribeFunction", Name=target.id)["FunctionSummary"])
    for member, stage in (("Code_", "DEVELOPMENT"), ("Live_", "LIVE")):
        try:
            found[member] = cloud("GetFunction", Name=target.id, Stage=stage)["FunctionCode"].read()
        except CloudError as refused:
            if refused.code != "NoSuchFunctionExists":
                raise
    return {**found, "Published_": found.get("Live_") == found["Code_"]}


_FUNCTION = row(
    "aws:cloudfront/function:Function",
    "cloudfront",
    {
        "name": new("Name"),
        "code": Field("FunctionCode", _CODE, read="Code_"),
        "runtime": Field("FunctionConfig.Runtime"),
        "comment": Field("FunctionConfig.Comment", default=""),
        "publish": Field(read="Published_", default=True),
    },
    regional=False,
    create="CreateFunction",
    made="FunctionSummary",
    also=lambda t: {"FunctionConfig": {"Comment": t.get("comment", "")}},
    identity=lambda _, t: t.inputs["name"],
    find=_find_function,
    update="UpdateFunction",
    key=lambda t: {
        "Name": t.id,
        "IfMatch": _function_version(t),
        "FunctionConfig": {"Comment": t.get("comment", "")},
    },
    always=frozenset({"code", "runtime", "comment"}),
    writes=(Write(frozenset({"code", "publish"}), _publish),),
    delete=lambda t: [Call("DeleteFunction", {"Name": t.id, "IfMatch": _function_version(t)})],
    outputs={"arn": "FunctionMetadata.FunctionARN"},
    missing=("NoSuchFunctionExists",),
    name="name",
    name_max=64,
    tags=TAGS,
    support="repaired",
    note="changed and published; the router plays the function for cohorts",
)

ROWS: tuple[Row, ...] = (_DISTRIBUTION, _ACCESS, _FUNCTION)
