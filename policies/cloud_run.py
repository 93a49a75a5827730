"""Rules on Cloud Run services: who can reach and call them, and what runs in them."""

from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase

from policies import plaintext
from policies.facts import Malformed, Node, Resource, in_turn, must_be, must_not_be_true
from policies.google_grants import GRANT_DEFERS, GRANT_READS, Grant, each_grant, family, is_public
from policies.model import Level, Rule, Settings, Severity, Where, number, switch, texts

SERVICE = "gcp:cloudrunv2/service:Service"
FIRST_VERSION = "gcp:cloudrun/service:Service"
GRANTS = family("gcp:cloudrunv2/serviceIam", "ServiceIam")
FIRST_GRANTS = family("gcp:cloudrun/iam", "Iam")

INTERNAL = "INGRESS_TRAFFIC_INTERNAL_ONLY"
BEHIND_BALANCER = "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"
INVOKER = "roles/run.invoker"
LATEST = "latest"

_HANDLERS = ("httpGet", "tcpSocket", "grpc")
_TEMPLATE = frozenset({"template"})


def each_container(resource: Resource, judge: Callable[[Node], Iterable[str]]) -> Iterator[str]:
    """What `judge` finds in every container of the template, which must have at least one."""
    containers = resource.inputs.node("template").items("containers")
    if not containers:
        raise Malformed("template.containers", "a list with at least one container")
    return in_turn(*(judge(container) for container in containers))


def _ingress(resource: Resource, _: Settings) -> Iterable[str]:
    inputs = resource.inputs
    ingress = inputs.text("ingress")
    if ingress not in (INTERNAL, BEHIND_BALANCER):
        found = "nothing, which is everybody" if ingress is None else "another value"
        yield f"ingress must be {INTERNAL} or {BEHIND_BALANCER}, found {found}."
    if ingress == BEHIND_BALANCER:
        yield from must_be(inputs, "defaultUriDisabled", True)


def _no_first_version(_: Resource, __: Settings) -> Iterable[str]:
    yield f"a service must be declared as {SERVICE}, found version 1 of the interface."


def _no_public_invoker(resource: Resource, settings: Settings) -> Iterable[str]:
    public = settings["publicServices"]

    def allowed() -> bool:
        if not public:
            return False
        key = "service" if resource.type in FIRST_GRANTS else "name"
        return (resource.inputs.text(key) or "").rpartition("/")[2] in public

    def judge(grant: Grant) -> Iterator[str]:
        def member(text: str, path: str) -> Iterator[str]:
            if is_public(text) and not (grant.role == INVOKER and allowed()):
                yield f"{path} must be somebody, found everybody."

        return grant.each_member(member)

    if resource.type != SERVICE:
        yield from each_grant(resource, judge)
    elif resource.inputs.flag("invokerIamDisabled") and not allowed():
        yield "invokerIamDisabled must not be true, found true: everybody may call the service."


def _own_account(resource: Resource, settings: Settings) -> Iterable[str]:
    template = resource.inputs.node("template")
    if not template.has("serviceAccount"):
        yield "template.serviceAccount must be set, found nothing, which is the default account of the project."
    elif any(fnmatchcase(template.text("serviceAccount") or "", name) for name in settings["defaultAccounts"]):
        yield "template.serviceAccount must not be a default account of the project, found one."


def _no_plaintext_secrets(resource: Resource, settings: Settings) -> Iterable[str]:
    def variables(container: Node) -> Iterator[str]:
        return in_turn(*(_variable(variable, settings) for variable in container.items("envs")))

    parts = [each_container(resource, variables)]
    if settings["requirePinnedVersions"]:
        parts += [_mounted(volume) for volume in resource.inputs.node("template").items("volumes")]
    return in_turn(*parts)


def _variable(variable: Node, settings: Settings) -> Iterator[str]:
    reference = variable.node("valueSource").node("secretKeyRef")
    if not variable.node("valueSource").has("secretKeyRef"):
        if variable.has("value"):
            yield from plaintext.written_secret(variable, settings)
    elif settings["requirePinnedVersions"]:
        yield from _pinned_version(reference)


def _mounted(volume: Node) -> Iterator[str]:
    if not volume.has("secret"):
        return
    secret = volume.node("secret")
    items = secret.items("items")
    if not items:
        yield f"{secret.at('items')} must pin a version, found nothing, which is {LATEST}."
    yield from in_turn(*(_pinned_version(item) for item in items))


def _pinned_version(reference: Node) -> Iterator[str]:
    written = reference.get("version")
    version = "" if written is None else str(written)
    if version.isascii() and version.isdecimal() and int(version) > 0:
        return
    found = f"nothing, which is {LATEST}" if not version else LATEST if version == LATEST else "another text"
    yield f"{reference.at('version')} must be the number of a version, found {found}."


def _images_by_digest(resource: Resource, settings: Settings) -> Iterable[str]:
    return each_container(resource, lambda container: plaintext.pinned(container, settings["allowedRegistries"]))


def _authorized(resource: Resource, _: Settings) -> Iterable[str]:
    authorization = resource.inputs.node("binaryAuthorization")
    if not (authorization.flag("useDefault") or authorization.has("policy")):
        yield f"{authorization.at('useDefault')} must be true, or {authorization.at('policy')} set, found neither."
    if authorization.has("breakglassJustification") and authorization.node("breakglassJustification").value != "":
        yield f"{authorization.at('breakglassJustification')} must not be set, found a justification."


def _ready_and_bounded(resource: Resource, settings: Settings) -> Iterable[str]:
    def judge(container: Node) -> Iterator[str]:
        if container.text("name") in settings["exemptContainers"]:
            return
        for probe in ("startupProbe", "livenessProbe"):
            if not any(container.node(probe).has(handler) for handler in _HANDLERS):
                yield f"{container.at(probe)} must ask by one of {', '.join(_HANDLERS)}, found none."
        limits = container.node("resources").node("limits")
        for resource_ in ("cpu", "memory"):
            if not limits.has(resource_):
                yield f"{limits.at(resource_)} must be set, found nothing."

    return in_turn(each_container(resource, judge), _scaling(resource.inputs, settings["minimumInstances"]))


def _scaling(inputs: Node, least: int) -> Iterator[str]:
    levels = (inputs.node("template").node("scaling"), inputs.node("scaling"))
    if inputs.node("scaling").text("scalingMode") == "MANUAL":
        fixed = inputs.node("scaling").number("manualInstanceCount") or 0
        if fixed < least:
            yield f"scaling.manualInstanceCount must be at least {least}, found {fixed:g}."
        return
    if not any(level.number("maxInstanceCount") for level in levels):
        yield "template.scaling.maxInstanceCount must be set, found nothing."
    found = max(level.number("minInstanceCount") or 0 for level in levels)
    if found < least:
        yield f"template.scaling.minInstanceCount must be at least {least}, found {found:g}."


def _hardened(resource: Resource, _: Settings) -> Iterable[str]:
    inputs = resource.inputs
    if inputs.flag("deletionProtection") is False:
        yield "deletionProtection must not be false, found false."
    yield from must_not_be_true(inputs, "sshEnabled")


def _key_and_network(resource: Resource, _: Settings) -> Iterable[str]:
    template = resource.inputs.node("template")
    for node, key in ((template, "encryptionKey"), (template.node("vpcAccess"), "egress")):
        if not node.has(key):
            yield f"{node.at(key)} should be set, found nothing."


RULES = (
    Rule(
        id="cloudrun-second-version",
        row="93, 94, 95, 96, 97, 98, 99, 100",
        title="Services are declared in the form that the rules read",
        description="Checks whether no service is declared by version 1 of Cloud Run's interface.",
        types=frozenset({FIRST_VERSION}),
        reads=(),
        check=_no_first_version,
        remedy=f"Declare the service as {SERVICE}; version 1 is another way to the same services.",
        severity=Severity.HIGH,
        source="project",
    ),
    Rule(
        id="cloudrun-ingress-restricted",
        row="93",
        title="Services are reached through the load balancer",
        description="Checks whether a service can be reached from inside or through the load balancer only.",
        types=frozenset({SERVICE}),
        reads=("ingress", "defaultUriDisabled"),
        check=_ingress,
        remedy=f"Set ingress to {BEHIND_BALANCER} and defaultUriDisabled to true; test a tagged revision through the "
        "load balancer.",
        severity=Severity.HIGH,
        source="Google guidance",
        where=Where.PRODUCTION,
    ),
    Rule(
        id="cloudrun-no-public-invoker",
        row="94",
        title="Not everybody may call a service",
        description="Checks whether no service may be called by everybody, unless it is listed as public.",
        types=GRANTS | FIRST_GRANTS | {SERVICE},
        reads=("invokerIamDisabled", "name", "service", *GRANT_READS),
        check=_no_public_invoker,
        defers=GRANT_DEFERS | {"name", "service"},
        remedy=f"Grant {INVOKER} to the callers, or list the service in publicServices.",
        severity=Severity.CRITICAL,
        source="CKV_GCP_102",
        settings={"publicServices": texts((), "Names of services that everybody may call.")},
    ),
    Rule(
        id="cloudrun-own-service-account",
        row="95",
        title="Services run as themselves",
        description="Checks whether a service has a service account of its own.",
        types=frozenset({SERVICE}),
        reads=("template.serviceAccount",),
        check=_own_account,
        defers=_TEMPLATE,
        remedy="Create a service account with only what the service needs, and pass it as template.serviceAccount.",
        severity=Severity.HIGH,
        source="CIS GCP 4.1 (analogue)",
        settings={
            "defaultAccounts": texts(
                ("*-compute@developer.gserviceaccount.com", "*@appspot.gserviceaccount.com"),
                "Service accounts that Google makes by itself; * stands for any text.",
            )
        },
    ),
    Rule(
        id="cloudrun-no-plaintext-secrets",
        row="96",
        title="Services get secrets by reference and number",
        description="Checks whether secrets come from Secret Manager, in a version that is named by its number.",
        types=frozenset({SERVICE}),
        reads=(
            "template.containers.envs.name",
            "template.containers.envs.value",
            "template.containers.envs.valueSource.secretKeyRef.version",
            "template.volumes.secret.items.version",
        ),
        check=_no_plaintext_secrets,
        defers=_TEMPLATE,
        remedy="Keep the value in Secret Manager and name secret and version number in valueSource.secretKeyRef; "
        f"{LATEST} would change under a revision, and a rollback would not bring it back.",
        severity=Severity.CRITICAL,
        source="CIS GCP 1.18 (analogue)",
        settings={
            **plaintext.settings(("_FILE", "_PATH", "_NAME", "_RESOURCE")),
            "requirePinnedVersions": switch(True, "Whether versions of secrets have to be numbers."),
        },
    ),
    Rule(
        id="cloudrun-image-digest",
        row="97",
        title="Services run images by digest from known registries",
        description="Checks whether every image is pinned by digest and comes from an allowed registry.",
        types=frozenset({SERVICE}),
        reads=("template.containers.image",),
        check=_images_by_digest,
        remedy="Use the digest that Artifact Registry shows for the image, from a registry in allowedRegistries.",
        severity=Severity.HIGH,
        source="project (SLSA)",
        where=Where.PRODUCTION,
        settings={
            "allowedRegistries": texts(
                ("*-docker.pkg.dev",),
                "Hosts that images may come from, or with a slash hosts and repositories; * stands for any text.",
            )
        },
    ),
    Rule(
        id="cloudrun-binary-authorization",
        row="98",
        title="Only images with the right signatures run",
        description="Checks whether Binary Authorization judges the images of a service, without a way around it.",
        types=frozenset({SERVICE}),
        reads=(
            "binaryAuthorization.useDefault",
            "binaryAuthorization.policy",
            "binaryAuthorization.breakglassJustification",
        ),
        check=_authorized,
        remedy="Set binaryAuthorization.useDefault to true and remove breakglassJustification.",
        severity=Severity.MEDIUM,
        source="Google guidance",
        where=Where.PRODUCTION,
    ),
    Rule(
        id="cloudrun-probes-limits-scaling",
        row="99",
        title="Services are asked whether they live, and are bounded",
        description="Checks whether containers have probes and limits, and the service least and most instances.",
        types=frozenset({SERVICE}),
        reads=(
            "template.containers.name",
            *(
                f"template.containers.{probe}.{handler}"
                for probe in ("startupProbe", "livenessProbe")
                for handler in _HANDLERS
            ),
            "template.containers.resources.limits",
            "template.scaling.minInstanceCount",
            "template.scaling.maxInstanceCount",
            "scaling.minInstanceCount",
            "scaling.maxInstanceCount",
            "scaling.scalingMode",
            "scaling.manualInstanceCount",
        ),
        check=_ready_and_bounded,
        remedy="Set startupProbe, livenessProbe, resources.limits and template.scaling.",
        severity=Severity.MEDIUM,
        source="project",
        where=Where.PRODUCTION,
        settings={
            "minimumInstances": number(1, "Least instances of a service."),
            "exemptContainers": texts((), "Names of sidecars that have no probes and limits of their own."),
        },
    ),
    Rule(
        id="cloudrun-hardened",
        row="100",
        title="Services cannot be deleted by accident or entered",
        description="Checks whether a service is protected from deletion and cannot be entered by SSH.",
        types=frozenset({SERVICE}),
        reads=("deletionProtection", "sshEnabled"),
        check=_hardened,
        remedy="Leave deletionProtection and sshEnabled out.",
        severity=Severity.MEDIUM,
        source="Google guidance",
        where=Where.PRODUCTION,
    ),
    Rule(
        id="cloudrun-own-key-and-network",
        row="100",
        title="Services have a key of their own and a known way out",
        description="Checks whether images are encrypted by a key of the project's own and traffic out is directed.",
        types=frozenset({SERVICE}),
        reads=("template.encryptionKey", "template.vpcAccess.egress"),
        check=_key_and_network,
        defers=_TEMPLATE,
        remedy="Set template.encryptionKey and template.vpcAccess.egress.",
        severity=Severity.LOW,
        source="Google guidance",
        level=Level.ADVISORY,
    ),
)
