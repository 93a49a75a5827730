"""`rollback`: traffic first, by the cloud's API alone; then the configuration, the update, and a look at all three.

No step undoes an earlier one, whatever happens, and the end says where users are and with which command to go on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from headgate import return_path
from headgate.carrier import routed, show_split
from headgate.cli.situation import Situation
from headgate.engine import EngineError, Run
from headgate.engine.by_hand import ByHandError, written
from headgate.lifecycle import words
from headgate.lifecycle.edges import Declined, Edges, Proposal
from headgate.lifecycle.outcome import Ended, File
from headgate.lifecycle.rolled_back import VERB, Rollback, asks_for_idle
from headgate.lifecycle.way_back import Found, NoWay, find
from headgate.return_path import NoChoice
from headgate.settings import Settings
from headgate.state import Phase, Version
from headgate.traffic.port import TrafficError, TrafficPort

HISTORY = 200  # updates that are looked through
PACK = "PULUMI_OPTION_POLICY_PACK"
NOTHING = "nothing was changed"
CAREFUL = "Do not run `pulumi up` before: it would send users away again."


@dataclass(frozen=True, slots=True)
class Wanted:
    """`to`: the update whose whole configuration is to be in force. `to_slot`: who gets everybody, where that cannot be
    told. `cancel`: end the update that holds the stack. `traffic_only`: no engine, so no update."""

    reason: str = ""
    to: int | None = None
    to_slot: str | None = None
    traffic_only: bool = False
    cancel: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """What a rollback needs beside the edges of every verb.

    `traffic`: the traffic that settings describe. `may_cancel`: whether somebody agrees to end the update that holds
    the stack. `after` keeps the record of it and returns a line about each thing that it did. `monotonic`: seconds.
    """

    edges: Edges
    traffic: Callable[[Settings, Mapping[str, object]], TrafficPort]
    may_cancel: Callable[[], bool]
    after: Callable[[Rollback], tuple[str, ...]]
    monotonic: Callable[[], float]


def rollback(way: Way, wanted: Wanted | None = None) -> Rollback:
    """Takes everybody back. Never raises for anything that a user, an engine or a cloud can cause."""
    trip = _Trip(way, wanted or Wanted())
    try:
        ended = trip.go()
    except _Over as over:
        ended = over.result
    except EngineError as error:
        ended = trip.broke(str(error))
    except KeyboardInterrupt:
        ended = trip.interrupted()
    return _told(way, replace(ended, seconds=trip.passed))


def _told(way: Way, result: Rollback) -> Rollback:
    """Sent to people and kept; what cannot be is said, and changes nothing."""
    if not result.changed:
        return result
    try:
        result = replace(result, told=way.edges.tell(result.outcome))
        return replace(result, told=(*result.told, *way.after(result)))
    except KeyboardInterrupt:
        return replace(result, told=(*result.told, "interrupted while people were told"))


class _Over(Exception):
    """It ends here."""

    def __init__(self, result: Rollback) -> None:
        super().__init__(result.said)
        self.result = result


class _At(Enum):
    START = auto()
    TRAFFIC = auto()
    FILE = auto()
    UPDATE = auto()
    CHECK = auto()


@dataclass(slots=True)
class _Trip:
    way: Way
    wanted: Wanted
    at: _At = field(default=_At.START, init=False)
    found: Found | None = field(default=None, init=False)
    port: TrafficPort | None = field(default=None, init=False)
    agreed: float | None = field(default=None, init=False)
    result: Rollback = field(init=False)

    def __post_init__(self) -> None:
        edges = self.way.edges
        self.result = Rollback(edges.stack, Ended.FAILED, "", self.wanted.reason, began=edges.clock.now())

    @property
    def edges(self) -> Edges:
        return self.way.edges

    @property
    def passed(self) -> float | None:
        """Seconds since it was agreed to."""
        return None if self.agreed is None else self.way.monotonic() - self.agreed

    def go(self) -> Rollback:
        try:
            with self.edges.progress.phase("who gets everybody"):
                self.found = find(self.edges, self.wanted.to_slot)
        except NoWay as error:
            return replace(self._end(Ended.FAILED, f"{error}; {NOTHING}"), usage=error.usage)
        self._note(*self.found.notes)
        self.result = replace(self.result, target=self.found.target, before=self.found.state)
        try:
            self.edges.confirm(self._proposal(self.found))
        except Declined as answer:
            return self._end(Ended.DECLINED, f"not agreed to: {answer}")
        self.agreed = self.way.monotonic()
        self._give_back(self.found)
        version = self.found.target.version
        stopped = self._file_alone(version) if self.wanted.traffic_only else self._file(version)
        if stopped is not None:
            return stopped
        if self.wanted.traffic_only:
            return self._traffic_only()
        return self._nothing_left(version) or self._update(version)

    def _proposal(self, found: Found) -> Proposal:
        target = found.target
        then = "is changed, and nothing is applied" if self.wanted.traffic_only else "goes back, and `pulumi up` runs"
        lines = (
            f"users: everybody to {target.version.version} in {target.slot} ({target.why})",
            f"then the stack file {then}",
        )
        return Proposal(self.edges.stack, found.settings.production, lines)

    def _give_back(self, found: Found) -> None:
        self.at = _At.TRAFFIC
        try:
            with self.edges.progress.phase(f"traffic to {found.target.slot}"):
                self.port = self.way.traffic(found.settings, found.others)
                given = self.port.give_back(found.target.slot)
        except TrafficError as error:
            self.result = replace(self.result, refused=str(error))
        else:
            self._note(*given.trouble)
            self.result = replace(self.result, given=given, observed=given.after, traffic_seconds=self.passed)
        self.edges.progress.say(self.result.traffic)

    def _file(self, version: Version) -> Rollback | None:
        """Writes the previous good configuration; what ends the rollback, None when it goes on."""
        self.at = _At.FILE
        try:
            now = self.edges.file.values()
        except (OSError, ValueError) as error:
            return self._not_written(str(error), version)
        try:
            with self.edges.progress.phase("the previous good configuration"):
                history = self.edges.engine.history(self.edges.stack, HISTORY)
        except EngineError as error:
            self._note(f"the history cannot be read: {error}")
            return self._file_alone(version) or self._without_engine()
        choice = return_path.previous_good(history, now, version, self.wanted.to)
        if isinstance(choice, NoChoice):
            return self._no_choice(choice, version)
        self.result = replace(self.result, choice=choice)
        try:
            if choice.values or choice.remove:
                self.edges.operator.set_values(self.edges.stack, choice.values, choice.remove)
                self.result = replace(self.result, file=File.CHANGED)
        except EngineError as error:
            self._note(f"pulumi did not write the stack file: {error}")
            return self._file_alone(version)
        return self._checked_file(version)

    def _no_choice(self, choice: NoChoice, version: Version) -> Rollback:
        """The update that was asked for cannot be used: only the way forward is closed."""
        stopped = self._file_alone(version)
        if stopped is not None:
            return stopped
        known = ", ".join(map(str, choice.usable[:5]))
        usable = f"updates that can: {known}" if choice.usable else "no update of the history can be used"
        ended = self._end(Ended.FAILED, f"{choice.why}; the stack file was set to idle, and nothing is applied")
        return replace(ended, reasons=(usable,), then=self._again(to=None))

    def _file_alone(self, version: Version) -> Rollback | None:
        """Writes the stack file without the engine; what ends the rollback, None when it goes on."""
        self.at = _At.FILE
        file = self.edges.file
        try:
            choice = return_path.derived(file.values(), version)
            self.result = replace(self.result, choice=choice)
            if choice.values:
                file.put_back(written(file.text(), choice.values))
                self.result = replace(self.result, file=File.CHANGED)
        except (OSError, ValueError, ByHandError) as error:
            return self._not_written(str(error), version)
        return self._checked_file(version)

    def _checked_file(self, version: Version) -> Rollback | None:
        try:
            values = self.edges.file.values()
        except (OSError, ValueError) as error:
            return self._not_written(str(error), version)
        if asks_for_idle(values) and return_path.live_of(values) == version:
            return None
        return self._not_written("it still asks for something else after it was written", version)

    def _not_written(self, why: str, version: Version) -> Rollback:
        said = f"the stack file could not be changed: {why}"
        do = f"Set headgate:step to idle and headgate:release.live to {version.version} in {version.slot}. {CAREFUL}"
        return replace(self._end(Ended.FAILED, said), reasons=(do,), then=self._again())

    def _without_engine(self) -> Rollback:
        said = "pulumi does not answer, so nothing is applied yet; the stack file asks for idle"
        return replace(self._end(Ended.FAILED, said), then=self._again())

    def _traffic_only(self) -> Rollback:
        if not self._with_target():
            return replace(self._end(Ended.FAILED, "users are not seen to be back"), then=self._again())
        said = "given back; the stack file asks for idle, and nothing is applied yet"
        return replace(self._end(Ended.DONE, said), then=self._again())

    def _with_target(self) -> bool:
        given = self.result.given
        return given is not None and given.done

    def _nothing_left(self, version: Version) -> Rollback | None:
        """An end without an update, when everything is as it should be already."""
        given = self.result.given
        if given is None or given.needed or not given.done or self.result.file is File.CHANGED:
            return None
        self.at = _At.CHECK
        with self.edges.progress.phase("reading back"):
            after = self.edges.look({})
        if after.update is None or after.update.result != "succeeded" or self._wrong(after, version):
            return None
        self._seen(after)
        if after.state is not None and after.state.phase is Phase.ROLLED_BACK:
            return self._end(Ended.DONE, f"rolled back already: {_where(after)}")
        said = f"there is nothing to take back: {_where(after)}"
        return replace(self._end(Ended.DONE, said), idle=True)

    def _update(self, version: Version) -> Rollback:
        """Twice when it fails: a platform may call an update failed that moved the traffic, and the next records it."""
        message = f"{VERB}: {self.wanted.reason or version.version}"
        run, after = self._try(message, refresh=self._somebody_else_moved())
        if run.code != 0 and not (run.interrupted or _held_by_pack(run) or words.locked(run)):
            self.edges.progress.say("the update failed; once more: " + "; ".join(words.last_lines(run)[:1]))
            run, after = self._try(message, refresh=False)
        return self._ended(run, after, version)

    def _try(self, message: str, *, refresh: bool) -> tuple[Run, Situation]:
        """An update, and what is there afterwards. Raises _Over."""
        self.at = _At.UPDATE
        run = self._up(message, refresh)
        self.at = _At.CHECK
        with self.edges.progress.phase("reading back"):
            after = self.edges.look({})
        self._seen(after)
        return run, after

    def _somebody_else_moved(self) -> bool:
        """Whether the split was another than recorded: the engine does not know, and would leave what we wrote."""
        given, state = self.result.given, self.result.before
        if given is None or given.before is None or state is None or not given.needed:
            return False
        return routed(given.before) != routed(state.split)

    def _up(self, message: str, refresh: bool) -> Run:
        edges = self.edges
        run = self._run(message, refresh)
        if run.code == 0 or not words.locked(run):
            return run
        if not self.wanted.cancel and not self.way.may_cancel():
            raise _Over(self._locked())
        with edges.progress.phase("pulumi cancel"):
            done = edges.operator.cancel(edges.stack)
        if done.code != 0:
            ended = self._end(Ended.FAILED, "the update that holds the stack could not be cancelled")
            raise _Over(replace(ended, reasons=words.last_lines(done), then="headgate doctor"))
        self._note("the update that held the stack was cancelled")
        return self._run(message, refresh)

    def _run(self, message: str, refresh: bool) -> Run:
        edges = self.edges
        self.result = replace(self.result, updated=True)
        with edges.progress.phase(f"update ({message})") as note:
            return edges.operator.up(edges.stack, message=message, on_line=note, refresh=refresh)

    def _locked(self) -> Rollback:
        self.result = replace(self.result, updated=False)
        said = "another update holds the stack, or one that was killed left its lock; nothing is applied yet"
        why = "While it runs it may move users again. --cancel ends it (`pulumi cancel`)."
        return replace(self._end(Ended.FAILED, said), reasons=(why,), then=f"{self._again()} --cancel")

    def _ended(self, run: Run, after: Situation, version: Version) -> Rollback:
        wrong = self._wrong(after, version)
        if run.code == 0 and not wrong:
            return self._end(Ended.DONE, f"rolled back: {_where(after)}")
        if run.code == 0:
            result = self._end(Ended.FAILED, f"the update ended well, yet {wrong[0]}")
            return replace(result, reasons=(*wrong[1:], *words.listed(after.problems)), then=self._again())
        ended = Ended.INTERRUPTED if run.interrupted else Ended.FAILED
        what = "the update was interrupted" if run.interrupted else "the update failed"
        then = self._again()
        if _held_by_pack(run):
            what, then = "the policy pack holds the update; the guard judges without it", f"env -u {PACK} {then}"
        elif not after.known:
            then = "headgate doctor"
        said = f"{what}; the stack file asks for idle. {_where(after)}"
        return replace(self._end(ended, said), reasons=words.last_lines(run), then=then)

    def _wrong(self, after: Situation, version: Version) -> tuple[str, ...]:
        """What is not as it should be at the end: record, balancer, or file."""
        found = []
        if after.state is None or (after.state.step, after.state.live) != ("idle", version):
            found.append(f"the record is another ({_where(after)})")
        if after.live is None:
            found.append(f"the split cannot be read ({after.cloud_error})")
        elif routed(after.live.split) != {version.slot: 100}:
            found.append(f"users are elsewhere: {show_split(after.live.split)}")
        try:
            values = self.edges.file.values()
        except (OSError, ValueError) as error:
            return (*found, f"the stack file cannot be read ({error})")
        other = return_path.differing(values, after.update.config) if after.update is not None else ()
        if other:
            found.append(f"the stack file is another than the update ran with: {', '.join(other)}")
        return tuple(found)

    def broke(self, why: str) -> Rollback:
        """Pulumi cannot be run; what can be done without it is done."""
        return replace(self._end(Ended.FAILED, f"pulumi cannot be run: {why}"), then=self._again())

    def interrupted(self) -> Rollback:
        """Ctrl-C, while nothing of the engine was running that ends by itself."""
        if self.at is _At.START:
            return self._end(Ended.INTERRUPTED, f"interrupted; {NOTHING}")
        done = {
            _At.TRAFFIC: "while traffic was given back; whether it arrived is not known",
            _At.FILE: "while the stack file was written; see `git diff`, and nothing is applied",
            _At.UPDATE: "before the update ended; the stack file asks for idle",
            _At.CHECK: "while reading back what was done",
        }
        ended = self._end(Ended.INTERRUPTED, f"interrupted {done[self.at]}")
        if self.at is _At.TRAFFIC and ended.given is None:
            ended = replace(ended, refused=f"not finished; {self._split_now()}")
        reasons = (CAREFUL,) if self.at in (_At.TRAFFIC, _At.FILE) else ()
        return replace(ended, reasons=reasons, then=self._again())

    def _split_now(self) -> str:
        try:
            return f"now {show_split(self.port.read_split())}" if self.port is not None else "no call was made"
        except (TrafficError, KeyboardInterrupt):
            return "the split could not be read"

    def _seen(self, after: Situation) -> None:
        observed = after.live.split if after.live is not None else None
        self.result = replace(self.result, after=after.state, observed=observed)

    def _end(self, ended: Ended, said: str) -> Rollback:
        return replace(self.result, ended=ended, said=said)

    def _note(self, *notes: str) -> None:
        self.result = replace(self.result, notes=(*self.result.notes, *notes))

    def _again(self, **other: int | None) -> str:
        to = other.get("to", self.wanted.to)
        return f"headgate {VERB} --stack {self.edges.stack}" + (f" --to {to}" if to is not None else "")


def _where(after: Situation) -> str:
    return words.where(after.state, after.live.split if after.live is not None else None)


def _held_by_pack(run: Run) -> bool:
    return "[mandatory]" in run.output
