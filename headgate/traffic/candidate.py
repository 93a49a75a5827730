"""What reaches the candidate alone: the balancer's test listener, or the address of the candidate's tag."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headgate.settings import Settings
from headgate.traffic.alb import AlbTraffic
from headgate.traffic.alb_errors import code
from headgate.traffic.alb_listener import ROLE_TAG
from headgate.traffic.cloud_run import CloudRunTraffic
from headgate.traffic.cloud_run_errors import ENDPOINT_KEY
from headgate.traffic.port import TrafficError

TEST_ROLE = "test"
TAG = "candidate"
_OR = "or name the address in headgate:smoke.address"


@dataclass(frozen=True, slots=True)
class Address:
    """`url`: scheme, host and port to connect to. `name`: the host name to ask for, and that the certificate is for."""

    url: str
    name: str


def address_of_candidate(settings: Settings, configuration: Mapping[str, object]) -> Address:
    """Asks the cloud, unless the stack file says it. `configuration`: as in `traffic.for_system`.

    Raises TrafficError when there is no such address, or it cannot be read.
    """
    if settings.system == "greenflow":
        region = configuration.get("aws:region")
        tested = _Tested(settings.name, settings.slots, region=str(region) if region else None)
        return Address(tested.address(), settings.domain)
    door = settings.details.get("front_door")
    named = door.get("candidate_domain") if isinstance(door, Mapping) else None
    if named:
        return Address(f"https://{named}", str(named))
    project, region = configuration.get("gcp:project"), configuration.get("gcp:region")
    endpoint = configuration.get(ENDPOINT_KEY)
    tagged = _Tagged(settings.name, str(project), str(region), endpoint=str(endpoint) if endpoint else None)
    url = tagged.address(TAG)
    return Address(url, url.removeprefix("https://"))


class _Tested(AlbTraffic):
    def address(self) -> str:
        """URL of the listener tagged as the test one."""
        from botocore.exceptions import ClientError

        with self._said("cannot be read"):
            try:
                balancer = self._call("describe_load_balancers", Names=[self.name])["LoadBalancers"][0]
            except ClientError as error:
                if code(error) != "LoadBalancerNotFound":
                    raise
                raise TrafficError(f"there is no balancer {self.name!r}. Deploy the stack first, {_OR}.") from error
            listeners = self._call("describe_listeners", LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
            arns = [each["ListenerArn"] for each in listeners]  # a balancer of ours has three; 20 may be asked at once
            described = self._call("describe_tags", ResourceArns=arns[:20])["TagDescriptions"] if arns else []
            test = {each["ResourceArn"] for each in described if _is_test(each)}
            found = [each for each in listeners if each["ListenerArn"] in test]
            if len(found) != 1:
                raise TrafficError(
                    f"balancer {self.name!r} has {len(found)} listeners tagged {ROLE_TAG}={TEST_ROLE} (needs 1). "
                    f"Run pulumi refresh and pulumi up, {_OR}."
                )
            return f"{str(found[0]['Protocol']).lower()}://{balancer['DNSName']}:{found[0]['Port']}"


class _Tagged(CloudRunTraffic):
    def address(self, tag: str) -> str:
        """URL of the revision tagged `tag`."""
        with self._said("cannot be read", "roles/run.viewer"):
            service = self._service()
            statuses = service["traffic_statuses"] if service else []
            urls = [str(each["uri"]) for each in statuses if each["tag"] == tag and each.get("uri")]
            if not urls:
                raise TrafficError(
                    f"service {self.name!r} has no address of its own for the tag {tag!r}: it is reached through the "
                    f"front door alone. Set headgate:front_door.candidate_domain, {_OR}."
                )
            return urls[0]


def _is_test(described: Mapping[str, Any]) -> bool:
    return any((tag["Key"], tag["Value"]) == (ROLE_TAG, TEST_ROLE) for tag in described["Tags"])
