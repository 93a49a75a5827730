"""Where the stand-ins are put, and what they say when something is missing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.plugins.coverage import Support, entries, functions, markdown
from sandbox.plugins.install import PROVIDERS, NotInstalled, install_plugins, plugin_version


def launcher(home: Path, name: str) -> Path:
    return home / "plugins" / f"resource-{name}-v{plugin_version(name)}" / f"pulumi-resource-{name}"


def test_both_are_installed_under_the_versions_the_sdks_ask_for(tmp_path: Path) -> None:
    install_plugins(tmp_path)
    for name in PROVIDERS:
        assert os.access(launcher(tmp_path, name), os.X_OK)
        assert launcher(tmp_path, name).read_text().startswith("#!/usr/bin/env python3\n")
    assert sorted(folder.name for folder in (tmp_path / "plugins").iterdir()) == [
        f"resource-{name}-v{plugin_version(name)}" for name in PROVIDERS
    ]


def test_installing_again_changes_nothing(tmp_path: Path) -> None:
    install_plugins(tmp_path)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    install_plugins(tmp_path)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


def test_a_missing_sdk_is_named() -> None:
    with pytest.raises(NotInstalled, match="pulumi-nowhere is not installed"):
        plugin_version("nowhere")


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_python_without_the_packages_is_told_what_to_do(tmp_path: Path, name: str) -> None:
    install_plugins(tmp_path)
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(launcher(tmp_path, name))],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "headgate sandbox env" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_coverage_names_every_type_once() -> None:
    tokens = [entry.token for entry in entries()]
    assert len(tokens) == len(set(tokens))
    assert {entry.support for entry in entries()} == set(Support)
    assert all(entry.note for entry in entries() if entry.support is Support.REPAIRED)
    assert {entry.token[:4] for entry in entries() if entry.support is Support.EMULATED} == {"gcp:"}


def test_the_coverage_is_a_table() -> None:
    lines = list(markdown())
    assert lines[1] == "|---|---|---|---|"
    assert all(line.count("|") == 5 for line in lines[: len(entries()) + 2])
    assert all(token in lines[-1] for token in functions())
