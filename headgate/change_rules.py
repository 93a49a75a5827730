"""The rollout rules that need to see what happens to every resource; ids are in docs/policies.md. Pure and total.

`headgate.transition` judges the transition itself. Nothing here stops a way back but the loss of data.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from headgate import duration, migration
from headgate.changes import PACK, Change, Changes, Kinds, Role, top
from headgate.migration import Migration
from headgate.moves import Move, classify
from headgate.problems import RuleId, Violation
from headgate.state import Phase, State

MOST_NAMED = 5  # resources in one sentence


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule judges by; `now`: epoch seconds."""

    changes: Changes
    previous: State | None
    proposed: State
    now: int
    kinds: Kinds
    migration: Migration | None
    move: Move

    @property
    def raises(self) -> bool:
        """The candidate gets more users than it has."""
        return self.move is not Move.BACK and self.proposed.weight > (self.previous.weight if self.previous else 0)

    @property
    def rolling_out(self) -> bool:
        """A rollout is under way before this update."""
        return self.previous is not None and self.previous.phase is Phase.ROLLING_OUT

    @property
    def retained(self) -> bool:
        """The version that was promoted may still be given up."""
        previous = self.previous
        return previous is not None and previous.phase is Phase.PROMOTED and self.now < (previous.retain_until or 0)

    def named(self, *roles: Role) -> Iterator[Change]:
        """What is touched, of these roles."""
        return (each for each in self.changes.touched if not self.kinds.of(each).isdisjoint(roles))

    def only(self, change: Change, *inputs: frozenset[str]) -> bool:
        """An update of nothing but these inputs, or of what only describes the resource."""
        allowed = self.kinds.labels.union(*inputs)
        return change.op == "update" and bool(change.paths) and all(top(path) in allowed for path in change.paths)


@dataclass(frozen=True, slots=True)
class ChangeRule:
    """One rule on the resources of an update. `binds_going_back`: also judged when traffic is given back."""

    id: RuleId
    judge: Callable[[Context], Iterable[Violation]]
    binds_going_back: bool = False


def check(
    changes: Changes,
    previous: State | None,
    proposed: State,
    now: int,
    *,
    kinds: Kinds,
    migration: Migration | None = None,
) -> tuple[Violation, ...]:
    """Every rule that an update breaks by what it does to resources; empty when it may be made. Never raises.

    `previous`: the recorded state, None before the first deployment. `now`: epoch seconds.
    """
    try:
        context = Context(changes, previous, proposed, now, kinds, migration, classify(previous, proposed))
        applicable = [rule for rule in RULES if context.move is not Move.BACK or rule.binds_going_back]
        return tuple(violation for rule in applicable for violation in rule.judge(context))
    except Exception as error:  # noqa: BLE001 - whatever a value of the wrong shape raises, the answer is no
        return (_unread(f"a value has the wrong shape ({type(error).__name__})"),)


def _unread(problem: str) -> Violation:
    return Violation(
        RuleId.FAIL_CLOSED,
        "What an update would do must be understood before it is made.",
        f"{problem}.",
        "Run headgate preview again. If this stays, look at pulumi preview and make the update in smaller parts.",
    )


def _judge_reading(context: Context) -> Iterable[Violation]:
    return map(_unread, context.changes.problems)


def _judge_data_kept(context: Context) -> Iterable[Violation]:
    for change in context.changes.resources:
        if Role.DATA not in context.kinds.of(change):
            continue
        if change.gone:
            because = f", because of {_listed(change.because)}" if change.because else ""
            yield Violation(
                RuleId.DATA_KEPT,
                "What holds data, or the key to it, is neither deleted nor replaced.",
                f"{_said(change)}{because}.",
                "Take the change back. To move data, make the new resource beside the old one, copy, switch the "
                "readers, and retire the old one by hand, in an update of its own.",
            )
        elif change.unprotected:
            yield Violation(
                RuleId.DATA_KEPT,
                "What holds data keeps its protection against deletion.",
                f"{_called(change)} would no longer be protected.",
                "Leave protect_data of its component true.",
            )


def _judge_kept_version(context: Context) -> Iterable[Violation]:
    slot, why = _kept(context)
    if not slot:
        return
    fix = (
        "Make this change when the rollout has ended, or go back first."
        if context.rolling_out or context.move is Move.START
        else "Wait until the retention is over."
    )
    for change in context.changes.touched:
        roles = context.kinds.of(change)
        part = change.belongs_to(slot) and Role.ALARM not in roles
        if change.gone and (part or Role.CARRIER in roles):
            must = f"Whatever runs {slot!r} stays: {why}."
            yield Violation(RuleId.STANDBY_RETAINED, must, f"{_said(change)}.", fix)
        elif change.belongs_to(slot) and Role.CAPACITY in roles:
            floor = _tasks(context, slot)
            for key, count in _counts(change, context.kinds):
                if count is None or count < floor:
                    shown = "a number that is not known" if count is None else f"{count:g}"
                    must = f"{slot!r} keeps its {floor} tasks: {why}."
                    yield Violation(RuleId.STANDBY_RETAINED, must, f"{key} {shown} on {_called(change)}.", fix)


def _kept(context: Context) -> tuple[str, str]:
    """The slot that traffic may have to go back to, and why; empty when there is none."""
    previous = context.previous
    if previous is None:
        return "", ""
    if context.rolling_out or context.move is Move.START:
        return previous.live.slot, "traffic goes back to it at any time"
    if context.retained and previous.standby is not None:
        left = duration.show((previous.retain_until or 0) - context.now)
        return previous.standby.slot, f"it is the standby for another {left}"
    return "", ""


def _tasks(context: Context, slot: str) -> int:
    before = context.previous.tasks.get(slot, 0) if context.previous else 0
    return context.proposed.tasks.get(slot, before)


def _judge_data_quiet(context: Context) -> Iterable[Violation]:
    if not context.rolling_out and context.move is not Move.START:
        return
    for change in context.named(Role.TIER):
        lost = change.gone and Role.DATA in context.kinds.of(change)  # R-19 says that
        if not lost and not context.only(change):
            yield Violation(
                RuleId.DATA_QUIET,
                "Databases and caches stay as they are while versions change.",
                f"{_said(change)}{_at(change.paths)}.",
                "Make this change in an update of its own, before the rollout starts or after it has ended.",
            )


def _judge_migration(context: Context) -> Iterable[Violation]:
    return migration.judge(context.migration, context.proposed)


_SWITCHES = frozenset({"actionsEnabled", "enabled", "isEnabled", "state"})
_STOPS = frozenset({"disabled", "paused", "suspended"})


def _judge_way_back(context: Context) -> Iterable[Violation]:
    if not (context.rolling_out or context.retained or context.raises):
        return
    for change in context.named(Role.RETURN):
        if change.gone or _switched_off(change):
            found = _said(change) if change.gone else f"{_called(change)} would be switched off"
        elif context.raises and change.op != "create" and not context.only(change):
            found = f"{_said(change)}{_at(change.paths)} in the update that raises the weight"
        else:
            continue
        yield Violation(
            RuleId.WAY_BACK_INTACT,
            "What notices trouble, tells people and gives traffic back stays while it may be needed.",
            f"{found}.",
            "Take the change out. Alarms, topics and the guardian change in an update that moves no traffic.",
        )


def _switched_off(change: Change) -> bool:
    old, new = change.old or {}, change.new or {}
    off = any(old.get(key) != new.get(key) and new.get(key) in (False, "DISABLED") for key in _SWITCHES)
    return off or any(old.get(key) is not True and new.get(key) is True for key in _STOPS)


def _judge_alarms(context: Context) -> Iterable[Violation]:
    if not context.rolling_out:
        return
    for change in context.named(Role.ALARM, Role.MUTE):
        if Role.MUTE in context.kinds.of(change):
            less = [] if change.op == "delete" else ["alarms would be silenced"]
        elif change.gone:
            less = [_verb(change)]
        elif change.op == "create":
            less = []
        elif change.old is None or change.new is None:
            less = ["its inputs are not known"]
        else:
            less = list(context.kinds.weakened(change.type, change.old, change.new))
        if less:
            yield Violation(
                RuleId.ALARMS_KEPT,
                "During a rollout its alarms notice no less than they did when it started.",
                f"{_called(change)}: {'; '.join(less)}.",
                "Take the change out, or go back to idle before alarms are changed. Stricter bounds may come.",
            )


def _judge_pack(context: Context) -> Iterable[Violation]:
    """R-24 is the policy pack's: it alone sees what a program ignores."""
    if context.move in (Move.START, Move.ADVANCE) and PACK not in context.changes.packs:
        yield Violation(
            RuleId.FAIL_CLOSED,
            "The policy pack judges a rollout too; only it sees what a program ignores (R-24).",
            "the engine ran no policy pack of Headgate.",
            "Set PULUMI_OPTION_POLICY_PACK to policies/headgate-policies, as policies/README.md says.",
        )


def _judge_shift_only(context: Context) -> Iterable[Violation]:
    if not context.raises:
        return
    said = (Role.RETURN, Role.MUTE, Role.TIER)  # name these
    others = [
        change
        for change in context.changes.touched
        if not _belongs_to_shift(context, change)
        and (change.op == "create" or context.kinds.of(change).isdisjoint(said))
        and not (change.gone and Role.DATA in context.kinds.of(change))
    ]
    if others:
        yield Violation(
            RuleId.SHIFT_ONLY,
            "An update that raises the weight moves users and the tasks for them, and touches nothing else.",
            f"{_listed([f'{_said(each)}{_at(each.paths)}' for each in others])}.",
            "Set headgate:step back, make the other changes in an update of their own, then advance.",
        )


def _belongs_to_shift(context: Context, change: Change) -> bool:
    roles = context.kinds.of(change)
    if Role.RECORD in roles or context.only(change):
        return True
    if Role.CARRIER in roles:
        return context.only(change, context.kinds.shares)
    if Role.CAPACITY not in roles or not context.only(change, context.kinds.counts):
        return False
    planned = [tasks for slot, tasks in context.proposed.tasks.items() if change.belongs_to(slot)]
    return len(planned) == 1 and all(count == planned[0] for _, count in _counts(change, context.kinds))


def _counts(change: Change, kinds: Kinds) -> Iterator[tuple[str, float | None]]:
    """Inputs that say how many tasks run; None for a number that is not known."""
    old, new = change.old or {}, change.new or {}
    for key in sorted(kinds.counts & {*old, *new}):
        value = new.get(key)
        yield key, value if isinstance(value, int | float) and not isinstance(value, bool) else None


RULES: tuple[ChangeRule, ...] = (
    ChangeRule(RuleId.FAIL_CLOSED, _judge_reading),
    ChangeRule(RuleId.FAIL_CLOSED, _judge_pack),
    ChangeRule(RuleId.STANDBY_RETAINED, _judge_kept_version),
    ChangeRule(RuleId.DATA_KEPT, _judge_data_kept, binds_going_back=True),
    ChangeRule(RuleId.DATA_QUIET, _judge_data_quiet),
    ChangeRule(RuleId.EXPAND_THEN_CONTRACT, _judge_migration),
    ChangeRule(RuleId.WAY_BACK_INTACT, _judge_way_back),
    ChangeRule(RuleId.ALARMS_KEPT, _judge_alarms),
    ChangeRule(RuleId.SHIFT_ONLY, _judge_shift_only),
)


def _called(change: Change) -> str:
    return f"{change.name} ({change.type.rpartition(':')[2]})"


_VERBS = {"create": "created", "update": "updated", "delete": "deleted", "replace": "replaced", "import": "imported"}


def _verb(change: Change) -> str:
    return f"would be {_VERBS.get(change.op, 'changed')}"


def _said(change: Change) -> str:
    return f"{_called(change)} {_verb(change)}"


def _at(paths: Sequence[str]) -> str:
    return f" at {_listed(paths)}" if paths else ""


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
