"""What the edge caches, what it passes on, and which headers it tells browsers."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudfront

HSTS_SECONDS = 31_536_000  # one year (OWASP HTTP Headers Cheat Sheet)
REFERRER_POLICY = "strict-origin-when-cross-origin"
API_CONTENT = "default-src 'none'; frame-ancestors 'none'"
SITE_CONTENT = "default-src 'self'; base-uri 'self'; object-src 'none'; form-action 'self'; frame-ancestors 'none'"

CORS_METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
CORS_HEADERS = ["Authorization", "Content-Type", "X-Request-Id"]
CORS_EXPOSED = ["X-Deployment-Version", "X-Request-Id", "X-Response-Time-Ms"]
CORS_MAX_AGE = 600  # seconds a browser keeps the answer to a preflight

# What tells strangers which software to attack.
TOLD_TO_NOBODY = ("Server", "X-Powered-By")
# Without CORS of its own the edge takes away what an origin may say, else any origin could be let in from behind.
CORS_ANSWERS = ("Access-Control-Allow-Origin", "Access-Control-Allow-Credentials")

SITE_TTL = 3_600  # seconds, where an object says nothing itself
SITE_MOST_TTL = 86_400  # seconds, whatever an object says, so that a removed page is gone within a day


@dataclass(frozen=True)
class EdgePolicies:
    """The policies of one distribution."""

    api_cache: cloudfront.CachePolicy
    api_request: cloudfront.OriginRequestPolicy
    api_headers: cloudfront.ResponseHeadersPolicy
    site_cache: cloudfront.CachePolicy
    site_headers: cloudfront.ResponseHeadersPolicy


def make(
    name: str,
    *,
    physical_name: str,
    cors_origins: Sequence[str],
    content_security_policy: str,
    parent: pulumi.Resource,
) -> EdgePolicies:
    """The policies, children of `parent`."""
    child = pulumi.ResourceOptions(parent=parent)
    return EdgePolicies(
        api_cache=cloudfront.CachePolicy(
            f"{name}-api-cache",
            name=f"{physical_name}-api",
            comment="Nothing is kept",
            min_ttl=0,
            default_ttl=0,
            max_ttl=0,
            # Without caching AWS allows nothing in the key (CloudFront API, CachePolicyConfig).
            parameters_in_cache_key_and_forwarded_to_origin=_key(compressed=False),
            opts=child,
        ),
        api_request=cloudfront.OriginRequestPolicy(
            f"{name}-api-request",
            name=f"{physical_name}-api",
            comment="Everything is passed on, also the Host header, by which the balancer's certificate is checked",
            cookies_config={"cookie_behavior": "all"},
            headers_config={"header_behavior": "allViewer"},
            query_strings_config={"query_string_behavior": "all"},
            opts=child,
        ),
        api_headers=_headers(
            f"{name}-api-headers", f"{physical_name}-api", API_CONTENT, cors_origins, child, removed=TOLD_TO_NOBODY
        ),
        site_cache=cloudfront.CachePolicy(
            f"{name}-site-cache",
            name=f"{physical_name}-site",
            comment="Pages and their parts",
            min_ttl=0,
            default_ttl=SITE_TTL,
            max_ttl=SITE_MOST_TTL,
            parameters_in_cache_key_and_forwarded_to_origin=_key(compressed=True),
            opts=child,
        ),
        site_headers=_headers(
            f"{name}-site-headers", f"{physical_name}-site", content_security_policy, (), child, removed=("Server",)
        ),
    )


def _key(*, compressed: bool) -> cloudfront.CachePolicyParametersInCacheKeyAndForwardedToOriginArgsDict:
    return {
        "cookies_config": {"cookie_behavior": "none"},
        "headers_config": {"header_behavior": "none"},
        "query_strings_config": {"query_string_behavior": "none"},
        "enable_accept_encoding_brotli": compressed,
        "enable_accept_encoding_gzip": compressed,
    }


def _headers(
    name: str,
    physical_name: str,
    content: str,
    cors_origins: Sequence[str],
    opts: pulumi.ResourceOptions,
    *,
    removed: Sequence[str],
) -> cloudfront.ResponseHeadersPolicy:
    gone = [*removed, *(() if cors_origins else CORS_ANSWERS)]
    return cloudfront.ResponseHeadersPolicy(
        name,
        name=physical_name,
        comment="Security headers, and CORS for the configured origins only",
        security_headers_config={
            "strict_transport_security": {
                "access_control_max_age_sec": HSTS_SECONDS,
                "include_subdomains": True,
                "override": True,
            },
            "content_type_options": {"override": True},
            "frame_options": {"frame_option": "DENY", "override": True},
            "referrer_policy": {"referrer_policy": REFERRER_POLICY, "override": True},
            "content_security_policy": {"content_security_policy": content, "override": True},
        },
        cors_config=_cors(cors_origins),
        remove_headers_config={"items": [{"header": header} for header in gone]},
        opts=opts,
    )


def _cors(origins: Sequence[str]) -> cloudfront.ResponseHeadersPolicyCorsConfigArgsDict | None:
    if not origins:
        return None
    return {
        "access_control_allow_credentials": False,
        "access_control_allow_headers": {"items": CORS_HEADERS},
        "access_control_allow_methods": {"items": CORS_METHODS},
        "access_control_allow_origins": {"items": list(origins)},
        "access_control_expose_headers": {"items": CORS_EXPOSED},
        "access_control_max_age_sec": CORS_MAX_AGE,
        "origin_override": True,
    }
