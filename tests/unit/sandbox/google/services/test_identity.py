"""Service accounts and workload identity."""

from typing import Any

import pytest

from tests.support.google_api import Api

ACCOUNTS = "/iam/v1/projects/p/serviceAccounts"
EMAIL = "ion-production@p.iam.gserviceaccount.com"
POOLS = "/iam/v1/projects/p/locations/global/workloadIdentityPools"
GITHUB: dict[str, Any] = {
    "oidc": {"issuerUri": "https://token.example"},
    "attributeMapping": {"google.subject": "assertion.sub"},
}


@pytest.fixture
def account(api: Api) -> str:
    api.post(ACCOUNTS, {"accountId": "ion-production", "serviceAccount": {"displayName": "Ion"}})
    return f"{ACCOUNTS}/{EMAIL}"


def test_an_account_has_an_address_and_a_number(api: Api, account: str) -> None:
    found = api.get(account)
    assert (found["email"], found["projectId"], found["displayName"]) == (EMAIL, "p", "Ion")
    assert found["uniqueId"] == found["oauth2ClientId"]
    assert api.get(f"/iam/v1/projects/-/serviceAccounts/{EMAIL}") == found
    assert api.get(f"{ACCOUNTS}/{found['uniqueId']}") == found
    assert api.get(ACCOUNTS) == {"accounts": [found]}


def test_an_account_is_updated_by_a_mask_in_the_body(api: Api, account: str) -> None:
    sent = {"serviceAccount": {"displayName": "New"}, "updateMask": "display_name"}
    assert api.patch(account, sent)["displayName"] == "New"
    assert api.patch(account, {"serviceAccount": {}, "updateMask": "display_name"}).get("displayName") is None
    assert api.refused("PATCH", account, {"serviceAccount": {"displayName": "New"}}).code == "400 INVALID_ARGUMENT"


def test_policies_of_an_account_are_read_by_post(api: Api, account: str) -> None:
    assert api.post(f"{account}:getIamPolicy?options.requestedPolicyVersion=3", None) == {"etag": "ACAB"}
    binding = {"role": "roles/iam.serviceAccountUser", "members": ["user:a@b.example"]}
    api.post(f"{account}:setIamPolicy", {"policy": {"bindings": [binding], "etag": "ACAB", "version": 3}})
    assert api.post(f"{account}:getIamPolicy", None)["bindings"] == [binding]
    api.delete(account)
    assert api.refused("POST", f"{account}:getIamPolicy", {}).code == "404 NOT_FOUND"


def test_a_new_account_of_the_same_name_is_another_one(api: Api, account: str) -> None:
    before = api.get(account)["uniqueId"]
    api.delete(account)
    assert api.refused("GET", account).code == "404 NOT_FOUND"
    assert api.post(ACCOUNTS, {"accountId": "ion-production"})["uniqueId"] != before


def test_an_account_is_disabled_and_enabled(api: Api, account: str) -> None:
    assert api.post(f"{account}:disable") == {}
    assert api.get(account)["disabled"] is True
    api.post(f"{account}:enable")
    assert api.get(account)["disabled"] is False
    assert api.get(f"{account}/keys") == {}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"accountId": "ion-production"}, "409 ALREADY_EXISTS"),
        ({"accountId": "ion"}, "400 INVALID_ARGUMENT"),
        ({"accountId": "ion-production-"}, "400 INVALID_ARGUMENT"),
        ({"accountId": "Ion-production"}, "400 INVALID_ARGUMENT"),
        ({"accountId": "a" * 31}, "400 INVALID_ARGUMENT"),
        ({"accountId": "other-one", "serviceAccount": {"displayName": "x" * 101}}, "400 INVALID_ARGUMENT"),
        ({}, "400 INVALID_ARGUMENT"),
    ],
)
def test_accounts_that_google_refuses(api: Api, account: str, body: dict[str, Any], code: str) -> None:
    assert api.refused("POST", ACCOUNTS, body).code == code


def test_a_pool_is_deleted_softly(api: Api) -> None:
    made = api.post(f"{POOLS}?workloadIdentityPoolId=github", {"displayName": "GitHub"})
    assert made["response"]["state"] == "ACTIVE"
    assert api.get(f"/iam/v1/{made['name']}") == made
    assert api.delete(f"{POOLS}/github")["response"]["state"] == "DELETED"
    assert api.get(f"{POOLS}/github")["expireTime"] == "2026-03-31T12:00:00.000000Z"
    assert api.refused("POST", f"{POOLS}?workloadIdentityPoolId=github", {}).code == "409 ALREADY_EXISTS"
    assert api.post(f"{POOLS}/github:undelete")["response"]["state"] == "ACTIVE"
    # What is wrong only when it is carried out is in the operation; 9 is FAILED_PRECONDITION.
    assert api.post(f"{POOLS}/github:undelete")["error"]["code"] == 9


def test_a_provider_maps_the_subject(api: Api) -> None:
    providers = f"{POOLS}/github/providers"
    assert api.refused("POST", f"{providers}?workloadIdentityPoolProviderId=actions", GITHUB).code == "404 NOT_FOUND"
    api.post(f"{POOLS}?workloadIdentityPoolId=github", {})
    made = api.post(f"{providers}?workloadIdentityPoolProviderId=actions", GITHUB)
    assert made["response"]["oidc"] == GITHUB["oidc"]
    changed = api.patch(f"{providers}/actions?updateMask=attributeCondition", {"attributeCondition": "true"})
    assert changed["response"]["attributeCondition"] == "true"
    for wrong in ({}, {**GITHUB, "attributeMapping": {}}, {**GITHUB, "oidc": {"issuerUri": "http://a.example"}}):
        refused = api.refused("POST", f"{providers}?workloadIdentityPoolProviderId=other", wrong)
        assert refused.code == "400 INVALID_ARGUMENT"
    assert api.refused("POST", f"{POOLS}?workloadIdentityPoolId=gcp-x", {}).code == "400 INVALID_ARGUMENT"
