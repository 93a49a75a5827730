"""Service Usage v1beta1 and v1: which APIs a project uses, and their service agents."""

from collections.abc import Mapping
from typing import Any

from sandbox.google.api import Call, Service
from sandbox.google.errors import bad_field
from sandbox.google.projects import number_of
from sandbox.google.services import _projects
from sandbox.google.services._collection import polling, target

_API = "serviceusage.services"
_DISABLED = "disabledServices"


def _service(call: Call, name: str) -> Mapping[str, Any]:
    """One API of a project. All are enabled until one is disabled: the sandbox is no place to learn this order."""
    parent, _, api = name.rpartition("/services/")
    if not api.endswith(".googleapis.com"):
        raise bad_field("name", f"'{api}' is no API; expected a name like run.googleapis.com")
    disabled = call.cloud.store.find(_DISABLED, name) is not None
    number = f"projects/{_projects.number(_projects.of(parent))}"
    return {
        "name": f"{number}/services/{api}",
        "parent": number,
        "config": {"name": api},
        "state": "DISABLED" if disabled else "ENABLED",
    }


def _get(call: Call) -> Mapping[str, Any]:
    return _service(call, target(call))


def _switch(on: bool) -> Any:
    def handler(call: Call) -> Mapping[str, Any]:
        name = target(call)
        if not on:
            call.cloud.store.put(_DISABLED, name, {"name": name})
        elif call.cloud.store.find(_DISABLED, name) is not None:
            call.cloud.store.delete(_DISABLED, name)
        return _done(call, lambda: {"service": _service(call, name)})

    return handler


def _enable_all(call: Call) -> Mapping[str, Any]:
    names = [f"{target(call)}/services/{api}" for api in call.body.get("serviceIds", [])]
    return _done(call, lambda: {"services": [_service(call, name) for name in names]})


def _identity(call: Call) -> Mapping[str, Any]:
    name = target(call)
    product = name.rpartition("/services/")[2].removesuffix(".googleapis.com")
    email = _projects.agent(_projects.of(name), product)
    kind = "type.googleapis.com/google.api.serviceusage.v1beta1.ServiceIdentity"
    return _done(call, lambda: {"@type": kind, "email": email, "uniqueId": str(number_of(email))})


def _done(call: Call, answer: Any) -> Mapping[str, Any]:
    return call.cloud.operations.begin("", answer).as_json()


SERVICE = Service(
    name="serviceusage",
    documents=("serviceusage.v1beta1", "serviceusage.v1"),
    mounts={"/serviceusage/": ""},
    handlers={
        f"{_API}.get": _get,
        f"{_API}.enable": _switch(True),
        f"{_API}.disable": _switch(False),
        f"{_API}.batchEnable": _enable_all,
        f"{_API}.generateServiceIdentity": _identity,
        **polling("serviceusage.operations"),
    },
)
