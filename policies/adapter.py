"""Rules as policies of the SDK. Every rule goes through here, and so every rule fails closed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyComplianceFramework,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.policy import PolicyProviderResource, PolicyResource
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

from policies import references
from policies.facts import Node, Resource, canonical, covers, plain
from policies.model import Described, Rule, Settings, StackRule, judge, judge_stack
from policies.session import Session

MARKS = "__headgateSecret"
"""Where the Dispatcher lists the inputs that are marked secret, which the SDK would forget. No provider uses the name:
the engine strips keys that begin with two underscores before it asks."""


class Deferred(UnknownValueError):
    """Tells the SDK that a rule waits for the update; it becomes an advisory that names the inputs waited for."""

    def __init__(self, paths: Sequence[str]) -> None:
        super().__init__(UNKNOWN_STRING_VALUE, list(paths))
        self.message = f"{', '.join(paths)} not known yet; checked again during the update, before the resource changes"


class RulePolicy(ResourceValidationPolicy):
    """A policy of the SDK that knows which types it wants to see (canonical tokens)."""

    def __init__(self, rule: Rule, validate: Callable[[ResourceValidationArgs, ReportViolation], None]) -> None:
        super().__init__(validate=validate, **_metadata(rule))
        self.types = rule.types


class StackRulePolicy(StackValidationPolicy):
    """A stack policy of the SDK that knows which types it wants to see (canonical tokens)."""

    def __init__(self, rule: StackRule, validate: Callable[[StackValidationArgs, ReportViolation], None]) -> None:
        super().__init__(validate=validate, **_metadata(rule))
        self.types = rule.types


def resource_policy(rule: Rule, session: Session) -> RulePolicy:
    """`rule` as a policy that reports violations, and waits for the update where the rule defers."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if not covers(rule.types, canonical(args.resource_type)):
            return
        outcome = judge(rule, _resource(args), _settings(rule, args.get_config()))
        for finding in outcome.violations:
            if outcome.broken or not session.exempts(rule.id, finding.urn):
                report(finding.text, None)
        if outcome.deferred:
            raise Deferred(outcome.deferred)

    return RulePolicy(rule, validate)


def stack_policy(rule: StackRule, session: Session) -> StackRulePolicy:
    """`rule` as a stack policy that reports each violation at its resource."""

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        resources = [_resource(each) for each in args.resources if canonical(each.resource_type) in rule.types]
        outcome = judge_stack(rule, resources, _settings(rule, args.get_config()))
        for finding in outcome.violations:
            if outcome.broken or not session.exempts(rule.id, finding.urn):
                report(finding.text, finding.urn or None)

    return StackRulePolicy(rule, validate)


def _resource(given: ResourceValidationArgs | PolicyResource) -> Resource:
    depends = getattr(given, "property_dependencies", {})
    return Resource(
        type=canonical(given.resource_type),
        name=given.name,
        urn=given.urn,
        inputs=Node(plain(given.props)),
        provider=_provider(given.provider),
        ignored=tuple(given.opts.ignore_changes),
        depends={key: tuple(each.urn for each in resources) for key, resources in depends.items()},
        secret=_marked_secret(given.props),
        protected=bool(given.opts.protect),
    )


def _marked_secret(props: Mapping[str, Any]) -> frozenset[str]:
    # `in set(...)`: asking the proxy itself raises when any value is unknown.
    return frozenset(props[MARKS]) if MARKS in set(props) else frozenset()


def _provider(provider: PolicyProviderResource | None) -> Node:
    return Node(plain(provider.props) if provider is not None else None, "provider")


def _settings(rule: Described, config: Mapping[str, Any]) -> Settings:
    given = plain(config)
    changed = given if isinstance(given, Mapping) else {}
    return {**rule.defaults, **{name: value for name, value in changed.items() if name in rule.settings}}


def _metadata(rule: Described) -> dict[str, Any]:
    framework = references.framework(rule.source)
    return {
        "name": rule.id,
        "description": rule.description,
        "display_name": rule.title,
        # The level is stated here for every policy: the SDK's own default is advice.
        "enforcement_level": EnforcementLevel(rule.level.value),
        "severity": Severity(rule.severity.value),
        "framework": PolicyComplianceFramework(
            name=framework.name, reference=framework.reference, specification=rule.title
        ),
        "tags": [f"row:{row.strip()}" for row in rule.row.split(",")],
        "remediation_steps": rule.remedy,
        "url": references.url(rule),
        "config_schema": _schema(rule),
    }


def _schema(rule: Described) -> PolicyConfigSchema | None:
    if not rule.settings:
        return None
    return PolicyConfigSchema(
        {
            name: {**setting.schema, "default": setting.default, "description": setting.description}
            for name, setting in rule.settings.items()
        }
    )
