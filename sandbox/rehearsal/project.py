"""The copy of the project that a rehearsal changes, and the `pulumi` commands it types there."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headgate import transition
from headgate.state import State
from sandbox.manager.errors import SandboxError

PROGRAM = ("Pulumi.yaml", "__main__.py")
_DEFAULT = re.compile(
    r"::pulumi:providers:\w+::default"
)  # a provider that the engine adds by itself, and does not count


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a stack holds: `total` as the engine counts, `cloud` of them in a cloud."""

    total: int
    cloud: int

    @classmethod
    def of(cls, exported: Mapping[str, Any]) -> "Holdings":
        """From what `pulumi stack export` prints. Of providers only those count that the program declares."""
        counted = [each for each in exported["deployment"].get("resources") or [] if not _DEFAULT.search(each["urn"])]
        cloud = [each for each in counted if each.get("custom") and not each["type"].startswith("pulumi:")]
        return cls(len(counted), len(cloud))

    def __str__(self) -> str:
        rest = self.total - self.cloud
        return f"{self.total} resources: {self.cloud} in the cloud, {rest} that group and describe them"


@dataclass(frozen=True, slots=True)
class Run:
    """One `pulumi` command: its words, exit code, output and wall time in seconds."""

    command: tuple[str, ...]
    code: int
    output: str
    seconds: float

    @property
    def refusals(self) -> tuple[str, ...]:
        """Lines of the output that name a rollout rule, each once."""
        lines = (line.strip() for line in self.output.splitlines())
        return tuple(dict.fromkeys(line for line in lines if line.startswith("R-")))

    @property
    def changes(self) -> str:
        """What the command changed, e.g. `2 updated, 100 unchanged`; empty when the engine said nothing of it."""
        lines = self.output.splitlines()
        heads = [position for position, line in enumerate(lines) if line.strip() == "Resources:"]
        if not heads:
            return ""
        counts = []
        for line in lines[heads[-1] + 1 :]:
            if not line.strip():
                break
            counts.append(line.strip().lstrip("+-~ "))
        return ", ".join(counts)


@dataclass(frozen=True, slots=True)
class Project:
    """The program and its stack files in `folder`; commands run in `environ` and are logged to `log`."""

    folder: Path
    stack: str
    environ: Mapping[str, str]
    log: Path

    @classmethod
    def copy(cls, checkout: Path, folder: Path, stack: str, environ: Mapping[str, str], log: Path) -> "Project":
        """A fresh copy, so that a rehearsal leaves every tracked file as it is."""
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "stacks").mkdir(parents=True)
        for name in PROGRAM:
            shutil.copy(checkout / name, folder / name)
        for file in (checkout / "stacks").glob("Pulumi.*.yaml"):
            shutil.copy(file, folder / "stacks" / file.name)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("")
        project = cls(folder, stack, environ, log)
        project.must("stack", "select", "--create", stack)
        return project

    def pulumi(self, *command: str) -> Run:
        """Runs `pulumi` with `command`; a failure is in the result, not raised."""
        started = time.monotonic()
        done = subprocess.run(
            ["pulumi", *command],
            cwd=self.folder,
            env=dict(self.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        run = Run(command, done.returncode, done.stdout, time.monotonic() - started)
        with self.log.open("a") as log:
            log.write(f"$ pulumi {' '.join(command)}\n{run.output}\n[exit {run.code}, {run.seconds:.1f} s]\n\n")
        return run

    def must(self, *command: str) -> Run:
        """Runs `pulumi`; raises SandboxError with its last lines when it fails."""
        run = self.pulumi(*command)
        if run.code != 0:
            last = "\n".join(f"    {line}" for line in run.output.splitlines()[-25:])
            raise SandboxError(f"pulumi {' '.join(command)} failed with exit code {run.code}; see {self.log}\n{last}")
        return run

    def holdings(self) -> Holdings:
        """What the stack's state holds. Raises SandboxError when it cannot be read."""
        exported = self.folder / "exported.json"  # not to standard output: the log would hold all of it
        self.must("stack", "export", "--file", exported.name)
        return Holdings.of(json.loads(exported.read_text()))

    def observed(self) -> dict[str, int]:
        """Slot -> per cent, as `headgate status` observes it. Raises SandboxError when it cannot tell."""
        done = subprocess.run(
            ["headgate", "status", "--stack", self.stack, "--json"],
            cwd=self.folder,
            env=dict(self.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            (found,) = json.loads(done.stdout)["stacks"]
            return {slot: int(share) for slot, share in found["traffic"]["observed"].items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            said = (done.stderr or done.stdout).strip()
            raise SandboxError(f"headgate status says nothing of the split ({error!r}): {said}") from error

    def state(self) -> State:
        """The recorded state. Raises SandboxError when there is none or it cannot be read."""
        recorded = transition.read(json.loads(self.must("stack", "output", "--json").output).get("rollout"))
        if not isinstance(recorded, transition.Transition):
            raise SandboxError(f"stack {self.stack} has no recorded state after an update: {recorded}")
        return recorded.proposed
