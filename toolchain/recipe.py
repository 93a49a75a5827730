"""What is built: two Go programs from committed module files, and two scripts of the Python SDK beside them.

The engine is the release the Python packages are pinned to. The language host is the last one that was
published as a Go module of its own (v3.79.0); it drives newer SDKs through the execution script of the
newer release, which is why the scripts come from the engine's module and not from the host's.
"""

import hashlib
import platform
import re
from dataclasses import dataclass
from pathlib import Path

from toolchain.errors import ToolchainError
from toolchain.paths import CHECKOUT
from toolchain.version import Version, parse

SDK_MODULE = "github.com/pulumi/pulumi/sdk/v3"
ENGINE_MODULE = "github.com/pulumi/pulumi/pkg/v3"

# Without this flag `pulumi version` prints an empty line, and `requiredPulumiVersion` and the Automation
# API have nothing to compare with. Upstream's release build sets the same variable.
VERSION_VARIABLE = f"{SDK_MODULE}/go/common/version.Version"

# Paths inside SDK_MODULE. The host looks for the first beside itself; the engine starts the second for
# Python dynamic providers.
SCRIPTS = ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python")


@dataclass(frozen=True)
class Program:
    """One Go program: `module_folder` holds the go.mod and go.sum that pin everything in it."""

    name: str
    module_folder: Path
    package: str
    version: str

    @property
    def ldflags(self) -> str:
        """Stripped of symbols and debug data (a third of the size), stamped with its version."""
        return f"-s -w -X {VERSION_VARIABLE}={self.version}"


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a build yields."""

    engine: Program
    language_host: Program
    key: str

    @property
    def version(self) -> Version:
        """The pinned engine version: the least that an installed Pulumi must have."""
        version = parse(self.engine.version)
        if version is None:
            raise ToolchainError(f"{self.engine.module_folder}/go.mod: {self.engine.version} is not a version")
        return version

    @property
    def needs_go(self) -> Version:
        """The newest of the `go` lines of both modules."""
        return max(_go_line(program.module_folder) for program in self.programs)

    @property
    def programs(self) -> tuple[Program, Program]:
        """In build order: the host is the smaller, but the engine's cache serves it."""
        return (self.engine, self.language_host)


def load(folder: Path = CHECKOUT / "toolchain") -> Recipe:
    """Read the pins from `folder`/engine and `folder`/language-python.

    Raises ToolchainError when a go.mod does not require the module that is built from it.
    """
    engine = Program(
        name="pulumi",
        module_folder=folder / "engine",
        package=f"{ENGINE_MODULE}/cmd/pulumi",
        version=_required(folder / "engine", ENGINE_MODULE),
    )
    host = Program(
        name="pulumi-language-python",
        module_folder=folder / "language-python",
        package=f"{SDK_MODULE}/python/cmd/pulumi-language-python",
        version=_required(folder / "language-python", SDK_MODULE),
    )
    return Recipe(engine, host, key=_key((engine, host)))


def _required(module_folder: Path, module: str) -> str:
    text = (module_folder / "go.mod").read_text()
    found = re.search(rf"^\s*(?:require\s+)?{re.escape(module)}\s+(v\S+)", text, re.MULTILINE)
    if found is None:
        raise ToolchainError(f"{module_folder / 'go.mod'}: no `require {module}`; restore the file from git")
    return found.group(1)


def _go_line(module_folder: Path) -> Version:
    found = re.search(r"^go\s+(\S+)", (module_folder / "go.mod").read_text(), re.MULTILINE)
    version = parse(found.group(1)) if found else None
    if version is None:
        raise ToolchainError(f"{module_folder / 'go.mod'}: no `go` line; restore the file from git")
    return version


def _key(programs: tuple[Program, ...]) -> str:
    """Sixteen hex digits that differ whenever the resulting folder would."""
    digest = hashlib.sha256()
    parts = [f"{platform.system()}/{platform.machine()}", *SCRIPTS]
    for program in programs:
        parts += [program.name, program.package, program.ldflags]
        parts += [(program.module_folder / name).read_text() for name in ("go.mod", "go.sum")]
    for part in parts:
        digest.update(f"{len(part)}:{part}".encode())
    return digest.hexdigest()[:16]
