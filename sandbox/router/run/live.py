"""Reads the emulated Google.

From its control endpoint, not from its API: so polling neither fills its log of calls nor uses up a planted fault that
is meant for somebody else. How a revision shows itself is the emulator's own answer to that.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sandbox.google.cloud import Readiness
from sandbox.google.run.handlers import REVISIONS, SERVICES
from sandbox.google.run.revisions import shown
from sandbox.router.run import parsing
from sandbox.router.run.doors import doors
from sandbox.router.run.model import Cloud
from sandbox.router.watching import Away

# An emulator in one Python process can be busy with somebody else for a while.
_PATIENCE_S = 5.0
_POLICIES = "iamPolicies"
_BALANCER = ("urlMaps", "backendServices", "networkEndpointGroups")


class StoreReader:
    """Reads all services of the emulator at `url`. Uses no proxy of this machine."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/headgate-sandbox"
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

    def read(self, *, everything: bool = True) -> Cloud:
        """What there is now. Raises Away."""
        try:
            store, told = self._get("store"), self._get("condition")["revisions"]
            services = store.get(SERVICES, {})
            revisions = dict(_revisions(store.get(REVISIONS, {}), services, told))
            found = parsing.cloud(services, revisions, store.get(_POLICIES, {}))
            return replace(found, doors=doors(*(store.get(kind, {}) for kind in _BALANCER)))
        except urllib.error.URLError as error:
            raise Away(str(error.reason), gone=isinstance(error.reason, ConnectionRefusedError)) from error
        except OSError as error:
            raise Away(str(error)) from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Away(f"an answer of the emulator is not of the expected form: {error!r}") from error

    def _get(self, what: str) -> Any:
        with self._open(f"{self._url}/{what}", timeout=_PATIENCE_S) as answer:
            return json.load(answer)


def _revisions(
    records: Mapping[str, Any], services: Mapping[str, Any], told: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, record in records.items():
        service = services.get(name.partition("/revisions/")[0])
        if service is not None:
            verdict = told.get(record["name"])
            yield name, shown(record, service, Readiness(**verdict) if verdict else None)
