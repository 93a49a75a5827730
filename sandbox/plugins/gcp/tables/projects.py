"""Projects: Cloud Resource Manager v1 (policies) and Service Usage v1beta1 (APIs that are on)."""

from dataclasses import dataclass, replace
from typing import Any

from sandbox.plugins.gcp.fields import members, outside, own
from sandbox.plugins.gcp.iam import grant
from sandbox.plugins.gcp.rest import Request
from sandbox.plugins.gcp.rows import Cloud, Row, Target

_OPTIONS = {"options": {"requestedPolicyVersion": 3}}


@dataclass(frozen=True)
class _Enabled(Row):
    """An API that is on."""

    def create(self, cloud: Cloud, target: Target) -> Target:
        cloud(Request("POST", target.path(f"{self.path}:enable"), {}, {}), "enable Service")
        return replace(target, id=target.path(self.identity))

    def find(self, cloud: Cloud, target: Target) -> dict[str, Any] | None:
        found = Row.find(self, cloud, target)
        return found if found and found.get("state") == "ENABLED" else None

    def update(self, cloud: Cloud, target: Target, changed: frozenset[str]) -> None:
        """What changes in place says only what a delete does."""

    def delete(self, cloud: Cloud, target: Target) -> None:
        if target.old("disableOnDestroy"):
            body = {"disableDependentServices": True} if target.old("disableDependentServices") else {}
            cloud(Request("POST", target.path(f"{self.path}:disable"), {}, body), "disable Service")


@dataclass(frozen=True)
class _Identity(Row):
    """The account under which Google's own service acts. It is made once and stays."""

    def create(self, cloud: Cloud, target: Target) -> Target:
        path = target.path("projects/{project}/services/{service}:generateServiceIdentity")
        answer = cloud(Request("POST", path, {}, {}), "create ServiceIdentity")
        email = answer.get("response", {}).get("email", "")
        return replace(target, id=target.path(self.path), state={"email": email})

    def find(self, cloud: Cloud, target: Target) -> dict[str, Any] | None:
        """As the official provider: from the record, because no request reads it."""
        email = target.get("email")
        return {"_email": email, "_member": f"serviceAccount:{email}"}

    def delete(self, cloud: Cloud, target: Target) -> None:
        """Nothing deletes it."""


ROWS: tuple[Row, ...] = (
    grant(
        "gcp:projects/iAMMember:IAMMember",
        "cloudresourcemanager",
        where="project!^",
        path="{project}",
        resource=lambda target: f"projects/{str(target.get('project')).removeprefix('projects/')}",
        get_method="POST",
        get_body=_OPTIONS,
        set_body={"updateMask": "bindings,etag,auditConfigs"},
    ),
    _Enabled(
        token="gcp:projects/service:Service",
        api="serviceusage",
        fields={
            **outside("service!^ project~^"),
            "disableOnDestroy": own(),
            "disableDependentServices": own(),
            "checkIfServiceHasUsageOnDestroy": own(),
            "deletionPolicy": own(),
        },
        path="projects/{project}/services/{service}",
        identity="{project}/{service}",
        operations="long",
    ),
    _Identity(
        token="gcp:projects/serviceIdentity:ServiceIdentity",
        api="serviceusage",
        fields=outside("service!^ project~^"),
        outputs=members("email=_email member=_member"),
        path="projects/{project}/services/{service}",
        operations="long",
        note="read from the record, as the official provider",
    ),
)
