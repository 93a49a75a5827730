"""The command as the Makefile calls it, in a process of its own with nothing on PATH."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from toolchain.__main__ import main
from toolchain.paths import CHECKOUT


def toolchain(*argv: str, tmp_path: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "toolchain", *argv],
        cwd=CHECKOUT,
        env={"PATH": "", "HOME": str(tmp_path), **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_bare_machine_gets_one_message_and_exit_code_2(tmp_path: Path) -> None:
    done = toolchain("ensure", tmp_path=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("Headgate needs the Pulumi engine, and can neither find nor build it.\n")
    assert "Traceback" not in done.stderr


def test_only_the_folder_goes_to_stdout(tmp_path: Path) -> None:
    for name in ("pulumi", "pulumi-language-python"):
        (tmp_path / name).write_text("#!/bin/sh\necho v3.300.1\n")
        (tmp_path / name).chmod(0o755)
    done = toolchain("ensure", tmp_path=tmp_path, PATH=str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{tmp_path}\n", "")


def test_clean_says_what_it_removed(tmp_path: Path) -> None:
    (tmp_path / "cache" / "toolchain").mkdir(parents=True)
    done = toolchain("clean", tmp_path=tmp_path, HEADGATE_CACHE=str(tmp_path / "cache"))
    assert done.returncode == 0
    assert done.stderr == f"removed {tmp_path / 'cache' / 'toolchain'}\n"


def test_it_runs_without_a_single_installed_package(tmp_path: Path) -> None:
    """`python3 -m toolchain venv` is the first thing that ever runs in a clone."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", "import sys; sys.path.insert(0, '.'); import toolchain.__main__"],
        cwd=CHECKOUT,
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_an_unknown_verb_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["install"])
    assert raised.value.code == 2
    assert "venv|ensure|lock|clean" in capsys.readouterr().err
