"""Rules on keys in Cloud KMS."""

from collections.abc import Iterable

from policies.facts import Resource
from policies.google_grants import GRANT_DEFERS, GRANT_READS, each_grant, family, not_public, seconds
from policies.model import Rule, Settings, Severity, Where, number

KEY = "gcp:kms/cryptoKey:CryptoKey"
GRANTS = family("gcp:kms/cryptoKeyIAM", "CryptoKeyIAM") | family("gcp:kms/keyRingIAM", "KeyRingIAM")

_ROTATES = (None, "ENCRYPT_DECRYPT")  # Cloud KMS rotates no keys for other purposes
_DAY = 86_400  # seconds


def _rotates(resource: Resource, settings: Settings) -> Iterable[str]:
    if resource.type != KEY:
        yield from each_grant(resource, not_public)
        return
    inputs = resource.inputs
    if inputs.text("purpose") not in _ROTATES:
        return
    most = settings["maximumRotationDays"]
    period = seconds(inputs, "rotationPeriod")
    if period is None:
        yield f"rotationPeriod must be at most {most} days, found nothing."
    elif period > most * _DAY:
        yield f"rotationPeriod must be at most {most} days, found {period / _DAY:g}."


RULES = (
    Rule(
        id="gcp-kms-rotation",
        row="111",
        title="Keys are rotated and not for everybody",
        description="Checks whether keys that encrypt are rotated, and no role on a key is given to everybody.",
        types=GRANTS | {KEY},
        reads=("purpose", "rotationPeriod", *GRANT_READS[1:]),
        check=_rotates,
        defers=GRANT_DEFERS,
        remedy="Set rotationPeriod to at most 7776000s, and grant roles on keys to the services that use them.",
        severity=Severity.HIGH,
        source="CIS GCP 1.9, 1.10",
        where=Where.PRODUCTION,
        settings={"maximumRotationDays": number(90, "Most days between rotations.", minimum=1)},
    ),
)
