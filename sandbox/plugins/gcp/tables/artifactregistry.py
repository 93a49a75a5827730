"""Artifact Registry API v1. The API keeps clean-up policies by id; a program lists them."""

from typing import Any

from sandbox.plugins.gcp.fields import many, members, one, outside, own
from sandbox.plugins.gcp.iam import grant, under
from sandbox.plugins.gcp.rows import Row, Target

_REPOSITORY = "projects/{project}/locations/{location}/repositories/{repositoryId}"

_POLICY = many(
    "id! action",
    marks="?",
    condition=one("tagState~ tagPrefixes versionNamePrefixes packageNamePrefixes olderThan newerThan"),
    mostRecentVersions=one("keepCount packageNamePrefixes"),
)


def _by_id(body: dict[str, Any], target: Target, verb: str) -> dict[str, Any]:
    listed = body.pop("cleanupPolicies", [])
    return {**body, "cleanupPolicies": {policy["id"]: policy for policy in listed}} if listed else body


def _listed(found: dict[str, Any], target: Target) -> dict[str, Any]:
    policies = found.get("cleanupPolicies") or {}
    return {**found, "cleanupPolicies": [{"id": name, **policy} for name, policy in sorted(policies.items())]}


ROWS: tuple[Row, ...] = (
    Row(
        token="gcp:artifactregistry/repository:Repository",
        api="artifactregistry",
        fields={
            **outside("repositoryId!^ location~^ project~^"),
            "deletionPolicy": own(),
            **members(
                "format!^ mode~^ description labels% kmsKeyName^ cleanupPolicyDryRun",
                dockerConfig=one("immutableTags"),
                cleanupPolicies=_POLICY,
                vulnerabilityScanningConfig=one("enablementConfig", marks="~"),
            ),
        },
        outputs=members("name createTime updateTime registryUri"),
        collection="projects/{project}/locations/{location}/repositories",
        path=_REPOSITORY,
        # In snake case. Source: cloud-run-notes 5 (measured).
        create_query={"repository_id": "{repositoryId}"},
        mask=True,
        operations="long",
        plain=("GET", "PATCH"),
        body=_by_id,
        seen=_listed,
    ),
    grant(
        "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember",
        "artifactregistry",
        where="repository!^@ location~^ project~^",
        path=_REPOSITORY.replace("repositoryId", "repository"),
        resource=under("repository", _REPOSITORY.replace("repositoryId", "repository")),
        get_query={"options.requestedPolicyVersion": "3"},
    ),
)
