"""The cache: Redis with a replica in another zone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

import pulumi
from pulumi_aws import ec2, elasticache

from components._common import PlainArguments, token
from components.aws.security_rules import connect

PORT = 6379
DEFAULT_ENGINE_VERSION = "7.1"
DEFAULT_NODES = 2
DEFAULT_SNAPSHOT_DAYS = 7
# UTC; one hour after the database's, so that both never restart together.
SNAPSHOT_WINDOW = "04:00-05:00"
MAINTENANCE_WINDOW = "sun:05:30-sun:06:30"
# All keys and channels, every command but those that administer the server or can stall it.
APP_ACCESS = "on ~* &* +@all -@admin -@dangerous"
NO_ACCESS = "off ~* -@all"


class CacheArgs(TypedDict):
    """Arguments of `Cache`."""

    physical_name: str
    """Id of the replication group, stem of the users' ids. Replaces everything."""
    vpc_id: pulumi.Input[str]
    """The VPC. Replaces the security group."""
    subnet_ids: Sequence[pulumi.Input[str]]
    """Isolated subnets in at least two zones."""
    client_security_group_id: pulumi.Input[str]
    """The only group whose members may connect."""
    kms_key_arn: pulumi.Input[str]
    """Key of the data and snapshots. Replaces the replication group."""
    node_type: str
    """For example cache.m7g.large. Changed in the maintenance window."""
    engine_version: NotRequired[str]
    """Redis version, 7.0 or later. Default: 7.1."""
    nodes: NotRequired[int]
    """One primary and the rest replicas, 1 to 6. Default: 2."""
    multi_az: NotRequired[bool]
    """Replicas in other zones that take over by themselves; needs two nodes. Default: true."""
    snapshot_retention_days: NotRequired[int]
    """Days to keep daily snapshots, 0 to 35. Default: 7."""
    protect_data: NotRequired[bool]
    """Refuse deletion, keep the cache when the stack goes, snapshot it at the end. Default: true."""
    tags: Mapping[str, pulumi.Input[str]]
    """Tags of every taggable child."""


@dataclass(frozen=True, kw_only=True)
class _Settings:
    engine_version: str
    nodes: int
    multi_az: bool
    snapshot_days: int
    protect_data: bool


class Cache(pulumi.ComponentResource):
    """A Redis replication group that only the service reaches, over TLS, signed in by IAM, not a password.

    Creates: security group and the rules that connect the service; subnet group; parameter group; the
    application's user, the disabled default user and their group; replication group.

    Changes during a rollout: nothing.

    Replaces on: `physical_name`, `kms_key_arn` (refused while `protect_data` is true); the major part of
    `engine_version` (parameter group only).
    """

    replication_group: elasticache.ReplicationGroup
    """The replication group, for what is not offered here."""
    primary_endpoint: pulumi.Output[str]
    """Host name of the primary. It stays the same when a replica takes over."""
    reader_endpoint: pulumi.Output[str]
    """Host name that spreads reads over the replicas."""
    port: int
    """TCP port."""
    user_name: pulumi.Output[str]
    """Redis user of the application; also its id, which IAM authentication requires."""
    connect_arns: list[pulumi.Output[str]]
    """What a role needs `elasticache:Connect` on to sign in as the application's user."""
    security_group_id: pulumi.Output[str]
    """Group of the nodes."""

    def __init__(
        self,
        name: str,
        args: CacheArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        guard: pulumi.ResourceHookBinding | None = None,
    ) -> None:
        """`guard`: hooks on the replication group, for Python programs only (`safeguards.DataGuard`)."""
        super().__init__(token("Cache"), name, {}, opts)
        settings = _resolve(name, args)
        self._args = args

        group = self._security_group()
        subnets = elasticache.SubnetGroup(
            f"{name}-subnets",
            description=f"Isolated subnets of {args['physical_name']}",
            subnet_ids=list(args["subnet_ids"]),
            tags=args["tags"],
            opts=pulumi.ResourceOptions(
                parent=self, protect=settings.protect_data, retain_on_delete=settings.protect_data
            ),
        )
        parameters = elasticache.ParameterGroup(
            f"{name}-parameters",
            family=family(settings.engine_version),
            description=f"Eviction of {args['physical_name']}",
            # A full cache makes room by dropping what was used least recently instead of refusing writes.
            parameters=[{"name": "maxmemory-policy", "value": "allkeys-lru"}],
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        app_user, user_group = self._users()

        self.replication_group = elasticache.ReplicationGroup(
            f"{name}-primary",
            replication_group_id=args["physical_name"],
            description=f"Cache of {args['physical_name']}",
            engine="redis",
            engine_version=settings.engine_version,
            node_type=args["node_type"],
            port=PORT,
            num_cache_clusters=settings.nodes,
            automatic_failover_enabled=settings.multi_az,
            multi_az_enabled=settings.multi_az,
            at_rest_encryption_enabled=True,
            kms_key_id=args["kms_key_arn"],
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            user_group_ids=[user_group.user_group_id],
            subnet_group_name=subnets.name,
            security_group_ids=[group.id],
            parameter_group_name=parameters.name,
            snapshot_retention_limit=settings.snapshot_days,
            snapshot_window=SNAPSHOT_WINDOW,
            final_snapshot_identifier=f"{args['physical_name']}-final" if settings.protect_data else None,
            maintenance_window=MAINTENANCE_WINDOW,
            auto_minor_version_upgrade=True,
            apply_immediately=False,
            tags=args["tags"],
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=settings.protect_data,
                retain_on_delete=settings.protect_data,
                hooks=guard,
            ),
        )
        self.primary_endpoint = self.replication_group.primary_endpoint_address
        self.reader_endpoint = self.replication_group.reader_endpoint_address
        self.port = PORT
        self.user_name = app_user.user_name
        self.connect_arns = [self.replication_group.arn, app_user.arn]
        self.security_group_id = group.id
        self.register_outputs(
            {
                "replication_group": self.replication_group,
                "primary_endpoint": self.primary_endpoint,
                "reader_endpoint": self.reader_endpoint,
                "port": self.port,
                "user_name": self.user_name,
                "connect_arns": self.connect_arns,
                "security_group_id": self.security_group_id,
            }
        )

    def _security_group(self) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            f"{self.pulumi_resource_name}-cache",
            vpc_id=self._args["vpc_id"],
            description=f"Cache {self._args['physical_name']}",
            tags=self._args["tags"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        connect(
            f"{self.pulumi_resource_name}-service",
            client=self._args["client_security_group_id"],
            server=group.id,
            port=PORT,
            description="Service to the cache",
            tags=self._args["tags"],
            parent=self,
        )
        return group

    def _users(self) -> tuple[elasticache.User, elasticache.UserGroup]:
        app_id = f"{self._args['physical_name']}-app"
        app_user = elasticache.User(
            f"{self.pulumi_resource_name}-app",
            user_id=app_id,
            user_name=app_id,
            engine="redis",
            access_string=APP_ACCESS,
            authentication_mode={"type": "iam"},
            tags=self._args["tags"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        # Every user group must have a user named default; this one can neither sign in nor do anything.
        default_user = elasticache.User(
            f"{self.pulumi_resource_name}-default",
            user_id=f"{self._args['physical_name']}-default",
            user_name="default",
            engine="redis",
            access_string=NO_ACCESS,
            authentication_mode={"type": "no-password-required"},
            tags=self._args["tags"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        user_group = elasticache.UserGroup(
            f"{self.pulumi_resource_name}-users",
            user_group_id=self._args["physical_name"],
            engine="redis",
            user_ids=[default_user.user_id, app_user.user_id],
            tags=self._args["tags"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        return app_user, user_group


def family(engine_version: str) -> str:
    """Parameter group family of a Redis version: 7.1 -> redis7."""
    return f"redis{engine_version.partition('.')[0]}"


def _resolve(name: str, args: CacheArgs) -> _Settings:
    plain = PlainArguments("Cache", name)
    settings = _Settings(
        engine_version=args.get("engine_version", DEFAULT_ENGINE_VERSION),
        nodes=args.get("nodes", DEFAULT_NODES),
        multi_az=args.get("multi_az", True),
        snapshot_days=args.get("snapshot_retention_days", DEFAULT_SNAPSHOT_DAYS),
        protect_data=args.get("protect_data", True),
    )
    plain.name("physical_name", args["physical_name"])
    plain.expect(
        settings.engine_version.partition(".")[0] == "7",
        "engine_version",
        settings.engine_version,
        "a Redis version of the 7 series, such as 7.1",
        "IAM authentication needs Redis 7.0 or later.",
    )
    plain.between("nodes", settings.nodes, 1, 6)
    plain.expect(
        not settings.multi_az or settings.nodes >= 2,
        "multi_az, nodes",
        f"multi_az with nodes {settings.nodes}",
        "at least 2 nodes with multi_az",
        "Ask for a replica, or set multi_az to false.",
    )
    plain.between("snapshot_retention_days", settings.snapshot_days, 0, 35, "days")
    plain.expect(len(args["subnet_ids"]) >= 2, "subnet_ids", len(args["subnet_ids"]), "at least 2 subnets")
    plain.refuse()
    return settings
