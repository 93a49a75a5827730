"""The secure defaults on Google Cloud that no rule of the pack reads: what a component is with required arguments."""

import pytest

from components.gcp.canary_service import CanaryService
from components.gcp.encryption import EncryptionKeyRing
from components.gcp.front_door import FrontDoor
from components.gcp.logs import ServiceLogs
from components.gcp.registry import ImageRegistry
from components.gcp.secrets import SecretEntries
from tests.contract.defaults import ABSENT, Default, check, name
from tests.contract.rows import KEY_NAME, LOCATION, ROWS, Row, row
from tests.support.drive import drive

DEFAULTS: list[Default] = [
    (row(EncryptionKeyRing), "CryptoKey", {"rotationPeriod": "7776000s", "destroyScheduledDuration": "2592000s"}),
    (row(ImageRegistry), "Repository", {"cleanupPolicyDryRun": False, "format": "DOCKER"}),
    (row(SecretEntries), "Topic", {"kmsKeyName": KEY_NAME}),
    (
        row(SecretEntries),
        "Secret",
        {
            "replication": {
                "userManaged": {
                    "replicas": [{"location": LOCATION, "customerManagedEncryption": {"kmsKeyName": KEY_NAME}}]
                }
            },
            "versionDestroyTtl": "604800s",
            "deletionProtection": True,
            "expireTime": ABSENT,
            "ttl": ABSENT,
        },
    ),
    (
        row(CanaryService),
        "Service",
        {
            "ingress": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
            "defaultUriDisabled": True,
            "deletionProtection": True,
            "binaryAuthorization": {"useDefault": True},
            "invokerIamDisabled": ABSENT,
            "iapEnabled": ABSENT,
            "sshEnabled": ABSENT,
            "multiRegionSettings": ABSENT,  # another owner of the traffic
        },
    ),
    (
        row(FrontDoor),
        "BackendService",
        {
            "loadBalancingScheme": "EXTERNAL_MANAGED",
            "protocol": "HTTPS",
            "logConfig": {"enable": True, "sampleRate": 1.0},
            "enableCdn": ABSENT,
            "sessionAffinity": ABSENT,  # Cloud Run keeps clients on their revision
        },
    ),
    (row(FrontDoor), "SSLPolicy", {"minTlsVersion": "TLS_1_2", "profile": "RESTRICTED"}),
    (
        row(FrontDoor),
        "SecurityPolicy",
        {"adaptiveProtectionConfig": {"layer7DdosDefenseConfig": {"enable": True, "ruleVisibility": "STANDARD"}}},
    ),
    (row(ServiceLogs), "ProjectBucketConfig", {"retentionDays": 365, "locked": ABSENT}),
    (row(ServiceLogs), "ProjectSink", {"uniqueWriterIdentity": True, "disabled": ABSENT, "exclusions": ABSENT}),
]


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
@pytest.mark.parametrize("default", DEFAULTS, ids=name)
def test_default(default: Default, preview: bool) -> None:
    check(default, preview)


@pytest.mark.parametrize("each", [each for each in ROWS if each.google], ids=lambda each: each.name)
def test_nobody_gets_a_right_that_is_not_needed(each: Row) -> None:
    """With required arguments: only Google's own agents, on the key and on the topic."""
    rights = {
        (child.type.rpartition(":")[2], child.inputs["role"])
        for child in drive(each.build()).custom()
        if "role" in child.inputs
    }
    expected = {
        "EncryptionKeyRing": {("CryptoKeyIAMMember", "roles/cloudkms.cryptoKeyEncrypterDecrypter")},
        "SecretEntries": {("TopicIAMMember", "roles/pubsub.publisher")},
    }
    assert rights == expected.get(each.name, set())


def test_no_project_wide_right_and_no_key_of_an_account_exists_anywhere() -> None:
    types = {child.type for each in ROWS if each.google for child in drive(each.build()).custom()}
    assert types
    assert {kind for kind in types if kind.startswith(("gcp:projects/iAM", "gcp:serviceaccount/key"))} == set()
