"""What would be lost for good is refused in the whole production stack, and the message says what to do instead."""

from collections.abc import Iterator

import pytest

from tests.engine.conftest import PRODUCTION, Cloud, MakeProject
from tests.support.engine import Project, Run
from tests.support.refusals import edited

pytestmark = pytest.mark.engine

DATABASE, KEY, PLAN = "components/aws/database.py", "components/aws/encryption.py", "components/aws/backups.py"
STACK, FIREWALL = "stacks/greenflow.py", "components/aws/firewall.py"
ANOTHER = "restore a snapshot into a second instance"


@pytest.fixture(scope="module")
def bootstrapped(make_project: MakeProject) -> Project:
    made = make_project(PRODUCTION)
    made.up("--skip-preview")
    return made


@pytest.fixture(params=[True, False], ids=["with the pack", "without"])
def project(bootstrapped: Project, request: pytest.FixtureRequest) -> Iterator[Project]:
    bootstrapped.policy_pack = request.param
    yield bootstrapped
    bootstrapped.policy_pack = True


def refused(run: Run, *words: str) -> None:
    assert run.code != 0, str(run)
    for each in words:
        assert each in run.output, str(run)
    assert "Traceback" not in run.output, str(run)


def refused_always(project: Project, *words: str) -> None:
    """Each time as it is hardest to see: a preview is judged by the pack first, an update without it by the guard."""
    refused(project.preview() if project.policy_pack else project.up("--skip-preview", check=False), *words)


# What a program could change of the instance; `engine` and the others as they are written in the component.
REPLACED = [
    ("another engine", DATABASE, 'engine="postgres"', 'engine="mysql"', "engine 'postgres' -> 'mysql'"),
    ("no encryption", DATABASE, "storage_encrypted=True", "storage_encrypted=False", "storageEncrypted True -> False"),
    (
        "another name",
        DATABASE,
        'identifier=args["physical_name"],',
        'identifier=args["physical_name"] + "-2",',
        f"identifier '{PRODUCTION}' -> '{PRODUCTION}-2'",
    ),
    (
        "other subnets",
        DATABASE,
        "db_subnet_group_name=subnets.name",
        'db_subnet_group_name="other"',
        "-> 'other'",
    ),
    ("another database", STACK, '"database_name": system', '"database_name": "other"', "dbName 'greenflow' -> 'other'"),
]


@pytest.mark.parametrize("case", REPLACED, ids=[case[0] for case in REPLACED])
def test_a_change_that_replaces_the_database_is_refused(project: Project, case: tuple[str, ...]) -> None:
    _, file, old, new, found = case
    with edited(project, file, old, new):
        refused_always(project, "data-protected: 'database-primary' holds data", found, ANOTHER)


def test_a_key_that_leaves_the_database_is_refused_where_only_the_provider_sees_it(project: Project) -> None:
    """The ARN of a key is known to no program before it exists, so the engine is asked: a preview says what to do."""
    key = 'kms_key_id=args["kms_key_arn"],\n            db_name'
    other = (
        'kms_key_id=pulumi.Output.from_input(args["kms_key_arn"]).apply(lambda arn: f"{arn}x"),\n            db_name'
    )
    with edited(project, DATABASE, key, other):
        refused(project.preview(), "data-protected: 'database-primary' holds data", "kmsKeyId", ANOTHER)
        refused(project.up("--skip-preview", check=False), "database-primary", "marked for protection")


def test_the_order_to_replace_the_database_is_refused(bootstrapped: Project) -> None:
    database = next(urn for urn in bootstrapped.urns() if urn.endswith("aws:rds/instance:Instance::database-primary"))
    refused(bootstrapped.preview("--replace", database), "'database-primary' holds data", ANOTHER)
    refused(bootstrapped.up("--skip-preview", "--replace", database, check=False), "marked for protection")


# What else is taken away by a line of the program: the rule, what was found, and what to do instead.
TAKEN = [
    (
        "the window in which a key can be brought back",
        KEY,
        "DEFAULT_DELETION_WINDOW_DAYS = 30",
        "DEFAULT_DELETION_WINDOW_DAYS = 29",
        ("kms-safe-deletion-and-policy", "Do: "),
        ("30 -> 29", "Do: Leave deletion_window_days as it was"),
    ),
    (
        "the rotation of a key",
        KEY,
        "enable_key_rotation=True",
        "enable_key_rotation=False",
        ("kms-rotation", "Do: "),
        ("enableKeyRotation", "Do: Leave the rotation on"),
    ),
    (
        "days of copies in the vault",
        PLAN,
        "DEFAULT_DAILY_DAYS = 35",
        "DEFAULT_DAILY_DAYS = 34",
        ("data-protected", "rule 'daily' 35 -> 34", "Do: Leave it as it was"),
        (),
    ),
    (
        "monthly copies",
        PLAN,
        '                _rule("monthly", MONTHLY, monthly, vault, args["tags"]),\n',
        "",
        ("data-protected", "rule 'monthly' 365 -> no such rule any more", "Do: Leave it as it was"),
        (),
    ),
    (
        "a group of rules of both firewalls",
        FIREWALL,
        '    "AWSManagedRulesSQLiRuleSet",\n',
        "",
        ("waf-has-rules-and-metrics", "AWSManagedRulesSQLiRuleSet", "Do: Put the rule back"),
        ("no rule AWSManagedRulesSQLiRuleSet any more",),
    ),
    (
        "a rule of the firewall that no policy asks for",
        FIREWALL,
        '    "AWSManagedRulesAmazonIpReputationList",\n',
        "",
        ("waf-has-rules-and-metrics", "AWSManagedRulesAmazonIpReputationList", "Do: Put the rule back"),
        ("no rule AWSManagedRulesAmazonIpReputationList any more",),
    ),
    (
        "the rate limit's teeth",
        FIREWALL,
        '"action": {"block": {}}',
        '"action": {"count": {}}',
        ("waf-has-rules-and-metrics", "Do: "),
        ("rate-limit would no longer block",),
    ),
]


@pytest.mark.parametrize("case", TAKEN, ids=[case[0] for case in TAKEN])
def test_what_a_line_of_the_program_takes_away_is_refused(
    project: Project, case: tuple[str, str, str, str, tuple[str, ...], tuple[str, ...]]
) -> None:
    _, file, old, new, always, without_the_pack = case
    with edited(project, file, old, new):
        refused_always(project, *always, *(() if project.policy_pack else without_the_pack))


@pytest.mark.parametrize("firewall", ["firewall-acl", "edge-firewall-acl"])
def test_a_rule_that_leaves_one_firewall_is_refused(project: Project, firewall: str) -> None:
    whole = "rules=rules(settings.groups, settings.counted, settings.requests, settings.scope)"
    less = f'{whole}[: -1 if f"{{name}}-acl" == {firewall!r} else None]'
    with edited(project, FIREWALL, whole, less):
        refused_always(
            project, firewall, "waf-has-rules-and-metrics", "AWSManagedRulesSQLiRuleSet", "Put the rule back"
        )


def test_shorter_backups_of_the_database_are_refused(project: Project) -> None:
    project.set("headgate:database.backup_retention_days", "13")
    try:
        for run in (project.preview(), project.up("--skip-preview", check=False)):
            refused(run, "rds-backup-retention", "14 -> 13", "Do: Leave it as it was")
    finally:
        project.restore_configuration()


def test_a_key_that_is_replaced_is_refused(bootstrapped: Project) -> None:
    key = next(urn for urn in bootstrapped.urns() if urn.endswith("aws:kms/key:Key::key-key"))
    refused(bootstrapped.preview("--replace", key), "'key-key' holds data", "Do: Put the key back under its old name")
    refused(bootstrapped.up("--skip-preview", "--replace", key, check=False), "marked for protection")


RENAMED = (STACK, 'EncryptionKey(\n        "key",', 'EncryptionKey(\n        "renamed",')
LEFT = ("data-protected: 'key-key' holds data", "Do: Put it back under its old name")


def test_a_key_that_leaves_the_program_is_refused(project: Project) -> None:
    """As when somebody renames it: under its old name it would be deleted."""
    with edited(project, *RENAMED):
        refused(project.preview(), *LEFT)


def test_and_in_an_update_whatever_else_would_be_replaced_along(bootstrapped: Project, cloud: Cloud) -> None:
    try:
        with edited(bootstrapped, *RENAMED):
            refused(bootstrapped.up("--skip-preview", check=False), *LEFT)
        keys = cloud.client("kms").describe_key(KeyId=f"alias/{PRODUCTION}")
        assert keys["KeyMetadata"]["KeyState"] == "Enabled"
    finally:  # the new one may exist by then
        for urn in bootstrapped.urns():
            if "renamed" in urn:
                bootstrapped.pulumi("state", "unprotect", "--yes", urn)
        bootstrapped.up("--skip-preview")


def test_nothing_was_changed_by_any_of_it(bootstrapped: Project, cloud: Cloud) -> None:
    bootstrapped.up("--skip-preview", "--expect-no-changes")
    instance = cloud.client("rds").describe_db_instances(DBInstanceIdentifier=PRODUCTION)["DBInstances"][0]
    assert (instance["Engine"], instance["BackupRetentionPeriod"], instance["StorageEncrypted"]) == (
        "postgres",
        14,
        True,
    )
