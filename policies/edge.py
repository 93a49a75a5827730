"""Rules on CloudFront: how users and origins are spoken to, and what browsers are told."""

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from policies import companions
from policies.facts import Node, Resource, Unknown, Unreadable, in_turn, must_be
from policies.model import Finding, Rule, Settings, Severity, StackRule, Where, number, texts, unreadable

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
HEADERS = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"
LOG_SOURCE = "aws:cloudwatch/logDeliverySource:LogDeliverySource"

_ENCRYPTED = frozenset({"redirect-to-https", "https-only"})
_FRAMES = frozenset({"DENY", "SAMEORIGIN"})
# What tells another site at most the origin that a user comes from (W3C Referrer Policy).
_DISCREET = frozenset({"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"})


def _behaviors(inputs: Node) -> Iterator[Node]:
    yield inputs.node("defaultCacheBehavior")
    yield from inputs.items("orderedCacheBehaviors")


def _https_for_viewers(resource: Resource, _: Settings) -> Iterable[str]:
    return in_turn(*(_encrypted(each) for each in _behaviors(resource.inputs)))


def _encrypted(behavior: Node) -> Iterator[str]:
    if behavior.text("viewerProtocolPolicy") not in _ENCRYPTED:
        yield f"{behavior.at('viewerProtocolPolicy')} must be redirect-to-https or https-only, found something else."


def _modern_tls(resource: Resource, settings: Settings) -> Iterable[str]:
    shown = resource.inputs.node("viewerCertificate")
    return in_turn(_own_certificate(shown), _without_own_address(shown), _least_version(shown, settings))


def _own_certificate(shown: Node) -> Iterator[str]:
    if not _given(shown, "acmCertificateArn"):
        yield f"{shown.at('acmCertificateArn')} must be set, found nothing."


def _without_own_address(shown: Node) -> Iterator[str]:
    if shown.text("sslSupportMethod") != "sni-only":
        yield f"{shown.at('sslSupportMethod')} must be sni-only, found something else."


def _least_version(shown: Node, settings: Settings) -> Iterator[str]:
    allowed = settings["allowedVersions"]
    version = shown.text("minimumProtocolVersion")
    if version is None or not any(fnmatchcase(version, pattern) for pattern in allowed):
        yield f"{shown.at('minimumProtocolVersion')} must be one of {', '.join(allowed)}, found something else."


def _tls_to_origins(resource: Resource, _: Settings) -> Iterable[str]:
    custom = (each.node("customOriginConfig") for each in resource.inputs.items("origins"))
    return in_turn(*(_origin_tls(each) for each in custom if each.value is not None))


def _origin_tls(config: Node) -> Iterator[str]:
    if config.text("originProtocolPolicy") != "https-only":
        yield f"{config.at('originProtocolPolicy')} must be https-only, found something else."
    if config.texts("originSslProtocols") != ("TLSv1.2",):
        yield f"{config.at('originSslProtocols')} must be TLSv1.2 alone, found something else."


def _behind_firewall(resource: Resource, _: Settings) -> Iterable[str]:
    if not _given(resource.inputs, "webAclId"):
        yield "webAclId must be set, found nothing."


def _given(node: Node, key: str) -> bool:
    """Whether `key` is set to something; a value that is not known yet is."""
    return node.has(key) and node.node(key).value != ""


def _private_buckets(resource: Resource, _: Settings) -> Iterable[str]:
    inputs = resource.inputs
    buckets = [each for each in inputs.items("origins") if not _is_custom(each)]
    yield from in_turn(*(_signed(each) for each in buckets))
    if buckets and not _given(inputs, "defaultRootObject"):
        yield "defaultRootObject must be set where a bucket is served, found nothing."


def _is_custom(origin: Node) -> bool:
    return origin.has("customOriginConfig") or origin.has("vpcOriginConfig")


def _signed(origin: Node) -> Iterator[str]:
    if not _given(origin, "originAccessControlId"):
        yield f"{origin.at('originAccessControlId')} must be set, found nothing."


def _tells_browsers(resource: Resource, settings: Settings) -> Iterable[str]:
    if resource.type == DISTRIBUTION:
        return in_turn(*(_has_headers(each) for each in _behaviors(resource.inputs)))
    inputs = resource.inputs
    said = inputs.node("securityHeadersConfig")
    return in_turn(
        _strict_transport(said.node("strictTransportSecurity"), settings),
        must_be(said.node("contentTypeOptions"), "override", True),
        _framing(said),
        _referrer(said.node("referrerPolicy")),
        _named_origins(inputs.node("corsConfig")),
    )


def _has_headers(behavior: Node) -> Iterator[str]:
    if not _given(behavior, "responseHeadersPolicyId"):
        yield f"{behavior.at('responseHeadersPolicyId')} must be set, found nothing."


def _strict_transport(said: Node, settings: Settings) -> Iterator[str]:
    least = settings["minimumSeconds"]
    if (said.number("accessControlMaxAgeSec") or 0) < least:
        yield f"{said.at('accessControlMaxAgeSec')} must be at least {least} s, found less or nothing."
    yield from must_be(said, "override", True)


def _framing(said: Node) -> Iterator[str]:
    """X-Frame-Options, or frame-ancestors in the content security policy, which newer browsers prefer."""
    content = said.node("contentSecurityPolicy").text("contentSecurityPolicy") or ""
    frames = said.node("frameOptions")
    if "frame-ancestors" not in content and frames.text("frameOption") not in _FRAMES:
        yield f"{frames.at('frameOption')} must be DENY or SAMEORIGIN, found something else and no frame-ancestors."


def _referrer(said: Node) -> Iterator[str]:
    if said.text("referrerPolicy") not in _DISCREET:
        yield f"{said.at('referrerPolicy')} must be strict-origin-when-cross-origin or stricter, found something else."


def _named_origins(cors: Node) -> Iterator[str]:
    if cors.value is None:
        return
    origins = cors.node("accessControlAllowOrigins")
    for position, origin in enumerate(origins.texts("items")):
        if "*" in origin or not origin.startswith("https://"):
            yield f"{origins.at('items')}[{position}] must be https:// and one host name, found something else."
    yield from must_be(cors, "originOverride", True)


def _logged(resources: Sequence[Resource], _: Settings) -> Iterator[Finding]:
    """The first version of standard logging is an input of the distribution, the second refers to it."""
    edges = [each for each in resources if each.type == DISTRIBUTION]
    unlogged: list[Resource] = []
    for each in edges:
        try:
            bucket = each.inputs.node("loggingConfig").node("bucket").value
        except Unreadable as error:
            yield from (Finding(each.urn, unreadable(part)) for part in error.all)
            continue
        if not isinstance(bucket, Unknown) and not bucket:
            unlogged.append(each)
    for each in companions.without(resources, unlogged, LOG_SOURCE, "resourceArn", by=("arn",)):
        yield Finding(each.urn, "a LogDeliverySource must refer to the distribution, found none and no loggingConfig.")


RULES = (
    Rule(
        id="cloudfront-https-viewer",
        row="72",
        title="Users are answered over HTTPS",
        description="Checks whether every behaviour of a distribution redirects to HTTPS or takes nothing else.",
        types=frozenset({DISTRIBUTION}),
        reads=("defaultCacheBehavior.viewerProtocolPolicy", "orderedCacheBehaviors.viewerProtocolPolicy"),
        check=_https_for_viewers,
        remedy="Set viewerProtocolPolicy to redirect-to-https, or to https-only for an API.",
        severity=Severity.HIGH,
        source="FSBP CloudFront.3",
    ),
    Rule(
        id="cloudfront-modern-tls-and-cert",
        row="73",
        title="Users see our certificate over modern TLS",
        description="Checks whether distributions show a certificate of their own over a current TLS version.",
        types=frozenset({DISTRIBUTION}),
        reads=(
            "viewerCertificate.acmCertificateArn",
            "viewerCertificate.sslSupportMethod",
            "viewerCertificate.minimumProtocolVersion",
        ),
        check=_modern_tls,
        remedy="Set viewerCertificate to a certificate in us-east-1, sni-only and TLSv1.2_2021 or newer.",
        severity=Severity.HIGH,
        source="FSBP CloudFront.7, CloudFront.8, CloudFront.15",
        where=Where.PRODUCTION,
        settings={
            "allowedVersions": texts(
                ("TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_*"), "Names of TLS versions; * stands for any text."
            )
        },
    ),
    Rule(
        id="cloudfront-origin-tls",
        row="74",
        title="Origins are asked over TLS",
        description="Checks whether distributions ask their origins over TLS 1.2 only.",
        types=frozenset({DISTRIBUTION}),
        reads=("origins.customOriginConfig.originProtocolPolicy", "origins.customOriginConfig.originSslProtocols"),
        check=_tls_to_origins,
        remedy="Set originProtocolPolicy to https-only and originSslProtocols to TLSv1.2.",
        severity=Severity.HIGH,
        source="FSBP CloudFront.9, CloudFront.10",
        where=Where.PRODUCTION,
        defers=frozenset({"origins"}),
    ),
    Rule(
        id="cloudfront-waf",
        row="75",
        title="Distributions are behind a firewall",
        description="Checks whether distributions have a web ACL.",
        types=frozenset({DISTRIBUTION}),
        reads=("webAclId",),
        check=_behind_firewall,
        remedy="Set webAclId to the ARN of a web ACL with scope CLOUDFRONT.",
        severity=Severity.HIGH,
        source="FSBP CloudFront.6",
        where=Where.PRODUCTION,
    ),
    Rule(
        id="cloudfront-oac-and-root",
        row="77",
        title="Buckets are read by the distribution only",
        description="Checks whether buckets are read with origin access control, and / is a page and no list.",
        types=frozenset({DISTRIBUTION}),
        reads=("origins.originAccessControlId", "origins.customOriginConfig", "defaultRootObject"),
        check=_private_buckets,
        remedy="Set originAccessControlId on the bucket's origin, and defaultRootObject to index.html.",
        severity=Severity.HIGH,
        source="FSBP CloudFront.13, CloudFront.1",
        defers=frozenset({"origins"}),
    ),
    Rule(
        id="cloudfront-security-headers",
        row="-",
        title="Browsers are told to be careful",
        description=(
            "Checks whether every answer has HSTS, X-Content-Type-Options, framing and referrer headers, and whether "
            "CORS is for named origins only."
        ),
        types=frozenset({DISTRIBUTION, HEADERS}),
        reads=(
            "defaultCacheBehavior.responseHeadersPolicyId",
            "orderedCacheBehaviors.responseHeadersPolicyId",
            "securityHeadersConfig.strictTransportSecurity.accessControlMaxAgeSec",
            "securityHeadersConfig.strictTransportSecurity.override",
            "securityHeadersConfig.contentTypeOptions.override",
            "securityHeadersConfig.frameOptions.frameOption",
            "securityHeadersConfig.contentSecurityPolicy.contentSecurityPolicy",
            "securityHeadersConfig.referrerPolicy.referrerPolicy",
            "corsConfig.accessControlAllowOrigins.items",
            "corsConfig.originOverride",
        ),
        check=_tells_browsers,
        remedy="Give each behaviour a response headers policy with all of them, and name every CORS origin in full.",
        severity=Severity.MEDIUM,
        source="project",
        settings={"minimumSeconds": number(31_536_000, "Least seconds that browsers remember to use HTTPS.")},
    ),
)

STACK_RULES = (
    StackRule(
        id="cloudfront-logging",
        row="76",
        title="Distributions log who asks them",
        description="Checks whether the access logs of every distribution are delivered.",
        types=frozenset({DISTRIBUTION, LOG_SOURCE}),
        reads=("loggingConfig.bucket", "resourceArn"),
        check=_logged,
        remedy="Add a LogDeliverySource, LogDeliveryDestination and LogDelivery for the distribution.",
        severity=Severity.MEDIUM,
        source="FSBP CloudFront.5",
        where=Where.PRODUCTION,
    ),
)
