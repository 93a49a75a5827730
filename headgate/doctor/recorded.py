"""Rules about the stack: what Pulumi records of it, against its file and against the cloud."""

import shlex
from collections.abc import Callable, Iterator
from typing import Any

from headgate import duration
from headgate.carrier import show_split
from headgate.doctor.facts import Facts, Lock
from headgate.doctor.finding import Finding, Kind, command, errors, some, unseen
from headgate.return_path import differing
from headgate.state import Phase, Unreadable


def _unread(facts: Facts) -> Iterator[Finding]:
    """What the engine did not give, each reason once."""
    for error in dict.fromkeys(errors(facts)):
        if "no stack named" in error:
            yield Finding(
                Kind.NOT_CREATED,
                error,
                "The backend knows no such stack: it was never made there, or this is another backend "
                f"({facts.backend.value}).",
                f"pulumi stack init {shlex.quote(facts.stack)}",
            )
        elif "failed to load checkpoint" in error:
            yield Finding(
                Kind.CHECKPOINT_UNREADABLE,
                error,
                "An update was killed while it wrote. The checkpoint before it lies beside; what the killed update did "
                f"last is then drift: run {command(facts, 'pulumi', 'refresh')} afterwards.",
                _restore(facts),
            )
        elif "passphrase" not in error:
            yield unseen("what Pulumi records", error, command(facts, "pulumi", "stack", "export"))


def _restore(facts: Facts) -> str:
    if not facts.backup:
        return command(facts, "pulumi", "stack", "import", "--file", f"{facts.stack}.json")
    return shlex.join(["cp", facts.backup, facts.backup.removesuffix(".bak")])


def _record(facts: Facts) -> Iterator[Finding]:
    last = facts.situation.last
    if isinstance(last, Unreadable):
        yield Finding(
            Kind.RECORD_UNREADABLE,
            f"the output `rollout` cannot be understood: {last.reason}",
            "R-29 lets nothing go on. Giving everybody back to the live version writes a record that can be read.",
            command(facts, "headgate", "rollback"),
        )


def _locks(facts: Facts) -> Iterator[Finding]:
    if facts.locks.error:
        yield unseen("locks", facts.locks.error, f"python -m pip install 'fsspec[{facts.store}]'")
    for lock in facts.locks.value or ():
        if lock.alive:
            yield Finding(
                Kind.UPDATE_RUNNING,
                f"{_held(lock)}; that process runs on this machine",
                "Another update is under way; wait for it.",
                command(facts, "headgate", "status", "--watch"),
            )
            continue
        ended = "that process has ended" if lock.alive is False else "whether that process still runs is not known here"
        yield Finding(
            Kind.LOCKED,
            f"{_held(lock)}; {ended}",
            "No update begins while the lock is there."
            + (" Make sure that nobody else's update is running." if lock.alive is None else ""),
            command(facts, "pulumi", "cancel", "--yes"),
        )


def _held(lock: Lock) -> str:
    return f"the stack is locked by {lock.holder} since {lock.since}"


def _update(facts: Facts) -> Iterator[Finding]:
    newest = next(iter(facts.history.value or ()), None)
    if newest is not None and newest.result == "in-progress":
        yield Finding(
            Kind.INTERRUPTED,
            f"the newest {newest.kind} ({newest.message or 'without a message'}) is in progress, by the history",
            "Either it runs, or it was killed. When it is yours and has ended, end it for the backend too.",
            command(facts, "pulumi", "cancel", "--yes"),
        )
    elif newest is not None and newest.result == "failed":
        yield Finding(
            Kind.FAILED,
            f"the newest {newest.kind} ({newest.message or 'without a message'}) failed",
            "It may have stopped half-way. The next update does the rest; "
            f"{command(facts, 'headgate', 'rollback')} gives everybody back instead.",
            command(facts, "pulumi", "up"),
        )
    pending = _pending(facts)
    if pending:
        yield Finding(
            Kind.INTERRUPTED,
            f"an update was interrupted while it was {some(pending)}",
            "Whether that took effect is not known. A refresh asks the cloud; it has to be run on a terminal, for it "
            "asks about what was being created.",
            command(facts, "pulumi", "refresh"),
        )


def _pending(facts: Facts) -> list[str]:
    """`creating name` for each operation that the checkpoint has as begun and not ended."""
    deployment: Any = (facts.checkpoint.value or {}).get("deployment")
    operations = deployment.get("pending_operations") if isinstance(deployment, dict) else None
    found = []
    for each in operations or ():
        urn = str((each.get("resource") or {}).get("urn") or "a resource")
        found.append(f"{each.get('type') or 'changing'} {urn.rpartition('::')[2]}")
    return found


def _split(facts: Facts) -> Iterator[Finding]:
    state, live = facts.situation.state, facts.situation.live
    if state is None or live is None:
        return
    if not live.exists:
        yield Finding(
            Kind.BALANCER_MISSING,
            "the record has a split, and there is no balancer",
            "Somebody deleted it, or this is another account. Look at the account before anything is made anew.",
            command(facts, "pulumi", "up", "--refresh"),
        )
    elif facts.situation.as_asked is False:
        yield Finding(
            Kind.SPLIT_DIFFERS,
            f"recorded is {show_split(state.split)}, the balancer routes {show_split(live.split)}",
            "Somebody else moved the traffic, or an update ended too early. No step is taken before the two agree; "
            f"{command(facts, 'headgate', 'rollback')} gives everybody back instead.",
            command(facts, "pulumi", "up", "--refresh"),
        )


def _drift(facts: Facts) -> Iterator[Finding]:
    if facts.drifted.error:
        yield unseen("drift", facts.drifted.error, command(facts, "headgate", "preview", "--refresh"))
    elif facts.drifted.value:
        yield Finding(
            Kind.DRIFT,
            f"a preview with refresh would change {some(facts.drifted.value)}",
            "The cloud, or the program, is not what the last update left.",
            command(facts, "pulumi", "up", "--refresh"),
        )


def _standby(facts: Facts) -> Iterator[Finding]:
    state, live = facts.situation.state, facts.situation.live
    if state is None or state.phase is not Phase.PROMOTED or state.standby is None:
        return
    if state.retain_until is not None and facts.situation.now >= state.retain_until:
        over = duration.show(facts.situation.now - state.retain_until)
        yield Finding(
            Kind.RETENTION_OVER,
            f"{state.standby.version} was to be kept as standby until {over} ago",
            "It may be retired, which frees its tasks and lets the next rollout have its slot.",
            command(facts, "headgate", "retire"),
        )
        return
    slot = state.standby.slot
    if live is None or not live.exists:
        return
    healthy, kept = live.healthy.get(slot, 0), state.standby_tasks
    other = live.images.get(slot, state.standby.image) != state.standby.image
    if other or healthy < min(1, kept):
        why = "runs another image" if other else f"has {healthy} healthy tasks of {kept}"
        yield Finding(
            Kind.STANDBY_MISSING,
            f"the standby {state.standby.version} in {slot} {why}",
            "The way back from the promotion is not there; a rollback would wait for it.",
            command(facts, "pulumi", "up", "--refresh"),
        )


def _differs(facts: Facts) -> Iterator[Finding]:
    past = next((each for each in facts.history.value or () if each.kind == "update"), None)
    if past is None or facts.values.value is None:
        return
    keys = differing(facts.values.value, past.config)
    if keys:
        yield Finding(
            Kind.CONFIGURATION_DIFFERS,
            f"the stack file differs from the last update ({past.message or 'without a message'}) in {some(keys)}",
            "What the file asks for is not applied; `pulumi up` shows it and asks. When the stack is right and the "
            f"file is not: {command(facts, 'pulumi', 'config', 'refresh')} writes the file anew.",
            command(facts, "pulumi", "up"),
        )


RULES: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    _unread, _locks, _record, _update, _split, _drift, _standby, _differs,
)  # fmt: skip
