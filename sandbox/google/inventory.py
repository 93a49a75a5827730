"""What there is in the emulated cloud that somebody made, by kind.

A destroyed stack must leave nothing here; a test reads it to prove that. What Google itself removes later, or never,
is not counted: key rings and keys (their versions are, until they are to be destroyed), log buckets and identity
pools in the days in which they can be brought back, what was written to metrics.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx

from sandbox.emulator.control import PREFIX
from sandbox.google.iam import KIND as POLICIES
from sandbox.serving import loopback_url

Tables = Mapping[str, Mapping[str, Mapping[str, Any]]]

BINDINGS = "iamBindings"

# Parts and traces of other things, or of no one's making.
_UNCOUNTED = frozenset(
    {
        "cryptoKeys",
        "disabledServices",
        "keyRings",
        "metricDescriptors",
        "run.revisions",
        "secretPayloads",
        "timeSeries",
        "timeSeriesPoints",
        POLICIES,
    }
)
_ALIVE: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "cryptoKeyVersions": lambda found: found["state"] in {"ENABLED", "DISABLED"},
    "logBuckets": lambda found: found["lifecycleState"] != "DELETE_REQUESTED",
    "secretVersions": lambda found: found["state"] != "DESTROYED",
    "workloadIdentityPools": lambda found: found["state"] != "DELETED",
    "workloadIdentityPoolProviders": lambda found: found["state"] != "DELETED",
}


def of(tables: Tables) -> dict[str, list[str]]:
    """Names of everything that counts, by kind, from `Store.dump`; a kind without any is left out.

    A binding of an IAM policy is one name: "resource role member".
    """
    found = {
        kind: sorted(name for name, resource in table.items() if _ALIVE.get(kind, bool)(resource))
        for kind, table in tables.items()
        if kind not in _UNCOUNTED
    }
    found[BINDINGS] = sorted(_bindings(tables.get(POLICIES, {})))
    return {kind: names for kind, names in sorted(found.items()) if names}


def find(url: str) -> dict[str, list[str]]:
    """The same of the emulator at `url`. Raises httpx.HTTPError."""
    answer = httpx.get(f"{loopback_url(url)}{PREFIX}store", trust_env=False)
    return of(answer.raise_for_status().json())


def _bindings(policies: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for resource, policy in policies.items():
        for binding in policy.get("bindings", []):
            yield from (f"{resource} {binding['role']} {member}" for member in binding["members"])
