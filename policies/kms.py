"""Rules on KMS keys: without its key, data is gone."""

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from policies.documents import Statement, each_statement
from policies.facts import Node, Resource, in_turn, must_be, must_not_be_true
from policies.model import Finding, Rule, Settings, Severity, StackRule, Where, number, texts

KEY = "aws:kms/key:Key"
DEFAULT_WINDOW = 30  # days, when none is given (KMS API, ScheduleKeyDeletion)

# What is encrypted with a key -> the input that names it.
ENCRYPTED = {
    "aws:cloudwatch/logGroup:LogGroup": "kmsKeyId",
    "aws:elasticache/replicationGroup:ReplicationGroup": "kmsKeyId",
    "aws:rds/instance:Instance": "kmsKeyId",
    "aws:secretsmanager/secret:Secret": "kmsKeyId",
    "aws:sns/topic:Topic": "kmsMasterKeyId",
}


def _rotates(resource: Resource, _: Settings) -> Iterable[str]:
    inputs = resource.inputs
    usage = inputs.text("keyUsage") or "ENCRYPT_DECRYPT"
    spec = inputs.text("customerMasterKeySpec") or "SYMMETRIC_DEFAULT"
    # KMS rotates no other kind of key by itself.
    if (usage, spec) == ("ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT"):
        yield from must_be(inputs, "enableKeyRotation", True)


def _safe(resource: Resource, settings: Settings) -> Iterable[str]:
    inputs = resource.inputs
    return in_turn(
        _window(inputs, settings["minimumDays"]),
        must_not_be_true(inputs, "bypassPolicyLockoutSafetyCheck"),
        _enabled(inputs),
        _private(inputs),
    )


def _window(inputs: Node, least: int) -> Iterator[str]:
    days = inputs.number("deletionWindowInDays")
    window = DEFAULT_WINDOW if days is None else days
    if window < least:
        yield f"deletionWindowInDays must be at least {least}, found {window:g}: a deleted key takes its data along."


def _enabled(inputs: Node) -> Iterator[str]:
    if inputs.flag("isEnabled") is False:
        yield "isEnabled must not be false, found false: nothing that the key encrypts could be read."


def _private(inputs: Node) -> Iterator[str]:
    def judge(statement: Statement) -> Iterator[str]:
        if statement.open_to_all:
            yield f"{statement.node.at('Principal')} must not be everybody without a condition, found that it is."

    if inputs.has("policy"):
        yield from each_statement((inputs.document("policy"),), judge)


def _declared(resources: Sequence[Resource], settings: Settings) -> Iterator[Finding]:
    """A key that a program no longer declares is on its way to deletion; what it encrypts is still there.

    Follows references as well as ARNs: those are unknown in the first preview, what they come from is not.
    """
    keys = {each.urn for each in resources if each.type == KEY}
    keys |= {name for each in resources if each.type == KEY for name in texts_of(each, "arn", "keyId", "id")}
    for resource in resources:
        key = ENCRYPTED.get(resource.type)
        if key is None or resource.inputs.node(key).value is None:
            continue
        named = {*resource.depends.get(key, ()), *texts_of(resource, key)}
        foreign = any(fnmatchcase(name, pattern) for name in named for pattern in settings["foreignKeys"])
        if not named & keys and not foreign:
            kind = resource.type.rpartition(":")[2]
            yield Finding(
                resource.urn, f"{key} of the {kind} must be a key that the stack declares, found no such key."
            )


def texts_of(resource: Resource, *names: str) -> set[str]:
    """The inputs of these names that are texts and known."""
    found = [resource.inputs.node(name).value for name in names]
    return {each for each in found if isinstance(each, str)}


RULES = (
    Rule(
        id="kms-rotation",
        row="70",
        title="Keys rotate",
        description="Checks whether the material of keys that encrypt data is renewed every year.",
        types=frozenset({KEY}),
        reads=("keyUsage", "customerMasterKeySpec", "enableKeyRotation"),
        check=_rotates,
        remedy="Set enableKeyRotation to true; what is encrypted already stays readable.",
        severity=Severity.HIGH,
        source="KMS.4 (Security Hub)",
    ),
    Rule(
        id="kms-safe-deletion-and-policy",
        row="71",
        title="Keys do not vanish and are not for everybody",
        description="Checks whether a key can be brought back for long enough, is on, and has a policy of its own.",
        types=frozenset({KEY}),
        reads=("deletionWindowInDays", "bypassPolicyLockoutSafetyCheck", "isEnabled", "policy"),
        check=_safe,
        defers=frozenset({"policy"}),
        remedy="Keep the key and its window. To move to another key, encrypt the data with it first; delete the old one"
        " only when no backup needs it.",
        binds_going_back=True,
        severity=Severity.CRITICAL,
        source="FSBP KMS.3, KMS.5",
        settings={"minimumDays": number(30, "Least days between the order to delete and the deletion.", minimum=7)},
    ),
)

STACK_RULES = (
    StackRule(
        id="kms-key-declared",
        row="71",
        title="The key is where its data is",
        description="Checks whether a stack that encrypts data with a key of its own still declares that key.",
        types=frozenset({KEY, *ENCRYPTED}),
        reads=("kmsKeyId", "kmsMasterKeyId"),
        check=_declared,
        remedy="Put the key back into the program under its old name. A key that is deleted takes all its data along.",
        binds_going_back=True,
        severity=Severity.CRITICAL,
        source="FSBP KMS.3",
        where=Where.PRODUCTION,
        settings={"foreignKeys": texts((), "ARNs of keys that another stack keeps; * stands for any text.")},
    ),
)
