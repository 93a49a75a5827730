"""The engine by the `pulumi` executable on PATH.

What was found out about it (v3.259, on a backend of files; tests/engine/test_engine_edge.py repeats it):
- `config set-all --json` keeps comments, the order of keys and flow style of everything that stays equal, and the types
  inside structured values; `config set --path` turns `1` and `true` into a number and a truth value. A bare `true` at
  the top level becomes "true" with any write.
- The history numbers nothing there (`version` is 0) and says of a secret only that it is one.
- `up --plan` is hidden from the help, and works.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from headgate.engine import child
from headgate.engine.edit import PathError, edited
from headgate.engine.port import EngineError, Run, Secret, Update, parse_update, plain
from headgate.notify_settings import PREFIX

TIMEOUT = 30  # seconds; reading a stack takes 0.2, from a remote backend a few
STREAM = {"PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"}  # else the JSON of a preview leaves out what policies said


class PulumiCli:
    """`Engine` and `Operator` that run `pulumi` in `project`, the folder of Pulumi.yaml.

    `notice` says what has to be said when an update is interrupted.
    """

    def __init__(
        self, project: Path, environ: Mapping[str, str] = os.environ, notice: Callable[[str], None] = child.say
    ) -> None:
        self._project = project
        # Addresses of message services are keys, and nothing that runs under the engine needs them.
        kept = {name: value for name, value in environ.items() if not name.startswith(PREFIX)}
        self._environ = {**kept, "PULUMI_SKIP_UPDATE_CHECK": "true"}
        self._notice = notice

    def selected(self) -> str | None:
        """See `Engine.selected`."""
        listed = self._json("stack", "ls")
        return next((str(stack["name"]) for stack in listed if stack.get("current")), None)

    def output(self, stack: str, name: str) -> object:
        """See `Engine.output`."""
        return self.outputs(stack).get(name)

    def outputs(self, stack: str) -> Mapping[str, object]:
        """See `Engine.outputs`."""
        found: Mapping[str, object] = self._json("stack", "output", "--stack", stack)
        return found

    def last_update(self, stack: str) -> Update | None:
        """See `Engine.last_update`."""
        entries = self._entries(stack, 1)
        return parse_update(entries[0]) if entries else None

    def history(self, stack: str, limit: int = 50) -> tuple[Update, ...]:
        """See `Engine.history`."""
        entries = self._entries(stack, limit)
        total = len(entries)
        if total == limit and not entries[0].get("version"):
            total = len(self._entries(stack, 0))  # 0: all of them
        return tuple(parse_update(entry, total - place) for place, entry in enumerate(entries))

    def deployment(self, stack: str) -> Mapping[str, Any]:
        """See `Engine.deployment`."""
        exported: Mapping[str, Any] = _parsed("stack export", self._read("stack", "export", "--stack", stack))
        return exported

    def set_values(self, stack: str, values: Mapping[str, object], remove: Sequence[str] = ()) -> None:
        """See `Operator.set_values`."""
        shown: Mapping[str, Mapping[str, Any]] = self._json("config", "--stack", stack)
        try:
            changed, gone = edited({key: plain(value) for key, value in shown.items()}, values, remove)
        except PathError as error:
            raise EngineError(f"the configuration of stack {stack!r} was not changed: {error}") from error
        secret = [
            key for key, value in changed.items() if isinstance(value, Secret) or shown.get(key, {}).get("secret")
        ]
        if secret:
            raise EngineError(
                f"{', '.join(secret)}: a secret is set with `pulumi config set --secret`, nothing was set"
            )
        if changed:
            written = {key: _written(value) for key, value in changed.items()}
            self._read("config", "set-all", "--stack", stack, "--json", json.dumps(written))
        if gone:
            self._read("config", "rm-all", "--stack", stack, *gone)

    def preview(self, stack: str, *, plan: Path | None = None, refresh: bool = False) -> Run:
        """See `Operator.preview`."""
        options = [*(["--save-plan", str(plan)] if plan else []), *(["--refresh"] if refresh else [])]
        return self._run(["preview", "--json", "--stack", stack, *options], STREAM)

    def up(
        self,
        stack: str,
        *,
        plan: Path | None = None,
        message: str,
        on_line: Callable[[str], None] | None = None,
        refresh: bool = False,
    ) -> Run:
        """See `Operator.up`."""
        planned = [*(["--plan", str(plan)] if plan else []), *(["--refresh"] if refresh else [])]
        options = ["--yes", "--skip-preview", "--suppress-outputs", "--suppress-progress", "--message", message]
        return self._run(["up", "--stack", stack, *options, *planned], on_line=on_line)

    def cancel(self, stack: str) -> Run:
        """See `Operator.cancel`."""
        return self._run(["cancel", "--yes", "--stack", stack])

    def _run(
        self, arguments: Sequence[str], environ: Mapping[str, str] | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> Run:  # fmt: skip
        command = [self._command(), *arguments, "--non-interactive", "--color", "never"]
        return child.run(command, self._project, {**self._environ, **(environ or {})}, on_line, self._notice)

    def _entries(self, stack: str, limit: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._json("stack", "history", "--page-size", str(limit), "--stack", stack)
        return found

    def _json(self, *arguments: str) -> Any:
        return _parsed(" ".join(arguments), self._read(*arguments, "--json"))

    def _command(self) -> str:
        command = shutil.which("pulumi", path=self._environ.get("PATH"))
        if command is None:
            raise EngineError('pulumi is not on PATH (in the sandbox: eval "$(headgate sandbox env)")')
        return command

    def _read(self, *arguments: str) -> str:
        """stdout of a command that takes seconds."""
        said = f"pulumi {' '.join(each for each in arguments if each != '--json' and not each.startswith('{'))}"
        command = self._command()
        try:
            done = subprocess.run(
                [command, *arguments, "--non-interactive", "--cwd", str(self._project)],
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
        return done.stdout


def _parsed(what: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise EngineError(f"pulumi {what} did not answer with JSON: {error}") from error


def _written(value: object) -> dict[str, object]:
    """The form that `config set-all --json` reads: it parses `value` where `objectValue` is there at all."""
    if isinstance(value, Mapping | list):
        return {"value": json.dumps(value), "objectValue": value, "secret": False}
    text = json.dumps(value) if isinstance(value, bool) else str(value)
    return {"value": text, "secret": False}
