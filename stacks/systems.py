"""Which module builds which system, and the edges (clock, traffic port) they all get."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from headgate import clock as clocks
from headgate import traffic
from headgate.clock import Clock
from headgate.traffic.port import TrafficPort
from stacks import greenflow
from stacks.settings import Settings, provider_configuration, provider_endpoints


@dataclass(frozen=True, slots=True)
class Edges:
    """The outside of the program: the time, and the live traffic."""

    clock: Clock
    port: TrafficPort


_BUILDERS: Mapping[str, Callable[[Settings, Clock, TrafficPort], Mapping[str, pulumi.Input[Any]]]] = {
    "greenflow": greenflow.build,
}


def build(settings: Settings) -> Mapping[str, pulumi.Input[Any]]:
    """Builds the system that `settings` name and returns the stack's outputs.

    Raises pulumi.RunError when a rehearsal clock is asked for where real endpoints are in use.
    """
    edges = connect(settings)
    return _BUILDERS[settings.system](settings, edges.clock, edges.port)


def connect(settings: Settings) -> Edges:
    """The real edges; a rehearsal clock is announced wherever it is in force."""
    try:
        clock = clocks.from_environment(os.environ, provider_endpoints())
    except clocks.ClockError as error:
        raise pulumi.RunError(str(error)) from None
    if isinstance(clock, clocks.RehearsalClock):
        pulumi.log.info(clocks.describe(clock))
    return Edges(clock, traffic.for_system(settings, provider_configuration()))
