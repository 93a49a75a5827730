"""The distribution in front of a balancer, read from the AWS API: one that asks the balancer by any of its names."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.router.edge_headers import EdgeHeaders, Policy, policy_of
from sandbox.router.watching import Away


class EdgeReader:
    """Reads what the edge does to answers. `connect` makes a client of a service, when it is first needed."""

    def __init__(self, connect: Callable[[str], Any], balancer: str) -> None:
        self._connect = connect
        self._made: dict[str, Any] = {}
        self._balancer = balancer

    def read(self, *, everything: bool) -> EdgeHeaders | None:
        """The headers of the enabled distribution in front of the balancer; None without one. Raises Away."""
        try:
            return self._read()
        except (ClientError, BotoCoreError) as error:
            raise Away(str(error)) from error
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise Away(f"an answer of the API is not of the expected form: {error!r}") from error

    def close(self) -> None:
        for client in self._made.values():
            client.close()

    def _client(self, service: str) -> Any:
        if service not in self._made:
            self._made[service] = self._connect(service)
        return self._made[service]

    def _read(self) -> EdgeHeaders | None:
        listed = self._client("cloudfront").list_distributions()["DistributionList"].get("Items") or ()
        enabled = [each for each in listed if each["Enabled"]]
        if not enabled:
            return None
        names = self._names()
        for each in enabled:
            if any(_plain(origin["DomainName"]) in names for origin in each["Origins"]["Items"]):
                return self._headers(each)
        return None

    def _names(self) -> set[str]:
        """The balancer's own name and every alias record for it."""
        try:
            found = self._client("elbv2").describe_load_balancers(Names=[self._balancer])
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "LoadBalancerNotFound":
                return set()
            raise
        own = _plain(found["LoadBalancers"][0]["DNSName"])
        names = {own}
        route53 = self._client("route53")
        for zone in route53.list_hosted_zones()["HostedZones"]:
            for record in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]:
                if _plain((record.get("AliasTarget") or {}).get("DNSName", "")) == own:
                    names.add(_plain(record["Name"]))
        return names

    def _headers(self, distribution: Mapping[str, Any]) -> EdgeHeaders:
        policies: dict[str, Policy] = {}

        def of(behavior: Mapping[str, Any]) -> Policy | None:
            identity = behavior.get("ResponseHeadersPolicyId")
            if not identity:
                return None
            if identity not in policies:
                found = self._client("cloudfront").get_response_headers_policy(Id=identity)
                policies[identity] = policy_of(found["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"])
            return policies[identity]

        ordered = (distribution.get("CacheBehaviors") or {}).get("Items") or ()
        return EdgeHeaders(
            paths=tuple((each["PathPattern"], of(each)) for each in ordered),
            default=of(distribution["DefaultCacheBehavior"]),
        )


def _plain(name: str) -> str:
    """A host name as it can be compared. Route 53 adds a dot; its console a prefix that means both address families."""
    return name.lower().removesuffix(".").removeprefix("dualstack.")
