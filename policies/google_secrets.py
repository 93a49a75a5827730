"""Rules on Secret Manager."""

from collections.abc import Iterable, Iterator

from policies.facts import Node, Resource, in_turn, must_be
from policies.google_grants import GRANT_DEFERS, GRANT_READS, PROJECT, Grant, each_grant, family, seconds
from policies.model import Rule, Settings, Severity, Where, number, switch, texts

EVERYWHERE = "gcp:secretmanager/secret:Secret"
ONE_REGION = "gcp:secretmanager/regionalSecret:RegionalSecret"
GRANTS = family("gcp:secretmanager/secretIam", "SecretIam") | family(
    "gcp:secretmanager/regionalSecretIam", "RegionalSecretIam"
)

ROTATION_LABEL, EXEMPT = "rotation", "exempt"
ROTATION_REASON = "rotation-exempt-reason"
_DAY = 86_400  # seconds


def _protected(resource: Resource, settings: Settings) -> Iterable[str]:
    inputs = resource.inputs
    own_key = _own_key(resource) if settings["requireOwnKey"] else ()
    return in_turn(own_key, _rotates(inputs, settings), _kept(inputs), must_be(inputs, "deletionProtection", True))


def _own_key(resource: Resource) -> Iterator[str]:
    if resource.type == ONE_REGION:
        yield from _has_key(resource.inputs)
        return
    replication = resource.inputs.node("replication")
    managed = replication.node("userManaged")
    if replication.has("userManaged"):
        replicas = managed.items("replicas")
        if not replicas:
            yield f"{managed.at('replicas')} must have a key each, found no replicas."
        yield from in_turn(*(_has_key(replica) for replica in replicas))
    else:
        yield from _has_key(replication.node("auto"))


def _has_key(node: Node) -> Iterator[str]:
    encryption = node.node("customerManagedEncryption")
    if not encryption.has("kmsKeyName"):
        yield f"{encryption.at('kmsKeyName')} must be set, found nothing."


def _rotates(inputs: Node, settings: Settings) -> Iterator[str]:
    if inputs.node("labels").text(ROTATION_LABEL) == EXEMPT:
        if not (inputs.node("annotations").text(ROTATION_REASON) or "").strip():
            yield f"annotations.{ROTATION_REASON} must say why the secret is not rotated, found nothing."
        return
    most = settings["maximumRotationDays"]
    rotation = inputs.node("rotation")
    period = seconds(rotation, "rotationPeriod")
    if period is None:
        yield f"{rotation.at('rotationPeriod')} must be at most {most} days, found nothing."
    elif period > most * _DAY:
        yield f"{rotation.at('rotationPeriod')} must be at most {most} days, found {period / _DAY:g}."


def _kept(inputs: Node) -> Iterator[str]:
    kept = seconds(inputs, "versionDestroyTtl")
    if not kept:
        found = "nothing" if kept is None else "0 s"
        yield f"versionDestroyTtl must be above 0 s, found {found}: a destroyed version would be gone at once."


def _narrow_access(resource: Resource, settings: Settings) -> Iterable[str]:
    allowed = settings["roles"]
    of_project = resource.type in PROJECT

    def member(text: str, path: str) -> Iterator[str]:
        if not text.startswith("serviceAccount:"):
            yield f"{path} must be a service account, found another member."

    def judge(grant: Grant) -> Iterator[str]:
        if of_project:
            if grant.role.startswith("roles/secretmanager."):
                yield f"{grant.node.at('role')} must be given on one secret, found a role on every one."
            return
        if grant.role not in allowed:
            yield f"{grant.node.at('role')} must be {' or '.join(allowed)}, found another role."
        yield from grant.each_member(member)

    return each_grant(resource, judge)


RULES = (
    Rule(
        id="gcp-secret-protected",
        row="101",
        title="Secrets have an own key, rotate, and do not vanish",
        description="Checks whether a secret has a key of its own, is rotated, and is protected from deletion.",
        types=frozenset({EVERYWHERE, ONE_REGION}),
        reads=(
            "replication.auto.customerManagedEncryption.kmsKeyName",
            "replication.userManaged.replicas.customerManagedEncryption.kmsKeyName",
            "customerManagedEncryption.kmsKeyName",
            "labels",
            "annotations",
            "rotation.rotationPeriod",
            "versionDestroyTtl",
            "deletionProtection",
        ),
        check=_protected,
        defers=frozenset({"replication", "customerManagedEncryption"}),
        remedy="Set kmsKeyName, rotation, versionDestroyTtl and deletionProtection; what nothing can rotate has"
        f" the label {ROTATION_LABEL}={EXEMPT} and the annotation {ROTATION_REASON}.",
        binds_going_back=True,
        severity=Severity.HIGH,
        source="Google guidance",
        where=Where.PRODUCTION,
        settings={
            "requireOwnKey": switch(True, "Whether a key of the project's own is asked for."),
            "maximumRotationDays": number(90, "Most days between rotations.", minimum=1),
        },
    ),
    Rule(
        id="gcp-secret-narrow-access",
        row="102",
        title="A secret is read by the services that need it",
        description="Checks whether secrets are readable by single service accounts only, each secret for itself.",
        types=GRANTS | PROJECT,
        reads=GRANT_READS,
        check=_narrow_access,
        defers=GRANT_DEFERS,
        remedy="Grant roles/secretmanager.secretAccessor on the secret to the service account of the application.",
        severity=Severity.HIGH,
        source="CIS GCP 1.x (analogue)",
        settings={"roles": texts(("roles/secretmanager.secretAccessor",), "Roles that may be given on a secret.")},
    ),
)
