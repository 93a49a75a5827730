"""Compute Engine API v1: Cloud Armor. A rule is known by its priority, and changed by a request of its own."""

from typing import Any

from sandbox.plugins.gcp import codecs
from sandbox.plugins.gcp.fields import many, members, one, value
from sandbox.plugins.gcp.rest import Request
from sandbox.plugins.gcp.rows import Action, Row, Target
from sandbox.plugins.gcp.tables.compute import GLOBAL, general, labelled

_POLICY = f"{GLOBAL}/securityPolicies/{{name}}"

_REDIRECT = one("type target")
_THRESHOLD = one("count intervalSec")
_RULES = many(
    "action! priority!+ description preview",
    marks="~?",
    match=one(
        "versionedExpr",
        marks="!",
        config=one("srcIpRanges?"),
        expr=one("expression!"),
    ),
    headerAction=one(requestHeadersToAdds=many("headerName headerValue")),
    preconfiguredWafConfig=one(exclusions=many("targetRuleSet! targetRuleIds?")),
    rateLimitOptions=one(
        "conformAction exceedAction enforceOnKey enforceOnKeyName banDurationSec",
        rateLimitThreshold=_THRESHOLD,
        banThreshold=_THRESHOLD,
        exceedRedirectOptions=_REDIRECT,
        enforceOnKeyConfigs=many("enforceOnKeyType enforceOnKeyName"),
    ),
    redirectOptions=_REDIRECT,
)


def _by_priority(rules: Any) -> dict[int, Any]:
    return {int(rule.get("priority", 0)): rule for rule in rules or []}


def _changed_rules(target: Target) -> list[Request]:
    before, after = _by_priority(target.state.get("rules")), _by_priority(target.inputs.get("rules"))
    policy = target.path(_POLICY)
    encoded = {priority: codecs.encode(_RULES.members, rule, {}) for priority, rule in after.items()}
    added = [Request("POST", f"{policy}/addRule", {}, encoded[p]) for p in sorted(after.keys() - before.keys())]
    changed = [
        Request("POST", f"{policy}/patchRule", {"priority": str(p)}, encoded[p])
        for p in sorted(after.keys() & before.keys())
        if codecs.aligned(_RULES.members, before[p], after[p]) != after[p]
    ]
    gone = sorted(before.keys() - after.keys())
    return [*added, *changed, *(Request("POST", f"{policy}/removeRule", {"priority": str(p)}) for p in gone)]


ROWS: tuple[Row, ...] = (
    Row(
        token="gcp:compute/securityPolicy:SecurityPolicy",
        api="compute",
        fields={
            **general(),
            **members(
                "description labels%",
                type=value(marks="~^"),
                rules=_RULES,
                adaptiveProtectionConfig=one(layer7DdosDefenseConfig=one("enable ruleVisibility~")),
                advancedOptionsConfig=one(
                    "jsonParsing~ logLevel~ userIpRequestHeaders? requestBodyInspectionSize~",
                    marks="~",
                    jsonCustomConfig=one("contentTypes!?"),
                ),
            ),
        },
        outputs=members("fingerprint labelFingerprint selfLink"),
        collection=f"{GLOBAL}/securityPolicies",
        path=_POLICY,
        named="{name}",
        echoes=("fingerprint",),
        operations="compute",
        actions=(Action(frozenset({"rules"}), _changed_rules), labelled(_POLICY)),
        auto="name",
    ),
)
