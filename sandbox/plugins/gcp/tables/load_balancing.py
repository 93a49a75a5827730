"""Compute Engine API v1: the parts of an external application load balancer."""

from ipaddress import ip_address
from typing import Any

from sandbox.plugins.gcp.fields import many, members, one, value
from sandbox.plugins.gcp.rows import Row
from sandbox.plugins.gcp.tables.compute import GLOBAL, general, labelled, setter

_BACKEND = f"{GLOBAL}/backendServices/{{name}}"
_HTTPS = f"{GLOBAL}/targetHttpsProxies/{{name}}"
_HTTP = f"{GLOBAL}/targetHttpProxies/{{name}}"
_RULE = f"{GLOBAL}/forwardingRules/{{name}}"
# Some verbs of the proxies stand below `global`, some beside it. Source: the discovery document of compute v1.
_HTTPS_BESIDE = "projects/{project}/targetHttpsProxies/{name}"
_HTTP_BESIDE = "projects/{project}/targetHttpProxies/{name}"

_DURATION = "seconds!#+ nanos"


def _same_address(found: Any, given: Any) -> bool:
    """The API answers the address itself where the program names a resource that holds it."""
    return _is_address(found) and not _is_address(given)


def _is_address(text: Any) -> bool:
    try:
        ip_address(str(text))
    except ValueError:
        return False
    return True


def _same_ports(found: Any, given: Any) -> bool:
    """443 and 443-443."""
    return _range(found) == _range(given)


def _range(text: Any) -> tuple[str, ...]:
    first, _, last = str(text).partition("-")
    return (first, last or first)


_BACKENDS = many(
    "group!@ description balancingMode~ capacityScaler~+ maxUtilization~ maxRate~ maxRatePerInstance~ "
    "maxRatePerEndpoint~ preference~",
    marks="?",
)
_CDN = one(
    "cacheMode~ clientTtl~ defaultTtl~ maxTtl~ negativeCaching~ requestCoalescing~ serveWhileStale "
    "signedUrlCacheMaxAgeSec#~",
    marks="~",
    cacheKeyPolicy=one(
        "includeHost includeProtocol includeQueryString includeHttpHeaders includeNamedCookies "
        "queryStringBlacklists?=queryStringBlacklist queryStringWhitelists?=queryStringWhitelist"
    ),
)
_OUTLIERS = one(
    "consecutiveErrors consecutiveGatewayFailure enforcingConsecutiveErrors enforcingConsecutiveGatewayFailure "
    "enforcingSuccessRate maxEjectionPercent successRateMinimumHosts successRateRequestVolume successRateStdevFactor",
    interval=one(_DURATION),
    baseEjectionTime=one(_DURATION),
)
_REDIRECT = one("hostRedirect pathRedirect prefixRedirect httpsRedirect redirectResponseCode~ stripQuery!+")
_HEADERS = one(
    "requestHeadersToRemoves=requestHeadersToRemove responseHeadersToRemoves=responseHeadersToRemove",
    requestHeadersToAdds=many("headerName! headerValue! replace!+", api="requestHeadersToAdd"),
    responseHeadersToAdds=many("headerName! headerValue! replace!+", api="responseHeadersToAdd"),
)
_PATHS = many("paths!? service@", marks="?", urlRedirect=_REDIRECT)

ROWS: tuple[Row, ...] = (
    Row(
        token="gcp:compute/backendService:BackendService",
        api="compute",
        fields={
            **general(),
            **members(
                "affinityCookieTtlSec compressionMode customRequestHeaders? customResponseHeaders? description "
                "edgeSecurityPolicy@ enableCdn=enableCDN healthChecks?@ localityLbPolicy portName~ protocol~ "
                "securityPolicy@ sessionAffinity~ timeoutSec~",
                connectionDrainingTimeoutSec=value("connectionDraining.drainingTimeoutSec", default=300),
                loadBalancingScheme=value(marks="^", default="EXTERNAL"),
                backends=_BACKENDS,
                cdnPolicy=_CDN,
                iap=one("enabled!+ oauth2ClientId oauth2ClientSecret*", marks="~"),
                logConfig=one("enable sampleRate~ optionalMode~ optionalFields", marks="~"),
                outlierDetection=_OUTLIERS,
            ),
        },
        outputs=members("creationTimestamp fingerprint generatedId#=id selfLink"),
        collection=f"{GLOBAL}/backendServices",
        path=_BACKEND,
        named="{name}",
        update_method="PUT",
        echoes=("fingerprint",),
        operations="compute",
        actions=(
            setter(
                "securityPolicy",
                _BACKEND,
                "setSecurityPolicy",
                lambda t: {"securityPolicy": t.inputs.get("securityPolicy")},
                on_create=True,
            ),
            setter(
                "edgeSecurityPolicy",
                _BACKEND,
                "setEdgeSecurityPolicy",
                lambda t: {"securityPolicy": t.inputs.get("edgeSecurityPolicy")},
                on_create=True,
            ),
        ),
        auto="name",
    ),
    Row(
        token="gcp:compute/uRLMap:URLMap",
        api="compute",
        fields={
            **general(),
            **members(
                "defaultService@ description",
                defaultUrlRedirect=_REDIRECT,
                headerAction=_HEADERS,
                hostRules=many("hosts!? pathMatcher! description", marks="?"),
                pathMatchers=many(
                    "name! defaultService@ description",
                    defaultUrlRedirect=_REDIRECT,
                    headerAction=_HEADERS,
                    pathRules=_PATHS,
                ),
                tests=many("host! path! service@ description"),
            ),
        },
        outputs=members("creationTimestamp fingerprint mapId#=id selfLink"),
        collection=f"{GLOBAL}/urlMaps",
        path=f"{GLOBAL}/urlMaps/{{name}}",
        named="{name}",
        update_method="PUT",
        echoes=("fingerprint",),
        operations="compute",
        auto="name",
    ),
    Row(
        token="gcp:compute/targetHttpsProxy:TargetHttpsProxy",
        api="compute",
        fields={
            **general(),
            **members(
                "urlMap!@ sslCertificates@ sslPolicy@ description^ httpKeepAliveTimeoutSec^ proxyBind~^",
                quicOverride=value(default="NONE"),
            ),
        },
        outputs=members("creationTimestamp fingerprint proxyId#=id selfLink"),
        collection=f"{GLOBAL}/targetHttpsProxies",
        path=_HTTPS,
        named="{name}",
        update_method="",
        operations="compute",
        actions=(
            setter("urlMap", _HTTPS_BESIDE, "setUrlMap", lambda t: {"urlMap": t.inputs["urlMap"]}),
            setter(
                "sslCertificates",
                _HTTPS_BESIDE,
                "setSslCertificates",
                lambda t: {"sslCertificates": t.inputs.get("sslCertificates", [])},
            ),
            setter("sslPolicy", _HTTPS, "setSslPolicy", lambda t: {"sslPolicy": t.inputs.get("sslPolicy")}),
            setter("quicOverride", _HTTPS, "setQuicOverride", lambda t: {"quicOverride": t.inputs.get("quicOverride")}),
        ),
        auto="name",
    ),
    Row(
        token="gcp:compute/targetHttpProxy:TargetHttpProxy",
        api="compute",
        fields={**general(), **members("urlMap!@ description^ httpKeepAliveTimeoutSec^ proxyBind~^")},
        outputs=members("creationTimestamp fingerprint proxyId#=id selfLink"),
        collection=f"{GLOBAL}/targetHttpProxies",
        path=_HTTP,
        named="{name}",
        update_method="",
        operations="compute",
        actions=(setter("urlMap", _HTTP_BESIDE, "setUrlMap", lambda t: {"urlMap": t.inputs["urlMap"]}),),
        auto="name",
    ),
    Row(
        token="gcp:compute/globalForwardingRule:GlobalForwardingRule",
        api="compute",
        fields={
            **general(),
            **members(
                "target!@ description^ ipProtocol~^=IPProtocol ipVersion~^ network~^@ subnetwork~^@ networkTier~^ "
                "sourceIpRanges^ labels%",
                ipAddress=value("IPAddress", marks="~^@", alike=_same_address),
                portRange=value(marks="^", alike=_same_ports),
                loadBalancingScheme=value(marks="^", default="EXTERNAL"),
            ),
        },
        outputs=members("baseForwardingRule forwardingRuleId#=id labelFingerprint selfLink"),
        collection=f"{GLOBAL}/forwardingRules",
        path=_RULE,
        named="{name}",
        update_method="",
        operations="compute",
        actions=(
            setter("target", _RULE, "setTarget", lambda t: {"target": t.inputs["target"]}),
            labelled(_RULE),
        ),
        auto="name",
    ),
)
