"""Which adapter reads the traffic of which system."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from headgate import traffic
from headgate.plan import Plan
from headgate.settings import Capacity, Settings
from headgate.state import Release, Version
from headgate.traffic.alb import AlbTraffic
from headgate.traffic.cloud_run import CloudRunTraffic

PLACE = {"gcp:project": "example", "gcp:region": "us-central1"}
SETTINGS = Settings(
    file="stacks/Pulumi.ion-production.yaml",
    system="ion",
    environment="production",
    owner="team",
    domain="ion.example.com",
    release=Release(Version("1", "ion-production-1", "i")),
    step="idle",
    plan=Plan(steps=()),
    capacity=Capacity(1, 1, 1),
)


def test_greenflow_is_behind_a_balancer() -> None:
    found = traffic.for_system(replace(SETTINGS, system="greenflow"), {})
    assert isinstance(found, AlbTraffic)
    assert found.name == "greenflow-production"


def test_ion_is_a_service_of_its_own_name() -> None:
    found = traffic.for_system(SETTINGS, PLACE)
    assert isinstance(found, CloudRunTraffic)
    assert found.name == "ion-production"


@pytest.mark.parametrize("key", sorted(PLACE))
def test_what_is_missing_is_named(key: str) -> None:
    configuration: Mapping[str, object] = {name: value for name, value in PLACE.items() if name != key}
    with pytest.raises(traffic.TrafficError, match=f"{key}: found nothing"):
        traffic.for_system(SETTINGS, configuration)


def test_a_system_without_an_adapter() -> None:
    with pytest.raises(traffic.TrafficError, match="system 'zephyr'; known: greenflow, ion"):
        traffic.for_system(replace(SETTINGS, system="zephyr"), PLACE)
