"""Rules on Amazon ECR."""

from collections.abc import Iterable, Iterator, Sequence

from policies import companions
from policies.documents import Statement, each_statement
from policies.facts import Malformed, Node, Resource, in_turn, must_be
from policies.model import Finding, Rule, Settings, Severity, StackRule, Where, number, switch

REPOSITORY = "aws:ecr/repository:Repository"
REPOSITORY_POLICY = "aws:ecr/repositoryPolicy:RepositoryPolicy"
LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"


def _scanned(resource: Resource, _: Settings) -> Iterable[str]:
    yield from must_be(resource.inputs.node("imageScanningConfiguration"), "scanOnPush", True)


def _immutable(resource: Resource, settings: Settings) -> Iterable[str]:
    allowed = {"IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION"} if settings["allowExclusions"] else {"IMMUTABLE"}
    if resource.inputs.text("imageTagMutability") not in allowed:
        yield f"imageTagMutability must be {' or '.join(sorted(allowed))}, found another value."


def _keeps(resource: Resource, settings: Settings) -> Iterable[str]:
    rules = resource.inputs.document("policy").items("rules")
    if not rules:
        raise Malformed("policy", "a lifecycle policy with rules")
    return in_turn(*(_spares(rule, settings["keepImages"]) for rule in rules))


def _spares(rule: Node, least: int) -> Iterator[str]:
    """An archived image cannot be pulled, so a rule that archives is as bad as one that expires."""
    wanted = rule.node("selection")
    if wanted.text("tagStatus") == "untagged":
        return
    if wanted.text("countType") != "imageCountMoreThan":
        yield f"{wanted.at('countType')} must be imageCountMoreThan, found an age: a version in use may be that old."
        return
    kept = wanted.number("countNumber") or 0
    if kept < (1 if _selects_one(wanted) else least):
        yield f"{wanted.at('countNumber')} must be at least {least}, found {kept:g}: a rollback needs older images."


def _selects_one(wanted: Node) -> bool:
    """Whether one image at most is selected: a tag is given in full, and tags never move."""
    patterns = wanted.texts("tagPatternList")
    return bool(patterns) and any("*" not in pattern for pattern in patterns)


def _has_lifecycle(resources: Sequence[Resource], _: Settings) -> Iterator[Finding]:
    repositories = [each for each in resources if each.type == REPOSITORY]
    for each in companions.without(resources, repositories, LIFECYCLE, "repository", by=("name", "id")):
        yield Finding(each.urn, "the repository must have a lifecycle policy, found none.")


def _own_key_and_private(resource: Resource, _: Settings) -> Iterable[str]:
    if resource.type == REPOSITORY_POLICY:
        return each_statement((resource.inputs.document("policy"),), _not_for_everybody)
    return _own_key(resource.inputs)


def _own_key(inputs: Node) -> Iterator[str]:
    kinds = [each.text("encryptionType") for each in inputs.items("encryptionConfigurations")]
    if not kinds or any(kind not in {"KMS", "KMS_DSSE"} for kind in kinds):
        yield "encryptionConfigurations must have encryptionType KMS, found another value."


def _not_for_everybody(statement: Statement) -> Iterator[str]:
    if statement.open_to_all:
        yield f"{statement.node.at('Principal')} must not be everybody without a condition, found that it is."


RULES = (
    Rule(
        id="ecr-scan-on-push",
        row="62",
        title="Images are scanned",
        description="Checks whether images are scanned for known weaknesses when they are pushed.",
        types=frozenset({REPOSITORY}),
        reads=("imageScanningConfiguration.scanOnPush",),
        check=_scanned,
        remedy="Set imageScanningConfiguration.scanOnPush to true.",
        severity=Severity.MEDIUM,
        source="FSBP ECR.1",
    ),
    Rule(
        id="ecr-immutable-tags",
        row="63",
        title="A tag always means the same image",
        description="Checks whether tags of a repository cannot be moved.",
        types=frozenset({REPOSITORY}),
        reads=("imageTagMutability",),
        check=_immutable,
        remedy="Set imageTagMutability to IMMUTABLE.",
        severity=Severity.HIGH,
        source="FSBP ECR.2",
        settings={"allowExclusions": switch(False, "Whether some tags, such as latest, may move.")},
    ),
    Rule(
        id="ecr-lifecycle-keeps-rollback-images",
        row="64",
        title="Images stay for a rollback",
        description="Checks whether no lifecycle policy expires images by age, or leaves too few of the newest.",
        types=frozenset({LIFECYCLE}),
        reads=("policy",),
        check=_keeps,
        defers=frozenset({"policy"}),
        remedy="Count images instead of days, and keep at least as many as releases are retained.",
        binds_going_back=True,
        severity=Severity.HIGH,
        source="FSBP ECR.3",
        settings={"keepImages": number(10, "Least newest tagged images that are kept.", minimum=1)},
    ),
    Rule(
        id="ecr-kms-and-private",
        row="65",
        title="Images are encrypted with KMS and private",
        description="Checks whether repositories are encrypted with a key of KMS, and open to named principals only.",
        types=frozenset({REPOSITORY, REPOSITORY_POLICY}),
        reads=("encryptionConfigurations.encryptionType", "policy"),
        check=_own_key_and_private,
        defers=frozenset({"policy"}),
        remedy="Set encryptionType to KMS (which replaces the repository) and name who may pull.",
        severity=Severity.HIGH,
        source="SH ECR.5",
        where=Where.PRODUCTION,
    ),
)

STACK_RULES = (
    StackRule(
        id="ecr-lifecycle-present",
        row="64",
        title="Repositories have a lifecycle policy",
        description="Checks whether every repository of images has a lifecycle policy.",
        types=frozenset({REPOSITORY, LIFECYCLE}),
        reads=("repository",),
        check=_has_lifecycle,
        remedy="Use the ImageRepository component, or add a LifecyclePolicy.",
        severity=Severity.LOW,
        source="FSBP ECR.3",
    ),
)
