"""What would lose data or a key is refused in production, with a message that says what to do instead."""

from typing import Any

import pytest

from policies import kms, pack
from policies.protection import DATA
from policies.secrets_manager import ENTRY, REASON_TAG, ROTATION
from policies.session import Session
from tests.support.guardrail_cases import GUARDRAIL_CASES, KEY, KEY_ARN
from tests.support.policy_cases import CASES, DATABASE, changed
from tests.support.servicer import UNKNOWN, Declared, Diagnostic, Pack, of, secret

PRODUCTION = Pack("production")
RULE = "data-protected"
GOOD: dict[str, dict[str, Any]] = {}
for each in (*CASES, *GUARDRAIL_CASES):
    GOOD[each.type] = {**each.good, **GOOD.get(each.type, {})}


def mandatory(found: list[Diagnostic]) -> dict[str, str]:
    return {each.policy: each.message for each in found if each.level == "mandatory" and not each.deferred}


@pytest.mark.parametrize("token", sorted(DATA))
def test_data_that_could_be_deleted_or_replaced_is_refused_in_production(token: str) -> None:
    bare = of(PRODUCTION.analyze(Declared(token, "it", {})), RULE)

    assert [each.level for each in bare] == ["mandatory"]
    assert "the option protect of this" in bare[0].message
    assert "Do: Leave protect_data of the component true" in bare[0].message
    assert of(PRODUCTION.analyze(Declared(token, "it", {}, protect=True)), RULE) == []
    assert of(Pack("staging").analyze(Declared(token, "it", {})), RULE) == []


def test_no_configuration_gives_the_protection_up() -> None:
    exemption = {
        "policy": RULE,
        "urnPattern": "*",
        "reason": "moves away",
        "owner": "data-team",
        "expires": "2026-06-30",
    }
    for given in ({RULE: "advisory"}, {"policy-configuration": {"exemptions": [exemption]}}):
        pack_ = Pack("production", policy_config=given)
        assert pack_.analyze(Declared("pulumi:pulumi:Stack", "s", {})) == []
        found = pack_.analyze(Declared(DATABASE, "db", {}))
        assert of(found, RULE)
        assert of(found, "policy-configuration")


# Type, what is changed, the rule that refuses it, and what its message says to do instead.
REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    (DATABASE, {"backupRetentionPeriod": 3}, "rds-backup-retention", "Raise backupRetentionPeriod"),
    (DATABASE, {"backupRetentionPeriod": 0}, "rds-backup-retention", "Raise backupRetentionPeriod"),
    (DATABASE, {"deletionProtection": False}, "rds-deletion-protection", "Set deletionProtection to true"),
    (DATABASE, {"storageEncrypted": False}, "rds-storage-encrypted", "Both replace an existing instance"),
    (DATABASE, {"applyImmediately": True}, "rds-no-apply-immediately", "Leave applyImmediately out"),
    (DATABASE, {"username": "postgres"}, "rds-custom-admin-name", "changing it later replaces the instance"),
    (KEY, {"deletionWindowInDays": 7}, "kms-safe-deletion-and-policy", "To move to another key, encrypt the data"),
    (KEY, {"isEnabled": False}, "kms-safe-deletion-and-policy", "Keep the key"),
]


@pytest.mark.parametrize(("token", "change", "rule", "instead"), REFUSED)
def test_what_a_policy_can_see_is_refused_and_says_what_to_do(
    token: str, change: dict[str, Any], rule: str, instead: str
) -> None:
    good = Declared(token, "it", GOOD[token], protect=True)
    assert mandatory(PRODUCTION.analyze(good)) == {}

    found = mandatory(PRODUCTION.analyze(Declared(token, "it", changed(GOOD[token], change), protect=True)))

    assert set(found) == {rule}
    assert instead in found[rule].partition("Do: ")[2]


def key_findings(*resources: Declared, environment: str = "production") -> list[Diagnostic]:
    return of(Pack(environment).analyze_stack(resources), "kms-key-declared")


@pytest.mark.parametrize(("token", "key"), sorted(kms.ENCRYPTED.items()))
def test_a_key_that_is_gone_from_the_program_is_missed(token: str, key: str) -> None:
    data = Declared(token, "data", {key: UNKNOWN}, depends={key: ["key"]}, protect=True)
    orphan = Declared(token, "data", {key: KEY_ARN}, protect=True)
    other = Declared(KEY, "other", {"arn": "arn:aws:kms:us-east-1:123456789012:key/2"})

    found = key_findings(orphan, other)
    assert [(each.level, each.urn) for each in found] == [("mandatory", data.urn)]
    assert "Do: Put the key back into the program" in found[0].message
    assert [each.level for each in key_findings(orphan, environment="staging")] == ["advisory"]
    assert key_findings(data, Declared(KEY, "key", {})) == []
    assert key_findings(orphan, Declared(KEY, "key", {"arn": KEY_ARN})) == []
    assert key_findings(Declared(token, "data", {})) == []


def test_a_key_of_another_stack_can_be_listed() -> None:
    entry_ = Declared(ENTRY, "entry", {"kmsKeyId": KEY_ARN})
    given = {"kms-key-declared": {"foreignKeys": ["arn:aws:kms:*:123456789012:key/*"]}}
    listed = Pack("production", policy_config=given)
    assert of(listed.analyze_stack([entry_]), "kms-key-declared") == []
    assert key_findings(entry_)


def rotation_findings(*resources: Declared) -> list[str]:
    found = of(Pack("production").analyze_stack(resources), "secret-rotated-or-exempt")
    assert {each.level for each in found} <= {"mandatory"}
    return [each.message for each in found]


def entry(**inputs: Any) -> Declared:
    return Declared(ENTRY, "entry", inputs)


EXEMPT = {"rotation": "exempt", REASON_TAG: "no value to renew"}


@pytest.mark.parametrize(
    "resources",
    [
        [entry(), Declared(ROTATION, "r", {"secretId": UNKNOWN}, depends={"secretId": ["entry"]})],
        [entry(arn="arn:1"), Declared(ROTATION, "r", {"secretId": "arn:1"})],
        [entry(tags=EXEMPT)],
    ],
)
def test_a_secret_that_rotates_or_says_why_not(resources: list[Declared]) -> None:
    assert rotation_findings(*resources) == []


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        ([entry()], "a SecretRotation must refer to the secret"),
        ([entry(arn="arn:1"), Declared(ROTATION, "r", {"secretId": "arn:2"})], "a SecretRotation must refer"),
        ([entry(tags={"rotation": "no"})], "a SecretRotation must refer"),
        ([entry(tags={"rotation": "exempt"})], f"tags.{REASON_TAG} must say why"),
        ([entry(tags={**EXEMPT, REASON_TAG: " "})], f"tags.{REASON_TAG} must say why"),
        ([entry(tags=UNKNOWN)], "tags must be known"),
    ],
)
def test_a_secret_that_nobody_renews(resources: list[Declared], said: str) -> None:
    found = rotation_findings(*resources)
    assert len(found) == 1
    assert said in found[0]


def test_the_mark_of_a_secret_is_seen_although_the_sdk_unwraps_it() -> None:
    token, rule = "aws:secretsmanager/secretVersion:SecretVersion", "secret-no-plaintext-value"
    canary = "canary-hunter2-77"

    marked = PRODUCTION.analyze(Declared(token, "it", {"secretString": secret(canary)}))
    clear = PRODUCTION.analyze(Declared(token, "it", {"secretString": canary}))

    assert of(marked, rule) == []
    assert [each.level for each in of(clear, rule)] == ["mandatory"]
    assert all(canary not in each.message for each in (*marked, *clear))


def test_a_program_cannot_claim_the_mark() -> None:
    """The engine strips names that begin with two underscores; should one arrive, it is overwritten."""
    rule = "secret-no-plaintext-value"
    token = "aws:secretsmanager/secretVersion:SecretVersion"
    claimed = {"secretString": "hunter2", "__headgateSecret": ["secretString"]}
    assert of(PRODUCTION.analyze(Declared(token, "it", claimed)), rule)


def test_the_aws_rows_of_this_part_are_there() -> None:
    rows = {row.strip() for rule in pack.rules(Session()) for row in rule.row.split(",")}
    assert {str(n) for n in (11, 20, 21, 22, 32, 39, 42, 43, 44, 45, 47, 53, *range(66, 72), *range(89, 93))} <= rows
