"""The tables of the emulated services against Google's documents."""

import pytest

from sandbox.google import services
from sandbox.google.api import Service
from sandbox.google.discovery import Method, document
from sandbox.google.services.compute import ROWS

FOUND = {service.name: service for service in services.found()}
OURS = (
    "artifactregistry",
    "cloudkms",
    "cloudresourcemanager",
    "cloudscheduler",
    "compute",
    "iam",
    "logging",
    "monitoring",
    "pubsub",
    "secretmanager",
    "serviceusage",
)


def methods(service: Service) -> dict[str, Method]:
    return {name: method for each in service.documents for name, method in document(each).methods.items()}


@pytest.mark.parametrize("name", OURS)
def test_every_handler_is_a_method_of_the_document(name: str) -> None:
    assert set(FOUND[name].handlers) - set(methods(FOUND[name])) == set()


def test_the_paths_of_compute_are_those_of_the_rows() -> None:
    known = methods(FOUND["compute"])
    for row in ROWS:
        method = known[f"{row.api}.get"]
        assert method.template.endswith(f"/{row.plural}/{{{row.singular}}}"), row.api


def test_setters_send_fields_of_their_requests() -> None:
    compute = document("compute.v1")
    for row in ROWS:
        for name, setter in row.setters.items():
            request = compute.schemas[compute.methods[f"{row.api}.{name}"].request]
            resource = compute.schemas[compute.methods[f"{row.api}.get"].response]
            assert setter.sent in request["properties"]
            assert setter.field in resource["properties"]
