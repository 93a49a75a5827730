"""Evidence as an update or a verb reads it: the store, the key and the authors of one stack, put together."""

from collections.abc import Callable, Mapping
from pathlib import Path

from headgate import gate_settings
from headgate.evidence.identity import KEY, GitIdentity, Identity
from headgate.evidence.judge import Findings, Terms, judged
from headgate.evidence.store import EvidenceError, EvidenceStore, FsspecStore
from headgate.settings import Settings
from headgate.state import State

LEAST_KEY = 16  # characters; 128 bits when they are drawn at random from bytes in hex would be 32

Look = Callable[[Settings, State, int], Findings]


def store_of(settings: Settings, folder: Path) -> EvidenceStore:
    """The records of the stack that `settings` describe; a relative folder is one in `folder`, where Pulumi.yaml is."""
    return FsspecStore(settings.evidence.url, settings.name, folder)


def key_of(settings: Settings, environ: Mapping[str, str]) -> bytes | None:
    """The key of signatures. Raises EvidenceError when it is needed and missing, or too short to be one."""
    text = environ.get(KEY, "")
    if not text and settings.evidence.signed:
        raise EvidenceError(f"headgate:evidence.signed is true, and {KEY} is not set. Set it to the key of this stack.")
    if text and len(text) < LEAST_KEY:
        raise EvidenceError(f"{KEY} has fewer than {LEAST_KEY} characters. Draw a longer key at random.")
    return text.encode() or None


def terms_of(settings: Settings, key: bytes | None, authors: frozenset[str]) -> Terms:
    """What a record of the stack must fulfil."""
    digests = gate_settings.asked(settings.smoke, settings.security, settings.commands)
    return Terms(settings.evidence.max_age, settings.evidence.signed, key, authors, digests)


def looker(
    folder: Path,
    environ: Mapping[str, str],
    *,
    store_for: Callable[[Settings, Path], EvidenceStore] = store_of,
    identity: Identity | None = None,
) -> Look:
    """What finds the evidence about the step a state is at. It never raises: `Findings.error` says what failed."""
    known = identity or GitIdentity(folder, environ)

    def look(settings: Settings, state: State, now: int) -> Findings:
        try:
            key = key_of(settings, environ)
            shelf = store_for(settings, folder).shelf(state.rollout_id, state.step)
        except EvidenceError as error:
            return Findings(error=str(error))
        authors = known.authors(settings.file) if settings.production else frozenset[str]()
        return judged(shelf.records, state, terms_of(settings, key, authors), now, shelf.damaged)

    return look
