"""What an update would do to every resource, as the engine itself foresees it. Pure; reading never raises.

Read from `pulumi preview --json` with PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true: one engine event a line. The engine's
other form, one object at the end, leaves out what policies found (pulumi 3.259, backend/display/json.go).
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

ROLLOUT = "headgate:index:Rollout"
PACK = "headgate"

# Operations of an engine (pulumi 3.259, resource/deploy/step.go); any other is not understood.
QUIET = frozenset({"same", "read", "refresh"})
GONE = frozenset(
    {
        "delete", "replace", "create-replacement", "delete-replaced", "discard", "discard-replaced",
        "read-replacement", "import-replacement", "remove-pending-replace",
    }
)  # fmt: skip
KNOWN = QUIET | GONE | {"create", "update", "import"}

_MARKUP = re.compile(r"<\{%.*?%\}>|\x1b\[[0-9;]*[A-Za-z]")
_PLAIN_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*")


class Role(StrEnum):
    """What a resource is there for, as far as a rollout is concerned."""

    DATA = "data"
    """Holds data, or the key to it: never deleted, never replaced."""
    TIER = "data tier"
    """What the data is served by: left alone during a rollout."""
    CARRIER = "carrier"
    """Splits the users."""
    CAPACITY = "capacity"
    """Says how many tasks run."""
    ALARM = "alarm"
    """Watches a limit."""
    RETURN = "way back"
    """Notices, tells and gives traffic back."""
    MUTE = "mute"
    """Keeps an alarm from telling."""
    RECORD = "record"
    """Where the rollout is."""


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one resource; a replaced one has several operations.

    `paths`: properties that change; `because`: those that replace it. `old`, `new`: its inputs, None where it does not
    exist or the engine did not say. They may hold secrets: nothing of them is ever quoted but numbers and switches.
    `component`: it exists in the program only.
    """

    urn: str
    type: str
    ops: tuple[str, ...]
    paths: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    component: bool = False
    unprotected: bool = False
    old: Mapping[str, Any] | None = field(default=None, repr=False)
    new: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """Its name in the program."""
        return self.urn.rpartition("::")[2]

    @property
    def owners(self) -> tuple[str, ...]:
        """Types of the components that it is part of, the outermost first."""
        chain = self.urn.split("::")
        return tuple(chain[2].split("$")[:-1]) if len(chain) > 3 else ()

    @property
    def quiet(self) -> bool:
        """Nothing happens to it."""
        return set(self.ops) <= QUIET

    @property
    def gone(self) -> bool:
        """It is deleted, or another one takes its place."""
        return not GONE.isdisjoint(self.ops)

    @property
    def op(self) -> str:
        """Its operations in a word: create, update, replace, delete …"""
        if "replace" in self.ops or "create-replacement" in self.ops:
            return "replace"
        return next((op for op in self.ops if op not in QUIET), self.ops[0] if self.ops else "same")

    def belongs_to(self, slot: str) -> bool:
        """Whether it is part of `slot`, by its name: `service-blue`, `log-metrics-blue-errors`."""
        return bool(slot) and f"-{slot}-" in f"-{self.name}-"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a policy found. `blocks`: it stops the update; else it is advice."""

    policy: str
    message: str
    urn: str
    blocks: bool


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A warning or an error of the engine, the program or a guard."""

    severity: str
    message: str
    urn: str


@dataclass(frozen=True, slots=True)
class Changes:
    """A whole preview. `problems`: what could not be understood; then nothing may go on.

    `succeeded`: the engine says so. `counts`: resources by operation. `packs`: names of the policy packs that judged.
    """

    resources: tuple[Change, ...] = ()
    findings: tuple[Finding, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    packs: frozenset[str] = frozenset()
    succeeded: bool = False
    problems: tuple[str, ...] = ()

    @property
    def touched(self) -> tuple[Change, ...]:
        """Resources that something happens to, components and the stack itself left out."""
        return tuple(each for each in self.resources if not each.quiet and not each.component)

    @property
    def rollout(self) -> Change | None:
        """The Rollout, whose new inputs are the transition; None where the preview did not get that far."""
        return next((each for each in self.resources if each.type == ROLLOUT), None)


@dataclass(frozen=True, slots=True)
class Kinds:
    """What the types of resources of a cloud are for; a table of them is an argument, for no cloud is named here.

    `shares`: top-level inputs of a carrier that hold the split. `counts`: top-level inputs that hold a number of tasks.
    `labels`: top-level inputs of any type that only describe it. `watching`: components whose parts all belong to the
    way back. `carries`: whether a resource of a carrier's type, with these inputs, carries the traffic of a rollout.
    `weakened`: how an alarm of this type with the inputs `new` notices less than one with `old`, in words.
    """

    roles: Mapping[str, frozenset[Role]]
    shares: frozenset[str]
    counts: frozenset[str]
    labels: frozenset[str]
    watching: frozenset[str]
    carries: Callable[[Mapping[str, Any]], bool]
    weakened: Callable[[str, Mapping[str, Any], Mapping[str, Any]], Iterable[str]]

    def of(self, change: Change) -> frozenset[Role]:
        """The roles of a resource."""
        roles = self.roles.get(change.type, frozenset())
        if not self.watching.isdisjoint(change.owners):
            roles |= {Role.RETURN}
        if Role.CARRIER in roles and not any(self.carries(inputs) for inputs in (change.old, change.new) if inputs):
            roles -= {Role.CARRIER}
        return roles


def parse(output: str) -> Changes:
    """The preview that the engine printed. Whatever it cannot read is a problem of the result."""
    reading = _Reading()
    for number, line in enumerate(output.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            event = json.loads(line)
        except RecursionError:
            reading.problems.append(f"line {number} of the preview is nested too deeply")
            continue
        except ValueError:
            reading.problems.append(_not_an_event(output, number))
            break
        try:
            reading.take(event if isinstance(event, Mapping) else {})
        except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
            reading.problems.append(f"line {number} of the preview has another shape than expected ({_kind(error)})")
    return reading.result()


class _Reading:
    """Collects events into a `Changes`."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._steps: dict[str, Change] = {}
        self._seen: Counter[str] = Counter()
        self._findings: list[Finding] = []
        self._diagnostics: list[Diagnostic] = []
        self._summary: Mapping[str, Any] | None = None

    def take(self, event: Mapping[str, Any]) -> None:
        """One event; kinds that say nothing of a change are passed over."""
        if (step := event.get("resourcePreEvent")) is not None:
            self._step(step["metadata"])
        elif (found := event.get("policyEvent")) is not None:
            blocks = found["enforcementLevel"] not in ("advisory", "disabled", "none", "warning")
            message = _text(found["message"])
            self._findings.append(Finding(str(found["policyName"]), message, str(found.get("resourceUrn", "")), blocks))
        elif (said := event.get("diagnosticEvent")) is not None:
            # Nothing below a warning: the program's debug lines hold inputs in clear.
            if said["severity"] in ("warning", "error") and not said.get("ephemeral"):
                message = _text(said["message"])
                self._diagnostics.append(Diagnostic(said["severity"], message, str(said.get("urn", ""))))
        elif (summary := event.get("summaryEvent")) is not None:
            self._summary = {**summary, "resourceChanges": dict(summary.get("resourceChanges") or {})}

    def _step(self, step: Mapping[str, Any]) -> None:
        urn, op = str(step["urn"]), str(step["op"])
        self._seen[op] += 1
        if op not in KNOWN:
            self.problems.append(f"the engine would do something unknown to {_name(urn)}: {op[:40]!r}")
        old, new = _state(step, "old"), _state(step, "new")
        before, after = _inputs(old), _inputs(new)
        known = self._steps.get(urn)
        change = Change(
            urn=urn,
            type=str(step["type"]),
            ops=(*(known.ops if known else ()), op),
            paths=_merged(known.paths if known else (), () if op in QUIET else tuple(_paths(step, before, after))),
            because=_merged(known.because if known else (), tuple(map(str, step.get("keys") or ()))),
            component=not (new or old or {}).get("custom", False),
            unprotected=bool((known and known.unprotected) or (_protected(old) and new and not _protected(new))),
            old=before if before is not None else known.old if known else None,
            new=after if after is not None else known.new if known else None,
        )
        self._steps[urn] = change

    def result(self) -> Changes:
        summary = self._summary
        if summary is None:
            if not self.problems:
                self.problems.append("the engine did not say how the preview ended")
            summary = {}
        if summary.get("isPreview") is False:
            self.problems.append("this is what an update did, not a preview")
        if summary.get("maybeCorrupt"):
            self.problems.append("the engine says that the state may be damaged")
        counts = {str(op): count for op, count in summary.get("resourceChanges", {}).items() if isinstance(count, int)}
        for op, count in counts.items():
            if op != "same" and self._seen[op] < count:
                self.problems.append(f"the engine counts {count} x {op[:40]!r}, and showed {self._seen[op]}")
        packs = summary.get("PolicyPacks")
        return Changes(
            resources=tuple(self._steps.values()),
            findings=tuple(self._findings),
            diagnostics=tuple(self._diagnostics),
            counts=counts,
            packs=frozenset(str(each).partition("|")[0] for each in packs)
            if isinstance(packs, Mapping)
            else frozenset(),
            succeeded=summary.get("result") == "succeeded",
            problems=tuple(dict.fromkeys(self.problems)),
        )


def _state(step: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    state = step.get(key)
    if state is not None and not isinstance(state, Mapping):
        raise TypeError(key)
    return state


def _inputs(state: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if state is None:
        return None
    inputs = state.get("inputs") or {}
    if not isinstance(inputs, Mapping):
        raise TypeError("inputs")
    return inputs


def _protected(state: Mapping[str, Any] | None) -> bool:
    return state is not None and state.get("protect") is True


def _paths(step: Mapping[str, Any], old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Iterator[str]:
    """What the provider says that changes, else what differs between the inputs."""
    detailed = [str(path) for path in step.get("detailedDiff") or ()]
    tops = {top(path) for path in detailed}
    yield from detailed
    coarse = [str(key) for key in step.get("diffs") or () if str(key) not in tops]
    yield from coarse
    if not detailed and not coarse and old is not None and new is not None:
        yield from differences(old, new)


def differences(old: object, new: object, path: str = "") -> Iterator[str]:
    """Paths of what differs between two values: `a.b[0]`, `tags["odd key"]`."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*map(str, old), *map(str, new)}):
            if not key.startswith("__"):  # providers keep notes of their own there
                yield from differences(old.get(key), new.get(key), _join(path, key))
    elif _listed(old) and _listed(new) and len(old) == len(new):  # type: ignore[arg-type]
        for position, (before, after) in enumerate(zip(old, new, strict=True)):  # type: ignore[call-overload]
            yield from differences(before, after, f"{path}[{position}]")
    elif old != new:
        yield path


def _listed(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _join(path: str, key: str) -> str:
    if not _PLAIN_KEY.fullmatch(key):
        return f"{path}[{json.dumps(key)}]"
    return f"{path}.{key}" if path else key


def top(path: str) -> str:
    """The input that a path begins with: `tags` of `tags.owner` and of `tags["a.b"]`."""
    return re.split(r"[.\[]", path, maxsplit=1)[0]


def _merged(some: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*some, *more)))


def _text(message: object) -> str:
    return _MARKUP.sub("", str(message)).strip()


def _name(urn: str) -> str:
    return repr(urn.rpartition("::")[2][:80])


def _kind(error: Exception) -> str:
    return f"{type(error).__name__} at {str(error)[:40]}" if isinstance(error, KeyError) else type(error).__name__


def _not_an_event(output: str, number: int) -> str:
    try:
        whole = json.loads(output)
    except (ValueError, RecursionError):
        return f"line {number} of the preview is not JSON"
    if isinstance(whole, Mapping):
        return (
            "the engine printed its short form, which leaves out what policies found; "
            "it has to run with PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true"
        )
    return f"line {number} of the preview is not an event"
