"""Gates `command:<name>`, as they really run: a program of the team's own decides."""

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from headgate.evidence.identity import KEY
from headgate.gate_settings import Command
from headgate.gates.contract import GateContext
from headgate.notify_settings import PREFIX
from headgate.report import GateResult, Verdict
from headgate.state import State, Version
from headgate.wire import show

INCONCLUSIVE = 3  # the exit code
MOST_BYTES = 256 * 1024  # of standard output
MOST_REASONS, MOST_CHARACTERS = 20, 300
GRACE = 5.0  # seconds between asking a program to end and ending it
_WORSE = {Verdict.PASSED: 0, Verdict.INCONCLUSIVE: 1, Verdict.FAILED: 2}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended. `code` is None when it did not in time."""

    code: int | None
    output: bytes


class Runner(Protocol):
    """Runs a program."""

    def run(self, argv: tuple[str, ...], folder: Path, environ: Mapping[str, str], timeout: float) -> Ended:
        """Its exit code and standard output. Raises OSError when it cannot be started."""
        ...


class ProcessRunner:
    """`Runner` of real processes. Standard error goes through to the terminal; the process's children end with it."""

    def run(self, argv: tuple[str, ...], folder: Path, environ: Mapping[str, str], timeout: float) -> Ended:
        """See `Runner.run`."""
        process = subprocess.Popen(
            argv,
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            _end(process)
            return Ended(None, b"")
        except BaseException:  # Ctrl-C: the program is in a session of its own and did not get it
            _end(process)
            raise
        return Ended(process.returncode, output)


def _end(process: "subprocess.Popen[bytes]") -> None:
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
            process.communicate(timeout=GRACE)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
        return


def run(
    gate: str, command: Command, context: GateContext, *, folder: Path, environ: Mapping[str, str], runner: Runner
) -> GateResult:
    """Exit code 0 passes, 3 is inconclusive, any other fails. JSON on standard output may say more, and make it worse.

    The program runs in `folder`, with `environ` (but for what signs evidence and reaches people) and the facts of the
    rollout.
    """
    told = {name: value for name, value in environ.items() if name != KEY and not name.startswith(PREFIX)}
    given = {**told, **facts(context.state)}
    try:
        ended = runner.run(command.run, folder, given, command.timeout)
    except OSError as error:
        reason = f"{command.run[0]} cannot be started: {error.strerror or error}"
        return context.result(gate, Verdict.INCONCLUSIVE, [reason])
    if ended.code is None:
        reason = f"{command.run[0]} did not end within {command.timeout} s and was ended"
        return context.result(gate, Verdict.INCONCLUSIVE, [reason])
    by_code = {0: Verdict.PASSED, INCONCLUSIVE: Verdict.INCONCLUSIVE}.get(ended.code, Verdict.FAILED)
    try:
        said = _said(ended.output)
    except ValueError as error:
        reason = f"{command.run[0]} ended with {ended.code}, and its output is not the JSON it may be: {error}"
        return context.result(gate, max(by_code, Verdict.INCONCLUSIVE, key=_WORSE.__getitem__), [reason])
    verdict = max(by_code, said.verdict or by_code, key=_WORSE.__getitem__)
    reasons = list(said.reasons)
    if verdict is not Verdict.PASSED and not reasons:
        reasons = [f"{command.run[0]} ended with {ended.code} (needs 0)"]
    return context.result(gate, verdict, reasons, said.figures)


def facts(state: State) -> dict[str, str]:
    """Variables that tell a program what is being rolled out."""
    found = {
        "STACK": f"{state.system}-{state.environment}",
        "SYSTEM": state.system,
        "ENVIRONMENT": state.environment,
        "ROLLOUT": state.rollout_id,
        "STEP": state.step,
        "WEIGHT": str(state.weight),
        **_version("LIVE", state.live),
        **(_version("CANDIDATE", state.candidate) if state.candidate else {}),
    }
    return {f"HEADGATE_{name}": value for name, value in found.items()}


def _version(role: str, version: Version) -> dict[str, str]:
    return {f"{role}_VERSION": version.version, f"{role}_SLOT": version.slot, f"{role}_IMAGE": version.image}


@dataclass(frozen=True, slots=True)
class _Said:
    verdict: Verdict | None
    reasons: tuple[str, ...]
    figures: Mapping[str, float]


def _said(output: bytes) -> _Said:
    """What the output says; nothing when it is empty. Raises ValueError on another form."""
    if not output.strip():
        return _Said(None, (), {})
    if len(output) > MOST_BYTES:
        raise ValueError(f"longer than {MOST_BYTES} bytes")
    try:
        raw = json.loads(output)
    except RecursionError as error:
        raise ValueError("too deep") from error
    if not isinstance(raw, Mapping):
        raise ValueError(f"a {type(raw).__name__}, not an object")  # noqa: TRY004 - it is outside data, not a call
    unknown = sorted(map(str, raw.keys() - {"verdict", "reasons", "figures"}))
    if unknown:
        raise ValueError(f"{show(unknown[0])} is not verdict, reasons or figures")
    return _Said(_verdict(raw.get("verdict")), _reasons(raw.get("reasons", [])), _figures(raw.get("figures", {})))


def _verdict(raw: Any) -> Verdict | None:
    try:
        return None if raw is None else Verdict(raw)
    except ValueError as error:
        raise ValueError(f"verdict {show(raw)} is not one of: {', '.join(Verdict)}") from error


def _reasons(raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(each, str) for each in raw):
        raise ValueError("reasons are not a list of texts")
    return tuple(each[:MOST_CHARACTERS] for each in raw[:MOST_REASONS])


def _figures(raw: Any) -> dict[str, float]:
    good = isinstance(raw, Mapping) and all(type(each) in (int, float) and abs(each) < 1e300 for each in raw.values())
    if not good:
        raise ValueError("figures are not an object of numbers")
    return {str(name): each for name, each in raw.items()}
