"""IAM v1: service accounts with their policies, workload identity pools and their providers."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sandbox.google.api import Call, Service
from sandbox.google.errors import ApiError, already_exists, bad_field, not_found
from sandbox.google.services import _projects
from sandbox.google.services._collection import Collection, by_query, polling, target
from sandbox.google.store import Resource

_ACCOUNTS = "iam.projects.serviceAccounts"
_POOLS = "iam.projects.locations.workloadIdentityPools"
# `CreateServiceAccountRequest.accountId` in the discovery document.
_ACCOUNT_ID = r"[a-z](?=[a-z0-9-]{5,29}$)[a-z0-9-]*[a-z0-9]"
# `create` of pools and providers in the discovery document.
_POOL_ID = r"(?!gcp-)[a-z0-9-]{4,32}"
# `WorkloadIdentityPools.delete`: it can be undeleted, and its name is taken, for so long.
_GRAVE = timedelta(days=30)


def _account_name(call: Call) -> str:
    account, project = call.body.get("accountId", ""), _projects.of(target(call))
    if not re.fullmatch(_ACCOUNT_ID, account):
        raise bad_field("account_id", f"invalid id '{account}': must match {_ACCOUNT_ID}")
    name = f"projects/{project}/serviceAccounts/{account}@{project}.iam.gserviceaccount.com"
    if call.cloud.store.find("serviceAccounts", name) is not None:
        raise already_exists(name, f"Service account {account} already exists within project projects/{project}.")
    return name


def _account_born(call: Call, account: Resource) -> None:
    number = str(10**20 + call.cloud.serial())
    account.pop("accountId")
    # What the caller may choose of the account; the rest is made from its id.
    sent = account.pop("serviceAccount", {})
    account |= {key: sent[key] for key in ("displayName", "description") if key in sent}
    account |= {
        "email": account["name"].rpartition("/")[2],
        "projectId": _projects.of(account["name"]),
        "uniqueId": number,
        "oauth2ClientId": number,
    }


def _account_shaped(_call: Call, account: Resource) -> None:
    if len(account.get("displayName", "").encode()) > 100:
        raise bad_field("service_account.display_name", "is longer than 100 bytes")
    if len(account.get("description", "").encode()) > 256:
        raise bad_field("service_account.description", "is longer than 256 bytes")


def _account_key(call: Call, name: str) -> str:
    """The name by e-mail address, of one given with `-` for the project or by the unique id (`ServiceAccount.name`)."""
    project, account = _projects.of(name), name.rpartition("/")[2]
    for found in call.cloud.store.under("serviceAccounts"):
        if account in {found["email"], found["uniqueId"]} and project in {"-", found["projectId"]}:
            return str(found["name"])
    raise not_found(name, f"Unknown service account: {account}")


def _disabled(disabled: bool) -> Any:
    def change(_call: Call, account: Resource) -> None:
        account["disabled"] = disabled

    def handler(call: Call) -> Mapping[str, Any]:
        ACCOUNTS.write(call, _account_key(call, target(call)), change)
        return {}

    return handler


ACCOUNTS = Collection(
    api=_ACCOUNTS,
    kind="serviceAccounts",
    plural="accounts",
    name=_account_name,
    born=_account_born,
    shaped=_account_shaped,
    wrapped="serviceAccount",
    unmasked="refuse",
    resolve=_account_key,
    policies=True,
)


def _list_accounts(call: Call) -> Mapping[str, Any]:
    found = call.cloud.store.under("serviceAccounts", f"{target(call)}/serviceAccounts")
    return {"accounts": found} if found else {}


def _no_keys(call: Call) -> Mapping[str, Any]:
    _account_key(call, target(call))
    return {}


def _pool_born(_call: Call, pool: Resource) -> None:
    pool["state"] = "ACTIVE"


def _provider_shaped(_call: Call, provider: Resource) -> None:
    kinds = [kind for kind in ("aws", "oidc", "saml", "x509") if kind in provider]
    if len(kinds) != 1:
        raise bad_field("workload_identity_pool_provider", "exactly one of aws, oidc, saml and x509 is needed")
    # `WorkloadIdentityPoolProvider.attributeMapping` and `Oidc.issuerUri` in the discovery document.
    if kinds != ["aws"] and "google.subject" not in provider.get("attributeMapping", {}):
        raise bad_field("attribute_mapping", "the attribute google.subject must be mapped")
    if "oidc" in provider and not provider["oidc"].get("issuerUri", "").startswith("https://"):
        raise bad_field("oidc.issuer_uri", "must be an https:// URL")


def _pool_rows() -> tuple[Collection, Collection]:
    pools = Collection(
        api=_POOLS,
        kind="workloadIdentityPools",
        plural="workloadIdentityPools",
        name=by_query("workloadIdentityPoolId", "workloadIdentityPools", _POOL_ID),
        born=_pool_born,
        delete="",
        unmasked="refuse",
        immutable=("mode",),
        long=("create", "update"),
        message="google.iam.v1.WorkloadIdentityPool",
        operations=str,
        policies=True,
    )
    providers = Collection(
        api=f"{_POOLS}.providers",
        kind="workloadIdentityPoolProviders",
        plural="providers",
        name=by_query("workloadIdentityPoolProviderId", "providers", _POOL_ID),
        parent="workloadIdentityPools",
        born=_pool_born,
        shaped=_provider_shaped,
        delete="",
        unmasked="refuse",
        long=("create", "update"),
        message="google.iam.v1.WorkloadIdentityPoolProvider",
        operations=str,
    )
    return pools, providers


POOLS, PROVIDERS = _pool_rows()


def _bury(row: Collection, dead: bool) -> Any:
    """Delete softly, or undo that: the resource stays, in state DELETED, and keeps its name."""

    def change(call: Call, resource: Resource) -> None:
        if (resource["state"] == "DELETED") == dead:
            raise ApiError("FAILED_PRECONDITION", f"{resource['name']} is in state {resource['state']}.")
        resource["state"] = "DELETED" if dead else "ACTIVE"
        resource.pop("expireTime", None)
        if dead:
            moment = datetime.fromisoformat(call.cloud.now()) + _GRAVE
            resource["expireTime"] = moment.isoformat(timespec="microseconds").replace("+00:00", "Z")

    def handler(call: Call) -> Mapping[str, Any]:
        name = target(call)
        row.exists(call, name)
        answer = f"type.googleapis.com/{row.message}"
        done = call.cloud.operations.begin(name, lambda: {"@type": answer, **row.write(call, name, change)})
        return done.as_json()

    return handler


SERVICE = Service(
    name="iam",
    documents=("iam.v1",),
    mounts={"/iam/": ""},
    handlers={
        **ACCOUNTS.handlers(),
        f"{_ACCOUNTS}.list": _list_accounts,
        f"{_ACCOUNTS}.disable": _disabled(True),
        f"{_ACCOUNTS}.enable": _disabled(False),
        f"{_ACCOUNTS}.keys.list": _no_keys,
        **POOLS.handlers(),
        f"{_POOLS}.delete": _bury(POOLS, True),
        f"{_POOLS}.undelete": _bury(POOLS, False),
        **PROVIDERS.handlers(),
        f"{_POOLS}.providers.delete": _bury(PROVIDERS, True),
        f"{_POOLS}.providers.undelete": _bury(PROVIDERS, False),
        **polling(f"{_POOLS}.operations"),
        **polling(f"{_POOLS}.providers.operations"),
    },
)
