"""Gate `smoke`, as it really runs: the candidate is asked, before or beside its users."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from headgate.gate_settings import Check, SmokeSettings
from headgate.gates.asking import Answer, Asker, NoAnswer
from headgate.gates.contract import GateContext
from headgate.report import GateResult, Verdict
from headgate.traffic.candidate import Address
from headgate.wire import show

NAME = "smoke"


def run(settings: SmokeSettings, address: Address, asker: Asker, context: GateContext) -> GateResult:
    """Every check is made; every shortfall is a reason. Nobody answers at all: inconclusive, for then the way there
    may be what is broken. Figures: checks, and the slowest answer in milliseconds."""
    candidate = context.state.candidate
    if candidate is None:
        return context.result(NAME, Verdict.INCONCLUSIVE, ["no candidate is being rolled out"])
    reasons, silent, slowest = [], [], 0.0
    for check in settings.checks:
        try:
            answer = asker.ask(address.url, address.name, check.path, timeout=settings.timeout)
        except NoAnswer as error:
            silent.append(f"{check.name}: {address.url}{check.path} does not answer: {error}")
            continue
        slowest = max(slowest, answer.milliseconds)
        reasons += [f"{check.name}: {what}" for what in _shortfalls(check, answer)]
        reasons += [f"{check.name}: {what}" for what in _another(settings.version_header, candidate.version, answer)]
    figures = {"checks": len(settings.checks), "slowest_ms": round(slowest, 1)}
    if len(silent) == len(settings.checks):
        return context.result(NAME, Verdict.INCONCLUSIVE, silent, {"checks": len(settings.checks)})
    reasons += silent
    return context.result(NAME, Verdict.FAILED if reasons else Verdict.PASSED, reasons, figures)


def _shortfalls(check: Check, answer: Answer) -> Iterator[str]:
    if answer.status not in check.status:
        yield f"{check.path} answered {answer.status} (needs {' or '.join(map(str, check.status))})"
        return
    if not check.json:
        return
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError):
        yield f"{check.path} answered no JSON (needs {', '.join(check.json)})"
        return
    for path, needed in check.json.items():
        there, found = _inside(content, path)
        if not there or type(found) is not type(needed) or found != needed:
            yield f"{check.path} has {path} {show(found) if there else 'not at all'} (needs {show(needed)})"


def _another(header: str, version: str, answer: Answer) -> Iterator[str]:
    """Another version than the candidate answered, so its answers prove nothing."""
    found = answer.headers.get(header.lower()) if header else version
    if found != version:
        said = f"says {header} {show(found)}" if found is not None else f"has no header {header}"
        yield f"the answer {said} (needs {version!r})"


def _inside(content: Any, path: str) -> tuple[bool, Any]:
    for part in path.split("."):
        if not isinstance(content, Mapping) or part not in content:
            return False, None
        content = content[part]
    return True, content
