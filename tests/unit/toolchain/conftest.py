"""A fresh machine for every test."""

from pathlib import Path

import pytest

from tests.unit.toolchain.fakes import Machine, Said


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def said() -> Said:
    return Said()
