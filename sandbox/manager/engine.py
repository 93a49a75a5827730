"""What the Pulumi engine needs in a sandbox: provider plugins, a backend folder, and the stacks in it."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sandbox.manager.environment import engine_variables
from sandbox.manager.errors import SandboxError
from sandbox.manager.layout import Layout

_TIMEOUT_S = 60
_SALT = re.compile(r"^encryptionsalt: *(\S+) *\n?", re.MULTILINE)


def find_toolchain() -> Path:
    """The folder with `pulumi` and its Python language host; built first where there is none.

    Raises SandboxError with what is missing and what to do.
    """
    from toolchain import ToolchainError, ensure

    try:
        return ensure().bin
    except ToolchainError as error:
        raise SandboxError(str(error)) from error


def prepare(layout: Layout, toolchain: Path, selected: str, environ: Mapping[str, str]) -> None:
    """Plugins, backend folder, every stack that has a file, and `selected` as the current one if none is.

    No file under version control is touched: `pulumi stack init` writes an encryption salt into the stack file it
    finds, so it gets a copy of the project. Raises SandboxError with what Pulumi said.
    """
    from sandbox.plugins.install import NotInstalled, install_plugins

    layout.state.mkdir(parents=True, exist_ok=True)
    layout.pulumi_home.mkdir(parents=True, exist_ok=True)
    try:
        install_plugins(layout.pulumi_home)
    except NotInstalled as error:
        raise SandboxError(str(error)) from error
    pulumi = _Pulumi(toolchain, {**environ, **engine_variables(layout)})
    existing = {str(stack["name"]): stack for stack in json.loads(pulumi.run(layout.checkout, "stack", "ls", "--json"))}
    missing = [stack for stack in layout.stacks if stack not in existing]
    if missing:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder)
            shutil.copy(layout.checkout / "Pulumi.yaml", copy)
            (copy / "stacks").mkdir()
            for stack in missing:
                pulumi.run(copy, "stack", "init", stack, "--no-select")
    if not any(stack.get("current") for stack in existing.values()):
        pulumi.run(layout.checkout, "stack", "select", selected)


def forget_salts(layout: Layout) -> list[Path]:
    """Takes out of the stack files the salts that belong to this sandbox's own state; returns the changed files.

    Pulumi writes the salt of the state into the stack file at the first preview. When that state goes, the line would
    stay as a change to a file under version control. A salt of anybody else is left alone.
    """
    changed = []
    ours = {salt for path in layout.state.rglob("*.json") for salt in _salts_of_state(path)}
    for stack in layout.stacks:
        file = layout.stack_files / f"Pulumi.{stack}.yaml"
        text = file.read_text()
        match = _SALT.search(text)
        if match and match[1] in ours:
            file.write_text(text[: match.start()] + text[match.end() :])
            changed.append(file)
    return changed


def _salts_of_state(path: Path) -> list[str]:
    try:
        return re.findall(r'"salt": ?"([^"]+)"', path.read_text())
    except (OSError, UnicodeDecodeError):
        return []


class _Pulumi:
    def __init__(self, toolchain: Path, environ: Mapping[str, str]) -> None:
        self._command = shutil.which("pulumi", path=str(toolchain))
        self._environ = {**environ, "PATH": os.pathsep.join([str(toolchain), environ.get("PATH", os.defpath)])}

    def run(self, project: Path, *arguments: str) -> str:
        if self._command is None:
            raise SandboxError("the Pulumi engine is not where it was found before; run the command again")
        said = f"pulumi {' '.join(arguments)}"
        try:
            done = subprocess.run(
                [self._command, *arguments, "--non-interactive", "--cwd", str(project)],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise SandboxError(f"{said} did not end within {_TIMEOUT_S} s") from error
        if done.returncode != 0:
            raise SandboxError(f"{said} failed: {(done.stderr or done.stdout).strip()}")
        return done.stdout
