"""What Compute Engine says of each kind: defaults and rules, as hooks for the rows of `compute`."""

import re
from typing import Any

from sandbox.google.api import Call
from sandbox.google.services import _compute_links as links
from sandbox.google.services._compute_links import invalid, path_of, required
from sandbox.google.store import Resource

DEFAULT_PRIORITY = 2147483647
# `BackendService.timeoutSec`: the default.
_TIMEOUT_S = 30
_ACTIONS = re.compile(r"allow|deny\((403|404|502)\)|rate_based_ban|redirect|throttle")
_LIMITED = {"rate_based_ban", "throttle"}


def address(call: Call, resource: Resource) -> None:
    resource.setdefault("addressType", "EXTERNAL")
    resource.setdefault("ipVersion", "IPV4")
    resource.setdefault("networkTier", "PREMIUM")
    if "address" not in resource:
        # Addresses that are for documentation only: https://www.rfc-editor.org/rfc/rfc5737, rfc3849.
        number = call.cloud.serial()
        four, six = f"203.0.113.{number % 254 + 1}", f"2001:db8::{number:x}"
        resource["address"] = six if resource["ipVersion"] == "IPV6" else four


def address_shown(call: Call, resource: Resource) -> None:
    rules = call.cloud.store.under("forwardingRules")
    users = [rule["selfLink"] for rule in rules if rule["IPAddress"] == resource["address"]]
    resource["status"] = "IN_USE" if users else "RESERVED"
    if users:
        resource["users"] = users


def serverless_group(_call: Call, resource: Resource) -> None:
    kind = resource.setdefault("networkEndpointType", "GCE_VM_IP_PORT")
    if kind != "SERVERLESS":
        raise invalid("networkEndpointType", kind, "The emulator has serverless network endpoint groups only.")
    # `NetworkEndpointGroup.cloudRun`: one of the three for SERVERLESS; a service or a URL mask.
    platforms = [each for each in ("cloudRun", "appEngine", "cloudFunction") if each in resource]
    if len(platforms) != 1:
        raise invalid("networkEndpointType", kind, "Exactly one of cloudRun, appEngine and cloudFunction is needed.")
    if "cloudRun" in resource and not (resource["cloudRun"].get("service") or resource["cloudRun"].get("urlMask")):
        raise required("cloudRun.service")
    resource["size"] = 0


def backend_service(call: Call, resource: Resource) -> None:
    resource.setdefault("protocol", "HTTP")
    resource.setdefault("loadBalancingScheme", "EXTERNAL")
    resource.setdefault("sessionAffinity", "NONE")
    resource.setdefault("timeoutSec", _TIMEOUT_S)
    resource.setdefault("enableCDN", False)
    resource.setdefault("connectionDraining", {"drainingTimeoutSec": 0})
    regions: list[str] = []
    for backend in resource.get("backends", []):
        if not backend.get("group"):
            raise required("backends[].group")
        backend.setdefault("balancingMode", "UTILIZATION")
        regions.append(links.get(call.cloud, path_of(backend["group"], call.path["project"]))["region"])
    if regions:
        _serverless(resource, regions)


def _serverless(resource: Resource, regions: list[str]) -> None:
    """https://cloud.google.com/load-balancing/docs/negs/serverless-neg-concepts#backend-service-limitations."""
    if resource.get("healthChecks"):
        # https://github.com/terraform-google-modules/terraform-google-lb-http/issues/149
        problem = "A backend service cannot have a healthcheck with Serverless network endpoint group backends."
        raise invalid("healthChecks", None, problem)
    for key, name in (("portName", "Port name"), ("timeoutSec", "Timeout sec")):
        # https://github.com/terraform-google-modules/terraform-google-lb-http/issues/448 and pull/358
        if key in resource and resource[key] != _TIMEOUT_S:
            problem = f"{name} is not supported for a backend service with Serverless network endpoint groups."
            raise invalid(key, resource[key], problem)
    if len(set(regions)) != len(regions):
        raise invalid("backends", None, "There can be only one serverless network endpoint group for each region.")


def url_map(_call: Call, resource: Resource) -> None:
    # `UrlMap.defaultService`: exactly one way for what no host rule takes.
    ways = [key for key in ("defaultService", "defaultUrlRedirect", "defaultRouteAction") if key in resource]
    if not ways or ("defaultUrlRedirect" in ways and len(ways) > 1):
        raise invalid("defaultService", None, "A service, a route action or a redirect is needed.")
    known = {matcher.get("name") for matcher in resource.get("pathMatchers", [])}
    for rule in resource.get("hostRules", []):
        if rule.get("pathMatcher") not in known:
            raise invalid("hostRules[].pathMatcher", rule.get("pathMatcher"), "There is no such path matcher.")


def certificate(_call: Call, resource: Resource) -> None:
    managed = resource.get("managed", {})
    kind = resource.setdefault("type", "MANAGED" if managed else "SELF_MANAGED")
    if kind == "MANAGED" and not managed.get("domains"):
        raise required("managed.domains")
    if kind == "SELF_MANAGED":
        for key in ("certificate", "privateKey"):
            if not resource.get(key):
                raise required(key)


def certificate_shown(call: Call, resource: Resource) -> None:
    """A managed certificate is provisioned when a load balancer uses it (here: at once, and without any DNS)."""
    resource.pop("privateKey", None)
    if resource["type"] != "MANAGED":
        return
    used = any(
        resource["selfLink"] in proxy["sslCertificates"] for proxy in call.cloud.store.under("targetHttpsProxies")
    )
    status = "ACTIVE" if used else "PROVISIONING"
    domains = resource["managed"]["domains"]
    resource["managed"] |= {"status": status, "domainStatus": dict.fromkeys(domains, status)}
    resource["subjectAlternativeNames"] = domains


def ssl_policy(_call: Call, resource: Resource) -> None:
    profile = resource.setdefault("profile", "COMPATIBLE")
    version = resource.setdefault("minTlsVersion", "TLS_1_0")
    if (profile == "CUSTOM") != bool(resource.get("customFeatures")):
        raise invalid("customFeatures", None, "Custom features are for the profile CUSTOM, and needed by it.")
    # https://cloud.google.com/load-balancing/docs/ssl-policies-concepts: what these profiles are about.
    if profile in {"RESTRICTED", "FIPS_202205"} and version not in {"TLS_1_2", "TLS_1_3"}:
        raise invalid("minTlsVersion", version, f"The profile {profile} needs TLS_1_2 or later.")


def https_proxy(_call: Call, resource: Resource) -> None:
    if not resource.get("urlMap"):
        raise required("urlMap")
    if not resource.get("sslCertificates") and not resource.get("certificateMap"):
        raise required("sslCertificates")
    resource.setdefault("sslCertificates", [])
    resource.setdefault("quicOverride", "NONE")


def http_proxy(_call: Call, resource: Resource) -> None:
    if not resource.get("urlMap"):
        raise required("urlMap")


def forwarding_rule(call: Call, resource: Resource) -> None:
    project = call.path["project"]
    scheme = resource.setdefault("loadBalancingScheme", "EXTERNAL")
    resource.setdefault("IPProtocol", "TCP")
    resource.setdefault("networkTier", "PREMIUM")
    if not resource.get("target"):
        raise required("target")
    first, _, last = str(resource.get("portRange", "")).partition("-")
    if not first.isdigit() or (last or first) != first:
        # https://cloud.google.com/load-balancing/docs/forwarding-rule-concepts: one port for an external HTTP(S) proxy.
        raise invalid("portRange", resource.get("portRange"), "Exactly one port is needed.")
    resource["portRange"] = f"{first}-{first}"
    resource["IPAddress"] = _ip(call, project, resource)
    for other in call.cloud.store.under("forwardingRules"):
        taken = (other["IPAddress"], other["portRange"]) == (resource["IPAddress"], resource["portRange"])
        if taken and other["selfLink"] != resource["selfLink"]:
            problem = "Specified IP address is in-use and would result in a conflict."
            raise invalid("IPAddress", resource["IPAddress"], problem)
    for service in _services(call, resource["target"]):
        if service["loadBalancingScheme"] != scheme:
            raise invalid(
                "loadBalancingScheme",
                scheme,
                f"The backend service {service['name']} has {service['loadBalancingScheme']}: they must be the same.",
            )


def _ip(call: Call, project: str, resource: Resource) -> str:
    given = str(resource.get("IPAddress", ""))
    if not given:
        made: Resource = {}
        address(call, made)
        return str(made["address"])
    if "/" not in given:
        return given
    return str(links.get(call.cloud, path_of(given, project))["address"])


def _services(call: Call, target: str) -> list[Resource]:
    """The backend services behind a target proxy."""
    found = links.get(call.cloud, path_of(target, call.path["project"]))
    urls = links.get(call.cloud, path_of(found["urlMap"], call.path["project"]))
    references = {value for field in URL_MAP_SERVICES for _, _, value in links.slots(urls, field)}
    return [links.get(call.cloud, path_of(each, call.path["project"])) for each in references]


URL_MAP_SERVICES = (
    "defaultService",
    "defaultRouteAction.weightedBackendServices[].backendService",
    "pathMatchers[].defaultService",
    "pathMatchers[].pathRules[].service",
    "pathMatchers[].routeRules[].service",
    "pathMatchers[].routeRules[].routeAction.weightedBackendServices[].backendService",
)


def security_policy(_call: Call, resource: Resource) -> None:
    resource.setdefault("type", "CLOUD_ARMOR")
    if not resource.get("rules"):
        # `SecurityPolicy.rules`: a default rule is added when no rules are given.
        everyone = {"versionedExpr": "SRC_IPS_V1", "config": {"srcIpRanges": ["*"]}}
        resource["rules"] = [{"priority": DEFAULT_PRIORITY, "action": "allow", "match": everyone}]
    rules: list[dict[str, Any]] = resource["rules"]
    for rule in rules:
        # A priority of 0 is left out, as every zero is.
        rule.setdefault("priority", 0)
        rule["kind"] = "compute#securityPolicyRule"
        security_rule(rule)
    priorities = [rule["priority"] for rule in rules]
    if len(set(priorities)) != len(priorities):
        raise invalid("rules", None, "Cannot have rules with the same priorities.")
    if DEFAULT_PRIORITY not in priorities:
        raise invalid("rules", None, f"There must be a default rule with priority {DEFAULT_PRIORITY}.")
    rules.sort(key=lambda rule: int(rule["priority"]))


def security_rule(rule: dict[str, Any]) -> None:
    """`SecurityPolicyRule` in the discovery document."""
    action = rule.get("action", "")
    if not _ACTIONS.fullmatch(action):
        raise invalid("action", action, "The action is unknown.")
    if "match" not in rule:
        raise required("match")
    if (action in _LIMITED) != ("rateLimitOptions" in rule):
        raise invalid("rateLimitOptions", None, f"They are for {' and '.join(sorted(_LIMITED))}, and needed by these.")
    if "redirectOptions" in rule and action != "redirect":
        raise invalid("redirectOptions", None, "They are for the action redirect.")
