"""Which address range each subnet gets: arithmetic only, no resource."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

MAX_ZONES = 4
# AWS allows VPCs from /16 to /28 and subnets down to /28; the smallest tier is a sixteenth of the VPC.
LARGEST_VPC_PREFIX = 16
SMALLEST_VPC_PREFIX = 24


@dataclass(frozen=True, kw_only=True, slots=True)
class ZoneSubnets:
    """Address ranges of one availability zone, one for each tier."""

    zone: str
    public: str
    app: str
    data: str


def divide(cidr: str, zones: Sequence[str]) -> tuple[ZoneSubnets, ...]:
    """Divides a VPC's range among tiers and zones.

    The first half goes to the application (tasks take an address each), the third quarter to the balancer,
    the last to data. Each tier is cut into four, so a fourth zone can be added later without moving a subnet.

    Raises ValueError when `cidr` is no IPv4 network of /16 to /24, or when `zones` are more than four.
    """
    vpc = ipaddress.IPv4Network(cidr)
    if not LARGEST_VPC_PREFIX <= vpc.prefixlen <= SMALLEST_VPC_PREFIX:
        raise ValueError(f"a VPC must be /{LARGEST_VPC_PREFIX} to /{SMALLEST_VPC_PREFIX}, got {cidr}")
    if len(zones) > MAX_ZONES:
        raise ValueError(f"at most {MAX_ZONES} zones fit, got {len(zones)}")
    app_half, other_half = vpc.subnets(prefixlen_diff=1)
    public_quarter, data_quarter = other_half.subnets(prefixlen_diff=1)
    tiers = zip(
        zones,
        public_quarter.subnets(prefixlen_diff=2),
        app_half.subnets(prefixlen_diff=2),
        data_quarter.subnets(prefixlen_diff=2),
        strict=False,
    )
    return tuple(
        ZoneSubnets(zone=zone, public=str(public), app=str(app), data=str(data)) for zone, public, app, data in tiers
    )
