"""Health told by hand: what targets and services say about themselves, when a test wants them ill."""

import threading
from dataclasses import dataclass

TARGET_STATES = ("initial", "healthy", "unhealthy", "unused", "draining", "unavailable")
ROLLOUT_STATES = ("COMPLETED", "IN_PROGRESS", "FAILED")


@dataclass(frozen=True)
class TargetHealth:
    """State, reason and description as DescribeTargetHealth gives them (API reference, TargetHealth)."""

    state: str
    reason: str | None = None
    description: str | None = None


@dataclass(frozen=True)
class ServiceHealth:
    """How an ECS service stands. running: tasks, None for as many as wanted."""

    rollout_state: str = "COMPLETED"
    running: int | None = None


class HealthBook:
    """What was told by hand; everything else is well. Keys are ARNs or names. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._targets: dict[str, TargetHealth] = {}
        self._services: dict[str, ServiceHealth] = {}

    def tell_target(self, group: str, health: TargetHealth | None) -> None:
        """From now on every target of the group (ARN or name) is so; None: as it is."""
        with self._lock:
            if health is None:
                self._targets.pop(group, None)
            else:
                self._targets[group] = health

    def tell_service(self, service: str, health: ServiceHealth | None) -> None:
        with self._lock:
            if health is None:
                self._services.pop(service, None)
            else:
                self._services[service] = health

    def target(self, *names: str) -> TargetHealth | None:
        with self._lock:
            return next((self._targets[name] for name in names if name in self._targets), None)

    def service(self, *names: str) -> ServiceHealth | None:
        with self._lock:
            return next((self._services[name] for name in names if name in self._services), None)

    def clear(self) -> None:
        with self._lock:
            self._targets.clear()
            self._services.clear()

    def as_json(self) -> dict[str, dict[str, dict[str, object]]]:
        with self._lock:
            return {
                "targets": {key: vars(value).copy() for key, value in self._targets.items()},
                "services": {key: vars(value).copy() for key, value in self._services.items()},
            }


# moto keeps its own state in module globals; so does what is told about it.
BOOK = HealthBook()
