"""Which Pulumi is used: an official one on PATH if it is new enough, else the one that is built here."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from toolchain import progress as progress_
from toolchain import recipe as recipe_
from toolchain.build import Builder
from toolchain.errors import PrerequisiteMissing
from toolchain.paths import CHECKOUT, cache_root
from toolchain.process import Runner, SubprocessRunner
from toolchain.progress import Progress
from toolchain.recipe import Recipe
from toolchain.version import Version, parse

CHOICE_VARIABLE = "HEADGATE_TOOLCHAIN"


class Origin(Enum):
    """Where the engine comes from; the value is also what `$HEADGATE_TOOLCHAIN` may say."""

    SYSTEM = "system"
    BUILD = "build"


@dataclass(frozen=True)
class Toolchain:
    """A usable pair of engine and Python language host: `bin` goes to the front of PATH."""

    bin: Path
    version: Version
    origin: Origin


@dataclass(frozen=True)
class Unusable:
    """Why the Pulumi on PATH, if any, is not used."""

    reason: str


def ensure(
    environ: Mapping[str, str] | None = None,
    *,
    runner: Runner | None = None,
    progress: Progress | None = None,
    recipe: Recipe | None = None,
) -> Toolchain:
    """Find or build the engine; minutes the first time, milliseconds after that.

    Raises PrerequisiteMissing when there is neither a usable Pulumi nor a usable Go, or when
    `$HEADGATE_TOOLCHAIN` forces what is not there; BuildFailed when the build fails.
    """
    environ = os.environ if environ is None else environ
    runner = runner or SubprocessRunner()
    progress = progress or progress_.for_stream()
    recipe = recipe or recipe_.load()
    forced = _forced(environ)
    store = cache_root(environ) / "toolchain"

    unusable = Unusable(f"{CHOICE_VARIABLE}=build says not to use an installed Pulumi.")
    if forced is not Origin.BUILD:
        found = find_system(environ, runner, least=recipe.version, ours=store)
        if isinstance(found, Toolchain):
            return found
        unusable = found
    if forced is Origin.SYSTEM:
        raise PrerequisiteMissing(f"{CHOICE_VARIABLE}=system, but: {unusable.reason}\n{_remedy(recipe)}")

    builder = Builder(recipe, store, environ, runner, progress, because=unusable.reason)
    try:
        return Toolchain(builder.build(), recipe.version, Origin.BUILD)
    except PrerequisiteMissing as missing:
        raise PrerequisiteMissing(
            f"Headgate needs the Pulumi engine, and can neither find nor build it.\n"
            f"  Pulumi: {unusable.reason}\n  Go:     {missing}\n{_remedy(recipe)}"
        ) from missing


def find_system(environ: Mapping[str, str], runner: Runner, *, least: Version, ours: Path) -> Toolchain | Unusable:
    """The Pulumi on PATH with its Python language host, or why it cannot be used.

    One inside `ours` does not count: that is our own build, on PATH in a shell of the sandbox.
    """
    path = os.pathsep.join(
        entry for entry in environ.get("PATH", "").split(os.pathsep) if entry and not _within(Path(entry), ours)
    )
    command = shutil.which("pulumi", path=path)
    if command is None:
        return Unusable("`pulumi` is not on PATH.")
    said = runner.run([command, "version"], cwd=CHECKOUT, environ={**environ, "PULUMI_SKIP_UPDATE_CHECK": "true"})
    version = parse(said.stdout)
    if said.returncode != 0 or version is None:
        answer = (said.stdout + said.stderr).strip() or "nothing"
        return Unusable(f"{command} does not tell its version: `pulumi version` says {answer}.")
    if version < least or version.major != least.major:
        return Unusable(f"{command} is {version}; needed is {least} or a later {least.major}.x.")
    # The engine looks beside itself first (with links followed), then on PATH.
    beside = Path(command).resolve().parent
    if shutil.which("pulumi-language-python", path=f"{beside}{os.pathsep}{path}") is None:
        return Unusable(f"{command} has no `pulumi-language-python` beside it or on PATH.")
    return Toolchain(Path(command).parent, version, Origin.SYSTEM)


def _forced(environ: Mapping[str, str]) -> Origin | None:
    value = environ.get(CHOICE_VARIABLE, "")
    if value in ("", "auto"):
        return None
    try:
        return Origin(value)
    except ValueError:
        raise PrerequisiteMissing(
            f"{CHOICE_VARIABLE}={value!r} is not known; set it to system, build or auto, or leave it out."
        ) from None


def _remedy(recipe: Recipe) -> str:
    return (
        f"Do one of these, then run the same command again:\n"
        f"  - install Pulumi {recipe.version} or newer with its Python language host (the official\n"
        f"    installer brings both) and put its folder on PATH; or\n"
        f"  - install Go {recipe.needs_go} or newer and put `go` on PATH: it then builds the engine."
    )


def _within(folder: Path, root: Path) -> bool:
    return folder.resolve().is_relative_to(root.resolve())
