"""A machine without programs: what is on PATH and what each program answers is said by the test."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from toolchain.process import Completed
from toolchain.recipe import SCRIPTS, Recipe, load

Answer = Completed | Callable[[Sequence[str]], Completed]

ENGINE_GO_MOD = """module headgate.dev/toolchain/engine

go 1.25.11

require (
\tgithub.com/pulumi/pulumi/pkg/v3 v3.259.0 // indirect
\tgithub.com/pulumi/pulumi/sdk/v3 v3.259.0 // indirect
)
"""
HOST_GO_MOD = """module headgate.dev/toolchain/language-python

go 1.25

require github.com/pulumi/pulumi/sdk/v3 v3.79.0
"""


@dataclass
class FakeRunner:
    """Answers by the name of the program and its first argument, as in `answers["go version"]`."""

    answers: dict[str, Answer] = field(default_factory=dict)
    calls: list[list[str]] = field(default_factory=list)
    environs: list[Mapping[str, str]] = field(default_factory=list)

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        environ: Mapping[str, str],
        tick: Callable[[], None] | None = None,
        show: bool = False,
    ) -> Completed:
        self.calls.append(list(argv))
        self.environs.append(environ)
        if tick:
            tick()
        key = f"{Path(argv[0]).name} {argv[1]}"
        answer = self.answers.get(key)
        if answer is None:
            raise AssertionError(f"unexpected `{' '.join(argv)}`; the test answers only {sorted(self.answers)}")
        return answer(argv) if callable(answer) else answer

    def ran(self, key: str) -> list[list[str]]:
        """The calls whose program and first argument are `key`."""
        return [call for call in self.calls if f"{Path(call[0]).name} {call[1]}" == key]


@dataclass
class Said:
    """A Progress that keeps what was said."""

    lines: list[str] = field(default_factory=list)

    def say(self, message: str) -> None:
        self.lines.append(message)

    @contextmanager
    def phase(self, label: str) -> Iterator[Callable[[], None]]:
        self.lines.append(label)
        yield lambda: None


@dataclass(frozen=True)
class Machine:
    """Folders under one temporary root, and the environment that points at them."""

    root: Path

    @property
    def environ(self) -> dict[str, str]:
        return {
            "PATH": f"{self.programs}",
            "HEADGATE_CACHE": str(self.root / "cache"),
            "HOME": str(self.root),
        }

    @property
    def programs(self) -> Path:
        return self.root / "usr-bin"

    @property
    def store(self) -> Path:
        return self.root / "cache" / "toolchain"

    def has(self, name: str, *, folder: Path | None = None) -> Path:
        """Put an executable file of that name on PATH (or in `folder`)."""
        program = (folder or self.programs) / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text("")
        program.chmod(0o755)
        return program

    def recipe(self) -> Recipe:
        """Pins like the committed ones, in small files of their own."""
        for folder, go_mod in (("engine", ENGINE_GO_MOD), ("language-python", HOST_GO_MOD)):
            module = self.root / "pins" / folder
            module.mkdir(parents=True, exist_ok=True)
            (module / "go.mod").write_text(go_mod)
            (module / "go.sum").write_text("")
        return load(self.root / "pins")

    def working_go(self) -> dict[str, Answer]:
        """Answers of a Go that builds: it writes the file it is asked for, and knows where the SDK is."""
        sdk = self.root / "modules" / "sdk"
        for script in SCRIPTS:
            (sdk / script).parent.mkdir(parents=True, exist_ok=True)
            (sdk / script).write_text(f"#!/bin/sh\n# {script}\n")
            (sdk / script).chmod(0o444)  # as Go keeps its modules

        def build(argv: Sequence[str]) -> Completed:
            output = Path(argv[argv.index("-o") + 1])
            output.write_text("program")
            return Completed(0)

        return {
            "go version": Completed(0, "go version go1.26.8 linux/amd64\n"),
            "go build": build,
            "go mod": Completed(0, json.dumps({"Dir": str(sdk)})),
            "pulumi version": Completed(0, "v3.259.0\n"),
        }
