"""The service: one cluster, and in it a complete service for each slot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NotRequired, TypedDict

import pulumi
from pulumi_aws import ecs, iam

from components._common import PlainArguments, Slot, slot_name, slot_tags, token
from components.aws import containers, task_roles
from components.aws.logs import (
    DEFAULT_RETENTION_DAYS,
    RETENTION_DAYS,
    RETENTION_EXPECTED,
    log_group,
)
from components.aws.scaling import follow_cpu
from components.aws.task_roles import TaskPermission

DEFAULT_PORT = 8080
DEFAULT_HEALTH_PATH = "/api/v2/health"
DEFAULT_CPU = 512  # CPU units; 1024 is one vCPU
DEFAULT_MEMORY = 1024  # MiB
DEFAULT_CPU_TARGET = 60  # per cent; leaves room for the load of a zone that is lost
DEFAULT_STOP_TIMEOUT = 60  # seconds, as long as the balancer drains
HEALTH_GRACE = 60  # seconds after its start in which a task may fail the balancer's checks


class ContainerInsights(StrEnum):
    """How closely CloudWatch watches the cluster."""

    ENHANCED = "enhanced"
    """Per task and container: production."""
    ENABLED = "enabled"
    """Per service."""
    DISABLED = "disabled"
    """Not at all."""


class CpuArchitecture(StrEnum):
    """What the images are built for."""

    X86_64 = "X86_64"
    """Intel and AMD."""
    ARM64 = "ARM64"
    """Graviton."""


class SlotArgs(TypedDict):
    """What runs in one slot. A slot without a version of its own carries the live image with 0 tasks."""

    image: str
    """Image by digest."""
    version: str
    """Label of the version; the application gets it as HEADGATE_VERSION."""
    tasks: int
    """Tasks to run and least to scale in to; 0 empties the slot."""
    max_tasks: int
    """Most tasks to scale out to; stays as it is while the slot is empty."""
    target_group_arn: pulumi.Input[str]
    """Target group of the slot. Replaces the slot's service."""


class SlotsArgs(TypedDict):
    """Both slots; they exist at all times."""

    blue: SlotArgs
    """The blue slot."""
    green: SlotArgs
    """The green slot."""


class BlueGreenServiceArgs(TypedDict):
    """Arguments of `BlueGreenService`."""

    physical_name: str
    """Name of the cluster, stem of the services' and task families' names. Replaces everything."""
    account_id: pulumi.Input[str]
    """The account; the roles are usable on its behalf only."""
    region: str
    """Region of the logs and of the key."""
    subnet_ids: Sequence[pulumi.Input[str]]
    """Private subnets of the tasks, at least two."""
    security_group_id: pulumi.Input[str]
    """Group of the tasks."""
    kms_key_arn: pulumi.Input[str]
    """Key of the logs and of the secrets."""
    slots: SlotsArgs
    """Versions and tasks per slot. Changed in place by a new task definition and a rolling update."""
    cpu: NotRequired[int]
    """CPU units of a task, one of Fargate's sizes. Default: 512."""
    memory_mib: NotRequired[int]
    """Memory of a task in MiB, one that Fargate offers with `cpu`. Default: 1024."""
    cpu_architecture: NotRequired[CpuArchitecture]
    """What the images are built for. Default: X86_64."""
    container_port: NotRequired[int]
    """Port the application listens on. Default: 8080."""
    health_check_path: NotRequired[str]
    """Path that answers 200 when the application can serve. Default: /api/v2/health."""
    health_check_command: NotRequired[Sequence[str]]
    """The container's own health check. Default: curl (in the image) on `health_check_path`."""
    stop_timeout_seconds: NotRequired[int]
    """Seconds between SIGTERM and SIGKILL, 2 to 120. Default: 60."""
    environment: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Plain settings of the application, the same in both slots. Nothing secret."""
    secrets: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Name in the environment -> ARN of the secret, with a JSON key if any (`<arn>:<key>::`)."""
    task_permissions: NotRequired[Sequence[TaskPermission]]
    """What the application may do in AWS. Default: nothing."""
    cpu_target_percent: NotRequired[int]
    """Average CPU the autoscaler holds, 10 to 90. Default: 60."""
    log_retention_days: NotRequired[int]
    """Days to keep logs. Default: 365."""
    container_insights: NotRequired[ContainerInsights]
    """Default: enhanced."""
    tags: Mapping[str, pulumi.Input[str]]
    """Tags of every taggable child."""


@dataclass(frozen=True, kw_only=True)
class _Settings:
    cpu: int
    memory: int
    architecture: CpuArchitecture
    port: int
    health_path: str
    stop_timeout: int
    cpu_target: int
    retention_days: int
    insights: ContainerInsights
    slots: Mapping[Slot, SlotArgs]


class BlueGreenService(pulumi.ComponentResource):
    """An ECS cluster with two Fargate services, blue and green, whose images and tasks a rollout changes.

    The image creates user 10001 and declares /tmp as a volume that this user may write: the root file system
    is read only. A shift that fails to become healthy is taken back by ECS itself (circuit breaker), the
    update then fails.

    Creates: cluster; execution role and task role with their policies; per slot a log group, task definition,
    service, scalable target and scaling policy.

    Changes during a rollout: `slots`, of the candidate: image, version, tasks; of the live version: tasks.

    Replaces on: `physical_name` (everything); `slots.<slot>.target_group_arn` (that slot's service). Task
    definitions are immutable in AWS, so each change makes a new one before the old one is retired.
    """

    cluster_name: pulumi.Output[str]
    """Name of the cluster."""
    cluster_arn: pulumi.Output[str]
    """ARN of the cluster."""
    service_names: dict[str, pulumi.Output[str]]
    """Name of each slot's service, by slot."""
    log_group_names: dict[str, pulumi.Output[str]]
    """Log group of each slot's tasks, by slot."""
    task_definition_arns: dict[str, pulumi.Output[str]]
    """ARN with revision of each slot's task definition, by slot."""
    task_role_arn: pulumi.Output[str]
    """Role of the application."""
    services: dict[str, ecs.Service]
    """The services, by slot, for what is not offered here."""

    def __init__(
        self,
        name: str,
        args: BlueGreenServiceArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        services_depend_on: Sequence[pulumi.Resource] = (),
    ) -> None:
        """`services_depend_on` goes to both services, for Python programs only.

        Name the traffic listener there: on a way back the traffic has moved before the slot it left shrinks.
        """
        super().__init__(token("BlueGreenService"), name, {}, opts)
        settings = _resolve(name, args)
        self._args = args
        self._settings = settings
        self._services_depend_on = list(services_depend_on)

        self._cluster = ecs.Cluster(
            f"{name}-cluster",
            name=args["physical_name"],
            settings=[{"name": "containerInsights", "value": settings.insights.value}],
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._log_groups = {
            slot: log_group(
                f"{name}-{slot.value}",
                path=log_path(args["physical_name"], slot),
                retention_days=settings.retention_days,
                kms_key_arn=args["kms_key_arn"],
                tags=slot_tags(args["tags"], slot),
                parent=self,
            )
            for slot in Slot
        }
        self._execution_role = self._make_execution_role()
        self._task_role = self._make_task_role()
        task_definitions = {slot: self._task_definition(slot) for slot in Slot}
        services = {slot: self._service(slot, task_definitions[slot]) for slot in Slot}
        for slot, service in services.items():
            follow_cpu(
                f"{name}-{slot.value}",
                physical_name=slot_name(args["physical_name"], slot),
                resource_id=pulumi.Output.concat("service/", self._cluster.name, "/", service.name),
                least=settings.slots[slot]["tasks"],
                most=settings.slots[slot]["max_tasks"],
                target_percent=settings.cpu_target,
                tags=slot_tags(args["tags"], slot),
                parent=self,
            )

        self.cluster_name = self._cluster.name
        self.cluster_arn = self._cluster.arn
        self.service_names = {slot.value: service.name for slot, service in services.items()}
        self.log_group_names = {slot.value: group.name for slot, group in self._log_groups.items()}
        self.task_definition_arns = {slot.value: definition.arn for slot, definition in task_definitions.items()}
        self.task_role_arn = self._task_role.arn
        self.services = {slot.value: service for slot, service in services.items()}
        self.register_outputs(
            {
                "cluster_name": self.cluster_name,
                "cluster_arn": self.cluster_arn,
                "service_names": self.service_names,
                "log_group_names": self.log_group_names,
                "task_definition_arns": self.task_definition_arns,
                "task_role_arn": self.task_role_arn,
                "services": self.services,
            }
        )

    def _role(self, purpose: str, description: str) -> iam.Role:
        return task_roles.role(
            f"{self.pulumi_resource_name}-{purpose}",
            description=description,
            account_id=self._args["account_id"],
            region=self._args["region"],
            tags=self._args["tags"],
            parent=self,
        )

    def _role_policy(self, purpose: str, role: iam.Role, policy: pulumi.Input[str]) -> None:
        """Gives `role` its policy; tasks do not start before."""
        self._services_depend_on.append(
            iam.RolePolicy(
                f"{self.pulumi_resource_name}-{purpose}",
                role=role.name,
                policy=policy,
                opts=pulumi.ResourceOptions(parent=self),
            )
        )

    def _make_execution_role(self) -> iam.Role:
        """The role with which ECS starts tasks: pull these images, read these secrets, write these logs."""
        role = self._role("execution", f"Starts tasks of {self._args['physical_name']}")
        images = [slot["image"] for slot in self._settings.slots.values()]
        region = self._args["region"]
        policy = pulumi.Output.all(
            logs=[group.arn for group in self._log_groups.values()],
            secrets=list(self._args.get("secrets", {}).values()),
            key=self._args["kms_key_arn"],
        ).apply(
            lambda known: task_roles.execution_policy(
                images, log_arns=known["logs"], secrets=known["secrets"], key_arn=known["key"], region=region
            )
        )
        self._role_policy("execution", role, policy)
        return role

    def _make_task_role(self) -> iam.Role:
        """The role of the application itself. Without permissions it can do nothing, and has no policy."""
        role = self._role("task", f"The application of {self._args['physical_name']}")
        permissions = self._args.get("task_permissions", ())
        if permissions:
            policy = pulumi.Output.all(*[list(each["resources"]) for each in permissions]).apply(
                lambda resources: task_roles.task_policy(permissions, resources)
            )
            self._role_policy("task", role, policy)
        return role

    def _task_definition(self, slot: Slot) -> ecs.TaskDefinition:
        args, settings = self._args, self._settings
        content = settings.slots[slot]
        definitions = pulumi.Output.all(
            environment=dict(args.get("environment", {})), secrets=dict(args.get("secrets", {}))
        ).apply(
            lambda known: containers.definitions(
                containers.Container(
                    image=content["image"],
                    version=content["version"],
                    slot=slot.value,
                    port=settings.port,
                    health_path=settings.health_path,
                    health_command=args.get("health_check_command"),
                    stop_timeout=settings.stop_timeout,
                    log_group=log_path(args["physical_name"], slot),
                    region=args["region"],
                    environment=known["environment"],
                    secrets=known["secrets"],
                )
            )
        )
        return ecs.TaskDefinition(
            f"{self.pulumi_resource_name}-{slot.value}",
            family=slot_name(args["physical_name"], slot),
            cpu=str(settings.cpu),
            memory=str(settings.memory),
            network_mode="awsvpc",
            requires_compatibilities=["FARGATE"],
            runtime_platform={
                "operating_system_family": "LINUX",
                "cpu_architecture": settings.architecture.value,
            },
            execution_role_arn=self._execution_role.arn,
            task_role_arn=self._task_role.arn,
            container_definitions=definitions,
            volumes=[{"name": containers.SCRATCH_VOLUME}],
            tags=slot_tags(args["tags"], slot),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _service(self, slot: Slot, task_definition: ecs.TaskDefinition) -> ecs.Service:
        args, settings = self._args, self._settings
        return ecs.Service(
            f"{self.pulumi_resource_name}-{slot.value}",
            name=slot_name(args["physical_name"], slot),
            cluster=self._cluster.arn,
            task_definition=task_definition.arn,
            desired_count=settings.slots[slot]["tasks"],
            launch_type="FARGATE",
            platform_version="LATEST",
            scheduling_strategy="REPLICA",
            availability_zone_rebalancing="ENABLED",
            deployment_controller={"type": "ECS"},
            deployment_circuit_breaker={"enable": True, "rollback": True},
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            health_check_grace_period_seconds=HEALTH_GRACE,
            wait_for_steady_state=True,
            enable_execute_command=False,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            network_configuration={
                "subnets": list(args["subnet_ids"]),
                "security_groups": [args["security_group_id"]],
                "assign_public_ip": False,
            },
            load_balancers=[
                {
                    "target_group_arn": settings.slots[slot]["target_group_arn"],
                    "container_name": containers.CONTAINER_NAME,
                    "container_port": settings.port,
                }
            ],
            tags=slot_tags(args["tags"], slot),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._log_groups[slot], *self._services_depend_on]),
        )


def log_path(physical_name: str, slot: Slot) -> str:
    """Name of the log group of one slot's tasks."""
    return f"/headgate/{physical_name}/{slot.value}"


def _resolve(name: str, args: BlueGreenServiceArgs) -> _Settings:
    plain = PlainArguments("BlueGreenService", name)
    cpu = args.get("cpu", DEFAULT_CPU)
    memory = args.get("memory_mib", DEFAULT_MEMORY)
    retention = args.get("log_retention_days", DEFAULT_RETENTION_DAYS)
    settings = _Settings(
        cpu=cpu,
        memory=memory,
        architecture=plain.one_of(
            CpuArchitecture, "cpu_architecture", args.get("cpu_architecture", CpuArchitecture.X86_64)
        ),
        port=args.get("container_port", DEFAULT_PORT),
        health_path=args.get("health_check_path", DEFAULT_HEALTH_PATH),
        stop_timeout=args.get("stop_timeout_seconds", DEFAULT_STOP_TIMEOUT),
        cpu_target=args.get("cpu_target_percent", DEFAULT_CPU_TARGET),
        retention_days=retention,
        insights=plain.one_of(
            ContainerInsights,
            "container_insights",
            args.get("container_insights", ContainerInsights.ENHANCED),
        ),
        slots={Slot.BLUE: args["slots"]["blue"], Slot.GREEN: args["slots"]["green"]},
    )
    plain.name("physical_name", args["physical_name"])
    plain.expect(cpu in containers.FARGATE_MEMORY, "cpu", cpu, f"one of {list(containers.FARGATE_MEMORY)}")
    offered = containers.FARGATE_MEMORY.get(cpu, (memory,))
    plain.expect(memory in offered, "memory_mib", memory, f"with cpu {cpu} one of {', '.join(map(str, offered))}")
    plain.between("container_port", settings.port, 1, 65535)
    plain.between("stop_timeout_seconds", settings.stop_timeout, 2, 120, "seconds")
    plain.between("cpu_target_percent", settings.cpu_target, 10, 90, "per cent")
    plain.expect(retention in RETENTION_DAYS, "log_retention_days", retention, RETENTION_EXPECTED)
    plain.expect(len(args["subnet_ids"]) >= 2, "subnet_ids", len(args["subnet_ids"]), "at least 2 subnets")
    for slot, content in settings.slots.items():
        plain.expect(
            0 <= content["tasks"] <= content["max_tasks"] and content["max_tasks"] > 0,
            f"slots.{slot.value}.tasks",
            content["tasks"],
            f"0 to max_tasks, which is {content['max_tasks']} and must be at least 1",
        )
    environment, secrets = args.get("environment", {}), args.get("secrets", {})
    for setting in sorted(containers.RESERVED & (environment.keys() | secrets.keys())):
        plain.expect(False, "environment, secrets", setting, "a name that the component does not set itself")
    for setting in sorted(environment.keys() & secrets.keys()):
        plain.expect(False, "environment, secrets", setting, "a name in one of the two, not in both")
    plain.refuse()
    return settings
