"""Secret Manager API v1."""

import base64
from dataclasses import dataclass, replace
from typing import Any

from sandbox.plugins.gcp.fields import Field, many, members, one, outside, own
from sandbox.plugins.gcp.iam import grant, under
from sandbox.plugins.gcp.rest import CloudError, Request
from sandbox.plugins.gcp.rows import Cloud, Row, Target

_SECRET = "projects/{project}/secrets/{secretId}"
_KEY = one("kmsKeyName!")


def _replication() -> Field:
    replicas = many("location!", marks="!", customerManagedEncryption=_KEY)
    automatic = one(api="automatic", marks="+", customerManagedEncryption=_KEY)
    return one(marks="!^", auto=automatic, userManaged=one(replicas=replicas))


@dataclass(frozen=True)
class _Version(Row):
    """A version never changes; it is enabled, disabled or destroyed."""

    def create(self, cloud: Cloud, target: Target) -> Target:
        data = str(target.get("secretData") or "")
        encoded = data if target.get("isSecretDataBase64") else base64.b64encode(data.encode()).decode()
        answer = cloud(Request("POST", target.path("{secret}:addVersion"), {}, {"payload": {"data": encoded}}))
        name = answer["name"]
        return replace(target, id=name, state={**target.state, "name": name})

    def finish(self, cloud: Cloud, target: Target) -> None:
        verb = "enable" if target.inputs.get("enabled", True) else "disable"
        cloud(Request("POST", f"{target.id}:{verb}", {}, {}))

    def update(self, cloud: Cloud, target: Target, changed: frozenset[str]) -> None:
        if "enabled" in changed:
            self.finish(cloud, target)

    def delete(self, cloud: Cloud, target: Target) -> None:
        verb = "disable" if target.old("deletionPolicy") == "DISABLE" else "destroy"
        try:
            cloud(Request("POST", f"{target.id}:{verb}", {}, {}))
        except CloudError as refused:
            # Destroyed already. Source: the official provider takes a destroyed version for one that is gone.
            if refused.code != 400:
                raise


def _seen(found: dict[str, Any], target: Target) -> dict[str, Any] | None:
    if found.get("state") == "DESTROYED":
        return None
    secret, _, version = found["name"].partition("/versions/")
    return {**found, "_enabled": found.get("state") == "ENABLED", "_secret": secret, "_version": version}


ROWS: tuple[Row, ...] = (
    Row(
        token="gcp:secretmanager/secret:Secret",
        api="secretmanager",
        fields={
            **outside("secretId^ project~^"),
            "deletionProtection": own(),
            "deletionPolicy": own(),
            **members(
                "labels% annotations% ttl* expireTime~ versionAliases versionDestroyTtl",
                replication=_replication(),
                topics=many("name!"),
                rotation=one("nextRotationTime rotationPeriod"),
            ),
        },
        outputs=members("name createTime"),
        collection="projects/{project}/secrets",
        path=_SECRET,
        create_query={"secretId": "{secretId}"},
        mask=True,
        guard="deletionProtection",
        auto="secretId",
        longest=255,
    ),
    _Version(
        token="gcp:secretmanager/secretVersion:SecretVersion",
        api="secretmanager",
        fields={
            **outside("project~^"),
            "secretData": own(marks="^*"),
            "isSecretDataBase64": own(marks="^"),
            "deletionPolicy": own(),
            **members("secret!^@=_secret"),
            "enabled": Field("_enabled", default=True),
        },
        outputs=members("name version=_version createTime destroyTime"),
        path="{name}",
        seen=_seen,
        note="the payload is never read back",
    ),
    grant(
        "gcp:secretmanager/secretIamMember:SecretIamMember",
        "secretmanager",
        where="secretId!^@ project~^",
        path=_SECRET,
        resource=under("secretId", _SECRET),
        get_query={"options.requestedPolicyVersion": "3"},
    ),
)
