"""Rules on alarms and on the topics they are told through."""

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from policies.documents import Statement, each_statement, statements
from policies.facts import Node, Resource, Unreadable, in_turn
from policies.model import Finding, Rule, Settings, Severity, StackRule, unreadable

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
TOPIC = "aws:sns/topic:Topic"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
KEY = "aws:kms/key:Key"

_ALARMS = "cloudwatch.amazonaws.com"
_OWN_KEY = "alias/aws/sns"  # CloudWatch may not use it, and nobody can let it
_NEEDED = ("kms:decrypt", "kms:generatedatakey")


def _wired(resource: Resource, _: Settings) -> Iterable[str]:
    inputs = resource.inputs
    parts: list[Iterable[str]] = [_enabled(inputs), _acts(inputs)]
    if resource.type == ALARM:
        parts.append(_explicit(inputs))
    return in_turn(*parts)


def _enabled(inputs: Node) -> Iterator[str]:
    if inputs.flag("actionsEnabled") is False:
        yield "actionsEnabled must not be false, found false."


def _acts(inputs: Node) -> Iterator[str]:
    if not inputs.count("alarmActions"):
        yield "alarmActions must name at least one action, found none."


def _explicit(inputs: Node) -> Iterator[str]:
    if not inputs.text("treatMissingData"):
        yield "treatMissingData must be set, found nothing."


def _private(resource: Resource, _: Settings) -> Iterable[str]:
    inputs = resource.inputs
    parts: list[Iterable[str]] = []
    if resource.type == TOPIC:
        parts.append(_encrypted(inputs))
    if resource.type == TOPIC_POLICY or inputs.has("policy"):
        parts.append(_closed(inputs))
    return in_turn(*parts)


def _encrypted(inputs: Node) -> Iterator[str]:
    key = inputs.text("kmsMasterKeyId")
    if not key:
        yield "kmsMasterKeyId must name a key, found nothing."
    elif key.endswith(_OWN_KEY):
        yield "kmsMasterKeyId must name a key of your own, found that of SNS, which alarms may not use."


def _closed(inputs: Node) -> Iterator[str]:
    def judge(statement: Statement) -> Iterator[str]:
        if statement.open_to_all:
            yield f"{statement.node.at('Principal')} must name somebody, found everybody."

    yield from each_statement((inputs.document("policy"),), judge)


def _admitted(resources: Sequence[Resource], _: Settings) -> Iterator[Finding]:
    keys = {each.urn: each for each in resources if each.type == KEY}
    for topic in resources:
        if topic.type != TOPIC:
            continue
        for urn in topic.depends.get("kmsMasterKeyId", ()):
            if urn not in keys:
                continue  # not a key, or one of another stack
            try:
                admits = _admits(keys[urn].inputs)
            except Unreadable as error:
                yield from (Finding(urn, unreadable(part)) for part in error.all)
                continue
            if not admits:
                yield Finding(urn, f"policy must let {_ALARMS} decrypt and make data keys, found that it does not.")


def _admits(key: Node) -> bool:
    if not key.has("policy"):
        return False
    granted = {
        action
        for statement in statements(key.document("policy"))
        if statement.allows and _ALARMS in statement.principals("Service")
        for action in statement.actions
    }
    return all(any(fnmatchcase(needed, action) for action in granted) for needed in _NEEDED)


RULES = (
    Rule(
        id="alarm-actions-enabled",
        row="83",
        title="Alarms tell somebody",
        description="Checks whether an alarm acts, and says what it makes of a period without data.",
        types=frozenset({ALARM, COMPOSITE}),
        reads=("actionsEnabled", "alarmActions", "treatMissingData"),
        check=_wired,
        defers=frozenset({"alarmActions"}),
        remedy="Leave actionsEnabled out, name a topic in alarmActions, and choose treatMissingData for the metric.",
        severity=Severity.HIGH,
        source="project (cf. Security Hub CloudWatch.15, CloudWatch.17)",
    ),
    Rule(
        id="sns-encrypted-and-private",
        row="85",
        title="Topics are encrypted and not open to everybody",
        description="Checks whether a topic has a key of its own and its policy names who may use it.",
        types=frozenset({TOPIC, TOPIC_POLICY}),
        reads=("kmsMasterKeyId", "policy"),
        check=_private,
        defers=frozenset({"kmsMasterKeyId", "policy"}),
        remedy="Set kmsMasterKeyId to a key that admits the publishers, and name them in the topic's policy.",
        severity=Severity.HIGH,
        source="FSBP SNS.1, SNS.4",
    ),
)

STACK_RULES = (
    StackRule(
        id="sns-key-admits-alarms",
        row="85",
        title="Alarms may use the key of their topic",
        description="Checks whether the key of a topic lets CloudWatch use it; alarms are lost in silence otherwise.",
        types=frozenset({TOPIC, KEY}),
        reads=("policy",),
        check=_admitted,
        remedy="Allow cloudwatch.amazonaws.com kms:Decrypt and kms:GenerateDataKey* in the key's policy.",
        severity=Severity.HIGH,
        source="FSBP SNS.1",
    ),
)
