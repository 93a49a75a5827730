"""Drives the real Pulumi engine on a copy of the project, with state of its own and a clock that the test moves."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ("Pulumi.yaml", "__main__.py")
# Within a command the clock runs so much too fast; a rehearsal clock must run faster than the machine's.
RUSH = 8  # one second in so many
SLACK = 60  # seconds; so a state may be stamped a few seconds ahead
TIMEOUT = 600  # seconds for one command; a bootstrap takes about 20 on a quiet machine


@dataclass(frozen=True)
class Run:
    """What one `pulumi` command did."""

    command: tuple[str, ...]
    code: int
    output: str
    seconds: float

    def __str__(self) -> str:
        return f"pulumi {' '.join(self.command)} -> {self.code} in {self.seconds:.1f} s\n{self.output}"


@dataclass
class Project:
    """A copy of the program and its stack files in `folder`; commands run in the environment `environ`."""

    folder: Path
    stack: str
    environ: Mapping[str, str]
    policy_pack: bool = True
    ahead: int = 0
    extra: dict[str, str] = field(default_factory=dict)

    @classmethod
    def copy(cls, folder: Path, stack: str, environ: Mapping[str, str], program: str | None = None) -> "Project":
        """A fresh copy. `program` replaces `__main__.py`; it may import the project's packages."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in PROGRAM:
            shutil.copy(ROOT / name, folder / name)
        (folder / "stacks").mkdir(exist_ok=True)
        for file in (ROOT / "stacks").glob("Pulumi.*.yaml"):
            shutil.copy(file, folder / "stacks" / file.name)
        if program is not None:
            (folder / "__main__.py").write_text(program)
        project = cls(folder, stack, environ)
        project.pulumi("stack", "select", "--create", stack, check=True)
        return project

    def pulumi(self, *command: str, check: bool = False) -> Run:
        """Runs `pulumi`; with `check` a failure raises AssertionError with the output."""
        started = time.monotonic()
        done = subprocess.run(
            ["pulumi", *command],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        run = Run(command, done.returncode, done.stdout, time.monotonic() - started)
        assert not check or run.code == 0, str(run)
        return run

    def environment(self) -> dict[str, str]:
        """The environment of a command: its clock runs `ahead` seconds before the machine's."""
        environ = {**self.environ, **self.extra}
        if not self.policy_pack:
            environ.pop("PULUMI_OPTION_POLICY_PACK", None)
        # now = anchor + (real - anchor) * (1 + 1/RUSH); with the anchor RUSH * ahead seconds ago that is real + ahead.
        environ["HEADGATE_REHEARSAL_CLOCK"] = f"{1 + 1 / RUSH:g}@{int(time.time()) - RUSH * self.ahead}"
        return environ

    def step(self, name: str) -> None:
        """The one line that a phase changes."""
        self.pulumi("config", "set", "headgate:step", name, check=True)

    def set(self, path: str, value: str) -> None:
        """Sets one value inside a structured key, e.g. `headgate:database.multi_az`."""
        self.pulumi("config", "set", "--path", path, value, check=True)

    def up(self, *options: str, check: bool = True) -> Run:
        return self.pulumi("up", "--yes", "--non-interactive", "--suppress-outputs", *options, check=check)

    def preview(self, *options: str, check: bool = False) -> Run:
        return self.pulumi("preview", "--non-interactive", *options, check=check)

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs."""
        parsed: dict[str, Any] = json.loads(self.pulumi("stack", "output", "--json", check=True).output)
        return parsed

    def urns(self) -> list[str]:
        """Every resource in the state."""
        deployment = json.loads(self.pulumi("stack", "export", check=True).output)["deployment"]
        return [resource["urn"] for resource in deployment["resources"]]

    def recorded_step(self) -> str:
        """The step of the recorded state."""
        return str(self.outputs()["rollout"]["proposed"]["step"])

    def advance(self, name: str, after: int, *, preview: bool = False) -> Run:
        """Lets `after` seconds pass, then sets the step and runs an update that must succeed, after a preview or not.

        A preview runs the whole program once more; that it passes wherever an update does is for test_walk.py to show.
        """
        self.ahead += after + SLACK
        self.step(name)
        return self.up(*(() if preview else ("--skip-preview",)))

    def back_to_entry(self) -> None:
        """The clock just after the recorded step was entered, however long the tests since then have taken."""
        entered = int(self.outputs()["rollout"]["proposed"]["enteredAt"])
        self.ahead = entered + 1 - int(time.time())

    def another_rollout(self, first: str) -> None:
        """A rollout that was never before, at its first step, its bake over."""
        self.step("idle")
        self.up("--skip-preview")
        self.set("headgate:release.rollout", f"another-{time.monotonic_ns()}")
        self.advance(first, 60)
        self.ahead += 600

    def restore_configuration(self) -> None:
        """The stack file as committed."""
        name = f"Pulumi.{self.stack}.yaml"
        salt = [
            line
            for line in (self.folder / "stacks" / name).read_text().splitlines()
            if line.startswith("encryptionsalt:")
        ]
        text = (ROOT / "stacks" / name).read_text()
        (self.folder / "stacks" / name).write_text("\n".join([*salt, text]))


def copy_on(
    cloud: Mapping[str, str], engine: Mapping[str, str], folder: Path, stack: str, program: str | None
) -> Project:
    """A copy below `folder` with a backend of its own. cloud: the variables that lead to one; engine: all others."""
    backend = folder / "state"
    backend.mkdir()
    environ = {
        **engine,
        **cloud,
        "PULUMI_BACKEND_URL": f"file://{backend}",
        "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
    }
    return Project.copy(folder / "project", stack, environ, program)


def base_environment(home: Path, toolchain: Path, venv: Path) -> dict[str, str]:
    """Everything but the cloud: engine, backend, plugins and pack of one test session under `home`."""
    backend = home / "state"
    backend.mkdir(parents=True, exist_ok=True)
    return {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PATH": os.pathsep.join([str(toolchain), str(venv / "bin"), os.environ["PATH"]]),
        "VIRTUAL_ENV": str(venv),
        "PULUMI_HOME": str(home / "pulumi"),
        "PULUMI_BACKEND_URL": f"file://{backend}",
        "PULUMI_CONFIG_PASSPHRASE": "sandbox",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_OPTION_POLICY_PACK": str(ROOT / "policies" / "headgate-policies"),
        "HEADGATE_SANDBOX": "1",
    }
