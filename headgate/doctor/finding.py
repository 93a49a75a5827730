"""What a finding is, and how they are worded."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from headgate.doctor.facts import Facts

MOST_NAMED = 6  # keys, resources; more are counted


class Kind(StrEnum):
    """What was found, in words that stay the same."""

    ENGINE_MISSING = "engine-missing"
    ENGINE_OLD = "engine-old"
    PLUGIN_MISSING = "plugin-missing"
    BACKEND_UNREACHABLE = "backend-unreachable"
    PASSPHRASE_MISSING = "passphrase-missing"  # noqa: S105 - a name
    CREDENTIALS_MISSING = "credentials-missing"
    CLOUD_UNREACHABLE = "cloud-unreachable"
    PACK_MISSING = "policy-pack-missing"
    CONFIGURATION_UNUSABLE = "configuration-unusable"
    NOT_CREATED = "stack-not-created"
    CHECKPOINT_UNREADABLE = "checkpoint-unreadable"
    RECORD_UNREADABLE = "record-unreadable"
    LOCKED = "locked"
    UPDATE_RUNNING = "update-running"
    INTERRUPTED = "update-interrupted"
    FAILED = "update-failed"
    SPLIT_DIFFERS = "split-differs"
    BALANCER_MISSING = "balancer-missing"
    DRIFT = "drift"
    STANDBY_MISSING = "standby-missing"
    RETENTION_OVER = "retention-over"
    CONFIGURATION_DIFFERS = "configuration-differs"
    EVIDENCE_UNREACHABLE = "evidence-unreachable"
    NOT_LOOKED_AT = "not-looked-at"


@dataclass(frozen=True, slots=True)
class Finding:
    """`found`: what was seen, `means`: what follows from it, `mend`: the one command that mends it."""

    kind: Kind
    found: str
    means: str
    mend: str


def command(facts: Facts, *words: str) -> str:
    """A command line about the stack."""
    return shlex.join([*words, "--stack", facts.stack])


def unseen(what: str, error: str, mend: str) -> Finding:
    """`what` could not be looked at, and nobody knows what is wrong there."""
    means = "Whatever is wrong there is not known. Mend this, or run it to see the whole reason, and look again."
    return Finding(Kind.NOT_LOOKED_AT, f"{what} could not be looked at: {error}", means, mend)


def errors(facts: Facts) -> list[str]:
    """Why the engine did not give the record, the history or the checkpoint."""
    prefix = "the recorded state cannot be read: "
    record = [each.removeprefix(prefix) for each in facts.situation.problems if each.startswith(prefix)]
    found = [*record, facts.history.error, facts.checkpoint.error]
    return [_reason(each) for each in found if each]


def _reason(error: str) -> str:
    """Without the command that failed, so that one reason is said once."""
    head, failed, rest = error.partition(" failed: ")
    return rest if failed and head.startswith("pulumi ") else error


def some(names: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
