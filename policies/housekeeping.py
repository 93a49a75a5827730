"""Policies about the pack itself: is its configuration sound, and which exemptions were used."""

from collections.abc import Iterator, Sequence

from policies.facts import Resource
from policies.model import Finding, Level, Rule, Setting, Settings, Severity, StackRule
from policies.session import Session

STACK = "pulumi:pulumi:Stack"
CONFIGURATION = "policy-configuration"
EXEMPTION_USED = "exemption-used"

_EXEMPTION = {
    "type": "object",
    "properties": {
        "policy": {"type": "string", "description": "Id of the policy."},
        "urnPattern": {"type": "string", "description": "URN of the resource; * stands for any text."},
        "reason": {"type": "string", "description": "Why the resource may differ."},
        "owner": {"type": "string", "description": "Who answers for it."},
        "expires": {"type": "string", "description": "Last day, in UTC, such as 2026-12-31."},
    },
}


def configuration(session: Session) -> Rule:
    """Reports, once a run and before anything else, what is wrong with the pack's configuration."""

    def check(_: Resource, __: Settings) -> Iterator[str]:
        yield from session.problems

    return Rule(
        id=CONFIGURATION,
        row="-",
        title="The pack's configuration is sound",
        description="Checks whether exemptions are justified and in date, and no rule is lowered that may not be.",
        types=frozenset({STACK}),
        reads=(),
        check=check,
        remedy="Correct the file in policies/config, or the one passed with --policy-pack-config.",
        severity=Severity.HIGH,
        source="project",
        settings={
            "exemptions": Setting(
                [],
                {"type": "array", "items": _EXEMPTION},
                "Resources that a policy does not bind for a while. Each needs a reason, an owner and a last day.",
            )
        },
        exemptible=False,
    )


def exemption_used(session: Session) -> StackRule:
    """Says which exemptions let something pass."""

    def check(_: Sequence[Resource], __: Settings) -> Iterator[Finding]:
        for urn, exemption in list(session.used):
            yield Finding(urn, f"{EXEMPTION_USED}: {exemption}")

    return StackRule(
        id=EXEMPTION_USED,
        row="-",
        title="Exemptions are shown when they are used",
        description="Names every exemption that let a resource pass.",
        types=frozenset(),
        reads=(),
        check=check,
        remedy="Mend the resource and remove the exemption before it runs out.",
        severity=Severity.LOW,
        source="project",
        level=Level.ADVISORY,
        exemptible=False,
        speaks_for_itself=True,
    )
