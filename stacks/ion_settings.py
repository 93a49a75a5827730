"""What only ION's stack files say: the shape of a revision, its variables and secrets, who is told what."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from types import MappingProxyType
from typing import Any

from headgate import duration
from headgate.reader import HOST_NAME, Reader
from stacks import notifications
from stacks.notifications import EMAIL, HIDDEN, SMS, Channel, Kind, Kinds, hidden

KEYS = ("service", "variables", "secrets", "notifications", "front_door")

LONGEST_REQUEST = 3600  # seconds (Cloud Run: request timeout, maximum)
WIDEST = 8  # bits of a range of test clients: anything wider is nearly everybody
MOST_VERSIONS = 10**9  # of a secret; nobody gets there
MOST_CONCURRENT = 1000  # requests of one instance (Cloud Run: concurrency, maximum)


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """What every instance gets. `timeout`: seconds of a request; `health_path` answers for startup and liveness."""

    cpu: str
    memory: str
    port: int
    concurrency: int
    timeout: int
    health_path: str


@dataclass(frozen=True, slots=True)
class FrontDoorSettings:
    """How users reach the service. `public`: anybody may call it through the front door.

    `requests_per_minute`: most from one address. `candidate_domain`: host name that reaches the candidate alone, for
    clients in `test_client_cidrs`; None: there is no such way.
    """

    public: bool
    requests_per_minute: int
    candidate_domain: str | None
    test_client_cidrs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IonSettings:
    """Everything that only this system has.

    `secrets`: environment variable -> number of the version that it is pinned to; None: the entry is made, but no
    revision reads it yet. `notifications`: channels by name.
    """

    service: ServiceSettings
    variables: Mapping[str, str]
    secrets: Mapping[str, int | None]
    notifications: Mapping[str, Channel]
    front_door: FrontDoorSettings


def read(raw: Mapping[str, object], reader: Reader) -> IonSettings:
    """The system's own keys of a stack file; problems are left with the reader."""
    return IonSettings(
        service=_service(reader, raw.get("service")),
        variables=_variables(reader, raw.get("variables", {})),
        secrets=_secrets(reader, raw.get("secrets", {})),
        notifications=notifications.read(raw.get("notifications"), reader, CHANNELS),
        front_door=_front_door(reader, raw.get("front_door")),
    )


_CPU = re.compile(r"[12468]")
_MEMORY = re.compile(r"[1-9][0-9]*(Mi|Gi)")
_PATH = re.compile(r"/[A-Za-z0-9/_.~-]*")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")

CHANNELS: Kinds = MappingProxyType(
    {
        "email": EMAIL,
        "sms": SMS,
        "slack": Kind(re.compile(r"#\S+"), "a channel such as #ion-alerts", secret=True),
        "google_chat": Kind(re.compile(r"spaces/\S+"), "a space such as spaces/AAAA"),
        "webhook_tokenauth": Kind(secret=True),
        "pagerduty": Kind(secret=True),
    }
)


def _front_door(reader: Reader, raw: object) -> FrontDoorSettings:
    where = "headgate:front_door"
    mapping = reader.mapping(raw, where, ("public", "requests_per_minute", "candidate_domain", "test_client_cidrs"))
    domain = mapping.get("candidate_domain")
    if domain is not None:
        domain = reader.matching(domain, f"{where}.candidate_domain", HOST_NAME, "a host name such as next.example.com")
        if not mapping.get("test_client_cidrs"):
            reader.add(f"{where}.test_client_cidrs", None, "who may use candidate_domain", "List address ranges.")
    return FrontDoorSettings(
        public=reader.flag(mapping.get("public"), f"{where}.public"),
        requests_per_minute=reader.whole(
            mapping.get("requests_per_minute", 600), f"{where}.requests_per_minute", 10, 10_000
        ),
        candidate_domain=domain,
        test_client_cidrs=_cidrs(reader, mapping.get("test_client_cidrs", []), f"{where}.test_client_cidrs"),
    )


def _cidrs(reader: Reader, raw: object, where: str) -> tuple[str, ...]:
    if not isinstance(raw, list):
        reader.add(where, raw, "a list of IPv4 ranges", "Write a list.")
        return ()
    for position, text in enumerate(raw):
        try:
            wide = IPv4Network(text if isinstance(text, str) else "").prefixlen < WIDEST
        except ValueError:
            wide = True
        if wide:
            reader.add(f"{where}[{position}]", text, f"an IPv4 range of /{WIDEST} or narrower", "Correct the range.")
    return tuple(str(text) for text in raw)


def _service(reader: Reader, raw: object) -> ServiceSettings:
    where = "headgate:service"
    keys = ("cpu", "memory", "port", "concurrency", "timeout", "health_path")
    mapping = reader.mapping(raw, where, keys)
    seconds = duration.parse(mapping.get("timeout", "60s"))
    if not seconds or seconds > LONGEST_REQUEST:
        reader.add(f"{where}.timeout", mapping.get("timeout"), "a duration from 1s to 1h", "Correct the duration.")
    cpu = mapping.get("cpu", "1")
    return ServiceSettings(
        cpu=reader.matching(str(cpu) if isinstance(cpu, int) else cpu, f"{where}.cpu", _CPU, "1, 2, 4, 6 or 8 CPUs"),
        memory=reader.matching(mapping.get("memory", "1Gi"), f"{where}.memory", _MEMORY, "memory such as 512Mi or 2Gi"),
        port=reader.whole(mapping.get("port", 8080), f"{where}.port", 1, 65535),
        concurrency=reader.whole(mapping.get("concurrency", 80), f"{where}.concurrency", 1, MOST_CONCURRENT),
        timeout=seconds or 1,
        health_path=reader.matching(
            mapping.get("health_path"), f"{where}.health_path", _PATH, "a path such as /api/v2/health"
        ),
    )


def _variables(reader: Reader, raw: object) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, value in _named(reader, raw, "headgate:variables").items():
        where = f"headgate:variables.{name}"
        if name.startswith("HEADGATE_"):
            reader.add(where, name, "a name that does not begin with HEADGATE_", "Headgate sets these itself.")
        if not isinstance(value, str):
            reader.add(where, value, "a text (write it in quotes)", "Quote it.")
        found[name] = str(value)
    return MappingProxyType(found)


def _secrets(reader: Reader, raw: object) -> Mapping[str, int | None]:
    """What is wrong here may be a secret that was written in the wrong place, and is not quoted."""
    found: dict[str, int | None] = {}
    for name, entry in _named(reader, raw, "headgate:secrets").items():
        where = f"headgate:secrets.{name}"
        if entry is not None and not isinstance(entry, Mapping):
            reader.add(where, HIDDEN, "{} or {version: 1}", "Put the value into the secret store, never here.")
            continue
        mapping = reader.mapping(entry or {}, where, ("version",))
        version = mapping.get("version")
        if version is not None and not _is_version(version):
            reader.add(f"{where}.version", HIDDEN, "the number of a version, from 1", "Pin the version by its number.")
        found[name] = version if _is_version(version) else None
    return MappingProxyType(found)


def _is_version(raw: object) -> bool:
    return isinstance(raw, int) and not isinstance(raw, bool) and 1 <= raw <= MOST_VERSIONS


def _named(reader: Reader, raw: object, where: str) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        reader.add(where, hidden(raw), "a mapping by name of the environment variable", "Write it out.")
        return {}
    for name in raw:
        if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
            reader.add(f"{where}.{name}", name, "a name of capital letters, digits and _", "Rename it.")
    return {str(name): value for name, value in raw.items()}
