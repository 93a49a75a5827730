"""What a stack file says of gates that ask or run something: their settings, and where evidence is kept."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

from headgate import duration
from headgate.plan import digest_of
from headgate.reader import Reader

KEYS = ("evidence", "smoke", "security", "commands")
COMMAND = "command:"  # what the name of a command has before it where a plan names it as a gate

DEFAULT_URL = ".headgate/evidence"
DEFAULT_MAX_AGE = 3600  # seconds
DEFAULT_TIMEOUT = 5  # seconds for one answer
DEFAULT_COMMAND_TIMEOUT = 600  # seconds
LONGEST_TIMEOUT = 60  # seconds for one answer
HEALTH = "/api/v2/health"  # R-A7

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """Where records are kept: a folder (relative to Pulumi.yaml) or an address `scheme://...`. `max_age`: seconds.
    `signed`: only records with a valid signature count."""

    url: str = DEFAULT_URL
    max_age: int = DEFAULT_MAX_AGE
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """GET `path` must answer with one of `status`, and its JSON must have `json`: dotted path -> value."""

    name: str
    path: str
    status: tuple[int, ...] = (200,)
    json: Mapping[str, Scalar] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class SmokeSettings:
    """`address`: what reaches the candidate alone; None: the cloud is asked. `timeout`: seconds for one answer.
    `version_header`: the header in which each answer says its version; empty: answers need not say it."""

    address: str | None = None
    timeout: int = DEFAULT_TIMEOUT
    version_header: str = "X-Deployment-Version"
    checks: tuple[Check, ...] = (Check("api", HEALTH),)


@dataclass(frozen=True, slots=True)
class SecuritySettings:
    """`address`: what is looked at. `plain`: the same over plain HTTP. None: see `lifecycle.probes`.

    `headers`: name -> a text that its value must contain. `cors_origins`: origins that must be let in; others must not.
    """

    address: str | None = None
    plain: str | None = None
    path: str = HEALTH
    timeout: int = DEFAULT_TIMEOUT
    headers: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType(
            {"Strict-Transport-Security": "max-age=", "X-Content-Type-Options": "nosniff"}
        )
    )
    cors_origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """A program and its arguments; `timeout` in seconds."""

    run: tuple[str, ...]
    timeout: int = DEFAULT_COMMAND_TIMEOUT


def asked(smoke: SmokeSettings, security: SecuritySettings, commands: Mapping[str, Command]) -> dict[str, str]:
    """Gate -> digest of its settings: evidence that was made with other ones does not count."""
    of_commands = {f"{COMMAND}{name}": digest_of(asdict(command)) for name, command in commands.items()}
    return {"smoke": digest_of(_plain(smoke)), "security": digest_of(_plain(security)), **of_commands}


def _plain(value: SmokeSettings | SecuritySettings) -> Any:
    if isinstance(value, SmokeSettings):
        checks = [[each.name, each.path, list(each.status), dict(each.json)] for each in value.checks]
        return [value.address, value.timeout, value.version_header, checks]
    named = (value.address, value.plain, value.path, value.timeout)
    return [*named, dict(value.headers), list(value.cors_origins)]


def read_evidence(raw: object, reader: Reader) -> EvidenceSettings:
    """`headgate:evidence`; problems are left with the reader."""
    where = "headgate:evidence"
    mapping = _optional(reader, raw, where, ("url", "max_age", "signed"))
    return EvidenceSettings(
        url=_store(reader, mapping.get("url", DEFAULT_URL), f"{where}.url"),
        max_age=_seconds(reader, mapping.get("max_age", duration.show(DEFAULT_MAX_AGE)), f"{where}.max_age", 7 * 86400),
        signed=reader.flag(mapping.get("signed", False), f"{where}.signed"),
    )


def read_smoke(raw: object, reader: Reader, health: object) -> SmokeSettings:
    """`headgate:smoke`; `health`: the path of the system's own health check, where its file names one."""
    where = "headgate:smoke"
    mapping = _optional(reader, raw, where, ("address", "timeout", "version_header", "checks"))
    path = health if isinstance(health, str) and _PATH.fullmatch(health) else HEALTH
    header = mapping.get("version_header", "X-Deployment-Version")
    if header != "":
        header = reader.matching(header, f"{where}.version_header", _HEADER, "the name of a header, or nothing: ''")
    return SmokeSettings(
        address=_address(reader, mapping.get("address"), f"{where}.address"),
        timeout=_seconds(reader, mapping.get("timeout", _TIMEOUT), f"{where}.timeout", LONGEST_TIMEOUT),
        version_header=header,
        checks=_checks(reader, mapping["checks"], f"{where}.checks") if "checks" in mapping else (Check("api", path),),
    )


def read_security(raw: object, reader: Reader, health: object, origins: object) -> SecuritySettings:
    """`headgate:security`; `origins`: those that the stack's edge lets in, the default of `cors_origins`."""
    where = "headgate:security"
    keys = ("address", "plain", "path", "timeout", "headers", "cors_origins")
    mapping = _optional(reader, raw, where, keys)
    default = SecuritySettings()
    path = health if isinstance(health, str) and _PATH.fullmatch(health) else HEALTH
    known = origins if isinstance(origins, list) and "cors_origins" not in mapping else []
    headers = mapping.get("headers", default.headers)
    return SecuritySettings(
        address=_address(reader, mapping.get("address"), f"{where}.address"),
        plain=_matched(reader, mapping.get("plain"), f"{where}.plain", _PLAIN, "an address such as http://example.com"),
        path=reader.matching(mapping.get("path", path), f"{where}.path", _PATH, _A_PATH),
        timeout=_seconds(reader, mapping.get("timeout", _TIMEOUT), f"{where}.timeout", LONGEST_TIMEOUT),
        headers=_headers(reader, headers, f"{where}.headers"),
        cors_origins=_origins(reader, mapping.get("cors_origins", known), f"{where}.cors_origins"),
    )


def read_commands(raw: object, reader: Reader) -> Mapping[str, Command]:
    """`headgate:commands`, by name."""
    where = "headgate:commands"
    if raw is None:
        return MappingProxyType({})
    if not isinstance(raw, Mapping):
        reader.add(where, raw, "commands by name", "Write it out.")
        return MappingProxyType({})
    return MappingProxyType({str(name): _command(reader, name, each, f"{where}.{name}") for name, each in raw.items()})


_TIMEOUT, _COMMAND_TIMEOUT = duration.show(DEFAULT_TIMEOUT), duration.show(DEFAULT_COMMAND_TIMEOUT)
_STORE = re.compile(r"(?!-)(?:[a-z][a-z0-9+]*://)?[A-Za-z0-9./_~-][^\s@?#\\:]{0,500}")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,80}")  # a token of RFC 9110
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(?::[0-9]{1,5})?"
_ADDRESS = re.compile(rf"https://{_HOST}|http://(?:127\.0\.0\.1|localhost)(?::[0-9]{{1,5}})?")
_PLAIN = re.compile(rf"http://{_HOST}")
_PATH = re.compile(r"/[!-~]{0,500}")
_A_PATH = f"a path such as {HEALTH}"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_ORIGIN = re.compile(rf"https://{_HOST}")


def _store(reader: Reader, raw: object, where: str) -> str:
    if isinstance(raw, str) and _STORE.fullmatch(raw):
        return raw
    # What stands before an @ may be a password.
    found = "a hidden value" if "@" in str(raw) else raw
    reader.add(where, found, "a folder, or scheme://... without user or password", "Correct it.")
    return DEFAULT_URL


def _optional(reader: Reader, raw: object, where: str, keys: tuple[str, ...]) -> Mapping[str, Any]:
    return {} if raw is None else reader.mapping(raw, where, keys)


def _matched(reader: Reader, raw: object, where: str, pattern: re.Pattern[str], expected: str) -> str | None:
    return None if raw is None else reader.matching(raw, where, pattern, expected)


def _address(reader: Reader, raw: object, where: str) -> str | None:
    return _matched(reader, raw, where, _ADDRESS, "an address such as https://next.example.com:8443, without a path")


def _seconds(reader: Reader, raw: object, where: str, most: int) -> int:
    seconds = duration.parse(raw)
    if seconds is None or not 1 <= seconds <= most:
        expected = f"a duration from 1s to {duration.show(most)}"
        reader.add(where, raw, expected, "Correct the duration.")
        return 1
    return seconds


def _checks(reader: Reader, raw: object, where: str) -> tuple[Check, ...]:
    if not isinstance(raw, list) or not raw:
        reader.add(where, raw, "a list with at least one check", "List what to ask.")
        return ()
    return tuple(_check(reader, each, f"{where}[{position}]") for position, each in enumerate(raw))


def _check(reader: Reader, raw: object, where: str) -> Check:
    mapping = reader.mapping(raw, where, ("name", "path", "status", "json"))
    status = mapping.get("status", [200])
    codes = status if isinstance(status, list) else [status]
    if not codes or not all(type(code) is int and 100 <= code <= 599 for code in codes):
        reader.add(f"{where}.status", status, "an HTTP status, or a list of them", "Correct it.")
        codes = [200]
    fields = mapping.get("json", {})
    if not isinstance(fields, Mapping) or not all(isinstance(value, Scalar) for value in fields.values()):
        reader.add(f"{where}.json", fields, "fields by dotted path with the value each must have", "Correct it.")
        fields = {}
    return Check(
        name=reader.text(mapping.get("name"), f"{where}.name"),
        path=reader.matching(mapping.get("path"), f"{where}.path", _PATH, _A_PATH),
        status=tuple(codes),
        json=MappingProxyType({str(name): value for name, value in fields.items()}),
    )


def _headers(reader: Reader, raw: object, where: str) -> Mapping[str, str]:
    if not isinstance(raw, Mapping) or not all(
        isinstance(name, str) and _HEADER.fullmatch(name) and isinstance(value, str) for name, value in raw.items()
    ):
        reader.add(where, raw, "headers by name with a text that each must contain ('': any)", "Correct it.")
        return MappingProxyType({})
    return MappingProxyType(dict(raw))


def _origins(reader: Reader, raw: object, where: str) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(each, str) and _ORIGIN.fullmatch(each) for each in raw):
        reader.add(where, raw, "a list of origins such as https://app.example.com", "Correct it.")
        return ()
    return tuple(raw)


def _command(reader: Reader, name: object, raw: object, where: str) -> Command:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        reader.add(where, name, "a name of small letters, digits and -", "Rename it.")
    mapping = reader.mapping(raw, where, ("run", "timeout"))
    run = mapping.get("run")
    if not isinstance(run, list) or not run or not all(isinstance(each, str) and each for each in run):
        reader.add(f"{where}.run", run, "a program and its arguments, as a list of texts", "Write it as a list.")
        run = []
    timeout = _seconds(reader, mapping.get("timeout", _COMMAND_TIMEOUT), f"{where}.timeout", 86400)
    return Command(tuple(run), timeout)
