"""Artifact Registry v1: repositories with clean-up policies and IAM. No packages."""

from sandbox.google.api import Call, Service
from sandbox.google.errors import bad_field
from sandbox.google.services import _cmek
from sandbox.google.services._collection import Collection, by_query, polling
from sandbox.google.store import Resource

# https://cloud.google.com/artifact-registry/docs/repositories/cleanup-policy
_MOST_POLICIES = 10


def _born(call: Call, repository: Resource) -> None:
    repository["createTime"] = call.cloud.now()
    repository.setdefault("mode", "STANDARD_REPOSITORY")
    if repository.get("format", "FORMAT_UNSPECIFIED") == "FORMAT_UNSPECIFIED":
        raise bad_field("repository.format", "a format is required")
    _, project, _, location, _, name = repository["name"].split("/")
    host = f"{location}-{repository['format'].lower()}.pkg.dev"
    repository["registryUri"] = f"{host}/{project}/{name}"
    if repository.get("kmsKeyName"):
        _cmek.check(call, repository["kmsKeyName"], "artifactregistry")


def _shaped(call: Call, repository: Resource) -> None:
    repository["updateTime"] = call.cloud.now()
    policies = repository.get("cleanupPolicies", {})
    if len(policies) > _MOST_POLICIES:
        raise bad_field("repository.cleanup_policies", f"found {len(policies)}; at most {_MOST_POLICIES} are allowed")
    for key, policy in policies.items():
        where = f"repository.cleanup_policies.{key}"
        # `Repository.cleanupPolicies`: keys are the ids of the policies.
        if policy.setdefault("id", key) != key:
            raise bad_field(f"{where}.id", f"found '{policy['id']}'; expected the key '{key}'")
        if policy.get("action") not in {"KEEP", "DELETE"}:
            raise bad_field(f"{where}.action", "must be KEEP or DELETE")
        if ("condition" in policy) == ("mostRecentVersions" in policy):
            raise bad_field(where, "exactly one of condition and most_recent_versions is needed")
        if "mostRecentVersions" in policy and policy["action"] != "KEEP":
            raise bad_field(where, "most_recent_versions is for the action KEEP only")
    scanning = repository.get("vulnerabilityScanningConfig", {}).get("enablementConfig", "INHERITED")
    state = "SCANNING_DISABLED" if scanning == "DISABLED" else "SCANNING_ACTIVE"
    repository["vulnerabilityScanningConfig"] = {"enablementConfig": scanning, "enablementState": state}


REPOSITORIES = Collection(
    api="artifactregistry.projects.locations.repositories",
    kind="repositories",
    plural="repositories",
    name=by_query("repositoryId", "repositories", r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?"),
    born=_born,
    shaped=_shaped,
    unmasked="replace",
    kept=("createTime", "registryUri"),
    immutable=("format", "mode", "kmsKeyName"),
    policies=True,
    # create and delete answer operations, patch answers the repository (the document, and cloud-run-notes 5).
    long=("create", "delete"),
    message="google.devtools.artifactregistry.v1.Repository",
)

SERVICE = Service(
    name="artifactregistry",
    documents=("artifactregistry.v1",),
    mounts={"/artifactregistry/": ""},
    handlers={**REPOSITORIES.handlers(), **polling("artifactregistry.projects.locations.operations")},
)
