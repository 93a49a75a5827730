"""The virtual environment of the checkout, exactly as requirements.lock says, and the lock files.

The lock files carry hashes of every file and no address of a registry: uv or pip fetch from wherever
they are configured to, and install nothing whose hash is not in the lock.
"""

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from toolchain.errors import BuildFailed, ToolchainError
from toolchain.paths import CHECKOUT, cache_root, exclusive
from toolchain.process import Runner
from toolchain.progress import Progress
from toolchain.version import Version, parse

# The first with `uv pip compile --group`.
OLDEST_UV = Version(0, 7, 0)
# The least that pyproject.toml allows; a universal lock holds for this one and all later ones.
OLDEST_PYTHON = "3.11"
# Lock file -> what of pyproject.toml goes into it.
LOCKS = {
    "requirements.lock": ["pyproject.toml", "--group", "sandbox", "--group", "dev"],
    "toolchain/uv.txt": ["--group", "bootstrap"],
}


@dataclass(frozen=True)
class Installer:
    """Installs into `checkout`/.venv with uv: the one on PATH, or a pinned one in the cache."""

    environ: Mapping[str, str]
    runner: Runner
    progress: Progress
    checkout: Path = CHECKOUT

    def install(self) -> None:
        """Make .venv what the lock says: nothing missing, nothing more, this checkout editable."""
        uv = self._uv()
        python = self.checkout / ".venv" / "bin" / "python"
        if not self._works(python):
            self._must([uv, "venv", "--quiet", "--clear", "--python", sys.executable, ".venv"])
        into = ["--quiet", "--python", str(python)]
        self.progress.say("Installing the locked Python packages into .venv …")
        # Compiled now: every Pulumi command starts three Python processes, and not all of them may write byte code.
        self._must([uv, "pip", "sync", *into, "--compile-bytecode", "--require-hashes", "requirements.lock"])
        # The build backend is in the lock, so that nothing unlocked is fetched for this step.
        self._must([uv, "pip", "install", *into, "--no-deps", "--no-build-isolation", "--editable", "."])

    def lock(self, *, upgrade: bool) -> None:
        """Write both lock files from pyproject.toml; pins stay where they are unless `upgrade`."""
        uv = self._uv()
        for name, requested in LOCKS.items():
            how = ["--quiet", "--no-header", "--no-annotate", "--generate-hashes", "--universal"]
            how += ["--python-version", OLDEST_PYTHON, *(["--upgrade"] if upgrade else [])]
            self._must([uv, "pip", "compile", *how, *requested, "--output-file", name])
            if "://" in (self.checkout / name).read_text():
                raise ToolchainError(
                    f"{self.checkout / name}: an address got into the lock; find what put it "
                    "there, and restore the file from git"
                )

    def _uv(self) -> str:
        found = shutil.which("uv", path=self.environ.get("PATH", ""))
        if found and (self._version(found) or Version(0, 0, 0)) >= OLDEST_UV:
            return found
        home = cache_root(self.environ) / "uv"
        own = home / "bin" / "uv"
        with exclusive(home.with_name("uv.lock"), on_wait=lambda: self.progress.say("waiting for another install")):
            if not self._works(own):
                self.progress.say(f"uv is not on PATH: installing it into {home} …")
                self._must([sys.executable, "-m", "venv", "--clear", str(home)])
                pins = str(CHECKOUT / "toolchain" / "uv.txt")
                pip = [str(home / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
                self._must([*pip, "install", "--require-hashes", "--only-binary", ":all:", "-r", pins])
        return str(own)

    def _version(self, uv: str) -> Version | None:
        said = self.runner.run([uv, "--version"], cwd=self.checkout, environ=self.environ)
        words = said.stdout.split()
        return parse(words[1]) if said.returncode == 0 and len(words) > 1 else None

    def _works(self, program: Path) -> bool:
        """Whether it starts: a link to a Python that was removed since is there, but does not."""
        return self.runner.run([str(program), "--version"], cwd=self.checkout, environ=self.environ).returncode == 0

    def _must(self, argv: list[str]) -> None:
        # An activated environment must not decide which Python uv takes, nor may uv fetch one.
        environ = {name: value for name, value in self.environ.items() if name != "VIRTUAL_ENV"}
        environ["UV_PYTHON_DOWNLOADS"] = "never"
        done = self.runner.run(argv, cwd=self.checkout, environ=environ, show=True)
        if done.returncode != 0:
            detail = f": {done.stderr}" if done.stderr else " (its messages are above)"
            raise BuildFailed(f"`{' '.join(argv)}` failed with exit code {done.returncode}{detail}")


def clean(environ: Mapping[str, str]) -> list[Path]:
    """Remove what this package put into the cache; returns what was there."""
    mine = [cache_root(environ) / name for name in ("toolchain", "uv", "uv.lock")]
    present = [path for path in mine if path.exists()]
    for path in present:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return present
