"""Compute Engine v1: what an external HTTPS load balancer in front of Cloud Run is made of."""

from collections.abc import Mapping
from typing import Any

from sandbox.google.api import Call, Handler, Service
from sandbox.google.errors import ApiError
from sandbox.google.services import _compute_links as links
from sandbox.google.services import _compute_rules as rules
from sandbox.google.services import _projects
from sandbox.google.services._compute_rows import Row, Setter, operation_json, patched
from sandbox.google.store import Resource

_SERVICES = ("backendServices",)
_POLICIES = "compute.securityPolicies"

ROWS = (
    Row(
        api="compute.globalAddresses",
        plural="addresses",
        singular="address",
        labels=True,
        shaped=rules.address,
        shown=rules.address_shown,
    ),
    Row(
        api="compute.regionNetworkEndpointGroups",
        plural="networkEndpointGroups",
        singular="networkEndpointGroup",
        shaped=rules.serverless_group,
    ),
    Row(
        api="compute.backendServices",
        plural="backendServices",
        singular="backendService",
        references={
            "backends[].group": ("networkEndpointGroups",),
            "securityPolicy": ("securityPolicies",),
            "edgeSecurityPolicy": ("securityPolicies",),
        },
        updates=("patch", "update"),
        # Output-only in the document: an insert or update does not set them, these methods do.
        setters={
            "setSecurityPolicy": Setter("securityPolicy", "securityPolicy"),
            "setEdgeSecurityPolicy": Setter("edgeSecurityPolicy", "securityPolicy"),
        },
        fingerprint=True,
        shaped=rules.backend_service,
    ),
    Row(
        api="compute.urlMaps",
        plural="urlMaps",
        singular="urlMap",
        references=dict.fromkeys(rules.URL_MAP_SERVICES, _SERVICES),
        updates=("patch", "update"),
        fingerprint=True,
        shaped=rules.url_map,
    ),
    Row(
        api="compute.sslCertificates",
        plural="sslCertificates",
        singular="sslCertificate",
        shaped=rules.certificate,
        shown=rules.certificate_shown,
    ),
    Row(
        api="compute.sslPolicies",
        plural="sslPolicies",
        singular="sslPolicy",
        updates=("patch",),
        fingerprint=True,
        shaped=rules.ssl_policy,
    ),
    Row(
        api="compute.targetHttpsProxies",
        plural="targetHttpsProxies",
        singular="targetHttpsProxy",
        references={"urlMap": ("urlMaps",), "sslCertificates[]": ("sslCertificates",), "sslPolicy": ("sslPolicies",)},
        updates=("patch",),
        setters={
            "setUrlMap": Setter("urlMap", "urlMap"),
            "setSslCertificates": Setter("sslCertificates", "sslCertificates"),
            "setSslPolicy": Setter("sslPolicy", "sslPolicy"),
            "setQuicOverride": Setter("quicOverride", "quicOverride"),
            "setCertificateMap": Setter("certificateMap", "certificateMap"),
        },
        fingerprint=True,
        shaped=rules.https_proxy,
    ),
    Row(
        api="compute.targetHttpProxies",
        plural="targetHttpProxies",
        singular="targetHttpProxy",
        references={"urlMap": ("urlMaps",)},
        updates=("patch",),
        setters={"setUrlMap": Setter("urlMap", "urlMap")},
        fingerprint=True,
        shaped=rules.http_proxy,
    ),
    Row(
        api="compute.globalForwardingRules",
        plural="forwardingRules",
        singular="forwardingRule",
        references={"target": ("targetHttpsProxies", "targetHttpProxies")},
        setters={"setTarget": Setter("target", "target")},
        labels=True,
        shaped=rules.forwarding_rule,
    ),
    Row(
        api=_POLICIES,
        plural="securityPolicies",
        singular="securityPolicy",
        labels=True,
        fingerprint=True,
        shaped=rules.security_policy,
    ),
)
_POLICY_ROW = ROWS[-1]
_REFERENCES = {row.plural: row.references for row in ROWS}


def _users(call: Call, path: str) -> list[str]:
    found = links.users(call.cloud, path, _REFERENCES)
    if links.kind_of(path) != "addresses":
        return found
    # A forwarding rule keeps the address itself, whatever it was given.
    address = links.get(call.cloud, path)["address"]
    rules_of_it = [rule for rule in call.cloud.store.under("forwardingRules") if rule["IPAddress"] == address]
    return [rule["selfLink"].removeprefix(links.ROOT) for rule in rules_of_it]


def _patch_policy(call: Call) -> Mapping[str, Any]:
    before = links.get(call.cloud, _POLICY_ROW.path(call))
    sent = dict(call.body)
    given = sent.pop("fingerprint", None)
    if given != before["fingerprint"]:
        raise links.stale(before["selfLink"].removeprefix(links.ROOT))
    # `securityPolicies.patch`: it cannot be used to update the rules.
    for key in ("rules", "name"):
        sent.pop(key, None)
    cleared = {path for path in call.mask() if path not in sent and path in before}
    kept = {key: value for key, value in before.items() if key not in cleared}
    return _POLICY_ROW.change(call, "patch", patched(kept, sent))


def _add_rule(call: Call) -> Mapping[str, Any]:
    policy = links.get(call.cloud, _POLICY_ROW.path(call))
    policy["rules"].append(dict(call.body))
    return _POLICY_ROW.change(call, "addRule", policy)


def _patch_rule(call: Call) -> Mapping[str, Any]:
    policy, rule = _rule(call)
    rules_kept = [each for each in policy["rules"] if each["priority"] != rule["priority"]]
    policy["rules"] = [*rules_kept, patched(rule, call.body)]
    return _POLICY_ROW.change(call, "patchRule", policy)


def _remove_rule(call: Call) -> Mapping[str, Any]:
    policy, rule = _rule(call)
    # `SecurityPolicy.rules`: there must always be a default rule.
    if rule["priority"] == rules.DEFAULT_PRIORITY:
        raise links.invalid("priority", rule["priority"], "Cannot remove the default rule from the security policy.")
    policy["rules"].remove(rule)
    return _POLICY_ROW.change(call, "removeRule", policy)


def _get_rule(call: Call) -> Mapping[str, Any]:
    return _rule(call)[1]


def _rule(call: Call) -> tuple[Resource, Resource]:
    policy = links.get(call.cloud, _POLICY_ROW.path(call))
    priority = call.query.get("priority", 0)
    for rule in policy["rules"]:
        if rule["priority"] == priority:
            return policy, rule
    raise links.invalid("priority", priority, "The security policy has no rule with this priority.")


def _poll(call: Call) -> Mapping[str, Any]:
    return operation_json(call.cloud.operations.poll(_operation(call)))


def _wait(call: Call) -> Mapping[str, Any]:
    return operation_json(call.cloud.operations.wait(_operation(call)))


def _operation(call: Call) -> str:
    where = f"regions/{call.path['region']}" if "region" in call.path else "global"
    return f"projects/{call.path['project']}/{where}/operations/{call.path['operation']}"


def _regions(call: Call) -> Mapping[str, Any]:
    """The official provider lists them when it starts (cloud-run-notes 1)."""
    scope = f"projects/{call.path['project']}/regions"
    names = ("us-central1", "us-east1", "us-east4", "us-west1", "europe-west1", "europe-west4", "asia-east1")
    items = [
        {"kind": "compute#region", "name": name, "status": "UP", "selfLink": links.url(f"{scope}/{name}")}
        for name in names
    ]
    return {"kind": "compute#regionList", "id": scope, "selfLink": links.url(scope), "items": items}


def _project(call: Call) -> Mapping[str, Any]:
    project = call.path["project"]
    return {
        "kind": "compute#project",
        "id": _projects.number(project),
        "name": project,
        "defaultServiceAccount": f"{_projects.number(project)}-compute@developer.gserviceaccount.com",
        "selfLink": links.url(f"projects/{project}"),
    }


def _compute_errors(handler: Handler) -> Handler:
    """Errors of the common parts (an unknown operation, say) in Compute Engine's form, too."""

    def checked(call: Call) -> Mapping[str, Any]:
        try:
            return handler(call)
        except links.Refusal:
            raise
        except ApiError as error:
            reason = {"NOT_FOUND": "notFound", "ALREADY_EXISTS": "alreadyExists"}.get(error.status, "invalid")
            raise links.Refusal(error.status, reason, error.message, error.http) from error

    return checked


_HANDLERS: dict[str, Handler] = {
    **{method: handler for row in ROWS for method, handler in row.handlers(_users).items()},
    f"{_POLICIES}.patch": _patch_policy,
    f"{_POLICIES}.addRule": _add_rule,
    f"{_POLICIES}.patchRule": _patch_rule,
    f"{_POLICIES}.removeRule": _remove_rule,
    f"{_POLICIES}.getRule": _get_rule,
    "compute.globalOperations.get": _poll,
    "compute.globalOperations.wait": _wait,
    "compute.regionOperations.get": _poll,
    "compute.regionOperations.wait": _wait,
    "compute.regions.list": _regions,
    "compute.projects.get": _project,
}

SERVICE = Service(
    name="compute",
    documents=("compute.v1",),
    mounts={"/compute/v1/": ""},
    handlers={method: _compute_errors(handler) for method, handler in _HANDLERS.items()},
)
