"""The `headgate` command as a user runs it, on a project of an engine test."""

import json
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.engine import TIMEOUT, Project


@dataclass(frozen=True)
class Said:
    """How a verb ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.out)
        return parsed

    def __str__(self) -> str:
        return f"exit {self.code}\n{self.out}\n{self.err}"


def headgate(project: Project, *arguments: str, environ: Mapping[str, str] | None = None) -> Said:
    """Runs `headgate`; `environ` adds to the environment of the project's commands."""
    done = subprocess.run(
        ["headgate", *arguments, "--stack", project.stack],
        cwd=project.folder,
        env={**project.environment(), **(environ or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def faster(project: Project, scale: int, later: int = 3600) -> dict[str, str]:
    """A clock that runs so many times as fast from now on; it begins `later` seconds after the project's own."""
    ahead = project.ahead + later
    return {"HEADGATE_REHEARSAL_CLOCK": f"{scale}@{int(time.time()) - ahead // (scale - 1) - 1}"}
