"""Rules on Artifact Registry."""

from collections.abc import Iterable, Iterator

from policies.facts import Node, Resource, in_turn, must_be
from policies.google_grants import GRANT_DEFERS, GRANT_READS, each_grant, family, not_public
from policies.model import Rule, Settings, Severity, Where, number, switch

REPOSITORY = "gcp:artifactregistry/repository:Repository"
GRANTS = family("gcp:artifactregistry/repositoryIam", "RepositoryIam")

_STANDARD = (None, "STANDARD_REPOSITORY")  # the others hold no images of their own


def _protected(resource: Resource, settings: Settings) -> Iterable[str]:
    inputs = resource.inputs
    parts = [_scanned(inputs)]
    if settings["requireOwnKey"]:
        parts.append(_own_key(inputs))
    if inputs.text("mode") in _STANDARD:
        parts += [_immutable(inputs), _keeps(inputs, settings["retainedReleases"])]
    return in_turn(*parts)


def _immutable(inputs: Node) -> Iterator[str]:
    if (inputs.text("format") or "DOCKER").upper() == "DOCKER":
        yield from must_be(inputs.node("dockerConfig"), "immutableTags", True)


def _own_key(inputs: Node) -> Iterator[str]:
    if not inputs.has("kmsKeyName"):
        yield "kmsKeyName must be set, found nothing."


def _scanned(inputs: Node) -> Iterator[str]:
    scanning = inputs.node("vulnerabilityScanningConfig")
    if scanning.text("enablementConfig") == "DISABLED":
        yield f"{scanning.at('enablementConfig')} must not be DISABLED, found DISABLED."


def _keeps(inputs: Node, least: int) -> Iterator[str]:
    """What a KEEP policy matches stays, whatever a DELETE policy matches (Artifact Registry, clean-up policies)."""
    kept = [_kept(policy) for policy in inputs.items("cleanupPolicies")]
    most = max(kept, default=0)
    if most < least:
        yield f"cleanupPolicies must KEEP the {least} most recent versions of every package, found {most:g}."


def _kept(policy: Node) -> float:
    recent = policy.node("mostRecentVersions")
    if policy.text("action") != "KEEP" or recent.count("packageNamePrefixes"):
        return 0
    return recent.number("keepCount") or 0


RULES = (
    Rule(
        id="artifact-registry-protected",
        row="103",
        title="Images stay what they are, and stay for a rollback",
        description="Checks whether images are immutable, scanned, encrypted with an own key, and kept for a rollback.",
        types=frozenset({REPOSITORY}),
        reads=(
            "format",
            "mode",
            "dockerConfig.immutableTags",
            "kmsKeyName",
            "vulnerabilityScanningConfig.enablementConfig",
            "cleanupPolicies.action",
            "cleanupPolicies.mostRecentVersions.keepCount",
            "cleanupPolicies.mostRecentVersions.packageNamePrefixes",
        ),
        check=_protected,
        remedy="Set dockerConfig.immutableTags, kmsKeyName and a clean-up policy that keeps the most recent versions.",
        binds_going_back=True,
        severity=Severity.HIGH,
        source="CKV_GCP_84",
        where=Where.PRODUCTION,
        settings={
            "requireOwnKey": switch(True, "Whether a key of the project's own is asked for."),
            "retainedReleases": number(10, "Least versions of a package that are kept.", minimum=1),
        },
    ),
    Rule(
        id="artifact-registry-not-public",
        row="104",
        title="Images are not for everybody",
        description="Checks whether no role on a repository of images is given to everybody.",
        types=GRANTS,
        reads=GRANT_READS[1:],
        check=lambda resource, _: each_grant(resource, not_public),
        defers=GRANT_DEFERS,
        remedy="Grant the role to the service accounts that pull or push.",
        severity=Severity.CRITICAL,
        source="CKV_GCP_101",
    ),
)
