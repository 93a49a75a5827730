"""Rules on IAM: what documents allow, who may assume a role, and which identities exist at all."""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from policies.documents import EVERYTHING, Statement, each_statement
from policies.facts import Node, Resource, in_turn
from policies.model import Rule, Settings, Severity, texts

POLICY = "aws:iam/policy:Policy"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
GROUP_POLICY = "aws:iam/groupPolicy:GroupPolicy"
ROLE_ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
GROUP_ATTACHMENT = "aws:iam/groupPolicyAttachment:GroupPolicyAttachment"
ATTACHMENT = "aws:iam/policyAttachment:PolicyAttachment"
OF_PEOPLE = frozenset(
    {
        "aws:iam/accessKey:AccessKey",
        "aws:iam/user:User",
        "aws:iam/userLoginProfile:UserLoginProfile",
        "aws:iam/userPolicy:UserPolicy",
        "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    }
)

_DOCUMENTS = frozenset({POLICY, ROLE_POLICY, GROUP_POLICY, ROLE})
_ATTACHMENTS = frozenset({ROLE_ATTACHMENT, GROUP_ATTACHMENT, ATTACHMENT})
_PASSING = "iam:passrole"
# KMS.1 and KMS.2 name both; the second reads what the first would.
_DECRYPTING = ("kms:decrypt", "kms:reencryptfrom")
_EVERY_OF_ITS_KIND = (":role/*", ":key/*")
# Services that act for whoever asks them, and that send the account they act for (AWS, confused deputy problem).
_CONFUSABLE = (
    "ecs-tasks.amazonaws.com",
    "monitoring.rds.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
    "scheduler.amazonaws.com",
    "events.amazonaws.com",
    "states.amazonaws.com",
    "sns.amazonaws.com",
)


def _documents(resource: Resource) -> tuple[Node, ...]:
    """Every document that says what is allowed; a role may carry some of its own."""
    if resource.type == ROLE:
        listed = resource.inputs.items("inlinePolicies")
        # An entry without a document is how the provider is told to remove them all.
        return tuple(inline.document("policy") for inline in listed if inline.has("policy"))
    return (resource.inputs.document("policy"),)


def _no_wildcards(resource: Resource, settings: Settings) -> Iterable[str]:
    if resource.type in _ATTACHMENTS:
        return _not_forbidden(resource.inputs.text("policyArn"), "policyArn", settings)
    if resource.type == ROLE:
        return in_turn(each_statement(_documents(resource), _narrow), _attached(resource.inputs, settings))
    return each_statement(_documents(resource), _narrow)


def _attached(inputs: Node, settings: Settings) -> Iterator[str]:
    for position, arn in enumerate(inputs.texts("managedPolicyArns")):
        yield from _not_forbidden(arn, f"managedPolicyArns[{position}]", settings)


def _narrow(statement: Statement) -> Iterator[str]:
    node = statement.node
    if node.has("NotAction"):
        yield f"{node.at('NotAction')} must not be used to allow, found that it is."
    if node.has("NotResource"):
        yield f"{node.at('NotResource')} must not be used to allow, found that it is."
    wide = [action for action in statement.actions if _is_wide(action)]
    if wide:
        yield f"{node.at('Action')} must name actions, found every action of a service or of all."


def _is_wide(action: str) -> bool:
    service, _, verb = action.partition(":")
    return EVERYTHING in service or not verb.strip(EVERYTHING)


def _not_forbidden(arn: str | None, path: str, settings: Settings) -> Iterator[str]:
    name = (arn or "").rpartition("/")[2]
    if name in settings["forbiddenPolicies"]:
        yield f"{path} must be a policy of few rights, found {name}."


def _scoped(resource: Resource, _: Settings) -> Iterable[str]:
    return each_statement(_documents(resource), _scoped_statement)


def _scoped_statement(statement: Statement) -> Iterator[str]:
    node = statement.node
    passes = any(fnmatchcase(_PASSING, action) for action in statement.actions)
    decrypts = any(fnmatchcase(each, action) for action in statement.actions for each in _DECRYPTING)
    everywhere = any(_means_all(resource) for resource in statement.resources)
    if passes and everywhere:
        yield f"{node.at('Resource')} of iam:PassRole must name roles, found every role."
    if decrypts and everywhere:
        yield f"{node.at('Resource')} of kms:Decrypt must name keys, found every key."
    if passes and "iam:passedtoservice" not in {key for _, key, _ in statement.conditions}:
        yield f"{node.at('Condition')} of iam:PassRole must name iam:PassedToService, found nothing."


def _means_all(resource: str) -> bool:
    return resource == EVERYTHING or resource.endswith(_EVERY_OF_ITS_KIND)


def _forbidden(resource: Resource, _: Settings) -> Iterator[str]:
    kind = resource.type.rpartition(":")[2]
    yield f"no {kind} must be declared, found one: people and pipelines sign in with short-lived credentials."


def _trust(resource: Resource, settings: Settings) -> Iterable[str]:
    def judge(statement: Statement) -> Iterator[str]:
        if statement.open_to_all or EVERYTHING in statement.principals("AWS"):
            yield f"{statement.node.at('Principal')} must name somebody, found everybody."
        federated = statement.principals("Federated")
        if any(":oidc-provider/" in each for each in federated):
            yield from _pinned(statement)
        confusable = set(statement.principals("Service")) & set(settings["confusableServices"])
        asked = {key for _, key, _ in statement.conditions}
        if confusable and not asked & {"aws:sourceaccount", "aws:sourcearn"}:
            yield f"{statement.node.at('Condition')} must name aws:SourceAccount, found nothing."

    return each_statement((resource.inputs.document("assumeRolePolicy"),), judge)


def _pinned(statement: Statement) -> Iterator[str]:
    """A pipeline is named by its audience and by exactly one repository with its environment or branch."""
    exact = [(key, values) for operator, key, values in statement.conditions if operator == "stringequals"]
    where = statement.node.at("Condition.StringEquals")
    if not any(key.endswith(":aud") for key, _ in exact):
        yield f"{where} must name the audience (aud), found nothing."
    subjects = [value for key, values in exact if key.endswith(":sub") for value in values]
    if not subjects:
        yield f"{where} must name the subject (sub) with repository and environment, found nothing."
    elif any(EVERYTHING in subject or subject.count(":") < 2 for subject in subjects):
        yield f"{where} must name one repository and environment or branch in the subject (sub), found less."


_POLICY_READS = ("policy", "inlinePolicies.policy")
# Documents name ARNs, which are not known before the resources exist.
_POLICY_DEFERS = frozenset({"policy", "inlinePolicies"})

RULES = (
    Rule(
        id="iam-no-admin-or-wildcards",
        row="89",
        title="Nobody may do everything",
        description="Checks whether policies name their actions, and no policy that allows nearly everything is used.",
        types=_DOCUMENTS | _ATTACHMENTS,
        reads=(*_POLICY_READS, "managedPolicyArns", "policyArn"),
        check=_no_wildcards,
        defers=_POLICY_DEFERS | {"managedPolicyArns", "policyArn"},
        remedy="List the actions that are needed; headgate's components take them as actions and resources.",
        severity=Severity.CRITICAL,
        source="FSBP IAM.1, IAM.21",
        settings={
            "forbiddenPolicies": texts(
                ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess"), "Names of policies that nobody gets."
            )
        },
    ),
    Rule(
        id="iam-passrole-and-decrypt-scoped",
        row="90",
        title="Roles are passed and data is decrypted one by one",
        description="Checks whether iam:PassRole and kms:Decrypt name roles, services and keys.",
        types=_DOCUMENTS,
        reads=_POLICY_READS,
        check=_scoped,
        defers=_POLICY_DEFERS,
        remedy="Name the ARNs in Resource, and the service under Condition.StringEquals.iam:PassedToService.",
        severity=Severity.CRITICAL,
        source="FSBP KMS.1, KMS.2",
    ),
    Rule(
        id="iam-no-users-or-keys",
        row="91",
        title="No users, no long-lived keys",
        description="Checks whether no user, password or access key is declared.",
        types=OF_PEOPLE,
        reads=(),
        check=_forbidden,
        remedy="Use a role: IAM Identity Center for people, OIDC for pipelines, task roles for applications.",
        severity=Severity.CRITICAL,
        source="FSBP IAM.2, IAM.3",
    ),
    Rule(
        id="iam-trust-scoped",
        row="92",
        title="Roles are assumed by those they are for",
        description="Checks whether roles name who may assume them, pipelines exactly and services for one account.",
        types=frozenset({ROLE}),
        reads=("assumeRolePolicy",),
        check=_trust,
        defers=frozenset({"assumeRolePolicy"}),
        remedy="Name the principal; add aws:SourceAccount for a service, aud and an exact sub for a pipeline.",
        severity=Severity.CRITICAL,
        source="CKV_AWS_60, CKV_AWS_61, CKV_AWS_393",
        settings={"confusableServices": texts(_CONFUSABLE, "Services whose role must name the account they act for.")},
    ),
)
