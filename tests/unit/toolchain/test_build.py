import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.unit.toolchain.fakes import FakeRunner, Machine, Said
from toolchain.build import Builder
from toolchain.errors import BuildFailed, PrerequisiteMissing
from toolchain.process import Completed


@pytest.fixture
def go(machine: Machine) -> FakeRunner:
    machine.has("go")
    return FakeRunner(machine.working_go())


def builder(machine: Machine, runner: FakeRunner, said: Said, **environ: str) -> Builder:
    return Builder(machine.recipe(), machine.store, {**machine.environ, **environ}, runner, said, because="No Pulumi.")


def unfinished(machine: Machine) -> list[Path]:
    return list(machine.store.glob(".unfinished-*"))


def test_the_folder_holds_both_programs_and_both_scripts(machine: Machine, go: FakeRunner, said: Said) -> None:
    folder = builder(machine, go, said).build()
    assert folder == machine.store / machine.recipe().key / "bin"
    assert sorted(path.name for path in folder.iterdir()) == [
        "pulumi",
        "pulumi-language-python",
        "pulumi-language-python-exec",
        "pulumi-resource-pulumi-python",
    ]
    for script in ("pulumi-language-python-exec", "pulumi-resource-pulumi-python"):
        assert (folder / script).stat().st_mode & 0o777 == 0o755
        assert script in (folder / script).read_text()
    assert unfinished(machine) == []


def test_the_pins_decide_and_are_never_rewritten(machine: Machine, go: FakeRunner, said: Said) -> None:
    builder(machine, go, said, GOFLAGS="-mod=mod", GOWORK="/somewhere/go.work").build()
    for argv in go.ran("go build"):
        assert "-mod=readonly" in argv
    assert {environ["GOWORK"] for environ in go.environs} == {"off"}
    assert [argv[-1] for argv in go.ran("go build")] == [
        "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        "github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python",
    ]


def test_the_second_time_nothing_runs(machine: Machine, go: FakeRunner, said: Said) -> None:
    first = builder(machine, go, said).build()
    silent, nothing = Said(), FakeRunner()
    assert builder(machine, nothing, silent).build() == first
    assert nothing.calls == []
    assert silent.lines == []


def test_the_user_sees_what_is_going_on(machine: Machine, go: FakeRunner, said: Said) -> None:
    builder(machine, go, said).build()
    assert said.lines[0].startswith("No Pulumi. Building the Pulumi engine 3.259.0")
    assert "once per machine" in said.lines[0]
    assert said.lines[1:3] == [
        "[1/2] building pulumi v3.259.0",
        "[2/2] building pulumi-language-python v3.79.0",
    ]


def test_a_failed_build_leaves_nothing_and_says_why(machine: Machine, go: FakeRunner, said: Said) -> None:
    noise = "\n".join(f"line {number}" for number in range(100))
    go.answers["go build"] = Completed(1, "", f"{noise}\ndial tcp: lookup failed")
    with pytest.raises(BuildFailed) as raised:
        builder(machine, go, said).build()
    text = str(raised.value)
    assert "building pulumi v3.259.0 failed" in text
    assert "exit code 1" in text
    assert "dial tcp: lookup failed" in text
    assert "line 79" not in text
    assert "GOPROXY" in text
    assert raised.value.exit_code == 1
    assert unfinished(machine) == []
    assert not builder(machine, go, said).is_built()


def test_an_engine_of_another_version_is_not_kept(machine: Machine, go: FakeRunner, said: Said) -> None:
    go.answers["pulumi version"] = Completed(0, "\n")
    with pytest.raises(BuildFailed, match=r"`pulumi version` says '' instead of v3\.259\.0"):
        builder(machine, go, said).build()
    assert not builder(machine, go, said).is_built()


def test_what_a_killed_build_left_is_removed(machine: Machine, go: FakeRunner, said: Said) -> None:
    left = machine.store / f".unfinished-{machine.recipe().key}-abc"
    other = machine.store / ".unfinished-0123456789abcdef-abc"
    for folder in (left, other):
        (folder / "bin").mkdir(parents=True)
    builder(machine, go, said).build()
    assert not left.exists()
    assert other.exists(), "another version may be under construction by another process"


def test_without_go(machine: Machine, said: Said) -> None:
    with pytest.raises(PrerequisiteMissing, match="Go is not on PATH"):
        builder(machine, FakeRunner(), said).build()


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Completed(0, "go version go1.22.1 linux/amd64\n"), "go version go1.22.1 linux/amd64"),
        (
            Completed(1, "", "go: go.mod requires go >= 1.25.11 (running go 1.22.1; GOTOOLCHAIN=local)\n"),
            "GOTOOLCHAIN=local",
        ),
        (Completed(0, "go version devel linux/amd64\n"), "go version devel"),
    ],
)
def test_a_go_that_is_too_old(machine: Machine, go: FakeRunner, said: Said, answer: Completed, says: str) -> None:
    go.answers["go version"] = answer
    with pytest.raises(PrerequisiteMissing) as raised:
        builder(machine, go, said).build()
    assert f"{machine.programs / 'go'} is too old: Go 1.25.11 or newer is needed" in str(raised.value)
    assert says in str(raised.value)
    assert go.ran("go build") == []


def test_two_at_once_build_once(machine: Machine, go: FakeRunner, said: Said) -> None:
    """The second waits for the first, says so, and takes its result."""
    started, may_finish = threading.Event(), threading.Event()
    build = go.answers["go build"]
    assert callable(build)

    def slow(argv: Sequence[str]) -> Completed:
        started.set()
        assert may_finish.wait(timeout=30)
        return build(argv)

    waiting = WaitableSaid()
    folders: list[Path] = []
    first = threading.Thread(
        target=lambda: folders.append(builder(machine, FakeRunner(go.answers | {"go build": slow}), said).build())
    )
    idle = FakeRunner({"go version": go.answers["go version"]})
    second = threading.Thread(target=lambda: folders.append(builder(machine, idle, waiting).build()))
    first.start()
    assert started.wait(timeout=30)
    second.start()
    assert waiting.said.wait(timeout=30)
    assert folders == [], "nobody may have a folder that is not complete"
    may_finish.set()
    first.join(timeout=30)
    second.join(timeout=30)
    assert folders == [machine.store / machine.recipe().key / "bin"] * 2
    assert idle.ran("go build") == []
    assert waiting.lines == ["another process is building the Pulumi engine; waiting for it"]


class WaitableSaid(Said):
    """A Progress whose first message can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.said = threading.Event()

    def say(self, message: str) -> None:
        super().say(message)
        self.said.set()
