"""Everything `headgate doctor` judges by, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from headgate.cli.situation import Situation
from headgate.engine import Update

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seen(Generic[T]):
    """What was looked at, or why it could not be. Both empty: nobody looked, because it does not apply."""

    value: T | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A provider's plugin of the engine."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock on the stack. `alive`: whether its process still runs; None on another machine, where nobody can tell."""

    holder: str
    since: str
    alive: bool | None


@dataclass(frozen=True, slots=True)
class Engine:
    """The engine on this machine. `wanted`: the version of the Python SDK, which it must not be older than.

    `acquires`: whether it fetches plugins by itself. `plugins`: those that are installed; `needs`: those of the
    providers that the stack is configured for.
    """

    version: Seen[str]
    wanted: str
    plugins: Seen[frozenset[Plugin]]
    needs: tuple[Plugin, ...]
    acquires: bool


@dataclass(frozen=True, slots=True)
class Secrets:
    """How the stack's secrets are encrypted. `by_passphrase`: with one; `given`: it is there; `error`: why not."""

    by_passphrase: bool
    given: bool
    error: str = ""


@dataclass(frozen=True, slots=True)
class Pack:
    """The policy pack that `pulumi` is told to run by the variable. `path` is empty when it is told none."""

    path: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found about `stack`.

    `values`: what its file says by full key. `history`: newest first. `checkpoint`: as `pulumi stack export` gives it,
    `backup`: where the one before it lies, empty when that is not known. `evidence`: whether the store answers.
    `drifted`: resources that a preview with refresh would change, and `judged`: the policy packs that judged it; both
    only when one was asked for. `store`: the scheme of the backend's address. `sandbox`: the environment is one.
    `sign_in`: the command that signs in to the cloud, when that is what its answer asks for.
    """

    situation: Situation
    engine: Engine
    backend: Seen[str]
    secrets: Secrets
    pack: Pack
    values: Seen[Mapping[str, object]]
    history: Seen[tuple[Update, ...]]
    checkpoint: Seen[Mapping[str, Any]]
    locks: Seen[tuple[Lock, ...]]
    evidence: Seen[bool]
    drifted: Seen[tuple[str, ...]] = Seen()
    judged: frozenset[str] = frozenset()
    backup: str = ""
    store: str = ""
    sandbox: bool = False
    sign_in: str = ""

    @property
    def stack(self) -> str:
        return self.situation.stack
