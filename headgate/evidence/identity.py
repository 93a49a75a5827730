"""Who asked for a change, and who records something. Names, not proofs.

`HEADGATE_ACTOR` is what the pipeline says, git's e-mail address what the author's machine was told to write. Neither is
authenticated here. What makes them worth something stands around them: only the pipeline can sign records, and commits
are signed or reviewed.
"""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from headgate.evidence.judge import canonical

ACTOR = "HEADGATE_ACTOR"
KEY = "HEADGATE_EVIDENCE_KEY"  # of signatures; no other program is given it
PATIENCE = 10  # seconds for an answer of git


class Identity(Protocol):
    """Who acts on the stack whose file is `file`."""

    def authors(self, file: str) -> frozenset[str]:
        """Who asked for what `file` says, in small letters; empty when nobody can tell."""
        ...

    def recorder(self) -> str:
        """Who runs this; empty when nobody can tell."""
        ...


class GitIdentity:
    """`Identity` from the environment and from git in `folder`."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._environ = environ

    def authors(self, file: str) -> frozenset[str]:
        """HEADGATE_ACTOR, the author of the last commit of `file`, and whoever has changed it since on this machine."""
        found = [self._environ.get(ACTOR, ""), self._git("log", "-1", "--format=%ae", "--", file)]
        if self._git("status", "--porcelain", "--", file):
            found.append(self._git("config", "user.email"))
        return frozenset(canonical(each) for each in found if each.strip())

    def recorder(self) -> str:
        """HEADGATE_ACTOR, else git's own e-mail address, else the user of this machine."""
        return (
            self._environ.get(ACTOR, "").strip()
            or self._git("config", "user.email")
            or self._environ.get("USER", "").strip()
        )

    def _git(self, *arguments: str) -> str:
        try:
            done = subprocess.run(
                ["git", *arguments],
                cwd=self._folder,
                env={name: value for name, value in self._environ.items() if name != KEY},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
        except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
            return ""
        return done.stdout.strip() if done.returncode == 0 else ""
