"""What Headgate asks of an engine: reading stacks (`Engine`) and changing them (`Operator`)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol


class EngineError(Exception):
    """Pulumi could not be asked, or did not answer; the message says what it said."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A configuration value that is secret. `ciphertext` is empty where the engine does not tell it: Pulumi's history
    only says that the value was secret."""

    ciphertext: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Update:
    """One entry of a stack's history. `kind`: update, refresh, destroy …; `result`: succeeded, failed or in-progress.

    Times are epoch seconds; `ended` is None while it runs. `number` counts a stack's entries from 1; 0 where it is not
    known. `config`: full key -> value of the stack file with which it ran, structured values as such, scalars as text,
    a `Secret` where it was or held one.
    """

    kind: str
    result: str
    message: str
    started: int
    ended: int | None
    number: int = 0
    config: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """What a command did: exit code, stdout, stderr. `interrupted`: Ctrl-C (or SIGTERM) came while it ran; the engine
    was told once and ended its update by itself, unless it was told twice."""

    code: int
    output: str
    errors: str
    interrupted: bool = False


class Engine(Protocol):
    """Reads stacks. Every call raises EngineError when the engine or its backend does not answer."""

    def selected(self) -> str | None:
        """The stack that is selected in the project, or None."""
        ...

    def output(self, stack: str, name: str) -> object:
        """One output of the stack as a plain JSON value; None when it has none."""
        ...

    def outputs(self, stack: str) -> Mapping[str, object]:
        """All outputs of the stack; a secret one is the text `[secret]`."""
        ...

    def last_update(self, stack: str) -> Update | None:
        """The newest entry of the stack's history, or None."""
        ...

    def history(self, stack: str, limit: int = 50) -> tuple[Update, ...]:
        """The newest `limit` entries of the stack's history, newest first."""
        ...

    def deployment(self, stack: str) -> Mapping[str, Any]:
        """The stack's checkpoint as `pulumi stack export` gives it, secrets encrypted."""
        ...


class Operator(Protocol):
    """Changes a stack. Every call raises EngineError only when the engine cannot be run at all."""

    def set_values(self, stack: str, values: Mapping[str, object], remove: Sequence[str] = ()) -> None:
        """Writes configuration values into the stack file.

        `values`: full key (`headgate:step`) or path (`headgate:release.live.version`) -> value; a text stays a text and
        a structured value structured. `remove`: keys or paths that go; one that is not there is nothing to do.
        Comments stay, and so does the style of what does not change. Raises EngineError also when the engine refuses,
        and for a secret.
        """
        ...

    def preview(self, stack: str, *, plan: Path | None = None, refresh: bool = False) -> Run:
        """`pulumi preview --json`; `plan`: the file in which the engine saves what it means to do.

        `Run.output` is the stream of engine events, one JSON object a line (`headgate.changes.parse` reads it).
        """
        ...

    def up(
        self,
        stack: str,
        *,
        plan: Path | None = None,
        message: str,
        on_line: Callable[[str], None] | None = None,
        refresh: bool = False,
    ) -> Run:
        """`pulumi up` without another preview; `plan`: do what that file says, and nothing else.

        `refresh`: every resource is read first, so that what somebody else changed is written again. `message` goes
        into the history. `on_line`: called with each line of output as it comes, from another thread.
        """
        ...

    def cancel(self, stack: str) -> Run:
        """Ends the update that holds the stack's lock. With a backend of files nothing else is ended: the lock goes."""
        ...


def parse_update(entry: Mapping[str, Any], number: int = 0) -> Update:
    """One entry of `pulumi stack history --json`; `number` is for a backend that counts nothing (it says 0).

    Raises EngineError on another shape.
    """
    try:
        result = str(entry["result"])
        ended = entry.get("endTime")
        return Update(
            kind=str(entry["kind"]),
            result=result,
            message=str(entry.get("message") or ""),
            started=_epoch(entry["startTime"]),
            ended=None if ended is None or result == "in-progress" else _epoch(ended),
            number=int(entry.get("version") or number),
            config={str(key): plain(value) for key, value in (entry.get("config") or {}).items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise EngineError(f"an entry of the stack's history cannot be understood ({error!r})") from error


def plain(value: Mapping[str, Any]) -> object:
    """The value of `{value, objectValue, secret}`, the form in which Pulumi prints configuration."""
    if value.get("secret"):
        return Secret()
    return value["objectValue"] if "objectValue" in value else value.get("value")


def _epoch(text: str) -> int:
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC).timestamp())
