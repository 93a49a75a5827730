"""One record of a gate that ran before an update: what it was about, what it found, and proof that nobody edited it.

Pure. The digest finds an edited or damaged record. It is no signature: whoever can write a record can write its digest
too. `sign` adds one, made with a key that only those have who may record.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict

from headgate import wire
from headgate.plan import digest_of
from headgate.report import Verdict
from headgate.state import State

SCHEMA = 1
APPROVAL = "approval"
EXPIRES, ASKED = "expires", "asked"  # keys of `Evidence.details`


@dataclass(frozen=True, slots=True)
class Evidence:
    """What `gate` found at `at` (epoch seconds) about one step of one rollout of one candidate image, in `stack`.

    `by`: who ran or gave it, as they say of themselves. `details`: plain texts; an approval says `expires` there (epoch
    seconds), a gate with settings the digest of what was `asked`. `digest`: SHA-256 of all other fields, and
    `signature` its HMAC, both in hex; empty where there is none.
    """

    stack: str
    rollout_id: str
    step: str
    candidate_image: str
    gate: str
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    at: int = 0
    by: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""
    signature: str = ""

    @property
    def expires(self) -> int | None:
        """When an approval ends (epoch seconds); None when it does not say so in a form that can be read."""
        text = self.details.get(EXPIRES, "")
        return int(text) if text.isascii() and text.isdecimal() and len(text) <= wire.MOMENT_DIGITS else None


class About(TypedDict):
    """The fields of a record that say what it is about."""

    stack: str
    rollout_id: str
    step: str
    candidate_image: str


def about(state: State) -> About:
    """What a record about the step that `state` is at says."""
    return {
        "stack": f"{state.system}-{state.environment}",
        "rollout_id": state.rollout_id,
        "step": state.step,
        "candidate_image": state.candidate.image if state.candidate else "",
    }


def sealed(evidence: Evidence, key: bytes | None) -> Evidence:
    """`evidence` with its digest and, with a `key`, its signature."""
    digest = digest_of(_content(evidence))
    return replace(evidence, digest=digest, signature=sign(digest, key) if key else "")


def sign(digest: str, key: bytes) -> str:
    """HMAC-SHA256 of the digest, in hex."""
    return hmac.new(key, digest.encode(), hashlib.sha256).hexdigest()


def intact(evidence: Evidence) -> bool:
    """Whether the digest is that of the other fields."""
    return hmac.compare_digest(digest_of(_content(evidence)), evidence.digest)


def genuine(evidence: Evidence, key: bytes) -> bool:
    """Whether the signature was made with `key`."""
    return hmac.compare_digest(sign(evidence.digest, key).encode(), evidence.signature.encode())


def to_json(evidence: Evidence) -> str:
    """The form in which a record is stored; `from_json` reads it back unchanged."""
    return json.dumps({**_content(evidence), "digest": evidence.digest, "signature": evidence.signature}, indent=2)


def from_json(text: str) -> Evidence:
    """A record from `to_json`'s form, not judged. Raises ValueError with what is wrong with another form."""
    try:
        raw = json.loads(text)
        return _read(raw)
    except KeyError as error:
        raise ValueError(f"it has no {error}") from error
    except (AttributeError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"it does not have the form of a record ({str(error)[:80]})") from error


def _content(evidence: Evidence) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "stack": evidence.stack,
        "rolloutId": evidence.rollout_id,
        "step": evidence.step,
        "candidateImage": evidence.candidate_image,
        "gate": evidence.gate,
        "verdict": str(evidence.verdict),
        "reasons": list(evidence.reasons),
        "figures": dict(evidence.figures),
        "at": evidence.at,
        "by": evidence.by,
        "details": dict(evidence.details),
    }


def _read(raw: Mapping[str, Any]) -> Evidence:
    wire.known_schema(raw["schema"], SCHEMA)
    return Evidence(
        stack=wire.text(raw["stack"]),
        rollout_id=wire.text(raw["rolloutId"]),
        step=wire.text(raw["step"]),
        candidate_image=wire.text(raw["candidateImage"]),
        gate=wire.text(raw["gate"]),
        verdict=Verdict(raw["verdict"]),
        reasons=tuple(wire.text(reason) for reason in raw["reasons"]),
        figures={wire.text(name): _figure(value) for name, value in raw["figures"].items()},
        at=wire.moment(raw["at"]),
        by=wire.text(raw["by"]),
        details={wire.text(name): wire.text(value) for name, value in raw["details"].items()},
        digest=wire.text(raw["digest"]),
        signature=wire.text(raw["signature"]),
    )


def _figure(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < float("inf"):
        raise TypeError(f"{value!r} is not a figure")
    return value
