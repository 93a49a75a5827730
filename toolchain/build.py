"""Building the pinned engine and language host with Go, once per machine."""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from toolchain.errors import BuildFailed, PrerequisiteMissing
from toolchain.paths import exclusive
from toolchain.process import Completed, Runner
from toolchain.progress import Progress
from toolchain.recipe import SCRIPTS, SDK_MODULE, Program, Recipe
from toolchain.version import parse, parse_go

# Enough of a compiler's or a download's complaint to act on.
TAIL_LINES = 20


@dataclass(frozen=True)
class Builder:
    """Builds `recipe` into `store`/<key>/bin; other processes may do the same at the same time."""

    recipe: Recipe
    store: Path
    environ: Mapping[str, str]
    runner: Runner
    progress: Progress
    # Why the engine is built at all: the first thing a user with an installed Pulumi will ask.
    because: str

    @property
    def bin(self) -> Path:
        """Where the finished programs are; the folder appears complete or not at all."""
        return self.store / self.recipe.key / "bin"

    def is_built(self) -> bool:
        """Whether `bin` is there; a rename made it, so its presence means it is complete."""
        return self.bin.is_dir()

    def build(self) -> Path:
        """Build what is missing and return `bin`.

        Raises PrerequisiteMissing without a Go that is new enough, BuildFailed when Go fails.
        """
        if self.is_built():
            return self.bin
        go = self._go()
        key = self.recipe.key
        waiting = "another process is building the Pulumi engine; waiting for it"
        with exclusive(self.store / f"{key}.lock", on_wait=lambda: self.progress.say(waiting)):
            if self.is_built():
                return self.bin
            self._remove_unfinished()
            work = Path(tempfile.mkdtemp(prefix=f".unfinished-{key}-", dir=self.store))
            try:
                (work / "bin").mkdir()
                self._fill(work / "bin", go)
                work.chmod(0o755)  # mkdtemp makes 0700, but a shared cache is read by others
                work.rename(self.store / key)
            finally:
                shutil.rmtree(work, ignore_errors=True)
        return self.bin

    def _go(self) -> str:
        """The path of a Go that satisfies both go.mod files."""
        go = shutil.which("go", path=self.environ.get("PATH", ""))
        if go is None:
            raise PrerequisiteMissing("Go is not on PATH.")
        # Asked inside the module, so that Go's own toolchain selection (GOTOOLCHAIN) has had its say.
        asked = self._run([go, "version"], self.recipe.engine)
        found = parse_go(asked.stdout)
        if asked.returncode != 0 or found is None or found < self.recipe.needs_go:
            said = (asked.stdout if asked.returncode == 0 else asked.stderr).strip()
            raise PrerequisiteMissing(
                f"{go} is too old: Go {self.recipe.needs_go} or newer is needed, but it says: {said}"
            )
        return go

    def _fill(self, target: Path, go: str) -> None:
        """Put both programs and both scripts into the empty folder `target`, and try the engine."""
        self.progress.say(
            f"{self.because} Building the Pulumi engine {self.recipe.version} from source with Go:\n"
            f"once per machine, about 5 minutes on 2 cores, kept in {self.store}"
        )
        for number, program in enumerate(self.recipe.programs, start=1):
            label = f"[{number}/{len(self.recipe.programs)}] building {program.name} {program.version}"
            # -mod=readonly: whatever GOFLAGS says, a build never rewrites the committed module files.
            argv = [
                go,
                "build",
                "-mod=readonly",
                "-ldflags",
                program.ldflags,
                "-o",
                str(target / program.name),
            ]
            self._must([*argv, program.package], program, label)
        sdk = self._sdk_folder(go)
        for script in SCRIPTS:
            copy = target / Path(script).name
            shutil.copyfile(sdk / script, copy)
            copy.chmod(0o755)
        said = self._run([str(target / "pulumi"), "version"], self.recipe.engine)
        if parse(said.stdout) != self.recipe.version:
            raise BuildFailed(
                f"The engine was built, but `pulumi version` says {said.stdout.strip()!r} instead of "
                f"{self.recipe.engine.version}: {_tail(said)}"
            )

    def _sdk_folder(self, go: str) -> Path:
        """Where Go keeps the SDK module that the engine was built with (fetched again if pruned)."""
        label = f"locating {SDK_MODULE}"
        asked = self._must([go, "mod", "download", "-json", SDK_MODULE], self.recipe.engine, label)
        return Path(json.loads(asked.stdout)["Dir"])

    def _must(self, argv: list[str], program: Program, label: str) -> Completed:
        with self.progress.phase(label) as tick:
            done = self.runner.run(argv, cwd=program.module_folder, environ=self._go_environ(), tick=tick)
        if done.returncode != 0:
            raise BuildFailed(
                f"{label} failed: `{' '.join(argv)}` in {program.module_folder} ended with exit code "
                f"{done.returncode}.\n{_tail(done)}\n"
                "If Go could not download a module, check the network and GOPROXY, then run this again."
            )
        return done

    def _run(self, argv: list[str], program: Program) -> Completed:
        return self.runner.run(argv, cwd=program.module_folder, environ=self._go_environ())

    def _go_environ(self) -> dict[str, str]:
        """A go.work above the checkout would replace the pinned modules."""
        return {**self.environ, "GOWORK": "off", "PULUMI_SKIP_UPDATE_CHECK": "true"}

    def _remove_unfinished(self) -> None:
        """What a killed build left (the lock is ours, so nobody is at work in there)."""
        for left in self.store.glob(f".unfinished-{self.recipe.key}-*"):
            shutil.rmtree(left, ignore_errors=True)


def _tail(done: Completed) -> str:
    lines = (done.stderr or done.stdout).strip().splitlines()
    return os.linesep.join(lines[-TAIL_LINES:])
