"""Address ranges: arithmetic, so tables and properties."""

from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.aws.subnets import ZoneSubnets, divide

ZONES = ["a", "b", "c", "d"]

vpcs = st.builds(
    lambda address, prefix: str(IPv4Network((address, prefix), strict=False)),
    st.integers(0, 2**32 - 1),
    st.integers(16, 24),
)


def test_a_usual_network() -> None:
    assert divide("10.20.0.0/16", ["us-east-1a", "us-east-1b", "us-east-1c"]) == (
        ZoneSubnets(zone="us-east-1a", public="10.20.128.0/20", app="10.20.0.0/19", data="10.20.192.0/20"),
        ZoneSubnets(zone="us-east-1b", public="10.20.144.0/20", app="10.20.32.0/19", data="10.20.208.0/20"),
        ZoneSubnets(zone="us-east-1c", public="10.20.160.0/20", app="10.20.64.0/19", data="10.20.224.0/20"),
    )


def test_the_smallest_network_still_gives_subnets_that_aws_accepts() -> None:
    (zone,) = divide("10.0.0.0/24", ["a"])
    assert [IPv4Network(cidr).prefixlen for cidr in (zone.public, zone.app, zone.data)] == [28, 27, 28]


@pytest.mark.parametrize(
    ("cidr", "zones", "message"),
    [
        ("10.0.0.0/15", ["a"], "must be /16 to /24"),
        ("10.0.0.0/25", ["a"], "must be /16 to /24"),
        ("10.0.0.1/16", ["a"], "host bits set"),
        ("fd00::/64", ["a"], "IPv4|Expected 4 octets"),
        ("a network", ["a"], "Expected 4 octets"),
        ("10.0.0.0/16", [*ZONES, "e"], "at most 4 zones"),
    ],
)
def test_what_does_not_fit_is_refused(cidr: str, zones: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        divide(cidr, zones)


@given(vpcs, st.integers(1, 4))
def test_subnets_lie_in_the_vpc_and_apart(cidr: str, count: int) -> None:
    subnets = [IPv4Network(each) for zone in divide(cidr, ZONES[:count]) for each in (zone.public, zone.app, zone.data)]
    assert len(subnets) == 3 * count
    assert all(subnet.subnet_of(IPv4Network(cidr)) for subnet in subnets)
    assert not any(one.overlaps(other) for one, other in combinations(subnets, 2))


@given(vpcs, st.integers(1, 3))
def test_another_zone_moves_no_subnet(cidr: str, count: int) -> None:
    assert divide(cidr, ZONES[: count + 1])[:count] == divide(cidr, ZONES[:count])
