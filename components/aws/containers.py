"""The container of a task and the sizes Fargate offers: plain values in, plain values out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

CONTAINER_NAME = "api"
RESERVED = frozenset({"HEADGATE_SLOT", "HEADGATE_VERSION", "PORT"})  # set below, for every task
USER = "10001"  # a number no host account has; the image creates it
SCRATCH_VOLUME = "scratch"
SCRATCH_PATH = "/tmp"  # noqa: S108 - inside the container, on a volume of the task's own
LOG_BUFFER = "25m"  # lines wait here when CloudWatch is slow, so that logging never blocks a request

# Memory in MiB that Fargate offers for each number of CPU units (1024 = one vCPU), from the table in the
# Amazon ECS Developer Guide, "Task definition parameters for Fargate", task size.
_GIB = 1024
FARGATE_MEMORY: Mapping[int, tuple[int, ...]] = {
    256: (512, 1 * _GIB, 2 * _GIB),
    512: tuple(range(1 * _GIB, 4 * _GIB + 1, _GIB)),
    1024: tuple(range(2 * _GIB, 8 * _GIB + 1, _GIB)),
    2048: tuple(range(4 * _GIB, 16 * _GIB + 1, _GIB)),
    4096: tuple(range(8 * _GIB, 30 * _GIB + 1, _GIB)),
    8192: tuple(range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB)),
    16384: tuple(range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB)),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Container:
    """The container of one slot.

    `secrets`: name in the environment -> ARN it is read from. `stop_timeout`: seconds between SIGTERM and
    SIGKILL.
    """

    image: str
    version: str
    slot: str
    port: int
    health_path: str
    log_group: str
    region: str
    stop_timeout: int
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    health_command: Sequence[str] | None = None


def definitions(container: Container) -> str:
    """The `containerDefinitions` JSON of a task; the same text whatever the order of the mappings."""
    environment = {
        **container.environment,
        "HEADGATE_VERSION": container.version,
        "HEADGATE_SLOT": container.slot,
        "PORT": str(container.port),
    }
    definition = {
        "name": CONTAINER_NAME,
        "image": container.image,
        "essential": True,
        "user": USER,
        "privileged": False,
        "readonlyRootFilesystem": True,
        "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
        "portMappings": [{"containerPort": container.port, "hostPort": container.port, "protocol": "tcp"}],
        "mountPoints": [{"sourceVolume": SCRATCH_VOLUME, "containerPath": SCRATCH_PATH, "readOnly": False}],
        "environment": [{"name": name, "value": value} for name, value in sorted(environment.items())],
        "secrets": [{"name": name, "valueFrom": arn} for name, arn in sorted(container.secrets.items())],
        "healthCheck": {
            "command": list(container.health_command or _curl(container.port, container.health_path)),
            "interval": 10,
            "timeout": 5,
            "retries": 3,
            "startPeriod": 30,
        },
        "stopTimeout": container.stop_timeout,
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": container.log_group,
                "awslogs-region": container.region,
                "awslogs-stream-prefix": CONTAINER_NAME,
                "mode": "non-blocking",
                "max-buffer-size": LOG_BUFFER,
            },
        },
    }
    return json.dumps([definition], separators=(",", ":"), sort_keys=True)


def _curl(port: int, path: str) -> tuple[str, ...]:
    url = f"http://127.0.0.1:{port}{path}"
    return ("CMD-SHELL", f"curl --fail --silent --max-time 4 --output /dev/null {url} || exit 1")
