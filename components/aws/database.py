"""The database: one PostgreSQL instance, with a copy in another zone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

import pulumi
from pulumi_aws import cloudwatch, ec2, iam, rds

from components._common import PlainArguments, token
from components.aws.documents import allow, document, partition, trust
from components.aws.logs import DEFAULT_RETENTION_DAYS, RETENTION_DAYS, RETENTION_EXPECTED, log_group
from components.aws.security_rules import connect

PORT = 5432
# A major version: RDS then chooses and keeps up with the minor one, and a plan never proposes to go back.
DEFAULT_ENGINE_VERSION = "17"
DEFAULT_USERNAME = "headgate_admin"
GUESSED_USERNAMES = frozenset({"admin", "administrator", "postgres", "rdsadmin", "root"})  # RDS.25
DEFAULT_BACKUP_DAYS = 14
DEFAULT_STORAGE_GIB = 50
DEFAULT_MAX_STORAGE_GIB = 200
# UTC; backups before maintenance, both in the quietest hours of Europe and America. The maintenance window
# may not overlap the backup window (RDS API).
BACKUP_WINDOW = "03:00-04:00"
MAINTENANCE_WINDOW = "sun:04:30-sun:05:30"
MONITORING_INTERVAL = 60  # seconds; RDS.6
INSIGHTS_RETENTION_DAYS = 7  # what Performance Insights keeps at no cost
SLOW_STATEMENT_MS = 500  # statements slower than the response limit of a rollout are logged
EXPORTED_LOGS = ("postgresql", "upgrade")


class DatabaseArgs(TypedDict):
    """Arguments of `Database`."""

    physical_name: str
    """Identifier of the instance. Replaces it."""
    account_id: pulumi.Input[str]
    """The account; the monitoring role is usable on its behalf only."""
    region: str
    """Region of the monitoring logs."""
    vpc_id: pulumi.Input[str]
    """The VPC. Replaces the security group."""
    subnet_ids: Sequence[pulumi.Input[str]]
    """Isolated subnets in at least two zones."""
    client_security_group_id: pulumi.Input[str]
    """The only group whose members may connect."""
    kms_key_arn: pulumi.Input[str]
    """Key of the storage, backups, insights, password and logs. Replaces the instance."""
    instance_class: str
    """For example db.m7g.large. Changed in the maintenance window."""
    database_name: str
    """Name of the first database. Replaces the instance."""
    engine_version: NotRequired[str]
    """PostgreSQL version, `17` or `17.6`. Default: 17. A new major version is an upgrade in place."""
    username: NotRequired[str]
    """Administrator, not a name attackers try first. Replaces the instance. Default: headgate_admin."""
    storage_gib: NotRequired[int]
    """Storage to begin with. Default: 50."""
    max_storage_gib: NotRequired[int]
    """Most that storage grows to by itself. Default: 200."""
    multi_az: NotRequired[bool]
    """Keep a synchronous copy in another zone. Default: true."""
    backup_retention_days: NotRequired[int]
    """Days of backups and of recovery to any second, 1 to 35. Default: 14."""
    log_retention_days: NotRequired[int]
    """Days to keep exported logs. Default: 365."""
    protect_data: NotRequired[bool]
    """Refuse deletion, keep the instance when the stack goes, snapshot it at the end. Default: true."""
    tags: Mapping[str, pulumi.Input[str]]
    """Tags of every taggable child."""


@dataclass(frozen=True, kw_only=True)
class _Settings:
    engine_version: str
    username: str
    storage: int
    max_storage: int
    multi_az: bool
    backup_days: int
    log_days: int
    protect_data: bool


class Database(pulumi.ComponentResource):
    """A PostgreSQL instance that only the service reaches, over TLS, with a password that nobody ever sees.

    Creates: security group and the rules that connect the service; subnet group; parameter group; log groups;
    monitoring role with its policy; instance.

    Changes during a rollout: nothing.

    Replaces on: `physical_name`, `kms_key_arn`, `database_name`, `username` (the instance, refused while
    `protect_data` is true); the major part of `engine_version` (parameter group only).
    """

    instance: rds.Instance
    """The instance, for what is not offered here."""
    address: pulumi.Output[str]
    """Host name. It stays the same when the instance fails over to the other zone."""
    port: pulumi.Output[int]
    """TCP port."""
    database_name: pulumi.Output[str]
    """Name of the first database."""
    secret_arn: pulumi.Output[str]
    """Secret with `username` and `password` of the administrator, kept and rotated by RDS."""
    security_group_id: pulumi.Output[str]
    """Group of the instance."""

    def __init__(
        self,
        name: str,
        args: DatabaseArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        guard: pulumi.ResourceHookBinding | None = None,
    ) -> None:
        """`guard`: hooks on the instance, for Python programs only (`safeguards.DataGuard`)."""
        super().__init__(token("Database"), name, {}, opts)
        settings = _resolve(name, args)
        self._args = args

        kept = pulumi.ResourceOptions(
            parent=self, protect=settings.protect_data, retain_on_delete=settings.protect_data
        )
        group = self._security_group()
        subnets = rds.SubnetGroup(
            f"{name}-subnets",
            description=f"Isolated subnets of {args['physical_name']}",
            subnet_ids=list(args["subnet_ids"]),
            tags=args["tags"],
            opts=kept,
        )
        parameters = rds.ParameterGroup(
            f"{name}-parameters",
            family=family(settings.engine_version),
            description=f"TLS and slow statements of {args['physical_name']}",
            parameters=[
                {"name": "rds.force_ssl", "value": "1"},
                {"name": "log_min_duration_statement", "value": str(SLOW_STATEMENT_MS)},
            ],
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        logs = self._log_groups(settings.log_days)
        monitoring_role, monitoring_policy = self._monitoring_role()

        self.instance = rds.Instance(
            f"{name}-primary",
            identifier=args["physical_name"],
            engine="postgres",
            engine_version=settings.engine_version,
            instance_class=args["instance_class"],
            storage_type="gp3",
            allocated_storage=settings.storage,
            max_allocated_storage=settings.max_storage,
            storage_encrypted=True,
            kms_key_id=args["kms_key_arn"],
            db_name=args["database_name"],
            username=settings.username,
            manage_master_user_password=True,
            master_user_secret_kms_key_id=args["kms_key_arn"],
            iam_database_authentication_enabled=True,
            multi_az=settings.multi_az,
            publicly_accessible=False,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[group.id],
            parameter_group_name=parameters.name,
            backup_retention_period=settings.backup_days,
            backup_window=BACKUP_WINDOW,
            maintenance_window=MAINTENANCE_WINDOW,
            copy_tags_to_snapshot=True,
            delete_automated_backups=not settings.protect_data,
            deletion_protection=settings.protect_data,
            skip_final_snapshot=not settings.protect_data,
            final_snapshot_identifier=f"{args['physical_name']}-final" if settings.protect_data else None,
            auto_minor_version_upgrade=True,
            apply_immediately=False,
            enabled_cloudwatch_logs_exports=list(EXPORTED_LOGS),
            performance_insights_enabled=True,
            performance_insights_kms_key_id=args["kms_key_arn"],
            performance_insights_retention_period=INSIGHTS_RETENTION_DAYS,
            monitoring_interval=MONITORING_INTERVAL,
            monitoring_role_arn=monitoring_role.arn,
            tags=args["tags"],
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=settings.protect_data,
                retain_on_delete=settings.protect_data,
                depends_on=[*logs, monitoring_policy],
                hooks=guard,
            ),
        )
        self.address = self.instance.address
        self.port = self.instance.port
        self.database_name = self.instance.db_name
        self.secret_arn = self.instance.master_user_secrets.apply(_secret_arn)
        self.security_group_id = group.id
        self.register_outputs(
            {
                "instance": self.instance,
                "address": self.address,
                "port": self.port,
                "database_name": self.database_name,
                "secret_arn": self.secret_arn,
                "security_group_id": self.security_group_id,
            }
        )

    def _security_group(self) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            f"{self.pulumi_resource_name}-database",
            vpc_id=self._args["vpc_id"],
            description=f"Database {self._args['physical_name']}",
            tags=self._args["tags"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        connect(
            f"{self.pulumi_resource_name}-service",
            client=self._args["client_security_group_id"],
            server=group.id,
            port=PORT,
            description="Service to the database",
            tags=self._args["tags"],
            parent=self,
        )
        return group

    def _log_groups(self, retention_days: int) -> list[cloudwatch.LogGroup]:
        # RDS would make these itself at the first export, without retention and without our key.
        return [
            log_group(
                f"{self.pulumi_resource_name}-{kind}-log",
                path=f"/aws/rds/instance/{self._args['physical_name']}/{kind}",
                retention_days=retention_days,
                kms_key_arn=self._args["kms_key_arn"],
                tags=self._args["tags"],
                parent=self,
            )
            for kind in EXPORTED_LOGS
        ]

    def _monitoring_role(self) -> tuple[iam.Role, iam.RolePolicy]:
        region = self._args["region"]
        identifier = self._args["physical_name"]
        account = pulumi.Output.from_input(self._args["account_id"])
        role = iam.Role(
            f"{self.pulumi_resource_name}-monitoring",
            description=f"Enhanced monitoring of {identifier}",
            assume_role_policy=account.apply(
                lambda account_id: trust(
                    "monitoring.rds.amazonaws.com",
                    account_id,
                    f"arn:{partition(region)}:rds:{region}:{account_id}:db:{identifier}",
                )
            ),
            tags=self._args["tags"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        policy = iam.RolePolicy(
            f"{self.pulumi_resource_name}-monitoring",
            role=role.name,
            policy=account.apply(lambda account_id: monitoring_policy(account_id, region)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return role, policy


def _secret_arn(secrets: Sequence[rds.outputs.InstanceMasterUserSecret]) -> str:
    # One secret exists as soon as RDS manages the password, and it is always managed here.
    return secrets[0].secret_arn or ""


def family(engine_version: str) -> str:
    """Parameter group family of a PostgreSQL version: 17.6 -> postgres17."""
    return f"postgres{engine_version.partition('.')[0]}"


def monitoring_policy(account_id: str, region: str) -> str:
    """What enhanced monitoring needs: its own log group, RDSOSMetrics, and the streams in it."""
    group = f"arn:{partition(region)}:logs:{region}:{account_id}:log-group:RDSOSMetrics"
    return document(
        [
            allow(["logs:CreateLogGroup", "logs:PutRetentionPolicy"], [f"{group}:*"]),
            allow(
                ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:GetLogEvents", "logs:PutLogEvents"],
                [f"{group}:log-stream:*"],
            ),
        ]
    )


def _resolve(name: str, args: DatabaseArgs) -> _Settings:
    plain = PlainArguments("Database", name)
    settings = _Settings(
        engine_version=args.get("engine_version", DEFAULT_ENGINE_VERSION),
        username=args.get("username", DEFAULT_USERNAME),
        storage=args.get("storage_gib", DEFAULT_STORAGE_GIB),
        max_storage=args.get("max_storage_gib", DEFAULT_MAX_STORAGE_GIB),
        multi_az=args.get("multi_az", True),
        backup_days=args.get("backup_retention_days", DEFAULT_BACKUP_DAYS),
        log_days=args.get("log_retention_days", DEFAULT_RETENTION_DAYS),
        protect_data=args.get("protect_data", True),
    )
    plain.name("physical_name", args["physical_name"])
    plain.expect(
        settings.engine_version.partition(".")[0].isdigit(),
        "engine_version",
        settings.engine_version,
        "a PostgreSQL version such as 17 or 17.6",
    )
    plain.expect(
        settings.username not in GUESSED_USERNAMES,
        "username",
        settings.username,
        f"a name that is none of {', '.join(sorted(GUESSED_USERNAMES))}",
    )
    plain.between("storage_gib", settings.storage, 20, 65_536, "GiB")
    plain.expect(
        10 * settings.max_storage >= 11 * settings.storage,
        "max_storage_gib",
        settings.max_storage,
        f"at least a tenth more than storage_gib, which is {settings.storage}",
        "RDS grows storage by no less.",
    )
    plain.between("backup_retention_days", settings.backup_days, 1, 35, "days")
    plain.expect(settings.log_days in RETENTION_DAYS, "log_retention_days", settings.log_days, RETENTION_EXPECTED)
    plain.expect(len(args["subnet_ids"]) >= 2, "subnet_ids", len(args["subnet_ids"]), "at least 2 subnets")
    plain.refuse()
    return settings
