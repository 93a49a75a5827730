"""The key: what the system stores is encrypted with it, by the services that store it."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
from pulumi_gcp import kms, projects

from components._common import PlainArguments, registered_after, token

# Services whose own accounts (service agents) use the key on behalf of this project.
DATA_SERVICES = ("artifactregistry.googleapis.com", "pubsub.googleapis.com", "secretmanager.googleapis.com")
KNOWN_SERVICES = (*DATA_SERVICES, "run.googleapis.com")

ROTATION_DAYS = 90  # CIS Google Cloud Foundations 1.10
DESTROY_AFTER_DAYS = 30  # Cloud KMS' own default: a version that is gone takes the data with it
NAME_LIMIT = 63  # characters of a key ring and of a key (Cloud KMS API, keyRings.create)
DAY = 86_400  # seconds


class EncryptionKeyRingArgs(TypedDict):
    """Arguments of `EncryptionKeyRing`."""

    physical_name: str
    """Name of the key ring and of the key. Replaces both, refused while `protect_data` is true."""
    location: str
    """Region of the key: that of everything encrypted with it. Replaces both."""
    services: NotRequired[Sequence[str]]
    """Services that may use the key, such as run.googleapis.com. Default: those that keep data here."""
    rotation_days: NotRequired[int]
    """Days from one version to the next, 1 to 90. Default: 90."""
    protect_data: NotRequired[bool]
    """Refuse to delete or replace the key, keep it when the stack goes. Default: true."""
    labels: Mapping[str, str]
    """Labels of every child that can carry them."""


class EncryptionKeyRing(pulumi.ComponentResource):
    """A rotating key in a key ring of its own, which only the named Google services use.

    Cloud KMS never deletes a key ring or a key, only the versions of a key: the names stay taken for good.

    Creates: key ring; key; per service its agent and the agent's right to use the key.

    Changes during a rollout: nothing.

    Replaces on: `physical_name`, `location` (both). While `protect_data` is true these are refused.
    """

    key: kms.CryptoKey
    """The key itself, for what is not offered here."""
    key_name: pulumi.Output[str]
    """Full name of the key. Whoever encrypts with it takes `key_names`, which waits for the right to."""
    key_names: dict[str, pulumi.Output[str]]
    """Full name of the key by service, known once that service may use it."""
    agents: dict[str, pulumi.Output[str]]
    """The service's agent as an IAM member, by service."""

    def __init__(self, name: str, args: EncryptionKeyRingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("EncryptionKeyRing"), name, {}, opts)
        services = args.get("services", DATA_SERVICES)
        rotation_days = args.get("rotation_days", ROTATION_DAYS)
        protect_data = args.get("protect_data", True)
        plain = PlainArguments("EncryptionKeyRing", name)
        plain.name("physical_name", args["physical_name"], NAME_LIMIT)
        plain.between("rotation_days", rotation_days, 1, ROTATION_DAYS, "days")
        for service in services:
            plain.expect(service in KNOWN_SERVICES, "services", service, f"one of {', '.join(KNOWN_SERVICES)}")
        plain.refuse()

        kept = pulumi.ResourceOptions(parent=self, protect=protect_data, retain_on_delete=protect_data)
        ring = kms.KeyRing(f"{name}-ring", name=args["physical_name"], location=args["location"], opts=kept)
        self.key = kms.CryptoKey(
            f"{name}-key",
            name=args["physical_name"],
            key_ring=ring.id,
            purpose="ENCRYPT_DECRYPT",
            rotation_period=f"{rotation_days * DAY}s",
            destroy_scheduled_duration=f"{DESTROY_AFTER_DAYS * DAY}s",
            labels=args["labels"],
            opts=kept,
        )
        self.key_name = self.key.id
        self.key_names = {}
        self.agents = {}
        for service in services:
            short = service.partition(".")[0]
            agent = projects.ServiceIdentity(
                f"{name}-{short}", service=service, opts=pulumi.ResourceOptions(parent=self)
            )
            right = kms.CryptoKeyIAMMember(
                f"{name}-{short}",
                crypto_key_id=self.key.id,
                role="roles/cloudkms.cryptoKeyEncrypterDecrypter",
                member=agent.member,
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.agents[service] = agent.member
            self.key_names[service] = registered_after(self.key.id, [right])
        self.register_outputs(
            {"key": self.key, "key_name": self.key_name, "key_names": self.key_names, "agents": self.agents}
        )


def key_path(project: str, location: str, physical_name: str) -> str:
    """Full name of the key of that `physical_name`, for a template, which has to be known before the key is there."""
    return f"projects/{project}/locations/{location}/keyRings/{physical_name}/cryptoKeys/{physical_name}"
