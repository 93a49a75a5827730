"""The functions of the provider that only read."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.plugins.aws.clients import Clients, CloudError
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


def _managed_prefix_list(clients: Clients, args: Mapping[str, Any]) -> dict[str, Any]:
    only(args, ["name", "region"], "aws")
    region = args.get("region") or clients.region
    wanted = [{"Name": "prefix-list-name", "Values": [args["name"]]}]
    found = clients.call("ec2", "DescribeManagedPrefixLists", region, Filters=wanted)["PrefixLists"]
    if len(found) != 1:
        raise CloudError(
            "DescribeManagedPrefixLists", "NotExactlyOne", f"{len(found)} prefix lists are called {args['name']!r}"
        )
    each = found[0]
    return {
        "id": each["PrefixListId"],
        "region": region,
        "name": each["PrefixListName"],
        "arn": each["PrefixListArn"],
        "addressFamily": each["AddressFamily"],
        "ownerId": each["OwnerId"],
        "maxEntries": each.get("MaxEntries", 0),
        "version": each.get("Version", 0),
        "entries": [],
        "tags": {},
    }


def _partition(clients: Clients, args: Mapping[str, Any]) -> dict[str, Any]:
    only(args, ["region"], "aws")
    return {"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}


INVOKES: Mapping[str, Callable[[Clients, Mapping[str, Any]], dict[str, Any]]] = {
    "aws:ec2/getManagedPrefixList:getManagedPrefixList": _managed_prefix_list,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
}
