"""Rules on who may do what in a Google project, and on how pipelines prove who they are."""

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from policies.facts import Resource
from policies.google_grants import ABOVE_PROJECT, GRANT_DEFERS, GRANT_READS, PROJECT, Grant, each_grant, is_public
from policies.model import Level, Rule, Settings, Severity, texts

KEY = "gcp:serviceaccount/key:Key"
IDENTITY_PROVIDER = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"

VIEWER = "roles/viewer"


def _no_basic_roles(resource: Resource, settings: Settings) -> Iterable[str]:
    def member(text: str, path: str) -> Iterator[str]:
        kind, _, account = text.partition(":")
        if is_public(text):
            yield f"{path} must be somebody, found everybody."
        elif kind == "user":
            yield f"{path} must not be a personal account, found one."
        elif any(fnmatchcase(account, pattern) for pattern in settings["defaultAccounts"]):
            yield f"{path} must not be a default service account, found one."

    def judge(grant: Grant) -> Iterator[str]:
        if grant.role in settings["roles"]:
            yield f"{grant.node.at('role')} must not be a basic role, found {grant.role}."
        yield from grant.each_member(member)

    return each_grant(resource, judge)


def _no_viewer(resource: Resource, _: Settings) -> Iterable[str]:
    def judge(grant: Grant) -> Iterator[str]:
        if grant.role == VIEWER:
            yield f"{grant.node.at('role')} should not be a basic role, found {VIEWER}."

    return each_grant(resource, judge)


def _no_impersonation(resource: Resource, settings: Settings) -> Iterable[str]:
    def judge(grant: Grant) -> Iterator[str]:
        if grant.role in settings["roles"]:
            yield f"{grant.node.at('role')} must not allow to act as every service account, found {grant.role}."

    return each_grant(resource, judge)


def _no_keys(_: Resource, __: Settings) -> Iterable[str]:
    yield "the key of a service account must not be declared, found one: it lasts for ever and lies in the state."


def _conditional(resource: Resource, settings: Settings) -> Iterable[str]:
    condition = resource.inputs.text("attributeCondition") or ""
    if not condition.strip():
        yield "attributeCondition must be set, found nothing: every account of the issuer may come in."
        return
    claims = "|".join(re.escape(claim) for claim in settings["claims"])
    pins = re.compile(
        rf"\b(?:assertion|attribute)\.(?:{claims})\s*"
        r"(?:==\s*(['\"])[^'\"]+\1|in\s*\[\s*['\"]|\.startsWith\((['\"])[^'\"/]+/[^'\"]*\2\))"
    )
    # Each alternative lets somebody in, so each has to say who.
    if not all(pins.search(alternative) for alternative in condition.split("||")):
        yield f"attributeCondition must compare one of {', '.join(settings['claims'])} with a text, found no such test."


RULES = (
    Rule(
        id="gcp-iam-no-basic-roles",
        row="105",
        title="No basic roles, no personal and no default accounts",
        description="Checks whether projects are free of owners and editors, personal and default service accounts.",
        types=PROJECT | ABOVE_PROJECT,
        reads=GRANT_READS,
        check=_no_basic_roles,
        defers=GRANT_DEFERS,
        remedy="Grant a predefined or custom role to a group or to a service account of the application.",
        severity=Severity.CRITICAL,
        source="CIS GCP 1.5",
        settings={
            "roles": texts(("roles/owner", "roles/editor"), "Roles that nobody gets."),
            "defaultAccounts": texts(
                (
                    "*-compute@developer.gserviceaccount.com",
                    "*@appspot.gserviceaccount.com",
                    "*@cloudbuild.gserviceaccount.com",
                ),
                "Service accounts that Google makes by itself; * stands for any text.",
            ),
        },
    ),
    Rule(
        id="gcp-iam-no-project-viewer",
        row="105",
        title="No basic role to read everything",
        description="Checks whether nobody may read everything in a project.",
        types=PROJECT,
        reads=("role", "policyData"),
        check=_no_viewer,
        defers=GRANT_DEFERS,
        remedy="Grant a predefined role for what has to be read.",
        severity=Severity.LOW,
        source="CIS GCP 1.5",
        level=Level.ADVISORY,
    ),
    Rule(
        id="gcp-iam-no-project-impersonation",
        row="106",
        title="Nobody may act as every service account",
        description="Checks whether rights to act as a service account are given on that account only.",
        types=PROJECT | ABOVE_PROJECT,
        reads=("role", "policyData"),
        check=_no_impersonation,
        defers=GRANT_DEFERS,
        remedy="Grant the role on the one service account, with gcp:serviceaccount/iAMMember:IAMMember.",
        severity=Severity.HIGH,
        source="CIS GCP 1.6",
        settings={
            "roles": texts(
                (
                    "roles/iam.serviceAccountUser",
                    "roles/iam.serviceAccountTokenCreator",
                    "roles/iam.serviceAccountOpenIdTokenCreator",
                    "roles/iam.workloadIdentityUser",
                ),
                "Roles that are given on single service accounts only.",
            )
        },
    ),
    Rule(
        id="gcp-no-service-account-keys",
        row="107",
        title="Service accounts have no keys",
        description="Checks whether no key of a service account is declared.",
        types=frozenset({KEY}),
        reads=(),
        check=_no_keys,
        remedy="Use workload identity federation from outside, and the service's own account inside Google Cloud.",
        severity=Severity.CRITICAL,
        source="CIS GCP 1.4",
    ),
    Rule(
        id="gcp-wif-condition",
        row="108",
        title="Pipelines of others cannot come in",
        description="Checks whether an identity provider lets in only the repository or owner that it names.",
        types=frozenset({IDENTITY_PROVIDER}),
        reads=("attributeCondition",),
        check=_conditional,
        remedy="Set attributeCondition, such as assertion.repository_owner_id == '1234567'.",
        severity=Severity.CRITICAL,
        source="CKV_GCP_118, CKV_GCP_125",
        settings={
            "claims": texts(
                ("repository_owner_id", "repository_id", "repository_owner", "repository", "sub"),
                "Claims of the issuer that say whose pipeline it is.",
            )
        },
    ),
)
