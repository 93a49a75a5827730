"""Rules on names: certificates, records and zones."""

from collections.abc import Iterable, Iterator, Sequence

from policies import companions
from policies.facts import Node, Resource, Unreadable, in_turn, must_not_be_true
from policies.model import Finding, Level, Rule, Settings, Severity, StackRule, Where, texts, unreadable

CERTIFICATE = "aws:acm/certificate:Certificate"
RECORD = "aws:route53/record:Record"
ZONE = "aws:route53/zone:Zone"
QUERY_LOG = "aws:route53/queryLog:QueryLog"

_WEAK = frozenset({"RSA_1024"})


def _strong(resource: Resource, _: Settings) -> Iterable[str]:
    inputs = resource.inputs
    return in_turn(_requested(inputs), _by_dns(inputs), _long_key(inputs))


def _requested(inputs: Node) -> Iterator[str]:
    for key in ("privateKey", "privateKeyWo"):
        if inputs.has(key):
            yield f"{key} must not be set, found an imported key."


def _by_dns(inputs: Node) -> Iterator[str]:
    # A certificate of one's own authority is not validated.
    if not inputs.has("certificateAuthorityArn") and inputs.text("validationMethod") != "DNS":
        yield "validationMethod must be DNS, found something else."


def _long_key(inputs: Node) -> Iterator[str]:
    if inputs.text("keyAlgorithm") in _WEAK:
        yield "keyAlgorithm must be RSA_2048 or stronger, found RSA_1024."


def _follows_health(resource: Resource, settings: Settings) -> Iterable[str]:
    inputs = resource.inputs
    return in_turn(
        *(_evaluates(each, settings["zonesWithoutHealth"]) for each in inputs.items("aliases")),
        must_not_be_true(inputs, "allowOverwrite"),
    )


def _evaluates(alias: Node, without_health: Sequence[str]) -> Iterator[str]:
    if not alias.flag("evaluateTargetHealth") and alias.text("zoneId") not in without_health:
        yield f"{alias.at('evaluateTargetHealth')} must be true, found false or nothing."


def _queries_logged(resources: Sequence[Resource], _: Settings) -> Iterator[Finding]:
    public: list[Resource] = []
    for each in resources:
        if each.type != ZONE:
            continue
        try:
            if not each.inputs.count("vpcs"):
                public.append(each)
        except Unreadable as error:
            yield from (Finding(each.urn, unreadable(part)) for part in error.all)
    for each in companions.without(resources, public, QUERY_LOG, "zoneId", by=("zoneId", "id")):
        yield Finding(each.urn, "a QueryLog must refer to the public zone, found none.")


RULES = (
    Rule(
        id="acm-strong-dns-validated",
        row="80",
        title="Certificates are strong and renew themselves",
        description="Checks whether certificates are requested, validated by DNS and have a strong key.",
        types=frozenset({CERTIFICATE}),
        reads=("keyAlgorithm", "validationMethod", "privateKey", "privateKeyWo", "certificateAuthorityArn"),
        check=_strong,
        remedy="Request the certificate with validationMethod DNS and keyAlgorithm RSA_2048 or an elliptic curve.",
        severity=Severity.MEDIUM,
        source="FSBP ACM.2",
    ),
    Rule(
        id="route53-alias-health",
        row="81",
        title="Names follow the health of what they stand for",
        description="Checks whether alias records evaluate their target's health, and records overwrite no others.",
        types=frozenset({RECORD}),
        reads=("aliases.evaluateTargetHealth", "aliases.zoneId", "allowOverwrite"),
        check=_follows_health,
        remedy="Set evaluateTargetHealth to true and remove allowOverwrite; import a record that is there already.",
        severity=Severity.MEDIUM,
        source="project",
        where=Where.PRODUCTION,
        # The zone of a balancer's own name is known when the balancer exists.
        defers=frozenset({"aliases"}),
        settings={
            "zonesWithoutHealth": texts(
                ("Z2FDTNDATAQYW2", "Z2BJ6XQ5FK7U4H"),
                "Zones whose targets have no health to evaluate: CloudFront and Global Accelerator.",
            )
        },
    ),
)

STACK_RULES = (
    StackRule(
        id="route53-query-logging",
        row="82",
        title="Public zones log what they are asked",
        description="Checks whether every public zone has a query log.",
        types=frozenset({ZONE, QUERY_LOG}),
        reads=("vpcs", "zoneId"),
        check=_queries_logged,
        remedy="Add a QueryLog for the zone, to a log group in us-east-1 (HostedZone makes one).",
        severity=Severity.LOW,
        source="FSBP Route53.2",
        level=Level.ADVISORY,
        where=Where.PRODUCTION,
    ),
)
