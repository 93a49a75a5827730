"""Rules on how PostgreSQL in RDS is operated: watched, patched, changed, and signed in to."""

from collections.abc import Iterable

from policies.database import INSTANCE, PARAMETER_GROUP
from policies.facts import Resource, must_be, must_not_be_true
from policies.model import Rule, Settings, Severity, Where, number, switch, texts


def _logs_exported(resource: Resource, settings: Settings) -> Iterable[str]:
    exported = resource.inputs.texts("enabledCloudwatchLogsExports")
    missing = [kind for kind in settings["logs"] if kind not in exported]
    if missing:
        yield f"enabledCloudwatchLogsExports must hold {', '.join(settings['logs'])}, found no {', no '.join(missing)}."


def _iam_login(resource: Resource, _: Settings) -> Iterable[str]:
    yield from must_be(resource.inputs, "iamDatabaseAuthenticationEnabled", True)


def _minor_upgrades(resource: Resource, _: Settings) -> Iterable[str]:
    if resource.inputs.flag("autoMinorVersionUpgrade") is False:
        yield "autoMinorVersionUpgrade must not be false, found false."


def _monitored(resource: Resource, settings: Settings) -> Iterable[str]:
    inputs = resource.inputs
    if not inputs.number("monitoringInterval"):
        yield "monitoringInterval must be above 0 seconds, found none."
    yield from must_be(inputs, "performanceInsightsEnabled", True)
    if settings["requireOwnKey"] and not inputs.has("performanceInsightsKmsKeyId"):
        yield "performanceInsightsKmsKeyId must be set, found nothing."


def _admin_name(resource: Resource, settings: Settings) -> Iterable[str]:
    name = (resource.inputs.text("username") or "").lower()
    if name in settings["guessedNames"]:
        yield "username must not be a name that attackers try first, found one of those."


def _changed_in_its_window(resource: Resource, _: Settings) -> Iterable[str]:
    yield from must_not_be_true(resource.inputs, "applyImmediately")


def _password_key(resource: Resource, _: Settings) -> Iterable[str]:
    inputs = resource.inputs
    if inputs.flag("manageMasterUserPassword") and not inputs.has("masterUserSecretKmsKeyId"):
        yield "masterUserSecretKmsKeyId must be set, found nothing."


def _snapshot_tags(resource: Resource, _: Settings) -> Iterable[str]:
    yield from must_be(resource.inputs, "copyTagsToSnapshot", True)


def _slow_statements(resource: Resource, settings: Settings) -> Iterable[str]:
    if not (resource.inputs.text("family") or "postgres").startswith("postgres"):
        return
    most = settings["maximumMilliseconds"]
    for parameter in resource.inputs.items("parameters"):
        if parameter.text("name") == "log_min_duration_statement":
            value = parameter.number("value")
            if value is None or not 0 <= value <= most:
                yield f"{parameter.path}.value of log_min_duration_statement must be 0 to {most} ms, found another."
            return
    yield "parameters must hold log_min_duration_statement, found no such parameter."


RULES = (
    Rule(
        id="rds-log-exports",
        row="39",
        title="Logs of databases are kept elsewhere",
        description="Checks whether database instances export their logs to CloudWatch.",
        types=frozenset({INSTANCE}),
        reads=("enabledCloudwatchLogsExports",),
        check=_logs_exported,
        remedy="Set enabledCloudwatchLogsExports to postgresql and upgrade.",
        severity=Severity.MEDIUM,
        source="FSBP RDS.9, RDS.36",
        where=Where.PRODUCTION,
        settings={"logs": texts(("postgresql", "upgrade"), "Logs that must be exported.")},
    ),
    Rule(
        id="rds-iam-auth",
        row="42",
        title="People sign in to databases with their own names",
        description="Checks whether database instances let IAM identities sign in.",
        types=frozenset({INSTANCE}),
        reads=("iamDatabaseAuthenticationEnabled",),
        check=_iam_login,
        remedy="Set iamDatabaseAuthenticationEnabled to true.",
        severity=Severity.MEDIUM,
        source="FSBP RDS.10",
        where=Where.PRODUCTION,
    ),
    Rule(
        id="rds-minor-upgrades",
        row="43",
        title="Databases get their patches",
        description="Checks whether database instances take minor versions by themselves.",
        types=frozenset({INSTANCE}),
        reads=("autoMinorVersionUpgrade",),
        check=_minor_upgrades,
        remedy="Leave autoMinorVersionUpgrade out; RDS upgrades in the maintenance window.",
        severity=Severity.MEDIUM,
        source="FSBP RDS.13",
    ),
    Rule(
        id="rds-monitoring",
        row="44",
        title="Databases are watched closely",
        description="Checks whether enhanced monitoring and Performance Insights are on, encrypted with our own key.",
        types=frozenset({INSTANCE}),
        reads=("monitoringInterval", "performanceInsightsEnabled", "performanceInsightsKmsKeyId"),
        check=_monitored,
        remedy="Set monitoringInterval to 60, performanceInsightsEnabled to true and performanceInsightsKmsKeyId.",
        severity=Severity.MEDIUM,
        source="FSBP RDS.6",
        where=Where.PRODUCTION,
        settings={"requireOwnKey": switch(True, "Whether performanceInsightsKmsKeyId must be set.")},
    ),
    Rule(
        id="rds-custom-admin-name",
        row="45",
        title="The administrator has a name of its own",
        description="Checks whether the administrator of a database has no name that is tried first.",
        types=frozenset({INSTANCE}),
        reads=("username",),
        check=_admin_name,
        remedy="Choose another username before the instance exists; changing it later replaces the instance.",
        severity=Severity.LOW,
        source="FSBP RDS.25",
        where=Where.PRODUCTION,
        settings={
            "guessedNames": texts(("admin", "administrator", "postgres", "rdsadmin", "root"), "Names that are refused.")
        },
    ),
    Rule(
        id="rds-no-apply-immediately",
        row="47",
        title="Databases change in their maintenance window",
        description="Checks whether changes of database instances wait for the maintenance window.",
        types=frozenset({INSTANCE}),
        reads=("applyImmediately",),
        check=_changed_in_its_window,
        remedy="Leave applyImmediately out; for a change that cannot wait, add an exemption that runs out.",
        severity=Severity.MEDIUM,
        source="project",
        where=Where.PRODUCTION,
    ),
    Rule(
        id="rds-password-own-key",
        row="-",
        title="The password of a database has a key of our own",
        description="Checks whether the secret in which RDS keeps the password is encrypted with a key of this stack.",
        types=frozenset({INSTANCE}),
        reads=("manageMasterUserPassword", "masterUserSecretKmsKeyId"),
        check=_password_key,
        remedy="Set masterUserSecretKmsKeyId to a key of this stack.",
        severity=Severity.HIGH,
        source="project",
        where=Where.PRODUCTION,
    ),
    Rule(
        id="rds-snapshot-tags",
        row="-",
        title="Snapshots say whose they are",
        description="Checks whether snapshots of databases carry the tags of the database.",
        types=frozenset({INSTANCE}),
        reads=("copyTagsToSnapshot",),
        check=_snapshot_tags,
        remedy="Set copyTagsToSnapshot to true.",
        severity=Severity.LOW,
        source="FSBP RDS.17",
        where=Where.PRODUCTION,
    ),
    Rule(
        id="rds-slow-statements-logged",
        row="-",
        title="Slow statements are logged",
        description="Checks whether PostgreSQL logs statements that take long.",
        types=frozenset({PARAMETER_GROUP}),
        reads=("family", "parameters.name", "parameters.value"),
        check=_slow_statements,
        remedy="Add the parameter log_min_duration_statement with at most 1000.",
        severity=Severity.LOW,
        source="project",
        where=Where.PRODUCTION,
        settings={"maximumMilliseconds": number(1000, "Statements that take longer are logged.")},
    ),
)
