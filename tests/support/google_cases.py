"""What each policy on Google's resources says of good and bad inputs; the table's form is that of policy_cases."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.policy_cases import DEFERS, GONE, PASSES, TAGS, VIOLATES, Case
from tests.support.servicer import UNKNOWN

RUN = "gcp:cloudrunv2/service:Service"
SECRET = "gcp:secretmanager/secret:Secret"
REGIONAL_SECRET = "gcp:secretmanager/regionalSecret:RegionalSecret"
REPOSITORY = "gcp:artifactregistry/repository:Repository"
ALERT = "gcp:monitoring/alertPolicy:AlertPolicy"
CHANNEL = "gcp:monitoring/notificationChannel:NotificationChannel"
UPTIME = "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig"
KEY = "gcp:kms/cryptoKey:CryptoKey"
IDENTITY = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
ADDRESS = "gcp:compute/address:Address"
INSTANCE = "gcp:compute/instance:Instance"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
CLUSTER = "gcp:container/cluster:Cluster"

LABELS = {**TAGS, "service": "ion", "owner": "ion-team"}
ACCOUNT = "serviceAccount:ion-production@ion-production.iam.gserviceaccount.com"
BY_REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
LIVE, CANDIDATE = "ion-production-aaaaaaaaaaaa", "ion-production-bbbbbbbbbbbb"
_KEY_NAME = "projects/ion-production/locations/us-central1/keyRings/ion/cryptoKeys/ion"


def entry(revision: str | None, percent: int | None, tag: str | None = None, kind: str | None = BY_REVISION) -> Any:
    """One entry of a service's traffic; what is None is left out."""
    given = {"revision": revision, "percent": percent, "tag": tag, "type": kind}
    return {key: value for key, value in given.items() if value is not None}


_PROBE = {"httpGet": {"path": "/health", "port": 8080}, "periodSeconds": 10}
_CONTAINER = {
    "name": "app",
    "image": f"us-central1-docker.pkg.dev/ion-production/ion/app@sha256:{'b' * 64}",
    "envs": [
        {"name": "HEADGATE_VERSION", "value": "2026.02.11"},
        {"name": "TOKEN_FILE", "value": "/run/token"},
        {"name": "API_KEY", "valueSource": {"secretKeyRef": {"secret": "ion-api-key", "version": "3"}}},
    ],
    "ports": {"containerPort": 8080},
    "startupProbe": _PROBE,
    "livenessProbe": _PROBE,
    "resources": {"limits": {"cpu": "1", "memory": "512Mi"}},
}
SERVICE: dict[str, Any] = {
    "name": "ion-production",
    "location": "us-central1",
    "project": "ion-production",
    "ingress": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
    "defaultUriDisabled": True,
    "deletionProtection": True,
    "binaryAuthorization": {"useDefault": True},
    "template": {
        "revision": CANDIDATE,
        "serviceAccount": "ion-production@ion-production.iam.gserviceaccount.com",
        "encryptionKey": _KEY_NAME,
        "vpcAccess": {"egress": "PRIVATE_RANGES_ONLY"},
        "scaling": {"minInstanceCount": 2, "maxInstanceCount": 20},
        "containers": [_CONTAINER],
        "volumes": [{"name": "tls", "secret": {"secret": "ion-tls", "items": [{"path": "key", "version": "1"}]}}],
        "sessionAffinity": True,
    },
    "traffics": [entry(LIVE, 95, "live"), entry(CANDIDATE, 5, "candidate")],
    "labels": {**LABELS, "headgate-role": "traffic"},
}
_SECRET = {
    "secretId": "ion-api-key",
    "replication": {"auto": {"customerManagedEncryption": {"kmsKeyName": _KEY_NAME}}},
    "rotation": {"rotationPeriod": "7776000s", "nextRotationTime": "2026-06-01T00:00:00Z"},
    "versionDestroyTtl": "86400s",
    "deletionProtection": True,
    "labels": LABELS,
    "annotations": {"team": "ion"},
}
_REGIONAL_SECRET = {
    **{key: value for key, value in _SECRET.items() if key != "replication"},
    "location": "us-central1",
    "customerManagedEncryption": {"kmsKeyName": _KEY_NAME},
}
_NEVER_ROTATED = {
    "rotation": GONE,
    "labels.rotation": "exempt",
    "annotations.rotation-exempt-reason": "issued by the pager's vendor",
}
_REPOSITORY = {
    "format": "DOCKER",
    "repositoryId": "ion",
    "location": "us-central1",
    "dockerConfig": {"immutableTags": True},
    "kmsKeyName": _KEY_NAME,
    "vulnerabilityScanningConfig": {"enablementConfig": "INHERITED"},
    "cleanupPolicies": [
        {"id": "old", "action": "DELETE", "condition": {"olderThan": "2592000s"}},
        {"id": "rollback", "action": "KEEP", "mostRecentVersions": {"keepCount": 10}},
    ],
    "labels": LABELS,
}
_ALERT = {
    "displayName": "ion error rate",
    "combiner": "OR",
    "notificationChannels": ["projects/ion-production/notificationChannels/1"],
    "conditions": [{"displayName": "5xx", "conditionThreshold": {"duration": "300s", "comparison": "COMPARISON_GT"}}],
    "userLabels": LABELS,
}
_UPTIME = {
    "displayName": "ion",
    "timeout": "10s",
    "httpCheck": {"useSsl": True, "validateSsl": True, "path": "/health", "port": 443},
    "selectedRegions": ["USA_IOWA", "EUROPE", "ASIA_PACIFIC"],
    "userLabels": LABELS,
}
_IDENTITY = {
    "workloadIdentityPoolId": "pipelines",
    "oidc": {"issuerUri": "https://token.actions.githubusercontent.com"},
    "attributeCondition": "assertion.repository_owner_id == '1234567' && assertion.ref == 'refs/heads/main'",
}


def grants(
    rule: str,
    stem: str,
    name: str,
    scope: Mapping[str, Any],
    *,
    role: str,
    bad: Mapping[str, tuple[str, str]],
    fine: Mapping[str, tuple[str, str]] | None = None,
    missing: Mapping[str, str] | None = None,
    unknown: Mapping[str, str] | None = None,
) -> Iterator[Case]:
    """Cases of a rule on grants, for member, binding and policy. `bad` and `fine`: name -> role and member.

    `missing` and `unknown` say what follows of `role`, `member` (and so `members`) and inputs in `scope`. A policy
    without data grants nothing.
    """
    missing = missing or {"role": PASSES, "member": PASSES}
    unknown = unknown or {"role": VIOLATES, "member": DEFERS}

    def of(kind: str, changes: Mapping[str, tuple[str, str]]) -> dict[str, dict[str, Any]]:
        return {key: given(kind, *pair) for key, pair in changes.items()}

    def given(kind: str, role_: str, member: str) -> dict[str, Any]:
        if kind == "Member":
            return {"role": role_, "member": member}
        if kind == "Binding":
            return {"role": role_, "members": [ACCOUNT, member]}
        bindings = [{"role": role, "members": [ACCOUNT]}, {"role": role_, "members": [ACCOUNT, member]}]
        return {"policyData": json.dumps({"bindings": bindings})}

    def verdicts(kind: str, said: Mapping[str, str], of_policy: str) -> dict[str, str]:
        if kind == "Member":
            return dict(said)
        if kind == "Binding":
            return {"members" if key == "member" else key: each for key, each in said.items()}
        return {"policyData": of_policy} | {key: said[key] for key in said.keys() & scope.keys()}

    unreadable = {"not JSON": {"policyData": "{"}, "no list": {"policyData": '{"bindings": 1}'}}
    for kind in ("Member", "Binding", "Policy"):
        yield Case(
            rule,
            f"{stem}{kind}:{name}{kind}",
            {**scope, **given(kind, role, ACCOUNT)},
            bad=of(kind, bad) | (unreadable if kind == "Policy" else {}),
            fine=of(kind, fine or {}),
            missing=verdicts(kind, missing, PASSES),
            unknown=verdicts(kind, unknown, DEFERS),
        )


_PROJECT = ("gcp:projects/iAM", "IAM", {"project": "ion-production"})
_FOLDER = ("gcp:folder/iAM", "IAM", {"folder": "folders/1"})
_ORGANIZATION = ("gcp:organizations/iAM", "IAM", {"orgId": "1"})
_LOGS = "roles/logging.logWriter"
_PUBLIC = {"everybody": (_LOGS, "allUsers"), "every account": (_LOGS, "allAuthenticatedUsers")}
_ONLY_MEMBERS: dict[str, Any] = {"missing": {"member": PASSES}, "unknown": {"member": DEFERS}}
_ONLY_ROLES: dict[str, Any] = {"missing": {"role": PASSES}, "unknown": {"role": VIOLATES}}
_SECRET_READER = "roles/secretmanager.secretAccessor"


def _grants() -> Iterator[Case]:
    calls = "roles/run.invoker"
    for stem, name, scope in (
        ("gcp:cloudrunv2/serviceIam", "ServiceIam", {"name": "ion-backoffice"}),
        ("gcp:cloudrun/iam", "Iam", {"service": "ion-backoffice"}),
    ):
        key = next(iter(scope))
        yield from grants(
            "cloudrun-no-public-invoker",
            stem,
            name,
            scope,
            role=calls,
            bad={"everybody": (calls, "allUsers"), "every account": (calls, "allAuthenticatedUsers")},
            missing={"role": PASSES, "member": PASSES, key: PASSES},
            unknown={"role": PASSES, "member": DEFERS, key: PASSES},
        )
    for stem, name, scope in (
        ("gcp:secretmanager/secretIam", "SecretIam", {"secretId": "ion-api-key"}),
        ("gcp:secretmanager/regionalSecretIam", "RegionalSecretIam", {"secretId": "ion-api-key"}),
    ):
        yield from grants(
            "gcp-secret-narrow-access",
            stem,
            name,
            scope,
            role=_SECRET_READER,
            bad={
                "administrator": ("roles/secretmanager.admin", ACCOUNT),
                "person": (_SECRET_READER, "user:a@example.com"),
                "group": (_SECRET_READER, "group:a@example.com"),
                "everybody": (_SECRET_READER, "allUsers"),
            },
            missing={"role": VIOLATES, "member": PASSES},
        )
    yield from grants(
        "gcp-secret-narrow-access",
        *_PROJECT,
        role=_LOGS,
        bad={"every secret": (_SECRET_READER, ACCOUNT)},
        **_ONLY_ROLES,
    )
    yield from grants(
        "artifact-registry-not-public",
        "gcp:artifactregistry/repositoryIam",
        "RepositoryIam",
        {"repository": "ion"},
        role="roles/artifactregistry.reader",
        bad=_PUBLIC,
        **_ONLY_MEMBERS,
    )
    for where in (_PROJECT, _FOLDER, _ORGANIZATION):
        yield from grants(
            "gcp-iam-no-basic-roles",
            *where,
            role=_LOGS,
            bad={
                "owner": ("roles/owner", ACCOUNT),
                "editor": ("roles/editor", ACCOUNT),
                "person": (_LOGS, "user:a@example.com"),
                "compute": (_LOGS, "serviceAccount:123-compute@developer.gserviceaccount.com"),
                "app engine": (_LOGS, "serviceAccount:ion@appspot.gserviceaccount.com"),
                **_PUBLIC,
            },
            fine={"group": (_LOGS, "group:ion@example.com"), "viewer": ("roles/viewer", ACCOUNT)},
        )
        yield from grants(
            "gcp-iam-no-project-impersonation",
            *where,
            role=_LOGS,
            bad={
                "acts as any": ("roles/iam.serviceAccountUser", ACCOUNT),
                "tokens for any": ("roles/iam.serviceAccountTokenCreator", ACCOUNT),
            },
            **_ONLY_ROLES,
        )
    yield from grants(
        "gcp-iam-no-project-viewer", *_PROJECT, role=_LOGS, bad={"viewer": ("roles/viewer", ACCOUNT)}, **_ONLY_ROLES
    )
    for stem, name in (("gcp:kms/cryptoKeyIAM", "CryptoKeyIAM"), ("gcp:kms/keyRingIAM", "KeyRingIAM")):
        yield from grants(
            "gcp-kms-rotation",
            stem,
            name,
            {"cryptoKeyId": _KEY_NAME},
            role="roles/cloudkms.cryptoKeyEncrypterDecrypter",
            bad=_PUBLIC,
            **_ONLY_MEMBERS,
        )


_TEMPLATE_DEFERS = {"missing": {"template": VIOLATES}, "unknown": {"template": DEFERS}}

GOOGLE_CASES: tuple[Case, ...] = (
    *_grants(),
    Case(
        "cloudrun-ingress-restricted",
        RUN,
        SERVICE,
        bad={
            "everybody": {"ingress": "INGRESS_TRAFFIC_ALL"},
            "by its own address": {"defaultUriDisabled": False},
            "something else": {"ingress": "INGRESS_TRAFFIC_UNSPECIFIED"},
        },
        fine={"internal": {"ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY", "defaultUriDisabled": GONE}},
        missing={"ingress": VIOLATES, "defaultUriDisabled": VIOLATES},
        unknown={"ingress": VIOLATES, "defaultUriDisabled": VIOLATES},
    ),
    Case(
        "cloudrun-no-public-invoker",
        RUN,
        SERVICE,
        bad={"nobody asks": {"invokerIamDisabled": True, "name": "ion-backoffice"}},
        fine={"asked": {"invokerIamDisabled": False}, "ION itself": {"invokerIamDisabled": True}},
        missing={"invokerIamDisabled": PASSES, "name": PASSES},
        unknown={"invokerIamDisabled": VIOLATES, "name": PASSES},
    ),
    Case(
        "cloudrun-own-service-account",
        RUN,
        SERVICE,
        bad={
            "default": {"template.serviceAccount": "123-compute@developer.gserviceaccount.com"},
            "none": {"template.serviceAccount": GONE},
        },
        fine={"null elsewhere": {"template.timeout": None}},
        **_TEMPLATE_DEFERS,
    ),
    Case(
        "cloudrun-no-plaintext-secrets",
        RUN,
        SERVICE,
        bad={
            "by name": {"template.containers.0.envs.0.name": "DB_PASSWORD"},
            "by form": {"template.containers.0.envs.0.value": "AIza" + "x" * 35},
            "latest": {"template.containers.0.envs.2.valueSource.secretKeyRef.version": "latest"},
            "no version": {"template.containers.0.envs.2.valueSource.secretKeyRef.version": GONE},
            "alias": {"template.containers.0.envs.2.valueSource.secretKeyRef.version": "current"},
            "version 0": {"template.containers.0.envs.2.valueSource.secretKeyRef.version": "0"},
            "mounted latest": {"template.volumes.0.secret.items.0.version": "latest"},
            "mounted whole": {"template.volumes.0.secret.items": GONE},
            "no container": {"template.containers": []},
            "second container": {"template.containers": [_CONTAINER, {"envs": [{"name": "TOKEN", "value": "x"}]}]},
        },
        fine={
            "a number": {"template.containers.0.envs.2.valueSource.secretKeyRef.version": 3},
            "a name that says where": {"template.containers.0.envs.0.name": "DB_SECRET_NAME"},
            "no volume": {"template.volumes": GONE},
            "another volume": {"template.volumes": [{"name": "tmp", "emptyDir": {"medium": "MEMORY"}}]},
            "nothing in it": {"template.containers.0.envs": GONE},
        },
        **_TEMPLATE_DEFERS,
    ),
    Case(
        "cloudrun-image-digest",
        RUN,
        SERVICE,
        bad={
            "by tag": {"template.containers.0.image": "us-central1-docker.pkg.dev/ion-production/ion/app:v1"},
            "elsewhere": {"template.containers.0.image": f"docker.io/library/nginx@sha256:{'a' * 64}"},
            "looks like it": {"template.containers.0.image": f"docker.pkg.dev.example/x@sha256:{'a' * 64}"},
            "no image": {"template.containers.0.image": GONE},
            "unknown": {"template.containers.0.image": UNKNOWN},
            "sidecar": {"template.containers": [_CONTAINER, {"name": "proxy", "image": "gcr.io/proxy:1"}]},
        },
        missing={"template": VIOLATES},
        unknown={"template": VIOLATES},
    ),
    Case(
        "cloudrun-binary-authorization",
        RUN,
        SERVICE,
        bad={
            "off": {"binaryAuthorization.useDefault": False},
            "glass broken": {"binaryAuthorization.breakglassJustification": "hurry"},
        },
        fine={"a policy": {"binaryAuthorization": {"policy": "projects/p/platforms/cloudRun/policies/x"}}},
        missing={"binaryAuthorization": VIOLATES},
        unknown={"binaryAuthorization": VIOLATES},
    ),
    Case(
        "cloudrun-probes-limits-scaling",
        RUN,
        SERVICE,
        bad={
            "no startup probe": {"template.containers.0.startupProbe": GONE},
            "no liveness probe": {"template.containers.0.livenessProbe": GONE},
            "asks nothing": {"template.containers.0.livenessProbe": {"periodSeconds": 10}},
            "no memory limit": {"template.containers.0.resources.limits.memory": GONE},
            "no limits": {"template.containers.0.resources": GONE},
            "unbounded": {"template.scaling.maxInstanceCount": GONE},
            "nobody there": {"template.scaling.minInstanceCount": 0},
            "fixed at 0": {"scaling": {"scalingMode": "MANUAL", "manualInstanceCount": 0}},
        },
        fine={
            "of the service": {"template.scaling": GONE, "scaling": {"minInstanceCount": 1, "maxInstanceCount": 9}},
            "fixed": {"template.scaling": GONE, "scaling": {"scalingMode": "MANUAL", "manualInstanceCount": 3}},
            "by TCP": {"template.containers.0.startupProbe": {"tcpSocket": {"port": 8080}}},
        },
        missing={"template": VIOLATES, "scaling": PASSES},
        unknown={"template": VIOLATES, "scaling": VIOLATES},
    ),
    Case(
        "cloudrun-hardened",
        RUN,
        SERVICE,
        bad={"unprotected": {"deletionProtection": False}, "entered": {"sshEnabled": True}},
        missing={"deletionProtection": PASSES, "sshEnabled": PASSES},
        unknown={"deletionProtection": VIOLATES, "sshEnabled": VIOLATES},
    ),
    Case(
        "cloudrun-own-key-and-network",
        RUN,
        SERVICE,
        bad={"Google's key": {"template.encryptionKey": GONE}, "any way out": {"template.vpcAccess": GONE}},
        fine={"key unknown": {"template.encryptionKey": UNKNOWN}},
        **_TEMPLATE_DEFERS,
    ),
    Case(
        "gcp-secret-protected",
        SECRET,
        _SECRET,
        bad={
            "Google's key": {"replication": {"auto": {}}},
            "one replica without": {
                "replication": {
                    "userManaged": {
                        "replicas": [
                            {"location": "us-central1", "customerManagedEncryption": {"kmsKeyName": _KEY_NAME}},
                            {"location": "us-central1"},
                        ]
                    }
                }
            },
            "no replica": {"replication": {"userManaged": {"replicas": []}}},
            "rarely": {"rotation.rotationPeriod": "7776001s"},
            "in days": {"rotation.rotationPeriod": "90d"},
            "for no reason": {"rotation": GONE, "labels.rotation": "exempt"},
            "an empty reason": {**_NEVER_ROTATED, "annotations.rotation-exempt-reason": " "},
            "gone at once": {"versionDestroyTtl": "0s"},
            "unprotected": {"deletionProtection": False},
        },
        fine={
            "exempt": _NEVER_ROTATED,
            "replicas": {
                "replication": {
                    "userManaged": {
                        "replicas": [{"location": "us-central1", "customerManagedEncryption": {"kmsKeyName": UNKNOWN}}]
                    }
                }
            },
        },
        missing={
            "replication": VIOLATES,
            "labels": PASSES,
            "annotations": PASSES,
            "rotation": VIOLATES,
            "versionDestroyTtl": VIOLATES,
            "deletionProtection": VIOLATES,
        },
        unknown={
            "replication": DEFERS,
            "labels": VIOLATES,
            "annotations": PASSES,
            "rotation": VIOLATES,
            "versionDestroyTtl": VIOLATES,
            "deletionProtection": VIOLATES,
        },
    ),
    Case(
        "gcp-secret-protected",
        REGIONAL_SECRET,
        _REGIONAL_SECRET,
        bad={"Google's key": {"customerManagedEncryption": GONE}, "unprotected": {"deletionProtection": GONE}},
        missing={"customerManagedEncryption": VIOLATES},
        unknown={"customerManagedEncryption": DEFERS},
    ),
    Case(
        "artifact-registry-protected",
        REPOSITORY,
        _REPOSITORY,
        bad={
            "tags move": {"dockerConfig.immutableTags": False},
            "Google's key": {"kmsKeyName": GONE},
            "not scanned": {"vulnerabilityScanningConfig.enablementConfig": "DISABLED"},
            "keeps 9": {"cleanupPolicies.1.mostRecentVersions.keepCount": 9},
            "deletes": {"cleanupPolicies.1.action": "DELETE"},
            "keeps some": {"cleanupPolicies.1.mostRecentVersions.packageNamePrefixes": ["web"]},
        },
        fine={
            "packages": {"format": "PYTHON", "dockerConfig": GONE},
            "a mirror": {"mode": "REMOTE_REPOSITORY", "dockerConfig": GONE, "cleanupPolicies": GONE},
            "key unknown": {"kmsKeyName": UNKNOWN},
        },
        missing={
            "format": PASSES,
            "mode": PASSES,
            "dockerConfig": VIOLATES,
            "kmsKeyName": VIOLATES,
            "vulnerabilityScanningConfig": PASSES,
            "cleanupPolicies": VIOLATES,
        },
        unknown={
            "format": VIOLATES,
            "mode": VIOLATES,
            "dockerConfig": VIOLATES,
            "kmsKeyName": PASSES,
            "vulnerabilityScanningConfig": VIOLATES,
            "cleanupPolicies": VIOLATES,
        },
    ),
    Case(
        "gcp-wif-condition",
        IDENTITY,
        _IDENTITY,
        bad={
            "any repository": {"attributeCondition": "assertion.ref == 'refs/heads/main'"},
            "blank": {"attributeCondition": "  "},
            "always": {"attributeCondition": "true"},
            "one way round": {"attributeCondition": "assertion.repository_id == '1' || assertion.ref == 'x'"},
            "no constant": {"attributeCondition": "assertion.repository == attribute.repository"},
            "not that one": {"attributeCondition": "assertion.repository != 'headgate/main'"},
            "a prefix of names": {"attributeCondition": "assertion.repository.startsWith('head')"},
        },
        fine={
            "one of two": {"attributeCondition": "attribute.repository in ['a/b', 'a/c']"},
            "either": {"attributeCondition": 'assertion.repository_id=="1" || assertion.repository_id=="2"'},
            "an owner's": {"attributeCondition": "assertion.repository.startsWith('headgate/')"},
        },
        missing={"attributeCondition": VIOLATES},
        unknown={"attributeCondition": VIOLATES},
    ),
    Case(
        "gcp-alerts-wired",
        ALERT,
        _ALERT,
        bad={
            "off": {"enabled": False},
            "nobody": {"notificationChannels": []},
            "at once": {"conditions.0.conditionThreshold.duration": GONE},
            "no condition": {"conditions": []},
            "absence": {"conditions": [{"displayName": "x", "conditionAbsent": {"filter": "x"}}]},
            "Prometheus": {"conditions": [{"displayName": "x", "conditionPrometheusQueryLanguage": {"query": "x"}}]},
        },
        fine={
            "on": {"enabled": True},
            "channel unknown": {"notificationChannels": [UNKNOWN]},
            "a log line": {"conditions": [{"displayName": "x", "conditionMatchedLog": {"filter": "x"}}]},
        },
        missing={"enabled": PASSES, "notificationChannels": VIOLATES, "conditions": VIOLATES},
        unknown={"enabled": VIOLATES, "notificationChannels": VIOLATES, "conditions": DEFERS},
    ),
    Case(
        "gcp-uptime-tls-multiregion",
        UPTIME,
        _UPTIME,
        bad={
            "in the clear": {"httpCheck.useSsl": False},
            "any certificate": {"httpCheck.validateSsl": GONE},
            "two regions": {"selectedRegions": ["USA", "EUROPE"]},
        },
        fine={"TCP": {"httpCheck": GONE, "tcpCheck": {"port": 443}}},
        missing={"httpCheck": VIOLATES, "tcpCheck": PASSES, "syntheticMonitor": PASSES, "selectedRegions": PASSES},
        # One that is set but not known is not an HTTP check.
        unknown={"httpCheck": VIOLATES, "tcpCheck": PASSES, "syntheticMonitor": PASSES, "selectedRegions": VIOLATES},
    ),
    Case(
        "gcp-kms-rotation",
        KEY,
        {"keyRing": "ion", "purpose": "ENCRYPT_DECRYPT", "rotationPeriod": "7776000s", "labels": LABELS},
        bad={
            "rarely": {"rotationPeriod": "7776001s"},
            "never": {"rotationPeriod": GONE},
            "text": {"rotationPeriod": "x"},
        },
        fine={"signs": {"purpose": "ASYMMETRIC_SIGN", "rotationPeriod": GONE}},
        missing={"purpose": PASSES, "rotationPeriod": VIOLATES},
        unknown={"purpose": VIOLATES, "rotationPeriod": VIOLATES},
    ),
    Case(
        "required-tags",
        RUN,
        SERVICE,
        bad={
            "no owner": {"labels.owner": GONE},
            "empty owner": {"labels.owner": ""},
            "in the tags": {"labels": GONE, "tags": LABELS},
            "no mapping": {"labels": ["owner"]},
        },
        fine={"owner unknown": {"labels.owner": UNKNOWN}},
        missing={"labels": VIOLATES},
        unknown={"labels": DEFERS},
    ),
    Case(
        "required-tags",
        ALERT,
        _ALERT,
        bad={"no owner": {"userLabels.owner": GONE}},
        missing={"userLabels": VIOLATES},
        unknown={"userLabels": DEFERS},
    ),
    Case(
        "required-tags",
        CHANNEL,
        {"type": "email", "labels": {"email_address": "ion@example.com"}, "userLabels": LABELS},
        bad={"beside the address": {"userLabels": GONE, "labels": {**LABELS, "email_address": "ion@example.com"}}},
        missing={"userLabels": VIOLATES},
        unknown={"userLabels": DEFERS},
    ),
    Case(
        "required-tags",
        UPTIME,
        _UPTIME,
        bad={"no service": {"userLabels.service": GONE}},
        missing={"userLabels": VIOLATES},
        unknown={"userLabels": DEFERS},
    ),
    Case(
        "required-tags",
        CLUSTER,
        {"resourceLabels": LABELS},
        bad={"no environment": {"resourceLabels.environment": GONE}},
        missing={"resourceLabels": VIOLATES},
        unknown={"resourceLabels": DEFERS},
    ),
    Case(
        "allowed-regions",
        RUN,
        SERVICE,
        bad={
            "elsewhere": {"location": "europe-west1"},
            "several": {"location": "global", "multiRegionSettings": {"regions": ["us-central1", "europe-west1"]}},
            "another project": {"project": "ion-staging"},
        },
        fine={"everywhere": {"location": "global"}, "by link": {"project": "projects/ion-production"}},
        missing={"location": PASSES, "project": PASSES, "multiRegionSettings": PASSES},
        unknown={"location": DEFERS, "project": DEFERS, "multiRegionSettings": DEFERS},
    ),
    Case(
        "allowed-regions",
        REPOSITORY,
        _REPOSITORY,
        bad={"a continent": {"location": "us"}, "in capitals": {"location": "EU"}},
        fine={"capitals": {"location": "US-CENTRAL1"}, "a zone": {"location": "us-central1-a"}},
        missing={"location": PASSES},
        unknown={"location": DEFERS},
    ),
    Case(
        "allowed-regions",
        SECRET,
        _SECRET,
        bad={"a copy": {"replication": {"userManaged": {"replicas": [{"location": "us-east1"}]}}}},
        missing={"replication": PASSES},
        unknown={"replication": DEFERS},
    ),
    Case(
        "allowed-regions",
        ADDRESS,
        {"region": "us-central1", "project": "ion-production"},
        bad={"elsewhere": {"region": "us-east1"}},
        fine={"by link": {"region": "projects/ion-production/regions/us-central1"}},
        missing={"region": PASSES},
        unknown={"region": DEFERS},
    ),
    Case(
        "allowed-regions",
        INSTANCE,
        {"zone": "us-central1-f", "project": "ion-production"},
        bad={"elsewhere": {"zone": "us-east1-b"}, "no zone": {"zone": "us-central1"}},
        missing={"zone": PASSES},
        unknown={"zone": DEFERS},
    ),
    Case(
        "allowed-regions",
        QUEUE_POLICY,
        {"region": "us-east-1"},
        bad={"elsewhere": {"region": "eu-west-1"}},
        missing={"region": PASSES},
        unknown={"region": DEFERS},
    ),
    Case(
        "rollout-weights-sum-100",
        RUN,
        SERVICE,
        bad={
            "less": {"traffics.0.percent": 90},
            "more": {"traffics.1.percent": 6},
            "half a per cent": {"traffics.0.percent": 94.5, "traffics.1.percent": 5.5},
            "below 0": {"traffics.0.percent": 105, "traffics.1.percent": -5},
            "twice": {"traffics.1.revision": LIVE},
            "one left out": {"traffics.1.percent": GONE},
            "percent unknown": {"traffics.1.percent": UNKNOWN},
            "revision unknown": {"traffics.1.revision": UNKNOWN},
            "nothing": {"traffics": []},
            "another service": {"labels": LABELS, "traffics.0.percent": 90},
        },
        fine={
            "a tag alone": {"traffics": [entry(LIVE, 100, "live"), entry(CANDIDATE, None, "candidate")]},
            "another service to its latest": {"labels": LABELS, "traffics": [entry(None, 100, kind=LATEST)]},
            "another service by default": {"labels": LABELS, "traffics": GONE},
        },
        missing={"labels": PASSES, "traffics": VIOLATES},
        unknown={"labels": VIOLATES, "traffics": VIOLATES},
    ),
    Case(
        "one-owner-of-traffic",
        RUN,
        SERVICE,
        bad={
            "the latest": {"traffics": [entry(LIVE, 95), entry(None, 5, kind=LATEST)]},
            "the latest by name": {"traffics.1.type": LATEST},
            "no type": {"traffics.1.type": GONE},
            "unspecified": {"traffics.1.type": "TRAFFIC_TARGET_ALLOCATION_TYPE_UNSPECIFIED"},
            "no name": {"traffics.1.revision": GONE},
            "an unnamed template": {"template.revision": GONE},
            "an empty name": {"template.revision": ""},
        },
        fine={"another service": {"labels": LABELS, "traffics": [entry(None, 100, kind=LATEST)]}},
        missing={"labels": PASSES, "traffics": PASSES, "template": VIOLATES},
        unknown={"labels": VIOLATES, "traffics": VIOLATES, "template": VIOLATES},
    ),
)
"""Every case; those of AWS are in policy_cases."""

FORBIDDEN: Mapping[str, str] = {
    "gcp-no-service-account-keys": "gcp:serviceaccount/key:Key",
    "cloudrun-second-version": "gcp:cloudrun/service:Service",
}
"""Rule -> the type that it refuses whatever its inputs are."""
