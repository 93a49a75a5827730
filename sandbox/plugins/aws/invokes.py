"""The functions of the provider that only read."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.plugins.aws.clients import Clients
from sandbox.plugins.understood import only


def _caller_identity(clients: Clients, args: Mapping[str, Any]) -> dict[str, Any]:
    only(args, ["region"], "aws")
    answer = clients.call("sts", "GetCallerIdentity")
    account = answer["Account"]
    return {"id": account, "accountId": account, "arn": answer["Arn"], "userId": answer["UserId"]}


def _region(clients: Clients, args: Mapping[str, Any]) -> dict[str, Any]:
    only(args, ["name", "region"], "aws")
    region = args.get("region") or args.get("name") or clients.region
    return {
        "id": region,
        "name": region,
        "region": region,
        "description": region,
        "endpoint": f"ec2.{region}.amazonaws.com",
    }


def _availability_zones(clients: Clients, args: Mapping[str, Any]) -> dict[str, Any]:
    only(args, ["state", "region"], "aws")
    region = args.get("region") or clients.region
    answer = clients.call("ec2", "DescribeAvailabilityZones", region)
    wanted = args.get("state")
    zones = [z for z in answer["AvailabilityZones"] if wanted in (None, z["State"])]
    return {
        "id": region,
        "region": region,
        "state": wanted,
        "names": sorted(zone["ZoneName"] for zone in zones),
        "zoneIds": [zone["ZoneId"] for zone in sorted(zones, key=lambda zone: str(zone["ZoneName"]))],
        "groupNames": [region],
    }


def _partition(clients: Clients, args: Mapping[str, Any]) -> dict[str, Any]:
    only(args, ["region"], "aws")
    return {"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}


INVOKES: Mapping[str, Callable[[Clients, Mapping[str, Any]], dict[str, Any]]] = {
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
}
