"""Where the traffic of a system really goes: one port (`port`), one adapter per kind of balancer.

`for_system` picks the adapter; nothing outside this package knows which cloud a system runs on.
"""

from collections.abc import Mapping

from headgate.settings import Settings
from headgate.traffic.port import GivenBack, Reading, TrafficError, TrafficPort

__all__ = ["GivenBack", "Reading", "TrafficError", "TrafficPort", "for_system"]


def for_system(settings: Settings, configuration: Mapping[str, object]) -> TrafficPort:
    """The traffic of the system that `settings` describe.

    `configuration`: the stack's other configuration values by full key (`aws:region`), of which the adapter
    takes what it needs. Nothing is read here, and no cloud library is imported before the first reading.
    Raises TrafficError for a system that has no adapter.
    """
    if settings.system == "greenflow":
        from headgate.traffic.alb import AlbTraffic

        region = configuration.get("aws:region")
        by_cohort = settings.details.get("cohorts") is not None
        return AlbTraffic(settings.name, settings.slots, region=str(region) if region else None, cohorts=by_cohort)
    if settings.system == "ion":
        from headgate.traffic.cloud_run import CloudRunTraffic
        from headgate.traffic.cloud_run_errors import ENDPOINT_KEY

        project, where = _needed(configuration, "gcp:project"), _needed(configuration, "gcp:region")
        endpoint = configuration.get(ENDPOINT_KEY)
        return CloudRunTraffic(settings.name, project, where, endpoint=str(endpoint) if endpoint else None)
    raise TrafficError(f"there is no way to read the traffic of system {settings.system!r}; known: greenflow, ion")


def _needed(configuration: Mapping[str, object], key: str) -> str:
    value = configuration.get(key)
    if not value:
        raise TrafficError(
            f"{key}: found nothing, and without it the traffic cannot be found. Set it in the stack file."
        )
    return str(value)
