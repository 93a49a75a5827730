"""What the components declare on Google Cloud passes the policy pack of production, as it is and with every option.

And each secure default is held by a rule: switched off by itself, it is refused.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pulumi
import pytest

from components.gcp.alerting import Alerting
from components.gcp.canary_service import CanaryService
from components.gcp.encryption import EncryptionKeyRing
from components.gcp.notification import ChannelKind, NotificationChannels
from components.gcp.registry import ImageRegistry
from components.gcp.secrets import SecretEntries
from components.gcp.uptime import UptimeCheck
from tests.contract.rows import ION, LABELS, ROWS, Row, row
from tests.support.drive import drive
from tests.support.mocks import UNKNOWN, Recorded, Secret
from tests.support.policy_cases import GONE, changed
from tests.support.servicer import UNKNOWN as NOT_KNOWN
from tests.support.servicer import Declared, Diagnostic, Pack

PUBLIC = "cloudrun-no-public-invoker"
# ION is public and listed so; without the list the rule has to hold by itself.
PACK = Pack("production", stack=ION, policy_config={PUBLIC: {"publicServices": []}})
GOOGLE = [each for each in ROWS if each.google]


def plain(value: Any) -> Any:
    """A recorded input as the engine sends it to the pack."""
    if value is UNKNOWN:
        return NOT_KNOWN
    if isinstance(value, Secret):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def refused(token: str, name: str, inputs: Mapping[str, Any]) -> list[Diagnostic]:
    """Mandatory findings; what the rules put off until values are known is none."""
    found = PACK.analyze(Declared(token, name, inputs, protect=True))
    return [each for each in found if each.level == "mandatory" and not each.deferred]


def all_refused(recorded: Recorded) -> list[Diagnostic]:
    return [each for child in recorded.custom() for each in refused(child.type, child.name, plain(child.inputs))]


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
@pytest.mark.parametrize("each", GOOGLE, ids=lambda each: each.name)
def test_the_defaults_pass_every_mandatory_rule(each: Row, preview: bool) -> None:
    assert all_refused(drive(each.build(), preview=preview)) == []


# Component, type of child, what is switched off, and the rule that refuses it.
SWITCHED_OFF: list[tuple[type[pulumi.ComponentResource], str, Mapping[str, Any], str]] = [
    (CanaryService, "Service", {"ingress": "INGRESS_TRAFFIC_ALL"}, "cloudrun-ingress-restricted"),
    (CanaryService, "Service", {"defaultUriDisabled": False}, "cloudrun-ingress-restricted"),
    (CanaryService, "Service", {"deletionProtection": False}, "cloudrun-hardened"),
    (CanaryService, "Service", {"binaryAuthorization": GONE}, "cloudrun-binary-authorization"),
    (CanaryService, "Service", {"invokerIamDisabled": True}, PUBLIC),
    (CanaryService, "Service", {"template.serviceAccount": GONE}, "cloudrun-own-service-account"),
    (CanaryService, "Service", {"template.containers.0.startupProbe": GONE}, "cloudrun-probes-limits-scaling"),
    (CanaryService, "Service", {"template.containers.0.livenessProbe": GONE}, "cloudrun-probes-limits-scaling"),
    (CanaryService, "Service", {"template.containers.0.resources.limits": GONE}, "cloudrun-probes-limits-scaling"),
    (CanaryService, "Service", {"template.scaling": GONE}, "cloudrun-probes-limits-scaling"),
    (CanaryService, "Service", {"template.containers.0.image": "us-docker.pkg.dev/p/r/i:1"}, "cloudrun-image-digest"),
    (CanaryService, "Service", {"labels": GONE}, "required-tags"),
    (EncryptionKeyRing, "CryptoKey", {"rotationPeriod": GONE}, "gcp-kms-rotation"),
    (EncryptionKeyRing, "CryptoKeyIAMMember", {"member": "allUsers"}, "gcp-kms-rotation"),
    (ImageRegistry, "Repository", {"dockerConfig": GONE}, "artifact-registry-protected"),
    (ImageRegistry, "Repository", {"kmsKeyName": GONE}, "artifact-registry-protected"),
    (ImageRegistry, "Repository", {"cleanupPolicies": GONE}, "artifact-registry-protected"),
    (
        ImageRegistry,
        "Repository",
        {"vulnerabilityScanningConfig.enablementConfig": "DISABLED"},
        "artifact-registry-protected",
    ),
    (SecretEntries, "Secret", {"rotation": GONE}, "gcp-secret-protected"),
    (SecretEntries, "Secret", {"versionDestroyTtl": GONE}, "gcp-secret-protected"),
    (SecretEntries, "Secret", {"deletionProtection": False}, "gcp-secret-protected"),
    (
        SecretEntries,
        "Secret",
        {"replication.userManaged.replicas.0.customerManagedEncryption": GONE},
        "gcp-secret-protected",
    ),
    (Alerting, "AlertPolicy", {"notificationChannels": []}, "gcp-alerts-wired"),
    (Alerting, "AlertPolicy", {"enabled": False}, "gcp-alerts-wired"),
    (UptimeCheck, "UptimeCheckConfig", {"httpCheck.useSsl": False}, "gcp-uptime-tls-multiregion"),
    (UptimeCheck, "UptimeCheckConfig", {"httpCheck.validateSsl": False}, "gcp-uptime-tls-multiregion"),
    (UptimeCheck, "UptimeCheckConfig", {"selectedRegions": ["EUROPE"]}, "gcp-uptime-tls-multiregion"),
    (NotificationChannels, "NotificationChannel", {"userLabels": GONE}, "required-tags"),
]


def is_refused(component: type[pulumi.ComponentResource], kind: str, change: Mapping[str, Any]) -> bool:
    """Whether some rule refuses every child of `kind` with `change`."""
    made = drive(row(component).build()).of_type(kind)
    return all(refused(child.type, child.name, changed(plain(child.inputs), change)) for child in made)


@pytest.mark.parametrize(
    ("component", "kind", "change", "rule"),
    SWITCHED_OFF,
    ids=[f"{kind}-{next(iter(change))}" for _, kind, change, _ in SWITCHED_OFF],
)
def test_a_default_switched_off_by_itself_is_refused(
    component: type[pulumi.ComponentResource], kind: str, change: Mapping[str, Any], rule: str
) -> None:
    made = drive(row(component).build()).of_type(kind)
    assert made
    for child in made:
        found = refused(child.type, child.name, changed(plain(child.inputs), change))
        assert rule in {each.policy for each in found}, child.name


def with_secrets() -> Recorded:
    args = {
        "secret_ids": {"SESSION_KEY": "ion-production-session-key"},
        "revision": {
            **row(CanaryService).args["revision"],
            "environment": {"LOG_LEVEL": "info"},
            "secrets": {"SESSION_KEY": {"secret": "ion-production-session-key", "version": 3}},
        },
        "invokers": ["serviceAccount:caller@acme-ion-production.iam.gserviceaccount.com"],
        "custom_audiences": ["https://ion.example.com"],
    }
    return drive(row(CanaryService).build(**args))


def every_channel() -> Recorded:
    args: Any = {
        "physical_name": ION,
        "channels": {
            "mail": {"kind": ChannelKind.EMAIL, "address": "ion@example.com"},
            "chat": {"kind": ChannelKind.WEBHOOK, "secret": "https://chat.example.com/token"},
            "pager": {"kind": ChannelKind.PAGERDUTY, "secret": "key"},
        },
        "labels": LABELS,
    }
    return drive(lambda: NotificationChannels("unit", args))


@pytest.mark.parametrize("build", [with_secrets, every_channel])
def test_further_options_pass_too(build: Callable[[], Recorded]) -> None:
    assert all_refused(build()) == []


def test_everybody_is_let_in_only_where_the_configuration_lists_the_service() -> None:
    recorded = drive(row(CanaryService).build(public=True))
    assert {each.policy for each in all_refused(recorded)} == {PUBLIC}

    listed = Pack("production", stack=ION, policy_config={PUBLIC: {"publicServices": [ION]}})
    member = recorded.one("ServiceIamMember")
    found = listed.analyze(Declared(member.type, member.name, plain(member.inputs)))
    assert PUBLIC not in {each.policy for each in found}
