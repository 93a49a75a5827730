"""What reaches the candidate alone."""

import itertools
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from headgate.traffic.candidate import Address, address_of_candidate
from headgate.traffic.port import TrafficError
from tests.support import stack_files
from tests.support.web_servers import Reply, web
from tests.unit.headgate.traffic.conftest import Cloud, System

GREENFLOW = stack_files.load("greenflow-staging")
_numbers = itertools.count(1)
ION = stack_files.load("ion-staging")


class TestBalancer:
    @pytest.fixture(autouse=True)
    def _sandbox(self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in {
            "AWS_ENDPOINT_URL": cloud.url,
            "AWS_ACCESS_KEY_ID": "sandbox",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
        }.items():
            monkeypatch.setenv(name, value)

    @pytest.fixture
    def nothing(self, cloud: Cloud, network: dict[str, Any]) -> System:
        """A balancer is called as the stack is."""
        return System(cloud, f"greenflow-{next(_numbers)}", network)

    def asked(self, system: System) -> Address:
        settings = replace(GREENFLOW, environment=system.name.removeprefix("greenflow-"))
        return address_of_candidate(settings, {"aws:region": "us-east-1"})

    def test_its_test_listener_under_the_public_name(self, system: System) -> None:
        elb = system.cloud.client("elbv2")
        dns = elb.describe_load_balancers(Names=[system.name])["LoadBalancers"][0]["DNSName"]
        found = self.asked(system)
        assert found == Address(f"http://{dns}:8443", "api.staging.greenflow.example")

    def test_no_balancer(self, nothing: System) -> None:
        with pytest.raises(TrafficError, match=r"there is no balancer .*headgate:smoke\.address"):
            self.asked(nothing)

    def test_no_test_listener(self, nothing: System) -> None:
        nothing.create_balancer()
        for slot in ("blue", "green"):
            nothing.create_group(slot)
        nothing.create_listener(443, nothing.forward(100, 0), role="traffic")
        with pytest.raises(TrafficError, match=r"has 0 listeners tagged headgate-role=test \(needs 1\)"):
            self.asked(nothing)


def test_the_candidates_own_name_at_the_front_door() -> None:
    details: Mapping[str, Any] = {"front_door": {"candidate_domain": "next.ion.example"}}
    settings = replace(ION, details=MappingProxyType(details))
    assert address_of_candidate(settings, {}) == Address("https://next.ion.example", "next.ion.example")


class TestService:
    """A service whose address may be open or not."""

    PATH = "/v2/projects/p/locations/us-central1/services/ion-staging"

    def asked(self, statuses: list[dict[str, Any]]) -> Address:
        os.environ["GOOGLE_OAUTH_ACCESS_TOKEN"] = "sandbox"
        service = {"name": self.PATH.removeprefix("/v2/"), "etag": "1", "trafficStatuses": statuses}
        with web({f"{self.PATH}?%24alt=json%3Benum-encoding%3Dint": Reply(body=json.dumps(service).encode())}) as api:
            where = {"gcp:project": "p", "gcp:region": "us-central1", "gcp:cloudRunV2CustomEndpoint": f"{api.url}/v2/"}
            return address_of_candidate(ION, where)

    def test_the_address_of_the_candidates_tag(self) -> None:
        found = self.asked(
            [
                {"revision": "a", "percent": 95, "tag": "live", "uri": "https://live---ion.example.com"},
                {"revision": "b", "percent": 5, "tag": "candidate", "uri": "https://candidate---ion.example.com"},
            ]
        )
        assert found == Address("https://candidate---ion.example.com", "candidate---ion.example.com")

    def test_a_service_that_is_reached_through_the_front_door_alone(self) -> None:
        with pytest.raises(TrafficError, match=r"no address of its own .*headgate:front_door\.candidate_domain"):
            self.asked([{"revision": "b", "percent": 5, "tag": "candidate"}])
