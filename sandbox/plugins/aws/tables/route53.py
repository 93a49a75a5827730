"""Amazon Route 53. Reference: Route 53 API, version 2013-04-01."""

import uuid
from collections.abc import Iterator
from typing import Any

from sandbox.plugins.aws.codecs import List, Obj, Via
from sandbox.plugins.aws.rows import Call, Cloud, Field, Row, Target, Write, described, new, row
from sandbox.plugins.aws.tags import TagStyle
from sandbox.plugins.values import UNKNOWN

# Names end with a dot in answers, and need none in questions.
_DOTLESS = Via(lambda name: name, lambda name: str(name).removesuffix("."))


def _tags(kind: str) -> TagStyle:
    def named(identity: Any) -> dict[str, Any]:
        return {"ResourceType": kind, "ResourceId": identity}

    return TagStyle(
        member=None,
        who=lambda target: target.id,
        add=("ChangeTagsForResource", lambda who, tags: {**named(who), "AddTags": tags}),
        remove=("ChangeTagsForResource", lambda who, keys: {**named(who), "RemoveTagKeys": keys}),
        listing=("ListTagsForResource", named, "ResourceTagSet.Tags"),
    )


def _reference(target: Target) -> dict[str, Any]:
    return {"CallerReference": str(uuid.uuid4())}


def _find_zone(cloud: Cloud, target: Target) -> Any:
    found = cloud("GetHostedZone", Id=target.id)
    return {**found["HostedZone"], "NameServers_": sorted(found.get("DelegationSet", {}).get("NameServers", ()))}


_ZONE = row(
    "aws:route53/zone:Zone",
    "route53",
    {
        "name": new("Name", _DOTLESS),
        "comment": Field("HostedZoneConfig.Comment", read="Config.Comment", default="", updates=False),
        "forceDestroy": Field(read=None, default=False),
    },
    regional=False,
    create="CreateHostedZone",
    made="HostedZone",
    also=_reference,
    identity=lambda found, _: found["Id"].rsplit("/", 1)[-1],
    find=_find_zone,
    writes=(
        Write(
            frozenset({"comment"}),
            lambda t: [Call("UpdateHostedZoneComment", {"Id": t.id, "Comment": t.inputs["comment"]})],
            on_create=False,
        ),
    ),
    delete=lambda t: [Call("DeleteHostedZone", {"Id": t.id})],
    outputs={
        "arn": lambda _, t: f"arn:aws:route53:::hostedzone/{t.id}",
        "zoneId": lambda _, t: t.id,
        "nameServers": "NameServers_",
    },
    missing=("NoSuchHostedZone",),
    tags=_tags("hostedzone"),
    note="asked by nobody",
)

_ALIAS = Obj({"name": ("DNSName", _DOTLESS), "zoneId": "HostedZoneId", "evaluateTargetHealth": "EvaluateTargetHealth"})


def _set(values: Any, name: str, kind: str) -> dict[str, Any]:
    made: dict[str, Any] = {"Name": name, "Type": kind}
    if values.get("aliases"):
        aliases = values["aliases"]
        made["AliasTarget"] = UNKNOWN if aliases is UNKNOWN else _ALIAS.to_aws(aliases[0])
    if values.get("records"):
        records = values["records"]
        made["ResourceRecords"] = UNKNOWN if records is UNKNOWN else [{"Value": value} for value in records]
    if values.get("ttl"):
        made["TTL"] = values["ttl"]
    return made


def _change(action: str, values: Any, target: Target) -> dict[str, Any]:
    known = {key: target.known(key) for key in ("zoneId", "name", "type")}
    changes = [{"Action": action, "ResourceRecordSet": _set(values, known["name"], known["type"])}]
    return {"HostedZoneId": known["zoneId"], "ChangeBatch": {"Changes": changes}}


def _upsert(target: Target) -> Iterator[Call]:
    yield Call("ChangeResourceRecordSets", _change("UPSERT", target.inputs, target))


def _find_record(cloud: Cloud, target: Target) -> Any:
    zone, name, kind = target.known("zoneId"), str(target.known("name")), target.known("type")
    listed = cloud("ListResourceRecordSets", HostedZoneId=zone)["ResourceRecordSets"]
    wanted = name.removesuffix(".").lower()
    for found in listed:
        if found["Name"].removesuffix(".").lower() == wanted and found["Type"] == kind:
            aliases = [found["AliasTarget"]] if found.get("AliasTarget") else []
            return {**found, "Aliases_": aliases, "Zone_": zone}
    return None


_RECORD = row(
    "aws:route53/record:Record",
    "route53",
    {
        "zoneId": new(None, read="Zone_"),
        "name": new(None, _DOTLESS, read="Name"),
        "type": new(None, read="Type"),
        "aliases": Field(codec=List(_ALIAS), read="Aliases_", default=[]),
        "records": Field(codec=List(), read="ResourceRecords[].Value", default=[]),
        "ttl": Field(read="TTL", default=0),
        "allowOverwrite": Field(read=None, default=False),
    },
    regional=False,
    create="ChangeResourceRecordSets",
    made="@",
    also=lambda t: _change("UPSERT" if t.get("allowOverwrite") else "CREATE", t.inputs, t),
    identity=lambda _, t: f"{t.inputs['zoneId']}_{t.inputs['name']}_{t.inputs['type']}",
    find=_find_record,
    writes=(Write(frozenset({"aliases", "records", "ttl"}), _upsert, on_create=False),),
    delete=lambda t: [Call("ChangeResourceRecordSets", _change("DELETE", t.state or t.inputs, t))],
    outputs={"fqdn": lambda _, t: str(t.known("name")).removesuffix(".")},
    missing=("NoSuchHostedZone", "InvalidChangeBatch"),
    note="answers nobody",
)

_CHECK_MEMBERS = {
    "type": "Type",
    "fqdn": "FullyQualifiedDomainName",
    "port": "Port",
    "resourcePath": "ResourcePath",
    "requestInterval": "RequestInterval",
    "failureThreshold": "FailureThreshold",
    "measureLatency": "MeasureLatency",
    "enableSni": "EnableSNI",
}
_FIXED = frozenset({"type", "requestInterval", "measureLatency"})


def _update_check(target: Target) -> Iterator[Call]:
    """An update takes the members flat, where a creation takes them in a configuration."""
    members = {
        member: target.inputs[name]
        for name, member in _CHECK_MEMBERS.items()
        if name in target.inputs and name not in _FIXED
    }
    yield Call("UpdateHealthCheck", {"HealthCheckId": target.id, **members})


_CHECK = row(
    "aws:route53/healthCheck:HealthCheck",
    "route53",
    {
        name: Field(f"HealthCheckConfig.{member}", force_new=name in _FIXED, updates=False)
        for name, member in _CHECK_MEMBERS.items()
    },
    regional=False,
    create="CreateHealthCheck",
    made="HealthCheck",
    also=_reference,
    identity=lambda found, _: found["Id"],
    find=described("GetHealthCheck", lambda t: {"HealthCheckId": t.id}, "HealthCheck"),
    writes=(Write(frozenset(_CHECK_MEMBERS) - _FIXED, _update_check, on_create=False),),
    delete=lambda t: [Call("DeleteHealthCheck", {"HealthCheckId": t.id})],
    outputs={"arn": lambda _, t: f"arn:aws:route53:::healthcheck/{t.id}"},
    missing=("NoSuchHealthCheck",),
    tags=_tags("healthcheck"),
    note="checks nothing",
)

# The API wants the streams of a log group, the program names the group.
_STREAMS = Via(lambda arn: f"{arn}:*", lambda arn: str(arn).removesuffix(":*"))

_QUERY_LOG = row(
    "aws:route53/queryLog:QueryLog",
    "route53",
    {
        "zoneId": new("HostedZoneId"),
        "cloudwatchLogGroupArn": new("CloudWatchLogsLogGroupArn", _STREAMS),
    },
    regional=False,
    create="CreateQueryLoggingConfig",
    made="QueryLoggingConfig",
    identity=lambda found, _: found["Id"],
    find=described("GetQueryLoggingConfig", lambda t: {"Id": t.id}, "QueryLoggingConfig"),
    delete=lambda t: [Call("DeleteQueryLoggingConfig", {"Id": t.id})],
    outputs={"arn": lambda _, t: f"arn:aws:route53:::queryloggingconfig/{t.id}"},
    missing=("NoSuchQueryLoggingConfig",),
    note="the log group must exist; nothing is logged",
)

ROWS: tuple[Row, ...] = (_ZONE, _RECORD, _CHECK, _QUERY_LOG)
