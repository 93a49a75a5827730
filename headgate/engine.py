"""The thin edge around the `pulumi` executable: what a stack recorded and when it was last updated. No SDK."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

TIMEOUT = 30  # seconds; reading a stack takes 0.2, from a remote backend a few


class EngineError(Exception):
    """Pulumi could not be asked, or did not answer; the message says what it said."""


@dataclass(frozen=True, slots=True)
class Update:
    """One entry of a stack's history. `kind`: update, refresh, destroy …; `result`: succeeded, failed or in-progress.

    Times are epoch seconds; `ended` is None while it runs.
    """

    kind: str
    result: str
    message: str
    started: int
    ended: int | None


class Engine(Protocol):
    """Reads stacks."""

    def selected(self) -> str | None:
        """The stack that is selected in the project, or None. Raises EngineError."""
        ...

    def output(self, stack: str, name: str) -> object:
        """One output of the stack as a plain JSON value; None when it has none. Raises EngineError."""
        ...

    def last_update(self, stack: str) -> Update | None:
        """The newest entry of the stack's history, or None. Raises EngineError."""
        ...


class PulumiCli:
    """`Engine` that runs `pulumi` in `project`, the folder of Pulumi.yaml."""

    def __init__(self, project: Path, environ: Mapping[str, str] = os.environ) -> None:
        self._project = project
        self._environ = {**environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}

    def selected(self) -> str | None:
        """See `Engine.selected`."""
        listed = self._json("stack", "ls")
        return next((str(stack["name"]) for stack in listed if stack.get("current")), None)

    def output(self, stack: str, name: str) -> object:
        """See `Engine.output`."""
        return self._json("stack", "output", "--stack", stack).get(name)

    def last_update(self, stack: str) -> Update | None:
        """See `Engine.last_update`."""
        entries = self._json("stack", "history", "--page-size", "1", "--stack", stack)
        return parse_update(entries[0]) if entries else None

    def _json(self, *arguments: str) -> Any:
        said = f"pulumi {' '.join(arguments)}"
        command = shutil.which("pulumi", path=self._environ.get("PATH"))
        if command is None:
            raise EngineError('pulumi is not on PATH (in the sandbox: eval "$(headgate sandbox env)")')
        try:
            done = subprocess.run(
                [command, *arguments, "--json", "--non-interactive", "--cwd", str(self._project)],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise EngineError(f"{said} did not end within {TIMEOUT} s") from error
        if done.returncode != 0:
            reason = (done.stderr or done.stdout).strip().removeprefix("error: ")
            raise EngineError(f"{said} failed: {reason or f'exit code {done.returncode}'}")
        try:
            return json.loads(done.stdout)
        except ValueError as error:
            raise EngineError(f"{said} did not answer with JSON: {error}") from error


def parse_update(entry: Mapping[str, Any]) -> Update:
    """One entry of `pulumi stack history --json`. Raises EngineError on another shape."""
    try:
        result = str(entry["result"])
        ended = entry.get("endTime")
        return Update(
            kind=str(entry["kind"]),
            result=result,
            message=str(entry.get("message") or ""),
            started=_epoch(entry["startTime"]),
            ended=None if ended is None or result == "in-progress" else _epoch(ended),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise EngineError(f"an entry of the stack's history cannot be understood ({error!r})") from error


def _epoch(text: str) -> int:
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC).timestamp())
