"""What only GreenFlow's stack files say: certificate, network, database, cache, edge, cohorts, who is told what."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from types import MappingProxyType

from headgate.cohorts import HEADER
from headgate.reader import HOST_NAME, Reader
from stacks import notifications
from stacks.notifications import EMAIL, SMS, Channel, Kind, Kinds

KEYS = ("certificate_arn", "network", "database", "cache", "edge", "cohorts", "notifications")


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """Address range and availability zones; `nat_per_zone` False shares one NAT gateway."""

    cidr: str
    availability_zones: tuple[str, ...]
    nat_per_zone: bool


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """PostgreSQL: instance class, storage in GiB, and whether a standby in another zone is kept."""

    instance_class: str
    allocated_storage: int
    multi_az: bool
    backup_retention_days: int


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """Redis: node type and number of nodes (a primary and its replicas)."""

    node_type: str
    nodes: int


@dataclass(frozen=True, slots=True)
class Cohorts:
    """Where the edge finds the key of a user, the header first (an empty name is none), and what it is hashed with."""

    salt: str
    header: str
    cookie: str


@dataclass(frozen=True, slots=True)
class EdgeSettings:
    """What stands in front of the balancer. Either `zone`, a DNS zone to be made, or `zone_id`, one that exists.

    `cors_origins`: web origins whose pages may call the API.
    """

    zone: str | None
    zone_id: str | None
    cors_origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GreenflowSettings:
    """Everything that only this system has."""

    certificate_arn: str | None
    network: NetworkSettings
    database: DatabaseSettings
    cache: CacheSettings
    notifications: Mapping[str, Channel]
    edge: EdgeSettings | None = None
    cohorts: Cohorts | None = None


def read(raw: Mapping[str, object], reader: Reader) -> GreenflowSettings:
    """The system's own keys of a stack file; problems are left with the reader."""
    return GreenflowSettings(
        certificate_arn=_certificate(reader, raw.get("certificate_arn")),
        network=_network(reader, raw.get("network")),
        database=_database(reader, raw.get("database")),
        cache=_cache(reader, raw.get("cache")),
        notifications=notifications.read(raw.get("notifications"), reader, CHANNELS),
        edge=_edge(reader, raw.get("edge")),
        cohorts=_cohorts(reader, raw.get("cohorts")),
    )


CHANNELS: Kinds = MappingProxyType(
    {
        "email": EMAIL,
        "sms": SMS,
        "https": Kind(secret=True),
        "slack": Kind(re.compile(r"T[A-Z0-9]+/C[A-Z0-9]+"), "workspace and channel such as T0123ABCD/C0456EFGH"),
    }
)
_ZONE_ID = re.compile(r"Z[A-Z0-9]{5,31}")
_ORIGIN = re.compile(r"https://[a-z0-9.-]+(:[0-9]{1,5})?")


def _edge(reader: Reader, raw: object) -> EdgeSettings | None:
    if raw is None:
        return None
    where = "headgate:edge"
    mapping = reader.mapping(raw, where, ("zone", "zone_id", "cors_origins"))
    zone, zone_id, origins = mapping.get("zone"), mapping.get("zone_id"), mapping.get("cors_origins", [])
    if (zone is None) == (zone_id is None):
        reader.add(where, "both zone and zone_id" if zone else "neither", "zone, or zone_id of one that exists",
                   "Write one of the two.")  # fmt: skip
    if zone is not None:
        zone = reader.matching(zone, f"{where}.zone", HOST_NAME, "a DNS zone such as example.com")
    if zone_id is not None:
        zone_id = reader.matching(zone_id, f"{where}.zone_id", _ZONE_ID, "the id of a hosted zone")
    if not isinstance(origins, list):
        reader.add(f"{where}.cors_origins", origins, "a list of origins such as https://app.example.com", "List them.")
        origins = []
    for position, origin in enumerate(origins):
        reader.matching(
            origin, f"{where}.cors_origins[{position}]", _ORIGIN, "an origin such as https://app.example.com"
        )
    return EdgeSettings(zone, zone_id, tuple(str(origin) for origin in origins))


_ARN = re.compile(r"arn:[a-z-]+:acm:[a-z0-9-]+:\d{12}:certificate/[\w-]+")


def _certificate(reader: Reader, raw: object) -> str | None:
    if raw is None:
        return None
    return reader.matching(raw, "headgate:certificate_arn", _ARN, "the ARN of a certificate")


def _network(reader: Reader, raw: object) -> NetworkSettings:
    where = "headgate:network"
    mapping = reader.mapping(raw, where, ("cidr", "availability_zones", "nat_per_zone"))
    zones = mapping.get("availability_zones")
    if not isinstance(zones, list) or len(zones) != 3 or len(set(map(str, zones))) != 3:
        reader.add(f"{where}.availability_zones", zones, "a list of three different zones", "Name three zones.")
        zones = []
    return NetworkSettings(
        cidr=_cidr(reader, mapping.get("cidr"), f"{where}.cidr"),
        availability_zones=tuple(str(zone) for zone in zones),
        nat_per_zone=reader.flag(mapping.get("nat_per_zone", True), f"{where}.nat_per_zone"),
    )


def _cidr(reader: Reader, raw: object, where: str) -> str:
    try:
        network = IPv4Network(raw if isinstance(raw, str) else "")
    except ValueError:
        network = None
    if network is None or not 16 <= network.prefixlen <= 20 or not network.is_private:
        reader.add(where, raw, "a private IPv4 range from /16 to /20 such as 10.20.0.0/16", "Correct the range.")
    return str(raw)


def _database(reader: Reader, raw: object) -> DatabaseSettings:
    where = "headgate:database"
    keys = ("instance_class", "allocated_storage", "multi_az", "backup_retention_days")
    mapping = reader.mapping(raw, where, keys)
    return DatabaseSettings(
        instance_class=reader.matching(
            mapping.get("instance_class"), f"{where}.instance_class", re.compile(r"db\.[a-z0-9]+\.[a-z0-9]+"),
            "an instance class such as db.m7g.large",
        ),
        allocated_storage=reader.whole(mapping.get("allocated_storage"), f"{where}.allocated_storage", 20, 65536),
        multi_az=reader.flag(mapping.get("multi_az", True), f"{where}.multi_az"),
        backup_retention_days=reader.whole(
            mapping.get("backup_retention_days", 14), f"{where}.backup_retention_days", 0, 35
        ),
    )  # fmt: skip


def _cache(reader: Reader, raw: object) -> CacheSettings:
    where = "headgate:cache"
    mapping = reader.mapping(raw, where, ("node_type", "nodes"))
    return CacheSettings(
        node_type=reader.matching(
            mapping.get("node_type"), f"{where}.node_type", re.compile(r"cache\.[a-z0-9]+\.[a-z0-9]+"),
            "a node type such as cache.r7g.large",
        ),
        nodes=reader.whole(mapping.get("nodes", 2), f"{where}.nodes", 2, 6),
    )  # fmt: skip


_SALT = re.compile(r"[ -~]{1,64}")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}")  # a token of RFC 9110; 40 is what a balancer's rules take


def _cohorts(reader: Reader, raw: object) -> Cohorts | None:
    if raw is None:
        return None
    where = "headgate:cohorts"
    mapping = reader.mapping(raw, where, ("salt", "header", "cookie"))
    salt = reader.matching(mapping.get("salt"), f"{where}.salt", _SALT, "printable ASCII such as the system's name")
    header = _name(reader, mapping.get("header"), f"{where}.header", "the name of a request header")
    cookie = _name(reader, mapping.get("cookie"), f"{where}.cookie", "the name of a cookie")
    if not header and not cookie:
        reader.add(where, raw, "a header or a cookie with the user key", "Name one of them, or remove the key.")
    if header.lower() == HEADER:
        reader.add(f"{where}.header", header, "a header of the user, not of the cohort", "Name another one.")
    return Cohorts(salt, header, cookie)


def _name(reader: Reader, raw: object, where: str, expected: str) -> str:
    return "" if raw is None else reader.matching(raw, where, _NAME, expected)
