"""Rules on ECS task definitions, most of them on the containers inside."""

from collections.abc import Callable, Iterable, Iterator

from policies import plaintext
from policies.facts import Malformed, Node, Resource, in_turn, must_be, must_not_be_true
from policies.model import Rule, Settings, Severity, Where, texts

TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"

_CONTAINERS = frozenset({"containerDefinitions"})
_ROOT_NAMES = frozenset({"root", "toor"})


def each_container(resource: Resource, judge: Callable[[Node], Iterable[str]]) -> Iterator[str]:
    """What `judge` finds in every container of a task definition, which must have at least one."""
    containers = resource.inputs.document("containerDefinitions").elements()
    if not containers:
        raise Malformed("containerDefinitions", "a JSON list with at least one container")
    return in_turn(*(judge(container) for container in containers))


def _not_privileged(resource: Resource, _: Settings) -> Iterable[str]:
    def judge(container: Node) -> Iterator[str]:
        yield from must_not_be_true(container, "privileged")
        added = container.node("linuxParameters").node("capabilities").count("add")
        if added:
            yield f"{container.path}.linuxParameters.capabilities.add must be empty, found {added}."

    return each_container(resource, judge)


def _no_host_namespaces(resource: Resource, _: Settings) -> Iterable[str]:
    inputs = resource.inputs
    mode = inputs.text("networkMode")
    if mode != "awsvpc":
        shown = mode if mode in ("bridge", "host", "none") else "nothing" if mode is None else "another value"
        yield f"networkMode must be awsvpc, found {shown}."
    for key in ("pidMode", "ipcMode"):
        if inputs.text(key) == "host":
            yield f"{key} must not be host, found host."


def _readonly_root(resource: Resource, settings: Settings) -> Iterable[str]:
    def judge(container: Node) -> Iterator[str]:
        exempt = container.text("name") in settings["exemptContainers"]
        if not exempt:
            yield from must_be(container, "readonlyRootFilesystem", True)

    return each_container(resource, judge)


def _non_root_user(resource: Resource, _: Settings) -> Iterable[str]:
    def judge(container: Node) -> Iterator[str]:
        written = container.get("user")
        user = str(written or "").partition(":")[0].strip()
        if not user:
            yield f"{container.path}.user must be set, found nothing, which is root in most images."
        elif user in _ROOT_NAMES or (user.isdecimal() and int(user) == 0):
            yield f"{container.path}.user must not be root, found root."

    return each_container(resource, judge)


def _no_plaintext_secrets(resource: Resource, settings: Settings) -> Iterable[str]:
    def judge(container: Node) -> Iterator[str]:
        for variable in container.items("environment"):
            yield from plaintext.written_secret(variable, settings)

    return each_container(resource, judge)


def _logs_configured(resource: Resource, _: Settings) -> Iterable[str]:
    def judge(container: Node) -> Iterator[str]:
        if not container.node("logConfiguration").has("logDriver"):
            yield f"{container.path}.logConfiguration.logDriver must be set, found nothing."

    return each_container(resource, judge)


def _drops_everything(resource: Resource, settings: Settings) -> Iterable[str]:
    def judge(container: Node) -> Iterator[str]:
        capabilities = container.node("linuxParameters").node("capabilities")
        if container.text("name") not in settings["exemptContainers"] and "ALL" not in capabilities.texts("drop"):
            yield f"{container.path}.linuxParameters.capabilities.drop must hold ALL, found less."

    return each_container(resource, judge)


def _comes_and_goes(resource: Resource, settings: Settings) -> Iterable[str]:
    def judge(container: Node) -> Iterator[str]:
        if container.text("name") in settings["exemptContainers"]:
            return
        if not container.node("healthCheck").count("command"):
            yield f"{container.path}.healthCheck.command must be set, found nothing."
        yield from must_be(container.node("linuxParameters"), "initProcessEnabled", True)

    return each_container(resource, judge)


def _separate_roles(resource: Resource, _: Settings) -> Iterable[str]:
    inputs = resource.inputs
    missing = [key for key in ("executionRoleArn", "taskRoleArn") if not inputs.has(key)]
    for key in missing:
        yield f"{key} must be set, found nothing."
    if not missing and inputs.text("executionRoleArn") == inputs.text("taskRoleArn"):
        yield "executionRoleArn and taskRoleArn must be different roles, found one role for both."


def _images_by_digest(resource: Resource, settings: Settings) -> Iterable[str]:
    return each_container(resource, lambda container: plaintext.pinned(container, settings["allowedRegistries"]))


RULES = (
    Rule(
        id="ecs-task-not-privileged",
        row="23",
        title="Containers have no privileges",
        description="Checks whether containers run without privileges and without added Linux capabilities.",
        types=frozenset({TASK_DEFINITION}),
        reads=("containerDefinitions",),
        check=_not_privileged,
        defers=_CONTAINERS,
        remedy="Remove privileged and capabilities.add; drop all capabilities.",
        severity=Severity.CRITICAL,
        source="FSBP ECS.4",
    ),
    Rule(
        id="ecs-task-no-host-namespaces",
        row="24",
        title="Tasks share nothing with their host",
        description="Checks whether tasks have their own network, process and IPC namespaces.",
        types=frozenset({TASK_DEFINITION}),
        reads=("networkMode", "pidMode", "ipcMode"),
        check=_no_host_namespaces,
        remedy="Set networkMode to awsvpc and leave pidMode and ipcMode out.",
        severity=Severity.HIGH,
        source="FSBP ECS.1, ECS.3, ECS.17",
    ),
    Rule(
        id="ecs-task-readonly-root",
        row="25",
        title="Containers cannot write to their root file system",
        description="Checks whether the root file systems of containers are read only.",
        types=frozenset({TASK_DEFINITION}),
        reads=("containerDefinitions",),
        check=_readonly_root,
        defers=_CONTAINERS,
        remedy="Set readonlyRootFilesystem to true and mount a volume where the application writes.",
        severity=Severity.MEDIUM,
        source="FSBP ECS.5",
        where=Where.PRODUCTION,
        settings={"exemptContainers": texts((), "Names of sidecars that must write to their root file system.")},
    ),
    Rule(
        id="ecs-task-non-root-user",
        row="26",
        title="Containers do not run as root",
        description="Checks whether containers run as a user that is not root.",
        types=frozenset({TASK_DEFINITION}),
        reads=("containerDefinitions",),
        check=_non_root_user,
        defers=_CONTAINERS,
        remedy="Set user to a number that the image creates, such as 10001.",
        severity=Severity.HIGH,
        source="FSBP ECS.20",
        where=Where.PRODUCTION,
    ),
    Rule(
        id="ecs-task-no-plaintext-secrets",
        row="27",
        title="Containers get secrets by reference",
        description="Checks whether no secret is written into the environment of a container.",
        types=frozenset({TASK_DEFINITION}),
        reads=("containerDefinitions",),
        check=_no_plaintext_secrets,
        defers=_CONTAINERS,
        remedy="Keep the value in Secrets Manager and name its ARN in secrets[].valueFrom.",
        severity=Severity.CRITICAL,
        source="FSBP ECS.8",
        settings=plaintext.settings(("_ARN", "_FILE", "_PATH")),
    ),
    Rule(
        id="ecs-task-logs-configured",
        row="28",
        title="Containers log",
        description="Checks whether every container has a log driver.",
        types=frozenset({TASK_DEFINITION}),
        reads=("containerDefinitions",),
        check=_logs_configured,
        defers=_CONTAINERS,
        remedy="Set logConfiguration, for example with the awslogs driver and a log group of its own.",
        severity=Severity.MEDIUM,
        source="FSBP ECS.9",
    ),
    Rule(
        id="ecs-task-separate-roles",
        row="29",
        title="Applications do not have the rights that start them",
        description="Checks whether the application has a role of its own, apart from the one that starts its tasks.",
        types=frozenset({TASK_DEFINITION}),
        reads=("executionRoleArn", "taskRoleArn"),
        check=_separate_roles,
        defers=frozenset({"executionRoleArn", "taskRoleArn"}),
        remedy="Create a task role with only what the application needs, and pass it as taskRoleArn.",
        severity=Severity.HIGH,
        source="CKV_AWS_249",
    ),
    Rule(
        id="ecs-task-image-digest",
        row="30",
        title="Containers run images by digest from known registries",
        description="Checks whether every image is pinned by digest and comes from an allowed registry.",
        types=frozenset({TASK_DEFINITION}),
        reads=("containerDefinitions",),
        check=_images_by_digest,
        defers=_CONTAINERS,
        remedy="Use the digest that the registry shows for the image, from a registry in allowedRegistries.",
        severity=Severity.HIGH,
        source="project (SLSA)",
        where=Where.PRODUCTION,
        settings={
            "allowedRegistries": texts(
                ("*.dkr.ecr.*.amazonaws.com", "*.dkr.ecr.*.amazonaws.com.cn", "public.ecr.aws"),
                "Hosts that images may come from; * stands for any text.",
            )
        },
    ),
    Rule(
        id="ecs-task-drops-capabilities",
        row="-",
        title="Containers give up what root could do",
        description="Checks whether containers drop every Linux capability.",
        types=frozenset({TASK_DEFINITION}),
        reads=("containerDefinitions",),
        check=_drops_everything,
        defers=_CONTAINERS,
        remedy="Set linuxParameters.capabilities.drop to ALL.",
        severity=Severity.MEDIUM,
        source="project",
        where=Where.PRODUCTION,
        settings={"exemptContainers": texts((), "Names of sidecars that need a capability.")},
    ),
    Rule(
        id="ecs-task-health-and-end",
        row="-",
        title="Containers say how they are and end cleanly",
        description="Checks whether containers have a health check and an init process that hands signals on.",
        types=frozenset({TASK_DEFINITION}),
        reads=("containerDefinitions",),
        check=_comes_and_goes,
        defers=_CONTAINERS,
        remedy="Set healthCheck.command, and linuxParameters.initProcessEnabled to true.",
        severity=Severity.MEDIUM,
        source="project",
        where=Where.PRODUCTION,
        settings={"exemptContainers": texts((), "Names of sidecars that do without.")},
    ),
)
