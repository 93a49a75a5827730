import os
import sys
from pathlib import Path

import pytest

from toolchain.process import SubprocessRunner


def test_output_and_exit_code_are_kept(tmp_path: Path) -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    done = SubprocessRunner().run([sys.executable, "-c", code], cwd=tmp_path, environ=os.environ)
    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "err\n")


def test_folder_and_environment_are_those_asked_for(tmp_path: Path) -> None:
    code = "import os; print(os.getcwd(), os.environ['COLOUR'])"
    done = SubprocessRunner().run([sys.executable, "-c", code], cwd=tmp_path, environ={**os.environ, "COLOUR": "green"})
    assert done.stdout.split() == [str(tmp_path.resolve()), "green"]


def test_shown_output_goes_to_stderr_and_not_to_stdout(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    done = SubprocessRunner().run([sys.executable, "-c", "print('seen')"], cwd=tmp_path, environ=os.environ, show=True)
    seen = capfd.readouterr()
    assert (done.stdout, seen.out, seen.err) == ("", "", "seen\n")


def test_a_program_that_cannot_start_is_a_result_and_no_traceback(tmp_path: Path) -> None:
    done = SubprocessRunner().run([str(tmp_path / "missing")], cwd=tmp_path, environ=os.environ)
    assert done.returncode == 127
    assert "missing" in done.stderr


class EnoughError(Exception):
    """Raised by a tick, as Ctrl-C would be."""


def test_an_error_while_it_runs_ends_it(tmp_path: Path) -> None:
    marker = tmp_path / "pid"
    # It reads from a pipe that nobody writes to, and so would run for ever.
    forever = f"import os; open({str(marker)!r}, 'w').write(str(os.getpid())); os.read(os.pipe()[0], 1)"

    def tick() -> None:
        if marker.exists() and marker.read_text():
            raise EnoughError

    with pytest.raises(EnoughError):
        SubprocessRunner().run([sys.executable, "-c", forever], cwd=tmp_path, environ=os.environ, tick=tick)
    with pytest.raises(ProcessLookupError):
        os.kill(int(marker.read_text()), 0)
