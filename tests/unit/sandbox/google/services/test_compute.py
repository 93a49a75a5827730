"""Compute Engine: a load balancer in front of Cloud Run, piece by piece."""

from typing import Any

import pytest

from tests.support.google_api import Api

PROJECT = "/compute/v1/projects/p"
GLOBAL = f"{PROJECT}/global"
GROUPS = f"{PROJECT}/regions/us-central1/networkEndpointGroups"
LINKS = "https://www.googleapis.com/compute/v1/projects/p"
SERVERLESS: dict[str, Any] = {"networkEndpointType": "SERVERLESS", "cloudRun": {"service": "ion-production"}}
DENY: dict[str, Any] = {
    "priority": 1000,
    "action": "deny(403)",
    "match": {"versionedExpr": "SRC_IPS_V1", "config": {"srcIpRanges": ["203.0.113.0/24"]}},
}
EVERYONE: dict[str, Any] = {
    "priority": 2147483647,
    "action": "allow",
    "match": {"versionedExpr": "SRC_IPS_V1", "config": {"srcIpRanges": ["*"]}},
}
PIECES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("addresses", {"name": "ion"}),
    ("securityPolicies", {"name": "ion", "rules": [EVERYONE]}),
    (
        "backendServices",
        {
            "name": "ion",
            "loadBalancingScheme": "EXTERNAL_MANAGED",
            "backends": [{"group": "projects/p/regions/us-central1/networkEndpointGroups/ion"}],
        },
    ),
    ("urlMaps", {"name": "ion", "defaultService": "global/backendServices/ion"}),
    ("sslCertificates", {"name": "ion", "type": "MANAGED", "managed": {"domains": ["ion.example"]}}),
    ("sslPolicies", {"name": "ion", "profile": "RESTRICTED", "minTlsVersion": "TLS_1_2"}),
    (
        "targetHttpsProxies",
        {
            "name": "ion",
            "urlMap": f"{LINKS}/global/urlMaps/ion",
            "sslCertificates": ["projects/p/global/sslCertificates/ion"],
            "sslPolicy": "projects/p/global/sslPolicies/ion",
        },
    ),
    (
        "forwardingRules",
        {
            "name": "ion",
            "target": "projects/p/global/targetHttpsProxies/ion",
            "IPAddress": "projects/p/global/addresses/ion",
            "portRange": "443",
            "loadBalancingScheme": "EXTERNAL_MANAGED",
        },
    ),
)


@pytest.fixture
def door(api: Api) -> Api:
    """All pieces, each called ion."""
    api.post(GROUPS, {"name": "ion", **SERVERLESS})
    for collection, body in PIECES:
        api.post(f"{GLOBAL}/{collection}", body)
    return api


def refused(api: Api, collection: str, **body: Any) -> str:
    """The reason and the message of a creation that has to be refused."""
    error = api.refused("POST", f"{GLOBAL}/{collection}", {"name": "x", **body}).error
    assert error["errors"][0]["message"] == error["message"]
    return f"{error['code']} {error['errors'][0]['reason']}: {error['message']}"


def test_an_insert_answers_an_operation(api: Api) -> None:
    operation = api.post(f"{GLOBAL}/addresses", {"name": "ion"})
    assert (operation["kind"], operation["status"], operation["operationType"]) == (
        "compute#operation",
        "DONE",
        "insert",
    )
    assert operation["targetLink"] == f"{LINKS}/global/addresses/ion"
    assert api.get(f"{GLOBAL}/operations/{operation['name']}") == operation
    assert api.post(f"{GLOBAL}/operations/{operation['name']}/wait", None) == operation
    address = api.get(f"{GLOBAL}/addresses/ion")
    assert (address["status"], address["addressType"], address["kind"]) == ("RESERVED", "EXTERNAL", "compute#address")
    assert address["address"].startswith("203.0.113.")


def test_an_operation_under_way(api: Api) -> None:
    api.cloud.conditions.pending_polls = 2
    operation = api.post(GROUPS, {"name": "ion", **SERVERLESS})
    assert (operation["status"], operation["region"]) == ("RUNNING", f"{LINKS}/regions/us-central1")
    assert api.refused("GET", f"{GROUPS}/ion").error["errors"][0]["reason"] == "notFound"
    where = f"{PROJECT}/regions/us-central1/operations/{operation['name']}"
    assert api.get(where)["status"] == "RUNNING"
    assert api.post(f"{where}/wait", None)["status"] == "DONE"
    assert api.get(f"{GROUPS}/ion")["size"] == 0
    assert api.refused("GET", f"{GLOBAL}/operations/none").error["errors"][0]["reason"] == "notFound"


def test_the_pieces_refer_to_one_another_by_full_url(door: Api) -> None:
    rule = door.get(f"{GLOBAL}/forwardingRules/ion")
    address = door.get(f"{GLOBAL}/addresses/ion")
    assert rule["target"] == f"{LINKS}/global/targetHttpsProxies/ion"
    assert (rule["portRange"], rule["IPProtocol"]) == ("443-443", "TCP")
    assert (rule["IPAddress"], address["status"]) == (address["address"], "IN_USE")
    assert address["users"] == [rule["selfLink"]]
    proxy = door.get(f"{GLOBAL}/targetHttpsProxies/ion")
    assert proxy["sslCertificates"] == [f"{LINKS}/global/sslCertificates/ion"]
    assert proxy["urlMap"] == f"{LINKS}/global/urlMaps/ion"
    assert door.get(f"{GLOBAL}/sslCertificates/ion")["managed"]["status"] == "ACTIVE"
    assert door.get(f"{GLOBAL}/urlMaps/ion")["defaultService"] == f"{LINKS}/global/backendServices/ion"
    listed = door.get(f"{GLOBAL}/backendServices")
    assert [each["name"] for each in listed["items"]] == ["ion"]


def test_what_is_in_use_stays(door: Api) -> None:
    door.post(f"{GLOBAL}/backendServices/ion/setSecurityPolicy", {"securityPolicy": "global/securityPolicies/ion"})
    for collection, user in (
        ("addresses", "forwardingRules"),
        ("securityPolicies", "backendServices"),
        ("backendServices", "urlMaps"),
        ("urlMaps", "targetHttpsProxies"),
        ("sslCertificates", "targetHttpsProxies"),
        ("sslPolicies", "targetHttpsProxies"),
        ("targetHttpsProxies", "forwardingRules"),
    ):
        error = door.refused("DELETE", f"{GLOBAL}/{collection}/ion").error
        assert error["errors"][0]["reason"] == "resourceInUseByAnotherResource"
        assert error["message"].endswith(f"is already being used by 'projects/p/global/{user}/ion'")
    assert door.refused("DELETE", f"{GROUPS}/ion").status == 400


def test_the_words_of_a_refused_deletion(door: Api) -> None:
    messages = {
        collection: door.refused("DELETE", f"{GLOBAL}/{collection}/ion").error["message"].split("'")[0]
        for collection in ("addresses", "sslCertificates", "urlMaps", "sslPolicies", "backendServices")
    }
    assert messages == {
        "addresses": "The address resource ",
        "sslCertificates": "The ssl_certificate resource ",
        "urlMaps": "The url_map resource ",
        "sslPolicies": "The ssl_policy resource ",
        "backendServices": "The backend_service resource ",
    }


def test_everything_goes_in_the_other_order(door: Api) -> None:
    for collection, _ in reversed(PIECES):
        assert door.delete(f"{GLOBAL}/{collection}/ion")["operationType"] == "delete"
    door.delete(f"{GROUPS}/ion")
    assert door.cloud.store.names() == {}


def test_references_have_to_be_there(api: Api) -> None:
    assert refused(api, "urlMaps", defaultService="global/backendServices/no") == (
        "404 notFound: The resource 'projects/p/global/backendServices/no' was not found"
    )
    group = {"group": "projects/p/regions/us-central1/networkEndpointGroups/no"}
    assert refused(api, "backendServices", backends=[group]).startswith("404 notFound")
    assert refused(api, "urlMaps", defaultService="global/urlMaps/no").startswith("400 invalid")
    assert api.refused("GET", f"{GLOBAL}/urlMaps/no").status == 404
    assert api.refused("DELETE", f"{GLOBAL}/urlMaps/no").status == 404


def test_names(door: Api) -> None:
    exists = door.refused("POST", f"{GLOBAL}/addresses", {"name": "ion"}).error
    assert (exists["code"], exists["errors"][0]["reason"]) == (409, "alreadyExists")
    for name in ("", "Ion", "1ion", "ion-", "a" * 64):
        assert door.refused("POST", f"{GLOBAL}/addresses", {"name": name}).status == 400


@pytest.mark.parametrize(
    "group",
    [
        {"networkEndpointType": "INTERNET_FQDN_PORT"},
        {"networkEndpointType": "SERVERLESS"},
        {"networkEndpointType": "SERVERLESS", "cloudRun": {}},
        {"networkEndpointType": "SERVERLESS", "cloudRun": {"service": "a"}, "appEngine": {}},
    ],
)
def test_groups_that_are_refused(api: Api, group: dict[str, Any]) -> None:
    assert api.refused("POST", GROUPS, {"name": "x", **group}).status == 400


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"healthChecks": ["global/healthChecks/x"]}, "cannot have a healthcheck with Serverless"),
        ({"portName": "http"}, "Port name is not supported"),
        ({"timeoutSec": 60}, "Timeout sec is not supported"),
        ({"backends": [{"group": "regions/us-central1/networkEndpointGroups/ion"}] * 2}, "only one serverless"),
        ({"backends": [{}]}, "backends[].group"),
    ],
)
def test_what_does_not_go_with_a_serverless_backend(door: Api, change: dict[str, Any], what: str) -> None:
    body = {"backends": [{"group": "regions/us-central1/networkEndpointGroups/ion"}]} | change
    assert what in refused(door, "backendServices", **body)


def test_a_default_timeout_may_be_sent_back(door: Api) -> None:
    found = door.get(f"{GLOBAL}/backendServices/ion")
    assert found["timeoutSec"] == 30
    assert door.put(f"{GLOBAL}/backendServices/ion", found)["operationType"] == "update"


def test_an_update_has_the_fingerprint_of_what_was_read(door: Api) -> None:
    before = door.get(f"{GLOBAL}/urlMaps/ion")
    body = {"defaultService": before["defaultService"], "description": "d", "fingerprint": before["fingerprint"]}
    door.put(f"{GLOBAL}/urlMaps/ion", body)
    for fingerprint in (before["fingerprint"], None):
        stale = door.refused("PUT", f"{GLOBAL}/urlMaps/ion", body | {"fingerprint": fingerprint})
        assert (stale.status, stale.error["errors"][0]["reason"]) == (412, "conditionNotMet")
    after = door.get(f"{GLOBAL}/urlMaps/ion")
    assert (after["description"], after["id"], after["name"]) == ("d", before["id"], "ion")
    door.put(f"{GLOBAL}/urlMaps/ion", {key: after[key] for key in ("defaultService", "fingerprint")})
    assert "description" not in door.get(f"{GLOBAL}/urlMaps/ion")


def test_a_patch_merges(door: Api) -> None:
    url = f"{GLOBAL}/backendServices/ion"
    door.patch(url, {"logConfig": {"enable": True, "sampleRate": 0.5}, "fingerprint": door.get(url)["fingerprint"]})
    door.patch(url, {"logConfig": {"sampleRate": 1.0}, "fingerprint": door.get(url)["fingerprint"]})
    found = door.get(url)
    assert found["logConfig"] == {"enable": True, "sampleRate": 1.0}
    assert found["loadBalancingScheme"] == "EXTERNAL_MANAGED"


def test_a_policy_is_set_by_its_own_method_and_survives_updates(door: Api) -> None:
    url = f"{GLOBAL}/backendServices/ion"
    door.post(f"{url}/setSecurityPolicy", {"securityPolicy": "projects/p/global/securityPolicies/ion"})
    attached = door.get(url)
    assert attached["securityPolicy"] == f"{LINKS}/global/securityPolicies/ion"
    door.put(url, {key: attached[key] for key in ("backends", "loadBalancingScheme", "fingerprint")})
    assert door.get(url)["securityPolicy"] == attached["securityPolicy"]
    door.post(f"{url}/setSecurityPolicy", {})
    assert "securityPolicy" not in door.get(url)
    missing = door.refused("POST", f"{url}/setSecurityPolicy", {"securityPolicy": "global/securityPolicies/no"})
    assert missing.status == 404


def test_the_setters_of_a_proxy(door: Api) -> None:
    door.post(f"{GLOBAL}/urlMaps", {"name": "other", "defaultService": "global/backendServices/ion"})
    door.post(f"{GLOBAL}/sslCertificates", {"name": "other", "managed": {"domains": ["a.example"]}})
    proxy = f"{PROJECT}/targetHttpsProxies/ion"
    door.post(f"{proxy}/setUrlMap", {"urlMap": "global/urlMaps/other"})
    door.post(f"{proxy}/setSslCertificates", {"sslCertificates": ["global/sslCertificates/other"]})
    door.post(f"{GLOBAL}/targetHttpsProxies/ion/setSslPolicy", {})
    found = door.get(f"{GLOBAL}/targetHttpsProxies/ion")
    assert found["urlMap"] == f"{LINKS}/global/urlMaps/other"
    assert found["sslCertificates"] == [f"{LINKS}/global/sslCertificates/other"]
    assert "sslPolicy" not in found
    assert door.refused("POST", f"{proxy}/setUrlMap", {"urlMap": "global/urlMaps/no"}).status == 404
    assert door.refused("POST", f"{proxy}/setSslCertificates", {}).status == 400


def test_a_redirect_needs_no_service(api: Api) -> None:
    redirect = {"httpsRedirect": True, "redirectResponseCode": "MOVED_PERMANENTLY_DEFAULT", "stripQuery": False}
    api.post(f"{GLOBAL}/urlMaps", {"name": "redirect", "defaultUrlRedirect": redirect})
    api.post(f"{GLOBAL}/targetHttpProxies", {"name": "redirect", "urlMap": "global/urlMaps/redirect"})
    rule = {"target": "global/targetHttpProxies/redirect", "portRange": "80", "loadBalancingScheme": "EXTERNAL_MANAGED"}
    api.post(f"{GLOBAL}/forwardingRules", {"name": "redirect", **rule})
    assert api.get(f"{GLOBAL}/forwardingRules/redirect")["IPAddress"].startswith("203.0.113.")
    assert "redirect is needed" in refused(api, "urlMaps")
    matcher = {"hosts": ["*"], "pathMatcher": "no"}
    assert "path matcher" in refused(api, "urlMaps", defaultUrlRedirect=redirect, hostRules=[matcher])


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"portRange": "443"}, "in-use and would result in a conflict"),
        ({"portRange": "80-443"}, "Exactly one port"),
        ({"portRange": None}, "Exactly one port"),
        ({"target": None}, "resource.target"),
        ({"target": "global/urlMaps/ion"}, "Expected a reference"),
        ({"portRange": "8443", "loadBalancingScheme": "EXTERNAL"}, "they must be the same"),
        ({"portRange": "8443", "IPAddress": "global/addresses/no"}, "was not found"),
    ],
)
def test_forwarding_rules_that_are_refused(door: Api, change: dict[str, Any], what: str) -> None:
    _, body = PIECES[-1]
    assert what in refused(door, "forwardingRules", **{**body, "name": "x", **change})


def test_labels_have_a_fingerprint(door: Api) -> None:
    url = f"{GLOBAL}/forwardingRules/ion"
    before = door.get(url)["labelFingerprint"]
    door.post(f"{url}/setLabels", {"labels": {"a": "b"}, "labelFingerprint": before})
    assert door.get(url)["labels"] == {"a": "b"}
    assert door.refused("POST", f"{url}/setLabels", {"labels": {}, "labelFingerprint": before}).status == 412


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ({"type": "MANAGED"}, "managed.domains"),
        ({"type": "SELF_MANAGED", "certificate": "x"}, "privateKey"),
    ],
)
def test_certificates_that_are_refused(api: Api, body: dict[str, Any], what: str) -> None:
    assert what in refused(api, "sslCertificates", **body)


def test_a_private_key_is_not_read_back(api: Api) -> None:
    api.post(f"{GLOBAL}/sslCertificates", {"name": "own", "certificate": "x", "privateKey": "y"})
    found = api.get(f"{GLOBAL}/sslCertificates/own")
    assert (found["type"], "privateKey" in found) == ("SELF_MANAGED", False)


@pytest.mark.parametrize(
    "policy",
    [
        {"profile": "RESTRICTED"},
        {"profile": "CUSTOM"},
        {"profile": "MODERN", "customFeatures": ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]},
    ],
)
def test_ssl_policies_that_are_refused(api: Api, policy: dict[str, Any]) -> None:
    assert refused(api, "sslPolicies", **policy).startswith("400 invalid")


def test_a_proxy_needs_a_map_and_a_certificate(door: Api) -> None:
    assert "resource.urlMap" in refused(door, "targetHttpsProxies", sslCertificates=["global/sslCertificates/ion"])
    assert "resource.sslCertificates" in refused(door, "targetHttpsProxies", urlMap="global/urlMaps/ion")
    assert "resource.urlMap" in refused(door, "targetHttpProxies")


def rules(api: Api) -> list[int]:
    return [rule["priority"] for rule in api.get(f"{GLOBAL}/securityPolicies/ion")["rules"]]


def test_rules_come_and_go_one_by_one(door: Api) -> None:
    policy = f"{GLOBAL}/securityPolicies/ion"
    door.post(f"{policy}/addRule", DENY)
    assert rules(door) == [1000, 2147483647]
    door.post(f"{policy}/patchRule?priority=1000", {"preview": True})
    rule = door.get(f"{policy}/getRule?priority=1000")
    assert (rule["preview"], rule["action"]) == (True, "deny(403)")
    assert "same priorities" in door.refused("POST", f"{policy}/addRule", DENY).error["message"]
    door.post(f"{policy}/removeRule?priority=1000", None)
    assert rules(door) == [2147483647]
    assert door.refused("POST", f"{policy}/removeRule?priority=1000", None).status == 400
    kept = door.refused("POST", f"{policy}/removeRule?priority=2147483647", None)
    assert "default rule" in kept.error["message"]


def test_a_patch_leaves_the_rules_alone(door: Api) -> None:
    policy = f"{GLOBAL}/securityPolicies/ion"
    fingerprint = door.get(policy)["fingerprint"]
    door.patch(policy, {"description": "d", "rules": [], "fingerprint": fingerprint})
    assert rules(door) == [2147483647]
    assert door.refused("PATCH", policy, {"description": "e", "fingerprint": fingerprint}).status == 412
    fresh = {"fingerprint": door.get(policy)["fingerprint"]}
    door.patch(f"{policy}?updateMask=description", fresh)
    assert "description" not in door.get(policy)


def test_a_policy_without_rules_gets_the_default_one(api: Api) -> None:
    api.post(f"{GLOBAL}/securityPolicies", {"name": "ion"})
    assert rules(api) == [2147483647]


LIMIT = {"rateLimitThreshold": {"count": 100, "intervalSec": 60}, "conformAction": "allow", "exceedAction": "deny(429)"}


@pytest.mark.parametrize(
    "given",
    [
        [DENY],
        [EVERYONE, EVERYONE],
        [EVERYONE, DENY | {"action": "deny(500)"}],
        [EVERYONE, {"priority": 1, "action": "allow"}],
        [EVERYONE, DENY | {"action": "throttle"}],
        [EVERYONE, DENY | {"rateLimitOptions": LIMIT}],
        [EVERYONE, DENY | {"redirectOptions": {"type": "GOOGLE_RECAPTCHA"}}],
    ],
)
def test_rules_that_are_refused(api: Api, given: list[Any]) -> None:
    assert refused(api, "securityPolicies", rules=given).startswith("400 ")


def test_a_rate_limit_has_its_options(api: Api) -> None:
    throttle = DENY | {"action": "throttle", "rateLimitOptions": LIMIT}
    api.post(f"{GLOBAL}/securityPolicies", {"name": "ion", "rules": [EVERYONE, throttle]})
    assert rules(api) == [1000, 2147483647]


def test_what_the_provider_reads_at_its_start(api: Api) -> None:
    assert "us-central1" in [region["name"] for region in api.get(f"{PROJECT}/regions")["items"]]
    assert api.get(PROJECT)["defaultServiceAccount"].endswith("-compute@developer.gserviceaccount.com")
