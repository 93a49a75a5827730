"""Identity and Access Management API v1: service accounts.

Source for the shapes: cloud-run-notes 5 (measured): the mask of a PATCH stands in the body, in snake case.
"""

import re
from dataclasses import dataclass, replace
from typing import Any

from sandbox.plugins.gcp.fields import members, outside, own
from sandbox.plugins.gcp.iam import grant, under
from sandbox.plugins.gcp.rest import CloudError, Request
from sandbox.plugins.gcp.rows import Action, Cloud, Row, Target

_ACCOUNT = "projects/{project}/serviceAccounts/{email}"


def _switched(target: Target) -> list[Request]:
    verb = "disable" if target.inputs.get("disabled") else "enable"
    return [Request("POST", target.path(f"{_ACCOUNT}:{verb}"), {}, {})]


@dataclass(frozen=True)
class _Account(Row):
    """The account's address is its e-mail, which the API makes of the account's id."""

    def create(self, cloud: Cloud, target: Target) -> Target:
        body = {"accountId": target.get("accountId"), "serviceAccount": self.made_body(target, "create")}
        try:
            answer = cloud(Request("POST", target.path(self.collection), {}, body))
        except CloudError as refused:
            if refused.code != 409 or not target.get("createIgnoreAlreadyExists"):
                raise
            answer = {"email": f"{target.get('accountId')}@{target.get('project')}.iam.gserviceaccount.com"}
        target = replace(target, state={"email": answer["email"]})
        return replace(target, id=target.path(self.path))

    def update(self, cloud: Cloud, target: Target, changed: frozenset[str]) -> None:
        mine = sorted(changed & {"displayName", "description"})
        if mine:
            mask = ",".join(re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name) for name in mine)
            sent = {"serviceAccount": self.made_body(target, "update"), "updateMask": mask}
            cloud(Request("PATCH", target.path(self.path), {}, sent))
        if "disabled" in changed:
            for request in _switched(target):
                cloud(request)


def _seen(found: dict[str, Any], target: Target) -> dict[str, Any]:
    email = found["email"]
    return {**found, "_accountId": email.split("@")[0], "_member": f"serviceAccount:{email}"}


ROWS: tuple[Row, ...] = (
    _Account(
        token="gcp:serviceaccount/account:Account",
        api="iam",
        fields={
            **outside("project~^"),
            "createIgnoreAlreadyExists": own(),
            "deletionPolicy": own(),
            **members("accountId^=_accountId displayName description disabled=_disabled"),
        },
        outputs=members("email name uniqueId member=_member"),
        collection="projects/{project}/serviceAccounts",
        path=_ACCOUNT,
        auto="accountId",
        longest=30,
        actions=(Action(frozenset({"disabled"}), _switched, on_create=True),),
        seen=lambda found, target: {**_seen(found, target), "_disabled": found.get("disabled", False)},
    ),
    grant(
        "gcp:serviceaccount/iAMMember:IAMMember",
        "iam",
        where="serviceAccountId!^",
        path="{serviceAccountId}",
        resource=under("serviceAccountId", "{serviceAccountId}"),
        get_method="POST",
        get_query={"options.requestedPolicyVersion": "3"},
    ),
)
