"""Cloud Resource Manager v1: every project exists, with a number and an IAM policy."""

from collections.abc import Mapping
from typing import Any

from sandbox.google import iam
from sandbox.google.api import Call, Service
from sandbox.google.services import _projects

_API = "cloudresourcemanager.projects"


def _get(call: Call) -> Mapping[str, Any]:
    project = call.path["projectId"]
    return {
        "projectId": project,
        "projectNumber": _projects.number(project),
        "name": project,
        "lifecycleState": "ACTIVE",
        "createTime": "2026-01-01T00:00:00Z",
    }


def _exists(_call: Call, _project: str) -> None:
    """Every project does."""


SERVICE = Service(
    name="cloudresourcemanager",
    documents=("cloudresourcemanager.v1",),
    mounts={"/cloudresourcemanager/": ""},
    handlers={f"{_API}.get": _get, **iam.handlers(_API, _exists, key=lambda project: f"projects/{project}")},
)
