"""Whose rules are in force, at which level, and what an exemption can and cannot do."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from policies import configuration, housekeeping, pack
from policies.model import Rule, Where
from policies.session import Session, endpoints_of
from tests.support.policy_cases import CASES, changed
from tests.support.servicer import NOW, Declared, Diagnostic, FixedSession, Pack, of

RULES = {rule.id: rule for rule in pack.rules(Session())}
DATABASE = next(case for case in CASES if case.rule == "rds-multi-az")
ONE_ZONE = Declared(DATABASE.type, "db", changed(DATABASE.good, {"multiAz": False}))
STACK = Declared(housekeeping.STACK, "greenflow-production", {})


@pytest.mark.parametrize(
    ("stack", "config", "expected"),
    [
        ("greenflow-production", "production", "production"),
        ("greenflow-staging", "staging", "staging"),
        ("anything", "staging", "staging"),
        ("greenflow-production", "staging", "production"),
        ("greenflow-staging", "production", "production"),
        ("greenflow-staging", None, "production"),
        ("greenflow-staging", "", "production"),
        ("greenflow-staging", "Staging", "production"),
        ("greenflow-dev", "dev", "production"),
        ("anything", "schema", "production"),
        ("production", "staging", "production"),
    ],
)
def test_the_environment_is_production_unless_everything_says_otherwise(
    stack: str, config: str | None, expected: str
) -> None:
    given = {} if config is None else {"headgate:environment": config}
    assert configuration.environment_of(stack, given) == expected
    assert Pack(None, stack=stack, config=given).session.environment == expected


def test_before_the_engine_says_anything_the_rules_are_those_of_production() -> None:
    assert Session().environment == "production"


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_levels(rule: Rule) -> None:
    """A rule for production is advice elsewhere; every other rule binds everywhere."""
    elsewhere = "advisory" if rule.where is Where.PRODUCTION else rule.level

    assert Pack("production").level(rule.id) == rule.level
    assert Pack("staging").level(rule.id) == elsewhere


def test_a_production_rule_is_advice_in_staging() -> None:
    production = of(Pack("production").analyze(ONE_ZONE), "rds-multi-az")
    staging = of(Pack("staging").analyze(ONE_ZONE), "rds-multi-az")

    assert [each.level for each in production] == ["mandatory"]
    assert [each.level for each in staging] == ["advisory"]
    assert production[0].message == staging[0].message


@pytest.mark.parametrize(
    ("days", "production", "staging"), [(0, True, True), (1, True, False), (6, True, False), (7, False, False)]
)
def test_thresholds_are_those_of_the_environment(days: int, production: bool, staging: bool) -> None:
    database = Declared(DATABASE.type, "db", changed(DATABASE.good, {"backupRetentionPeriod": days}))

    assert bool(of(Pack("production").analyze(database), "rds-backup-retention")) is production
    assert bool(of(Pack("staging").analyze(database), "rds-backup-retention")) is staging


def test_the_command_line_s_file_comes_last() -> None:
    given = {"rds-backup-retention": {"minimumDays": 30}, "rds-multi-az": "advisory"}
    strict = Pack("production", policy_config=given)
    database = Declared(DATABASE.type, "db", changed(DATABASE.good, {"multiAz": False}))

    found = strict.analyze(database)

    assert "at least 30 days" in of(found, "rds-backup-retention")[0].message
    assert [each.level for each in of(found, "rds-multi-az")] == ["advisory"]


@pytest.mark.parametrize("environment", configuration.environments())
def test_our_files_are_sound(environment: str) -> None:
    entries, problems = configuration.load(environment, RULES)
    assert entries
    assert problems == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "must be a readable JSON file"),
        ("[]", "must be a mapping of policies"),
        ('{"rds-multi-azz": "advisory"}', "rds-multi-azz must be the id of a policy"),
        ('{"rds-multi-az": "soft"}', "the level must be one of mandatory, advisory, disabled, found 'soft'"),
        ('{"rds-multi-az": 1}', "the level must be one of"),
        ('{"rds-multi-az": {"enforcementLevel": "soft"}}', "the level must be one of"),
        ('{"rds-backup-retention": {"days": 1}}', "rds-backup-retention.days must be a setting of the policy"),
    ],
)
def test_a_file_that_is_not_sound_leaves_the_defaults_and_says_so(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "production.json").write_text(text)
    entries, problems = configuration.load("production", RULES, tmp_path)

    assert entries == {}
    assert len(problems) == 1
    assert problems[0].startswith("production.json")
    assert said in problems[0]


def test_a_file_that_is_not_there_leaves_the_defaults_and_says_so(tmp_path: Path) -> None:
    entries, problems = configuration.load("production", RULES, tmp_path)
    assert entries == {}
    assert "FileNotFoundError" in problems[0]


def test_problems_of_the_file_reach_the_user(tmp_path: Path) -> None:
    (tmp_path / "production.json").write_text("{")
    found = Pack("production", session=FixedSession(folder=tmp_path)).run([STACK, ONE_ZONE])

    assert "production.json must be a readable JSON file" in of(found, housekeeping.CONFIGURATION)[0].message
    assert [each.level for each in of(found, "rds-multi-az")] == ["mandatory"]


def test_production_s_file_holds_the_defaults_of_the_code() -> None:
    """So that nothing becomes milder where the file cannot be read."""
    for policy, entry in configuration.load("production", RULES)[0].items():
        expected = {configuration.LEVEL_KEY: RULES[policy].level, **RULES[policy].defaults}
        assert {name: expected[name] for name in entry} == {**entry, **STRICTER.get(policy, {})}, policy


# ION is a public interface; without the file it is not.
STRICTER = {"cloudrun-no-public-invoker": {"publicServices": []}}


def justified(**changes: str) -> dict[str, str]:
    day = (datetime.fromtimestamp(NOW, UTC) + timedelta(days=30)).date().isoformat()
    return {
        "policy": "rds-multi-az",
        "urnPattern": "*::db",
        "reason": "moves to Aurora in March",
        "owner": "data-team",
        "expires": day,
        **changes,
    }


def exempting(*exemptions: object) -> Pack:
    return Pack("production", policy_config={housekeeping.CONFIGURATION: {"exemptions": list(exemptions)}})


def used(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    return of(diagnostics, housekeeping.EXEMPTION_USED)


def test_an_exemption_lets_one_rule_go_and_says_so() -> None:
    found = exempting(justified()).run([STACK, ONE_ZONE])

    assert of(found, "rds-multi-az") == []
    assert of(found, housekeeping.CONFIGURATION) == []
    assert [(each.level, each.urn) for each in used(found)] == [("advisory", ONE_ZONE.urn)]
    for part in ("rds-multi-az", "moves to Aurora in March", "data-team", justified()["expires"]):
        assert part in used(found)[0].message


def test_an_exemption_that_is_not_needed_is_not_mentioned() -> None:
    assert used(exempting(justified()).run([STACK, Declared(DATABASE.type, "db", DATABASE.good)])) == []


def test_other_resources_and_other_rules_stay_bound() -> None:
    other = Declared(DATABASE.type, "other", changed(DATABASE.good, {"multiAz": False}))
    public = Declared(DATABASE.type, "db", changed(DATABASE.good, {"publiclyAccessible": True}))
    pack_ = exempting(justified())

    assert of(pack_.analyze(other), "rds-multi-az")
    assert of(pack_.analyze(public), "rds-not-public")


@pytest.mark.parametrize(
    ("exemption", "said"),
    [
        (justified(reason=""), ".reason must be set"),
        (justified(reason="  "), ".reason must be set"),
        (justified(owner=""), ".owner must be set"),
        (justified(urnPattern=""), ".urnPattern must be set"),
        (justified(expires=""), ".expires must be set"),
        (justified(expires="soon"), ".expires must be a day"),
        (justified(expires="2025-12-31"), "has run out"),
        (justified(policy="rds-multi-azz"), ".policy must be the id of a policy"),
        (justified(policy="rollout-stable-image-frozen"), "no configuration may exempt"),
        (justified(policy="rollout-abort-always-allowed"), "no configuration may exempt"),
        (justified(policy="fail-closed-without-state"), "no configuration may exempt"),
        (justified(policy=housekeeping.CONFIGURATION), "no configuration may exempt"),
        (justified(aproved="yes"), ".aproved is no part of an exemption"),
        ("rds-multi-az", "must be a mapping"),
    ],
)
def test_an_exemption_that_is_not_justified_does_not_count(exemption: object, said: str) -> None:
    found = exempting(exemption).run([STACK, ONE_ZONE])

    problems = of(found, housekeeping.CONFIGURATION)
    assert {each.level for each in problems} == {"mandatory"}
    assert any("exemptions[0]" in each.message and said in each.message for each in problems)
    assert of(found, "rds-multi-az")
    assert used(found) == []


def test_every_problem_of_the_configuration_is_said_at_once() -> None:
    found = exempting(justified(reason="", owner=""), justified(expires="2025-01-01")).run([STACK])
    assert len(of(found, housekeeping.CONFIGURATION)) == 3


def test_an_exemption_holds_until_the_end_of_its_last_day() -> None:
    last = datetime.fromtimestamp(NOW, UTC).date().isoformat()
    assert of(exempting(justified(expires=last)).analyze(ONE_ZONE), "rds-multi-az") == []


@pytest.mark.parametrize(
    "policy",
    [
        "rollout-stable-image-frozen",
        "rollout-abort-always-allowed",
        "fail-closed-without-state",
        "policy-configuration",
    ],
)
@pytest.mark.parametrize("level", ["advisory", "disabled"])
def test_what_keeps_a_rollback_possible_cannot_be_lowered(policy: str, level: str) -> None:
    lowered = Pack("production", policy_config={policy: level})

    problems = of(lowered.run([STACK]), housekeeping.CONFIGURATION)
    assert [each.level for each in problems] == ["mandatory"]
    assert f"{policy} must be mandatory, found {level}" in problems[0].message
    nothing = of(lowered.analyze(Declared("headgate:index:Rollout", "rollout", {})), "fail-closed-without-state")
    assert [each.level for each in nothing] == ["mandatory"]


def test_a_policy_that_does_not_exist_is_named() -> None:
    found = Pack("production", policy_config={"rds-multi-azz": "disabled"}).run([STACK])
    assert "rds-multi-azz must be the id of a policy" in of(found, housekeeping.CONFIGURATION)[0].message


def test_a_sound_configuration_says_nothing() -> None:
    for environment in configuration.environments():
        assert Pack(environment).run([STACK]) == []


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, ()),
        ({"aws:region": "us-east-1"}, ()),
        (
            {"aws:endpoints": '[{"rds": "http://127.0.0.1:1", "elbv2": "http://127.0.0.1:2"}]'},
            ("http://127.0.0.1:1", "http://127.0.0.1:2"),
        ),
        ({"aws:endpoints": "http://x"}, ("http://x",)),
        ({"gcp:runCustomEndpoint": "http://127.0.0.1:3"}, ("http://127.0.0.1:3",)),
    ],
)
def test_endpoints(config: dict[str, str], expected: tuple[str, ...]) -> None:
    assert endpoints_of(config) == expected
