"""Rules on Secrets Manager: how secrets are kept, renewed, and written."""

import re
from collections.abc import Iterable, Iterator, Sequence

from policies.facts import Node, Resource, Unreadable
from policies.kms import texts_of
from policies.model import Finding, Rule, Settings, Severity, StackRule, Where, number, unreadable

ENTRY = "aws:secretsmanager/secret:Secret"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
ROTATION = "aws:secretsmanager/secretRotation:SecretRotation"

ROTATION_TAG, EXEMPT, REASON_TAG = "rotation", "exempt", "rotation-exempt-reason"
_RATE = re.compile(r"rate\((\d+) (day|hour)s?\)")
_HOURS = {"day": 24, "hour": 1}


def _own_key(resource: Resource, _: Settings) -> Iterable[str]:
    if not resource.inputs.has("kmsKeyId"):
        yield "kmsKeyId must be set, found nothing."


def _recoverable(resource: Resource, settings: Settings) -> Iterable[str]:
    days = resource.inputs.number("recoveryWindowInDays")
    least = settings["minimumDays"]
    if days is not None and days < least:
        yield f"recoveryWindowInDays must be at least {least}, found {days:g}: 0 deletes at once."


def _marked(resource: Resource, _: Settings) -> Iterator[str]:
    for key in ("secretString", "secretBinary"):
        # The mark is judged first: a value that is marked may well be unknown.
        if resource.inputs.has(key) and key not in resource.secret:
            resource.inputs.get(key)
            yield f"{key} must be marked secret, found a value that would be in the state in clear."


def _often_enough(resource: Resource, settings: Settings) -> Iterator[str]:
    most = settings["maximumDays"]
    rules = resource.inputs.node("rotationRules")
    days = rules.number("automaticallyAfterDays")
    expression = rules.text("scheduleExpression")
    if days is None and expression is not None:
        rate = _RATE.fullmatch(expression)
        days = int(rate[1]) * _HOURS[rate[2]] / 24 if rate else None
        if days is None:
            yield f"{rules.at('scheduleExpression')} must be a rate such as rate(30 days), found another expression."
            return
    if days is None:
        yield f"{rules.at('automaticallyAfterDays')} must be at most {most}, found nothing."
    elif days > most:
        yield f"{rules.path} must rotate at least every {most} days, found every {days:g}."


def _renewed(resources: Sequence[Resource], _: Settings) -> Iterator[Finding]:
    """Every secret has a rotation that refers to it, or says why nothing can rotate it."""
    rotated: set[str] = set()
    for rotation in resources:
        if rotation.type == ROTATION:
            rotated |= {*rotation.depends.get("secretId", ()), *texts_of(rotation, "secretId")}
    for secret in resources:
        if secret.type == ENTRY and not rotated & {secret.urn, *texts_of(secret, "arn", "id", "name")}:
            try:
                yield from (Finding(secret.urn, text) for text in _exempt(secret.inputs))
            except Unreadable as error:
                yield from (Finding(secret.urn, unreadable(each)) for each in error.all)


def _exempt(inputs: Node) -> Iterator[str]:
    tags = inputs.node("tags")
    if tags.text(ROTATION_TAG) != EXEMPT:
        yield "a SecretRotation must refer to the secret, found none."
    elif not (tags.text(REASON_TAG) or "").strip():
        yield f"tags.{REASON_TAG} must say why the secret is not rotated, found nothing."


RULES = (
    Rule(
        id="secret-rotation",
        row="66",
        title="Secrets rotate often enough",
        description="Checks whether secrets that are rotated are rotated at least every 90 days.",
        types=frozenset({ROTATION}),
        reads=("rotationRules.automaticallyAfterDays", "rotationRules.scheduleExpression"),
        check=_often_enough,
        remedy="Set rotationRules.automaticallyAfterDays.",
        severity=Severity.HIGH,
        source="FSBP SecretsManager.4",
        where=Where.PRODUCTION,
        settings={"maximumDays": number(90, "Most days between rotations.", minimum=1)},
    ),
    Rule(
        id="secret-cmk",
        row="67",
        title="Secrets have a key of our own",
        description="Checks whether secrets are encrypted with a key of this stack.",
        types=frozenset({ENTRY}),
        reads=("kmsKeyId",),
        check=_own_key,
        remedy="Set kmsKeyId to a key of this stack.",
        severity=Severity.HIGH,
        source="CKV_AWS_149",
        where=Where.PRODUCTION,
    ),
    Rule(
        id="secret-recovery-window",
        row="68",
        title="A deleted secret can be brought back",
        description="Checks whether secrets can be brought back for some days after they were deleted.",
        types=frozenset({ENTRY}),
        reads=("recoveryWindowInDays",),
        check=_recoverable,
        remedy="Leave recoveryWindowInDays out, or set it to 7 or more.",
        binds_going_back=True,
        severity=Severity.HIGH,
        source="project",
        where=Where.PRODUCTION,
        settings={"minimumDays": number(7, "Least days to bring a secret back.", minimum=0)},
    ),
    Rule(
        id="secret-no-plaintext-value",
        row="69",
        title="Values of secrets are marked secret",
        description="Checks whether the value of a secret is marked secret, so that the state holds it encrypted.",
        types=frozenset({VERSION}),
        reads=("secretString", "secretBinary"),
        check=_marked,
        defers=frozenset({"secretString", "secretBinary"}),
        remedy="Wrap the value in pulumi.Output.secret, read it with Config.require_secret, or use secretStringWo.",
        severity=Severity.CRITICAL,
        source="project",
    ),
)

STACK_RULES = (
    StackRule(
        id="secret-rotated-or-exempt",
        row="66",
        title="Every secret rotates, or says why not",
        description="Checks whether every secret is rotated, or is tagged with the reason why nothing can rotate it.",
        types=frozenset({ENTRY, ROTATION}),
        reads=("secretId", "tags"),
        check=_renewed,
        remedy=f"Add a rotation function, or the tags {ROTATION_TAG}={EXEMPT} and {REASON_TAG}.",
        severity=Severity.MEDIUM,
        source="FSBP SecretsManager.1",
        where=Where.PRODUCTION,
    ),
)
