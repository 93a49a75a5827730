"""Cloud Billing: every project has an account that pays. The smallest complete service, to copy from."""

from collections.abc import Mapping
from typing import Any

from sandbox.google.api import Call, Service

_ACCOUNT = "billingAccounts/000000-000000-000000"


def _info(call: Call) -> Mapping[str, Any]:
    project = call.path["name"].removeprefix("projects/")
    return {
        "name": f"projects/{project}/billingInfo",
        "projectId": project,
        "billingAccountName": _ACCOUNT,
        "billingEnabled": True,
    }


SERVICE = Service(
    name="cloudbilling",
    documents=("cloudbilling.v1",),
    mounts={"/cloudbilling/": ""},
    handlers={"cloudbilling.projects.getBillingInfo": _info},
)
