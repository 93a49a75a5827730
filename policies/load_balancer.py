"""Rules on Application Load Balancers, their listeners and target groups."""

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from policies.facts import Node, Resource, in_turn, must_be
from policies.model import Rule, Settings, Severity, Where, number, texts

LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LISTENER = "aws:lb/listener:Listener"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"

# Defaults of the provider (Elastic Load Balancing API, CreateTargetGroup).
DEFAULT_INTERVAL = 30  # seconds
DEFAULT_UNHEALTHY_AFTER = 3  # checks
DEFAULT_DRAIN = 300  # seconds

_HTTP = frozenset({"HTTP", "HTTPS"})
_ENCRYPTED = frozenset({"HTTPS", "TLS"})
_TLS_POLICY = re.compile(r"ELBSecurityPolicy-[A-Za-z0-9-]{1,40}")


def _redirects_to_https(resource: Resource, _: Settings) -> Iterable[str]:
    # Without a protocol the provider makes an HTTP listener.
    if (resource.inputs.text("protocol") or "HTTP") != "HTTP":
        return
    actions = resource.inputs.items("defaultActions")
    if not actions:
        yield "an HTTP listener must redirect to HTTPS, found no action."
    yield from in_turn(*(_redirect_problems(action) for action in actions))


def _redirect_problems(action: Node) -> Iterator[str]:
    if action.text("type") != "redirect":
        yield f"{action.path}.type of an HTTP listener must be redirect, found another action."
        return
    redirect = action.node("redirect")
    if redirect.text("protocol") != "HTTPS":
        yield f"{redirect.path}.protocol must be HTTPS, found {_word(redirect, 'protocol', ('HTTP',))}."
    if redirect.text("statusCode") != "HTTP_301":
        yield f"{redirect.path}.statusCode must be HTTP_301, found {_word(redirect, 'statusCode', ('HTTP_302',))}."


def _modern_tls(resource: Resource, settings: Settings) -> Iterable[str]:
    inputs = resource.inputs
    if inputs.text("protocol") not in _ENCRYPTED:
        return
    if not inputs.has("certificateArn"):
        yield "certificateArn must be set on an encrypted listener, found nothing."
    policy = inputs.text("sslPolicy")
    allowed = settings["allowedPolicies"]
    if policy is None or not any(fnmatchcase(policy, pattern) for pattern in allowed):
        yield f"sslPolicy must be one of {', '.join(allowed)}, found {_shown_policy(policy)}."


def _shown_policy(policy: str | None) -> str:
    if policy is None:
        return "nothing"
    return policy if _TLS_POLICY.fullmatch(policy) else "what is no TLS policy"


def _drops_invalid_headers(resource: Resource, _: Settings) -> Iterable[str]:
    yield from must_be(resource.inputs, "dropInvalidHeaderFields", True)


def _deletion_protection(resource: Resource, _: Settings) -> Iterable[str]:
    yield from must_be(resource.inputs, "enableDeletionProtection", True)


def _access_logs(resource: Resource, _: Settings) -> Iterable[str]:
    logs = resource.inputs.node("accessLogs")
    yield from must_be(logs, "enabled", True)
    if not logs.has("bucket"):
        yield "accessLogs.bucket must be set, found nothing."


def _desync_mitigation(resource: Resource, _: Settings) -> Iterable[str]:
    if resource.inputs.text("desyncMitigationMode") not in {None, "defensive", "strictest"}:
        yield "desyncMitigationMode must be defensive or strictest, found another value."


def _in_several_zones(resource: Resource, settings: Settings) -> Iterable[str]:
    least = settings["minimumSubnets"]
    found = resource.inputs.count("subnets") or resource.inputs.count("subnetMappings")
    if found < least:
        yield f"the balancer must be in at least {least} subnets of different zones, found {found}."


def _health_check(resource: Resource, settings: Settings) -> Iterable[str]:
    inputs = resource.inputs
    if not inputs.has("healthCheck"):
        yield "healthCheck must be set, found nothing."
        return
    check = inputs.node("healthCheck")
    if check.flag("enabled") is False:
        yield "healthCheck.enabled must be true, found false."
    speaks_http = (check.text("protocol") or inputs.text("protocol") or "HTTP") in _HTTP
    for key in ("path", "matcher"):
        if speaks_http and not check.has(key):
            yield f"healthCheck.{key} must be written out, found nothing."
    interval = check.number("interval") or DEFAULT_INTERVAL
    failures = check.number("unhealthyThreshold") or DEFAULT_UNHEALTHY_AFTER
    most = settings["maximumDetectionSeconds"]
    if interval * failures > most:
        yield (
            f"healthCheck.interval times unhealthyThreshold must be at most {most} s, "
            f"found {interval:g} s x {failures:g} = {interval * failures:g} s."
        )


def _drain_bounded(resource: Resource, settings: Settings) -> Iterable[str]:
    delay = resource.inputs.number("deregistrationDelay")
    seconds = DEFAULT_DRAIN if delay is None else delay
    least, most = settings["minimumSeconds"], settings["maximumSeconds"]
    if not least <= seconds <= most:
        yield f"deregistrationDelay must be from {least} to {most} s, found {seconds:g} s."


def _word(node: Node, key: str, known: tuple[str, ...]) -> str:
    """The text under `key` if it is one of `known`; a value that is none of them may be anything, also a secret."""
    value = node.text(key)
    return value if value in known else "nothing" if value is None else "another value"


RULES = (
    Rule(
        id="alb-http-redirects-to-https",
        row="9",
        title="HTTP is redirected to HTTPS",
        description="Checks whether every plain HTTP listener does nothing but redirect to HTTPS.",
        types=frozenset({LISTENER}),
        reads=(
            "protocol",
            "defaultActions.type",
            "defaultActions.redirect.protocol",
            "defaultActions.redirect.statusCode",
        ),
        check=_redirects_to_https,
        remedy="Give the listener one redirect action with protocol HTTPS and status HTTP_301.",
        severity=Severity.HIGH,
        source="FSBP ELB.1",
    ),
    Rule(
        id="alb-listener-modern-tls",
        row="10",
        title="Listeners speak modern TLS",
        description="Checks whether encrypted listeners have a certificate and a current TLS policy.",
        types=frozenset({LISTENER}),
        reads=("protocol", "certificateArn", "sslPolicy"),
        check=_modern_tls,
        remedy="Set sslPolicy to ELBSecurityPolicy-TLS13-1-2-2021-06 or newer, and certificateArn to a certificate.",
        severity=Severity.HIGH,
        source="FSBP ELB.17, ELB.18",
        settings={
            "allowedPolicies": texts(
                ("ELBSecurityPolicy-TLS13-1-2-*", "ELBSecurityPolicy-TLS13-1-3-*"),
                "Names of allowed TLS policies; * stands for any text.",
            )
        },
    ),
    Rule(
        id="alb-drop-invalid-headers",
        row="11",
        title="Balancers drop headers that are not HTTP",
        description="Checks whether balancers drop headers with invalid names instead of handing them on.",
        types=frozenset({LOAD_BALANCER}),
        reads=("dropInvalidHeaderFields",),
        check=_drops_invalid_headers,
        remedy="Set dropInvalidHeaderFields to true.",
        severity=Severity.MEDIUM,
        source="FSBP ELB.4",
    ),
    Rule(
        id="alb-access-logs",
        row="12",
        title="Balancers log every request",
        description="Checks whether load balancers deliver access logs to a bucket.",
        types=frozenset({LOAD_BALANCER}),
        reads=("accessLogs.enabled", "accessLogs.bucket"),
        check=_access_logs,
        remedy="Set accessLogs.enabled to true and accessLogs.bucket to a LogBucket that takes logs of balancers.",
        severity=Severity.MEDIUM,
        source="FSBP ELB.5",
        where=Where.PRODUCTION,
    ),
    Rule(
        id="alb-desync-mitigation",
        row="14",
        title="Balancers pass on no ambiguous requests",
        description="Checks whether load balancers handle requests that two servers could read differently.",
        types=frozenset({LOAD_BALANCER}),
        reads=("desyncMitigationMode",),
        check=_desync_mitigation,
        remedy="Leave desyncMitigationMode out, or set it to defensive or strictest.",
        severity=Severity.MEDIUM,
        source="FSBP ELB.12",
    ),
    Rule(
        id="alb-deletion-protection",
        row="13",
        title="Balancers are protected from deletion",
        description="Checks whether load balancers refuse deletion.",
        types=frozenset({LOAD_BALANCER}),
        reads=("enableDeletionProtection",),
        check=_deletion_protection,
        remedy="Set enableDeletionProtection to true.",
        severity=Severity.HIGH,
        source="FSBP ELB.6",
        where=Where.PRODUCTION,
    ),
    Rule(
        id="alb-multi-az",
        row="15",
        title="Balancers are in several zones",
        description="Checks whether load balancers have subnets in at least two availability zones.",
        types=frozenset({LOAD_BALANCER}),
        reads=("subnets", "subnetMappings"),
        check=_in_several_zones,
        remedy="Pass one subnet of each availability zone.",
        severity=Severity.HIGH,
        source="FSBP ELB.13",
        settings={"minimumSubnets": number(2, "Least subnets, each in a zone of its own.", minimum=1)},
        defers=frozenset({"subnets", "subnetMappings"}),
    ),
    Rule(
        id="target-group-health-check",
        row="17",
        title="Target groups notice failing targets soon",
        description="Checks whether target groups have an explicit health check that finds a failing target in time.",
        types=frozenset({TARGET_GROUP}),
        reads=(
            "protocol",
            "healthCheck.enabled",
            "healthCheck.protocol",
            "healthCheck.path",
            "healthCheck.matcher",
            "healthCheck.interval",
            "healthCheck.unhealthyThreshold",
        ),
        check=_health_check,
        remedy="Write healthCheck out with path, matcher, interval and unhealthyThreshold.",
        severity=Severity.HIGH,
        source="CKV_AWS_261",
        settings={
            "maximumDetectionSeconds": number(60, "Most seconds until a failing target gets no requests.", minimum=5)
        },
    ),
    Rule(
        id="target-group-drain-bounded",
        row="18",
        title="Targets drain neither abruptly nor endlessly",
        description="Checks whether targets get a bounded time to finish their requests before they are removed.",
        types=frozenset({TARGET_GROUP}),
        reads=("deregistrationDelay",),
        check=_drain_bounded,
        remedy="Set deregistrationDelay to the longest request the service answers.",
        severity=Severity.MEDIUM,
        source="project (cf. FSBP ELB.7)",
        settings={
            "minimumSeconds": number(15, "Least seconds; 0 would cut live requests."),
            "maximumSeconds": number(300, "Most seconds; a rollback waits for it."),
        },
    ),
)
