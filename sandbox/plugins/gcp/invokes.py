"""The functions of the provider that only read."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.plugins.gcp.configuration import Configuration
from sandbox.plugins.gcp.rest import CloudError, Google, Request
from sandbox.plugins.understood import only

Function = Callable[[Google, Configuration, Mapping[str, Any]], dict[str, Any]]


def _project(google: Google, config: Configuration, args: Mapping[str, Any]) -> dict[str, Any]:
    only(args, ["projectId"], "gcp")
    name = args.get("projectId") or config.defaults.get("project")
    if not name:
        raise CloudError(0, "project: required field is not set; set it with `pulumi config set gcp:project …`")
    found = google.send("cloudresourcemanager", Request("GET", f"projects/{name}"))
    labels = found.get("labels", {})
    return {
        "id": f"projects/{found['projectId']}",
        "projectId": found["projectId"],
        "name": found.get("name", found["projectId"]),
        "number": str(found["projectNumber"]),
        "labels": labels,
        "effectiveLabels": labels,
        "pulumiLabels": labels,
        "autoCreateNetwork": True,
        "billingAccount": "",
        "deletionPolicy": "PREVENT",
        "folderId": "",
        "orgId": "",
        "tags": {},
    }


def _client_config(google: Google, config: Configuration, args: Mapping[str, Any]) -> dict[str, Any]:
    only(args, [], "gcp")
    names = {name: config.defaults.get(name, "") for name in ("project", "region", "zone")}
    identity = "/".join(f"{kind}s/{name}" for kind, name in names.items() if name)
    return {**names, "id": identity, "accessToken": "sandbox", "defaultLabels": {}}


INVOKES: Mapping[str, Function] = {
    "gcp:organizations/getClientConfig:getClientConfig": _client_config,
    "gcp:organizations/getProject:getProject": _project,
}
