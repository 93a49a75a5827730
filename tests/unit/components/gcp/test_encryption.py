"""The key ring, and who may use its key."""

from typing import Any

import pytest

from components.gcp.encryption import EncryptionKeyRing, EncryptionKeyRingArgs, key_path
from tests.support.drive import drive
from tests.support.mocks import UNKNOWN, Recorded

ARGS: EncryptionKeyRingArgs = {"physical_name": "ion-production", "location": "us-central1", "labels": {"a": "b"}}


def ring(*, preview: bool = False, **more: Any) -> Recorded:
    args: Any = {**ARGS, **more}
    return drive(lambda: EncryptionKeyRing("keys", args), preview=preview)


def test_the_key_rotates_and_is_not_destroyed_at_once() -> None:
    recorded = ring()
    assert recorded.one("CryptoKey").inputs == {
        "name": "ion-production",
        "keyRing": "keys-ring-id",
        "purpose": "ENCRYPT_DECRYPT",
        "rotationPeriod": "7776000s",
        "destroyScheduledDuration": "2592000s",
        "labels": {"a": "b"},
    }
    assert recorded.one("KeyRing").inputs["location"] == "us-central1"


def test_the_services_that_keep_data_use_it_and_nobody_else() -> None:
    recorded = ring()
    services = {each.name: each.inputs["service"] for each in recorded.of_type("ServiceIdentity")}
    assert services == {
        "keys-artifactregistry": "artifactregistry.googleapis.com",
        "keys-pubsub": "pubsub.googleapis.com",
        "keys-secretmanager": "secretmanager.googleapis.com",
    }
    for right in recorded.of_type("CryptoKeyIAMMember"):
        assert right.inputs == {
            "cryptoKeyId": "keys-key-id",
            "role": "roles/cloudkms.cryptoKeyEncrypterDecrypter",
            "member": f"serviceAccount:{right.name}@agents.example",
        }


def test_a_service_can_be_added() -> None:
    recorded = ring(services=["run.googleapis.com"])
    assert [each.name for each in recorded.of_type("ServiceIdentity")] == ["keys-run"]
    assert recorded.outputs_of("EncryptionKeyRing")["key_names"] == {"run.googleapis.com": "keys-key-id"}


def test_the_name_for_a_service_waits_for_its_right() -> None:
    assert ring().outputs_of("EncryptionKeyRing")["key_names"]["pubsub.googleapis.com"] == "keys-key-id"
    outputs = ring(preview=True).outputs_of("EncryptionKeyRing")
    assert outputs["key_names"]["pubsub.googleapis.com"] is UNKNOWN


def test_agents_are_members() -> None:
    agents = ring().outputs_of("EncryptionKeyRing")["agents"]
    assert agents["secretmanager.googleapis.com"] == "serviceAccount:keys-secretmanager@agents.example"


def test_the_name_of_the_key_is_known_before_it_exists() -> None:
    assert key_path("acme-ion", "us-central1", "ion-production") == (
        "projects/acme-ion/locations/us-central1/keyRings/ion-production/cryptoKeys/ion-production"
    )


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"physical_name": "Ion"}, "physical_name: found 'Ion'"),
        ({"rotation_days": 91}, "rotation_days: found 91; expected a whole number from 1 to 90 days"),
        ({"services": ["compute.googleapis.com"]}, "services: found 'compute.googleapis.com'"),
    ],
)
def test_wrong_arguments_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"EncryptionKeyRing 'keys': {message}"):
        ring(**more)
