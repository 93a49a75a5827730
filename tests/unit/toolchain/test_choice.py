from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.unit.toolchain.fakes import FakeRunner, Machine, Said
from toolchain.choice import Origin, Toolchain, ensure
from toolchain.errors import PrerequisiteMissing
from toolchain.process import Completed
from toolchain.version import Version


def choose(machine: Machine, runner: FakeRunner, said: Said, **environ: str) -> Toolchain:
    return ensure({**machine.environ, **environ}, runner=runner, progress=said, recipe=machine.recipe())


@pytest.fixture
def go(machine: Machine) -> FakeRunner:
    """A machine with a working Go and no Pulumi."""
    machine.has("go")
    return FakeRunner(machine.working_go())


@pytest.fixture
def pulumi(machine: Machine) -> FakeRunner:
    """A machine with a complete official Pulumi of a newer version and no Go."""
    machine.has("pulumi")
    machine.has("pulumi-language-python")
    return FakeRunner({"pulumi version": Completed(0, "v3.261.2\n")})


def test_an_official_pulumi_is_used_as_it_is(machine: Machine, pulumi: FakeRunner, said: Said) -> None:
    chosen = choose(machine, pulumi, said)
    assert chosen == Toolchain(machine.programs, Version(3, 261, 2), Origin.SYSTEM)
    assert not machine.store.exists()
    assert said.lines == []


def test_a_language_host_in_another_folder_of_path_will_do(machine: Machine, pulumi: FakeRunner, said: Said) -> None:
    (machine.programs / "pulumi-language-python").unlink()
    elsewhere = machine.has("pulumi-language-python", folder=machine.root / "elsewhere").parent
    chosen = choose(machine, pulumi, said, PATH=f"{machine.programs}:{elsewhere}")
    assert chosen.origin is Origin.SYSTEM


def test_a_language_host_beside_the_file_that_a_link_points_to_will_do(
    machine: Machine, pulumi: FakeRunner, said: Said
) -> None:
    for name in ("pulumi", "pulumi-language-python"):
        (machine.programs / name).unlink()
        machine.has(name, folder=machine.root / "opt")
    (machine.programs / "pulumi").symlink_to(machine.root / "opt" / "pulumi")
    assert choose(machine, pulumi, said).origin is Origin.SYSTEM


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Completed(0, "v3.258.4\n"), "is 3.258.4; needed is 3.259.0 or a later 3.x"),
        (Completed(0, "v3.259.0-alpha.1\n"), "is 3.259.0 (pre-release); needed"),
        (Completed(0, "v4.0.0\n"), "is 4.0.0; needed is 3.259.0 or a later 3.x"),
        (Completed(0, "\n"), "`pulumi version` says nothing"),
        (Completed(1, "", "cannot execute"), "`pulumi version` says cannot execute"),
    ],
)
def test_an_unfit_pulumi_is_named_and_the_pinned_one_built(
    machine: Machine, pulumi: FakeRunner, said: Said, answer: Completed, reason: str
) -> None:
    pulumi.answers["pulumi version"] = answer
    with pytest.raises(PrerequisiteMissing) as raised:
        choose(machine, pulumi, said)
    assert reason in str(raised.value)

    machine.has("go")

    def version(argv: Sequence[str]) -> Completed:
        return answer if Path(argv[0]).parent == machine.programs else Completed(0, "v3.259.0\n")

    runner = FakeRunner(machine.working_go() | {"pulumi version": version})
    assert choose(machine, runner, said).origin is Origin.BUILD
    assert any(reason in line for line in said.lines)


def test_a_pulumi_without_language_host_is_not_used(machine: Machine, pulumi: FakeRunner, said: Said) -> None:
    (machine.programs / "pulumi-language-python").unlink()
    with pytest.raises(PrerequisiteMissing, match="has no `pulumi-language-python` beside it or on PATH"):
        choose(machine, pulumi, said)


def test_our_own_build_on_path_is_not_an_official_pulumi(machine: Machine, go: FakeRunner, said: Said) -> None:
    built = choose(machine, go, said)
    machine.has("pulumi", folder=built.bin)
    machine.has("pulumi-language-python", folder=built.bin)
    again = choose(machine, go, said, PATH=f"{built.bin}:{machine.programs}")
    assert again == built
    assert again.origin is Origin.BUILD


def test_without_pulumi_it_is_built(machine: Machine, go: FakeRunner, said: Said) -> None:
    chosen = choose(machine, go, said)
    assert chosen.origin is Origin.BUILD
    assert chosen.version == Version(3, 259, 0)
    assert chosen.bin.is_relative_to(machine.store)


def test_without_pulumi_and_go_one_message_says_what_to_do(machine: Machine, said: Said) -> None:
    with pytest.raises(PrerequisiteMissing) as raised:
        choose(machine, FakeRunner(), said)
    assert str(raised.value) == (
        "Headgate needs the Pulumi engine, and can neither find nor build it.\n"
        "  Pulumi: `pulumi` is not on PATH.\n"
        "  Go:     Go is not on PATH.\n"
        "Do one of these, then run the same command again:\n"
        "  - install Pulumi 3.259.0 or newer with its Python language host (the official\n"
        "    installer brings both) and put its folder on PATH; or\n"
        "  - install Go 1.25.11 or newer and put `go` on PATH: it then builds the engine."
    )
    assert raised.value.exit_code == 2
    assert said.lines == []


def test_build_can_be_forced(machine: Machine, pulumi: FakeRunner, said: Said) -> None:
    machine.has("go")
    pulumi.answers |= machine.working_go()
    assert choose(machine, pulumi, said, HEADGATE_TOOLCHAIN="build").origin is Origin.BUILD


def test_system_can_be_forced(machine: Machine, go: FakeRunner, said: Said) -> None:
    with pytest.raises(PrerequisiteMissing, match=r"HEADGATE_TOOLCHAIN=system, but: `pulumi` is not on PATH"):
        choose(machine, go, said, HEADGATE_TOOLCHAIN="system")
    assert go.ran("go build") == []


@pytest.mark.parametrize("value", ["", "auto"])
def test_auto_is_the_default(machine: Machine, pulumi: FakeRunner, said: Said, value: str) -> None:
    assert choose(machine, pulumi, said, HEADGATE_TOOLCHAIN=value).origin is Origin.SYSTEM


def test_an_unknown_choice_lists_the_known_ones(machine: Machine, pulumi: FakeRunner, said: Said) -> None:
    with pytest.raises(PrerequisiteMissing, match="'docker' is not known; set it to system, build or auto"):
        choose(machine, pulumi, said, HEADGATE_TOOLCHAIN="docker")
