import re
import tomllib
from pathlib import Path

import pytest

from tests.unit.toolchain.fakes import Machine
from toolchain import recipe
from toolchain.errors import ToolchainError
from toolchain.paths import CHECKOUT
from toolchain.version import Version


def test_the_engine_is_the_release_the_python_packages_are_pinned_to() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    pinned = next(line for line in project["dependencies"] if re.match(r"pulumi\b[^-]", line))
    assert pinned == f"pulumi=={recipe.load().version}"


def test_the_committed_pins_are_complete() -> None:
    pinned = recipe.load()
    assert pinned.engine.version == "v3.259.0"
    assert pinned.language_host.version == "v3.79.0"
    assert pinned.needs_go >= Version(1, 25, 0)
    for program in pinned.programs:
        assert (program.module_folder / "go.sum").stat().st_size > 0


def test_the_programs_are_stamped_with_their_versions(machine: Machine) -> None:
    engine, host = machine.recipe().programs
    assert engine.ldflags.endswith("common/version.Version=v3.259.0")
    assert host.ldflags.endswith("common/version.Version=v3.79.0")


def test_the_newest_go_line_counts(machine: Machine) -> None:
    assert machine.recipe().needs_go == Version(1, 25, 11)


@pytest.mark.parametrize("file", ["engine/go.mod", "engine/go.sum", "language-python/go.sum"])
def test_the_key_follows_every_pin(machine: Machine, file: str) -> None:
    before = machine.recipe().key
    with (machine.root / "pins" / file).open("a") as pins:
        pins.write("// changed\n")
    assert recipe.load(machine.root / "pins").key != before
    assert re.fullmatch("[0-9a-f]{16}", before)


def test_the_key_is_the_same_in_every_checkout(machine: Machine, tmp_path: Path) -> None:
    elsewhere = Machine(tmp_path / "elsewhere")
    assert machine.recipe().key == elsewhere.recipe().key


@pytest.mark.parametrize(
    ("go_mod", "missing"),
    [
        ("module x\n\ngo 1.25\n", "pulumi/pkg/v3"),
        ("require github.com/pulumi/pulumi/pkg/v3 v3.259.0\n", "`go` line"),
    ],
)
def test_a_damaged_go_mod_is_named(machine: Machine, go_mod: str, missing: str) -> None:
    machine.recipe()
    (machine.root / "pins" / "engine" / "go.mod").write_text(go_mod)
    with pytest.raises(ToolchainError, match=r"engine/go\.mod: no .*" + missing) as raised:
        _ = recipe.load(machine.root / "pins").needs_go
    assert "restore the file from git" in str(raised.value)
