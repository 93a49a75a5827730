"""The policies of Amazon CloudFront. Reference: CloudFront API, version 2020-05-31."""

from collections.abc import Mapping
from typing import Any

from sandbox.plugins.aws.codecs import Obj
from sandbox.plugins.aws.rows import LEFT_OUT, Field, Row, described, row
from sandbox.plugins.aws.tables._counted import items, removal, version


def _policy(token: str, kind: str, members: Mapping[str, Any], note: str) -> Row:
    """A policy is sent as a whole; what is not sent is not there."""

    def field(name: str, given: Any) -> Field:
        member, codec = given if isinstance(given, tuple) else (given, None)
        path, default = f"{kind}Config.{member}", "" if name == "comment" else LEFT_OUT
        return Field(path, default=default) if codec is None else Field(path, codec, default=default)

    return row(
        token,
        "cloudfront",
        {name: field(name, given) for name, given in members.items()},
        regional=False,
        create=f"Create{kind}",
        made=kind,
        identity=lambda found, _: str(found["Id"]),
        find=described(f"Get{kind}", lambda t: {"Id": t.id}, kind),
        update=f"Update{kind}",
        key=lambda t: {"Id": t.id, "IfMatch": version(kind)(t)},
        always=frozenset(members),
        delete=removal(kind),
        missing=(f"NoSuch{kind}",),
        name="name",
        name_max=128,
        support="repaired",
        note=note,
    )


def _chosen(behavior: str, listed: str, prefix: str) -> Obj:
    """Which headers, cookies or query strings: a word, and a list for some words."""
    return Obj({f"{prefix}Behavior": behavior, listed[0].lower() + listed[1:]: (listed, items())})


_HEADERS = _chosen("HeaderBehavior", "Headers", "header")
_COOKIES = _chosen("CookieBehavior", "Cookies", "cookie")
_QUERIES = _chosen("QueryStringBehavior", "QueryStrings", "queryString")

_CACHE = _policy(
    "aws:cloudfront/cachePolicy:CachePolicy",
    "CachePolicy",
    {
        "name": "Name",
        "comment": "Comment",
        "defaultTtl": "DefaultTTL",
        "maxTtl": "MaxTTL",
        "minTtl": "MinTTL",
        "parametersInCacheKeyAndForwardedToOrigin": (
            "ParametersInCacheKeyAndForwardedToOrigin",
            Obj(
                {
                    "enableAcceptEncodingBrotli": "EnableAcceptEncodingBrotli",
                    "enableAcceptEncodingGzip": "EnableAcceptEncodingGzip",
                    "headersConfig": ("HeadersConfig", _HEADERS),
                    "cookiesConfig": ("CookiesConfig", _COOKIES),
                    "queryStringsConfig": ("QueryStringsConfig", _QUERIES),
                }
            ),
        ),
    },
    "kept; the router caches nothing",
)
_REQUEST = _policy(
    "aws:cloudfront/originRequestPolicy:OriginRequestPolicy",
    "OriginRequestPolicy",
    {
        "name": "Name",
        "comment": "Comment",
        "headersConfig": ("HeadersConfig", _HEADERS),
        "cookiesConfig": ("CookiesConfig", _COOKIES),
        "queryStringsConfig": ("QueryStringsConfig", _QUERIES),
    },
    "kept; the router passes everything on",
)


def _override(**members: Any) -> Obj:
    return Obj({"override": "Override", **members})


_SECURITY = Obj(
    {
        "strictTransportSecurity": (
            "StrictTransportSecurity",
            _override(
                accessControlMaxAgeSec="AccessControlMaxAgeSec",
                includeSubdomains="IncludeSubdomains",
                preload="Preload",
            ),
        ),
        "contentTypeOptions": ("ContentTypeOptions", _override()),
        "frameOptions": ("FrameOptions", _override(frameOption="FrameOption")),
        "referrerPolicy": ("ReferrerPolicy", _override(referrerPolicy="ReferrerPolicy")),
        "contentSecurityPolicy": ("ContentSecurityPolicy", _override(contentSecurityPolicy="ContentSecurityPolicy")),
    }
)
_CORS = Obj(
    {
        "accessControlAllowCredentials": "AccessControlAllowCredentials",
        "accessControlAllowHeaders": ("AccessControlAllowHeaders", items()),
        "accessControlAllowMethods": ("AccessControlAllowMethods", items()),
        "accessControlAllowOrigins": ("AccessControlAllowOrigins", items()),
        "accessControlExposeHeaders": ("AccessControlExposeHeaders", items()),
        "accessControlMaxAgeSec": "AccessControlMaxAgeSec",
        "originOverride": "OriginOverride",
    }
)
_RESPONSE = _policy(
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy",
    "ResponseHeadersPolicy",
    {
        "name": "Name",
        "comment": "Comment",
        "securityHeadersConfig": ("SecurityHeadersConfig", _SECURITY),
        "corsConfig": ("CorsConfig", _CORS),
        "removeHeadersConfig": ("RemoveHeadersConfig", items(Obj({"header": "Header"}), key="header")),
        "customHeadersConfig": (
            "CustomHeadersConfig",
            items(_override(header="Header", value="Value"), key="header"),
        ),
    },
    "the router's answers to users carry its headers",
)

ROWS: tuple[Row, ...] = (_CACHE, _REQUEST, _RESPONSE)
