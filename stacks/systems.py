"""Which module builds which system, and the edges (clock, traffic port) they all get."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from headgate import clock as clocks
from headgate import traffic
from headgate.clock import Clock
from headgate.traffic.endpoints import needed_by
from headgate.traffic.port import TrafficPort
from stacks import lazy_sdk
from stacks.configuration import Configuration
from stacks.greenflow_settings import GreenflowSettings
from stacks.ion_settings import IonSettings
from stacks.settings import Settings, provider_configuration, provider_endpoints


@dataclass(frozen=True, slots=True)
class Edges:
    """The outside of the program: the time, and the live traffic."""

    clock: Clock
    port: TrafficPort


def build(configuration: Configuration) -> Mapping[str, pulumi.Input[Any]]:
    """Builds the system that the configuration names and returns the stack's outputs.

    The module of a system is imported only for its own stacks: each brings the SDK of its cloud.
    Raises pulumi.RunError when a rehearsal clock is asked for where real endpoints are in use.
    """
    settings, details = configuration.settings, configuration.details
    lazy_sdk.install()
    edges = connect(settings)
    match details:
        case GreenflowSettings():
            from stacks import greenflow

            return greenflow.build(settings, details, edges.clock, edges.port)
        case IonSettings():
            from stacks import ion

            return ion.build(settings, details, edges.clock, edges.port)


def connect(settings: Settings) -> Edges:
    """The real edges; a rehearsal clock is announced wherever it is in force."""
    try:
        needed = needed_by(settings.system, provider_configuration())
        clock = clocks.from_environment(os.environ, provider_endpoints(), needed=needed)
    except clocks.ClockError as error:
        raise pulumi.RunError(str(error)) from None
    if isinstance(clock, clocks.RehearsalClock):
        pulumi.log.info(clocks.describe(clock))
    try:
        return Edges(clock, traffic.for_system(settings, provider_configuration()))
    except traffic.TrafficError as error:
        raise pulumi.RunError(f"{settings.file}: {error}") from None
