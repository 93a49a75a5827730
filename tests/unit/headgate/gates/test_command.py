"""Gates that run a program: real programs, whatever they do."""

import os
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import pytest

from headgate.gate_settings import Command
from headgate.gates import GateContext, command
from headgate.gates.command import ProcessRunner
from headgate.report import GateResult, Verdict
from tests.support.rollouts import PLAN, START, live, walk

STATE = walk()["green-10"].state
CONTEXT = GateContext(STATE, PLAN, live(STATE), "", START)
ENVIRON = {"PATH": os.environ["PATH"], "OTHER": "kept", "HEADGATE_EVIDENCE_KEY": "a-secret-of-the-pipeline"}


def run(folder: Path, code: str, *, timeout: int = 60) -> GateResult:
    wanted = Command((sys.executable, "-c", textwrap.dedent(code)), timeout)
    result = command.run("command:x", wanted, CONTEXT, folder=folder, environ=ENVIRON, runner=ProcessRunner())
    assert (result.gate, result.step, result.at) == ("command:x", "green-10", START)
    return replace(result, reasons=tuple(reason.replace(sys.executable, "PROGRAM") for reason in result.reasons))


@pytest.mark.parametrize(
    ("code", "verdict", "reasons"),
    [
        ("", Verdict.PASSED, ()),
        ("raise SystemExit(3)", Verdict.INCONCLUSIVE, ("PROGRAM ended with 3 (needs 0)",)),
        ("raise SystemExit(1)", Verdict.FAILED, ("PROGRAM ended with 1 (needs 0)",)),
        ("raise SystemExit(255)", Verdict.FAILED, ("PROGRAM ended with 255 (needs 0)",)),
        ("import os; os.kill(os.getpid(), 9)", Verdict.FAILED, ("PROGRAM ended with -9 (needs 0)",)),
    ],
)
def test_exit_codes(tmp_path: Path, code: str, verdict: Verdict, reasons: tuple[str, ...]) -> None:
    found = run(tmp_path, code)
    assert (found.verdict, found.reasons) == (verdict, reasons)


def test_json_says_more(tmp_path: Path) -> None:
    found = run(
        tmp_path, """print('{"verdict": "passed", "reasons": ["12 rows"], "figures": {"rows": 12, "s": 0.5}}')"""
    )
    assert (found.verdict, found.reasons, found.figures) == (
        Verdict.PASSED, ("12 rows",), (("rows", 12), ("s", 0.5)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "code", "verdict"),
    [
        ("passed", 1, Verdict.FAILED),
        ("passed", 3, Verdict.INCONCLUSIVE),
        ("inconclusive", 0, Verdict.INCONCLUSIVE),
        ("failed", 0, Verdict.FAILED),
        ("failed", 3, Verdict.FAILED),
        ("inconclusive", 1, Verdict.FAILED),
    ],
)
def test_a_verdict_never_makes_the_exit_code_better(tmp_path: Path, said: str, code: int, verdict: Verdict) -> None:
    found = run(tmp_path, f"""print('{{"verdict": "{said}", "reasons": ["because"]}}'); raise SystemExit({code})""")
    assert (found.verdict, found.reasons) == (verdict, ("because",))


@pytest.mark.parametrize(
    ("output", "why"),
    [
        ("all good", "Expecting value"),
        ("[]", "a list, not an object"),
        ('{"verdict": "good"}', "verdict 'good' is not one of: passed, failed, inconclusive"),
        ('{"verdict": []}', "verdict [] is not one of"),
        ('{"result": 1}', "'result' is not verdict, reasons or figures"),
        ('{"reasons": "x"}', "reasons are not a list of texts"),
        ('{"reasons": [1]}', "reasons are not a list of texts"),
        ('{"figures": {"a": "1"}}', "figures are not an object of numbers"),
        ('{"figures": {"a": NaN}}', "figures are not an object of numbers"),
        ('{"figures": {"a": true}}', "figures are not an object of numbers"),
    ],
)
def test_output_that_is_not_understood_never_passes(tmp_path: Path, output: str, why: str) -> None:
    found = run(tmp_path, f"print({output!r})")
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.reasons[0].startswith("PROGRAM ended with 0, and its output is not the JSON it may be: ")
    assert why in found.reasons[0]
    assert run(tmp_path, f"print({output!r}); raise SystemExit(1)").verdict is Verdict.FAILED


def test_too_much_output_and_output_that_is_no_text(tmp_path: Path) -> None:
    assert "longer than" in run(tmp_path, "print(' ' * 300_000 + '{}' )").reasons[0]
    assert run(tmp_path, "import sys; sys.stdout.buffer.write(b'\\xff')").verdict is Verdict.INCONCLUSIVE


def test_what_the_program_is_told(tmp_path: Path) -> None:
    run(tmp_path, """
        import json, os
        with open("told.json", "w") as file:
            json.dump(dict(os.environ), file)
    """)  # fmt: skip
    import json

    told = json.loads((tmp_path / "told.json").read_text())
    ours = {name: value for name, value in told.items() if name.startswith("HEADGATE_")}
    assert STATE.candidate is not None
    assert ours == {
        "HEADGATE_STACK": "greenflow-production",
        "HEADGATE_SYSTEM": "greenflow",
        "HEADGATE_ENVIRONMENT": "production",
        "HEADGATE_ROLLOUT": STATE.rollout_id,
        "HEADGATE_STEP": "green-10",
        "HEADGATE_WEIGHT": "10",
        "HEADGATE_LIVE_VERSION": STATE.live.version,
        "HEADGATE_LIVE_SLOT": "blue",
        "HEADGATE_LIVE_IMAGE": STATE.live.image,
        "HEADGATE_CANDIDATE_VERSION": STATE.candidate.version,
        "HEADGATE_CANDIDATE_SLOT": "green",
        "HEADGATE_CANDIDATE_IMAGE": STATE.candidate.image,
    }
    assert told["OTHER"] == "kept"


def test_a_program_that_does_not_end_is_ended_with_its_children(tmp_path: Path) -> None:
    began = time.monotonic()
    found = run(tmp_path, """
        import pathlib, subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        pathlib.Path("child").write_text(str(child.pid))
        child.wait()
    """, timeout=3)  # fmt: skip
    assert time.monotonic() - began < 30
    assert (found.verdict, found.reasons) == (
        Verdict.INCONCLUSIVE, ("PROGRAM did not end within 3 s and was ended",),
    )  # fmt: skip
    child, until = int((tmp_path / "child").read_text()), time.monotonic() + 30
    while _runs(child) and time.monotonic() < until:  # a process that was ended takes a moment to be gone
        time.sleep(0.02)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_a_program_that_does_not_exist(tmp_path: Path) -> None:
    wanted = Command(("no-such-program",))
    result = command.run("command:x", wanted, CONTEXT, folder=tmp_path, environ=ENVIRON, runner=ProcessRunner())
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.reasons == ("no-such-program cannot be started: No such file or directory",)
