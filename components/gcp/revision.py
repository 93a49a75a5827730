"""What a revision of the Cloud Run service is: its name, its template and the digest of that template. No Pulumi here.

A revision never changes: Cloud Run makes a new one from a changed template, and refuses a name that is taken
(Cloud Run documentation, "Managing revisions"). So the name is derived from the image, and whatever else is in the
template must stay the same as long as the name does; the digest tells.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NotRequired, TypedDict

from headgate.problems import Problem

DEFAULT_CPU = "1"
DEFAULT_MEMORY = "1Gi"
DEFAULT_PORT = 8080
DEFAULT_CONCURRENCY = 80  # requests at a time in one instance, Cloud Run's own default
DEFAULT_TIMEOUT = 60  # seconds
DEFAULT_MINIMUM_INSTANCES = 1  # so that no user waits for a cold start
DEFAULT_MAXIMUM_INSTANCES = 10
DEFAULT_HEALTH_PATH = "/api/v2/phase4/health"  # R-B2

LONGEST_SERVICE_NAME = 49  # characters (Cloud Run Admin API v2, projects.locations.services.create: serviceId)
LONGEST_REVISION_NAME = 63  # characters: the name is an RFC 1035 label (Cloud Run Admin API v2, RevisionTemplate)
SHORT_DIGEST = 12  # hex digits of the image's digest in the revision's name
MOST_INSTANCES = 1000  # of one revision; more is a quota that has to be asked for

# GiB of memory that go with whole CPUs (Cloud Run documentation, "Configure memory limits": "Required memory when
# setting a CPU value"). The second generation environment wants at least 512 MiB.
MEMORY_GIB = MappingProxyType({"1": (0.5, 4), "2": (0.5, 8), "4": (2, 16), "6": (4, 24), "8": (4, 32)})

# Startup: 24 checks 5 s apart, 120 s; Cloud Run allows 240 s. Liveness: an instance that fails three times is ended.
STARTUP_PROBE = MappingProxyType({"initial_delay_seconds": 0, "timeout_seconds": 4, "period_seconds": 5})
STARTUP_FAILURES = 24
LIVENESS_PROBE = MappingProxyType({"initial_delay_seconds": 0, "timeout_seconds": 5, "period_seconds": 10})
LIVENESS_FAILURES = 3

# Set by Cloud Run itself (container runtime contract).
RESERVED = frozenset({"PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"})
EGRESS = ("ALL_TRAFFIC", "PRIVATE_RANGES_ONLY")

_SERVICE = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
_BY_DIGEST = re.compile(r"[^\s@]+@sha256:([0-9a-f]{64})")
_SETTING = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MEMORY = re.compile(r"([1-9][0-9]*)(Mi|Gi)")


class SecretReference(TypedDict):
    """One version of one secret in Secret Manager, by number, never `latest`."""

    secret: str
    """Id of the secret, without its project."""
    version: int
    """Number of the version, from 1."""


class RevisionArgs(TypedDict):
    """Arguments of a revision. All plain and known: the digest of the template is computed from them."""

    revision: str
    """Name, `<service>-<first digits of the image's digest>` as `revision_name` gives it."""
    image: str
    """Image by digest."""
    environment: NotRequired[Mapping[str, str]]
    """Plain settings of the application. Nothing secret."""
    secrets: NotRequired[Mapping[str, SecretReference]]
    """Name in the environment -> the secret's version. The number is part of the revision: going back restores it."""
    cpu: NotRequired[str]
    """Whole CPUs of an instance: 1, 2, 4, 6 or 8. Default: 1."""
    memory: NotRequired[str]
    """Memory of an instance such as 512Mi or 2Gi, one that goes with `cpu`. Default: 1Gi."""
    port: NotRequired[int]
    """Port the application listens on. Default: 8080."""
    concurrency: NotRequired[int]
    """Requests at a time in one instance, 1 to 1000. Default: 80."""
    timeout_seconds: NotRequired[int]
    """Seconds a request may take, 1 to 3600. Default: 60."""
    minimum_instances: NotRequired[int]
    """Instances kept warm. Default: 1."""
    maximum_instances: NotRequired[int]
    """Most instances. Default: 10."""
    startup_path: NotRequired[str]
    """Path that answers 2xx or 3xx when the application has started. Default: /api/v2/phase4/health."""
    liveness_path: NotRequired[str]
    """Path that answers 2xx or 3xx as long as the application works. Default: /api/v2/phase4/health."""
    session_affinity: NotRequired[bool]
    """Keep a client on its instance by a cookie, as well as Cloud Run can. Default: true."""
    encryption_key: NotRequired[str]
    """Full name of the KMS key that the instances' container image is encrypted with. Default: Google's own."""
    vpc_network: NotRequired[str]
    """VPC that instances are attached to. Default: none."""
    vpc_subnetwork: NotRequired[str]
    """Subnet in that VPC."""
    vpc_egress: NotRequired[str]
    """ALL_TRAFFIC or PRIVATE_RANGES_ONLY, with a VPC. Default: ALL_TRAFFIC."""


@dataclass(frozen=True, kw_only=True)
class RevisionTemplate:
    """Everything that makes a revision, resolved: two equal templates give one revision."""

    revision: str
    image: str
    service_account: str
    cpu: str
    memory: str
    port: int
    concurrency: int
    timeout_seconds: int
    minimum_instances: int
    maximum_instances: int
    startup_path: str
    liveness_path: str
    session_affinity: bool
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    encryption_key: str | None = None
    vpc_network: str | None = None
    vpc_subnetwork: str | None = None
    vpc_egress: str | None = None


def revision_name(service: str, image: str) -> str:
    """`<service>-<first 12 hex digits of the digest>`. Raises ValueError saying what is wrong with either."""
    problems = service_problems("service", service)
    by_digest = _BY_DIGEST.fullmatch(image)
    if by_digest is None:
        problems.append(_not_by_digest("image", image))
    name = f"{service}-{by_digest[1][:SHORT_DIGEST]}" if by_digest else ""
    if problems or not by_digest:
        raise ValueError("\n".join(map(str, problems)))
    return name


def service_account_email(service: str, project: str) -> str:
    """The service's own account, known before it exists: its id is the service's name."""
    return f"{service}@{project}.iam.gserviceaccount.com"


def resolve(service: str, project: str, args: RevisionArgs) -> RevisionTemplate:
    """`args` with its defaults. Raises ValueError with every problem, one a line."""
    template = RevisionTemplate(
        revision=args["revision"],
        image=args["image"],
        service_account=service_account_email(service, project),
        environment=dict(args.get("environment", {})),
        secrets={name: (each["secret"], each["version"]) for name, each in args.get("secrets", {}).items()},
        cpu=args.get("cpu", DEFAULT_CPU),
        memory=args.get("memory", DEFAULT_MEMORY),
        port=args.get("port", DEFAULT_PORT),
        concurrency=args.get("concurrency", DEFAULT_CONCURRENCY),
        timeout_seconds=args.get("timeout_seconds", DEFAULT_TIMEOUT),
        minimum_instances=args.get("minimum_instances", DEFAULT_MINIMUM_INSTANCES),
        maximum_instances=args.get("maximum_instances", DEFAULT_MAXIMUM_INSTANCES),
        startup_path=args.get("startup_path", DEFAULT_HEALTH_PATH),
        liveness_path=args.get("liveness_path", DEFAULT_HEALTH_PATH),
        session_affinity=args.get("session_affinity", True),
        encryption_key=args.get("encryption_key"),
        vpc_network=args.get("vpc_network"),
        vpc_subnetwork=args.get("vpc_subnetwork"),
        vpc_egress=args.get("vpc_egress", EGRESS[0]) if args.get("vpc_network") else args.get("vpc_egress"),
    )
    found = [*service_problems("physical_name", service), *_problems(service, template)]
    if found:
        raise ValueError("\n".join(map(str, found)))
    return template


def template_inputs(template: RevisionTemplate) -> dict[str, Any]:
    """`template` of `gcp.cloudrunv2.Service`. What Cloud Run leaves out when it is not set is not there either."""
    inputs: dict[str, Any] = {
        "revision": template.revision,
        "service_account": template.service_account,
        "execution_environment": "EXECUTION_ENVIRONMENT_GEN2",
        "max_instance_request_concurrency": template.concurrency,
        "timeout": f"{template.timeout_seconds}s",
        "scaling": {
            "min_instance_count": template.minimum_instances,
            "max_instance_count": template.maximum_instances,
        },
        "session_affinity": template.session_affinity,
        "containers": [_container(template)],
    }
    if template.encryption_key is not None:
        inputs["encryption_key"] = template.encryption_key
    if template.vpc_network is not None:
        interface = {"network": template.vpc_network}
        if template.vpc_subnetwork is not None:
            interface["subnetwork"] = template.vpc_subnetwork
        inputs["vpc_access"] = {"egress": template.vpc_egress, "network_interfaces": [interface]}
    return inputs


def template_digest(template: RevisionTemplate) -> str:
    """SHA-256 of the template in hex. It depends on the values only, not on the order they were written in."""
    canonical = json.dumps(template_inputs(template), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def service_problems(where: str, service: str) -> list[Problem]:
    """What is wrong with the name of a service."""
    if len(service) <= LONGEST_SERVICE_NAME and _SERVICE.fullmatch(service) is not None:
        return []
    expected = f"at most {LONGEST_SERVICE_NAME} of a-z, 0-9 and -, a letter first and no hyphen last"
    return [Problem(where, repr(service), expected, "Rename the service.")]


def _container(template: RevisionTemplate) -> dict[str, Any]:
    settings: dict[str, dict[str, Any]] = {
        name: {"name": name, "value": value} for name, value in template.environment.items()
    }
    for name, (secret, version) in template.secrets.items():
        reference = {"secret": secret, "version": str(version)}
        settings[name] = {"name": name, "value_source": {"secret_key_ref": reference}}
    return {
        "image": template.image,
        "ports": {"name": "http1", "container_port": template.port},
        "envs": [settings[name] for name in sorted(settings)],
        "resources": {
            "limits": {"cpu": template.cpu, "memory": template.memory},
            # With limits written out the provider takes a missing cpu_idle as false: CPU always allocated and paid.
            "cpu_idle": True,
            "startup_cpu_boost": True,
        },
        "startup_probe": {
            **STARTUP_PROBE,
            "failure_threshold": STARTUP_FAILURES,
            "http_get": {"path": template.startup_path, "port": template.port},
        },
        "liveness_probe": {
            **LIVENESS_PROBE,
            "failure_threshold": LIVENESS_FAILURES,
            "http_get": {"path": template.liveness_path, "port": template.port},
        },
    }


def _not_by_digest(where: str, image: str) -> Problem:
    expected = "<registry>/<name>@sha256:<64 hex digits>"
    return Problem(where, repr(image), expected, "Write the image by digest: a tag can be moved.")


def _problems(service: str, template: RevisionTemplate) -> list[Problem]:
    found: list[Problem] = []

    def expect(holds: bool, where: str, value: object, expected: str, fix: str = "Correct it.") -> None:
        if not holds:
            found.append(Problem(f"revision.{where}", repr(value), expected, fix))

    if _BY_DIGEST.fullmatch(template.image) is None:
        found.append(_not_by_digest("revision.image", template.image))
    name = template.revision
    expect(
        re.fullmatch(rf"{re.escape(service)}-[a-z0-9-]*[a-z0-9]", name) is not None
        and len(name) <= LONGEST_REVISION_NAME,
        "revision",
        name,
        f"`{service}-` and letters, digits or hyphens, at most {LONGEST_REVISION_NAME} characters",
        "Cloud Run takes no other name; leave it to revision_name.",
    )
    expect(template.cpu in MEMORY_GIB, "cpu", template.cpu, f"one of {', '.join(MEMORY_GIB)}")
    least, most = MEMORY_GIB.get(template.cpu, (0.5, 32))
    gib = _gib(template.memory)
    expect(
        gib is not None and least <= gib <= most,
        "memory",
        template.memory,
        f"with {template.cpu} CPU {least:g} to {most:g} GiB, such as 512Mi or 2Gi",
    )
    numbers = {
        "port": (template.port, 1, 65535),
        "concurrency": (template.concurrency, 1, 1000),
        "timeout_seconds": (template.timeout_seconds, 1, 3600),
        "maximum_instances": (template.maximum_instances, 1, MOST_INSTANCES),
        "minimum_instances": (template.minimum_instances, 0, template.maximum_instances),
    }
    for where, (value, low, high) in numbers.items():
        expect(low <= value <= high, where, value, f"a whole number from {low} to {high}")
    for where in ("startup_path", "liveness_path"):
        path = getattr(template, where)
        expect(path.startswith("/"), where, path, "a path that starts with /")
    _settings_problems(template, expect)
    expect(template.vpc_egress in (None, *EGRESS), "vpc_egress", template.vpc_egress, f"one of {', '.join(EGRESS)}")
    expect(
        template.vpc_network is not None or (template.vpc_subnetwork, template.vpc_egress) == (None, None),
        "vpc_network",
        None,
        "a VPC, when vpc_subnetwork or vpc_egress is given",
    )
    return found


def _settings_problems(template: RevisionTemplate, expect: Any) -> None:
    names = template.environment.keys() | template.secrets.keys()
    for setting in sorted(names):
        expect(_SETTING.fullmatch(setting) is not None, "environment, secrets", setting, "letters, digits and _")
    for setting in sorted(RESERVED & names):
        expect(False, "environment, secrets", setting, "a name that Cloud Run does not set itself")
    for setting in sorted(template.environment.keys() & template.secrets.keys()):
        expect(False, "environment, secrets", setting, "a name in one of the two, not in both")
    for setting, (_secret, version) in template.secrets.items():
        written: object = version  # a stack file may say anything
        expect(
            isinstance(written, int) and not isinstance(written, bool) and written >= 1,
            f"secrets.{setting}.version",
            written,
            "the number of a version, from 1",
            "Pin it: `latest` would change under a running revision and could not be restored.",
        )


def _gib(memory: str) -> float | None:
    match = _MEMORY.fullmatch(memory)
    if match is None:
        return None
    return int(match[1]) / (1024 if match[2] == "Mi" else 1)


def memory_bytes(memory: str) -> int:
    """Bytes of `512Mi` or `2Gi`. Raises ValueError on anything else."""
    gib = _gib(memory)
    if gib is None:
        raise ValueError(f"memory: found {memory!r}; expected Mi or Gi, such as 512Mi. Correct it.")
    return round(gib * 2**30)
