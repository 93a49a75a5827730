"""May the recorded state become the proposed one? The rollout rules, as one pure and total function.

Rule ids and predicates: docs/policies.md. A transition is judged at the time its proposed state was made
(`State.changed_at`), so that an update without a change, which carries the last transition again, is judged as it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headgate import plan as plans
from headgate import plan_rules, rules, time_rules, version_rules
from headgate import report as reports
from headgate import state as states
from headgate.context import Context
from headgate.moves import Move, classify
from headgate.plan import IDLE, Plan
from headgate.problems import RuleId, Violation
from headgate.report import Report
from headgate.rules import RULES
from headgate.state import Asked, Recorded, State, Unreadable


@dataclass(frozen=True, slots=True)
class Transition:
    """A previous state, the proposed one, the plan and what was known: judged, shown in a diff, and recorded."""

    previous: Recorded | Unreadable | None
    proposed: State
    plan: Plan
    report: Report

    @property
    def recorded(self) -> Recorded:
        return Recorded(self.proposed, self.plan)


def resolve(last: Transition | Unreadable | None, asked: Asked, plan: Plan, now: int) -> Transition:
    """The transition a configuration asks for; `last` is the one that made the recorded state.

    When nothing changes, that is `last` itself, so that an update without a change has no difference to show.
    The report of a new transition is empty; the caller fills it (`needs`).
    """
    if isinstance(last, Unreadable):
        return Transition(last, states.propose(None, asked, plan, now), plan, Report())
    previous = last.proposed if last else None
    proposed = states.propose(previous, asked, plan, now)
    if last is not None and proposed is previous:
        return last
    return Transition(last.recorded if last else None, proposed, plan, Report())


def needs(transition: Transition) -> tuple[str, ...]:
    """Names of the gates whose results the transition must carry. Going back and staying need none."""
    previous = transition.previous
    if not isinstance(previous, Recorded):
        return ()
    move = classify(previous.state, transition.proposed)
    if move not in (Move.ADVANCE, Move.PROMOTE):
        return ()
    return rules.gates_to_leave(previous, transition.proposed, transition.plan)


def check(
    previous: Recorded | Unreadable | None, proposed: State, plan: Plan, now: int, report: Report
) -> tuple[Violation, ...]:
    """Every rollout rule that the change from `previous` to `proposed` breaks; empty when it may be made.

    `previous` is None on the first deployment. `now` (epoch seconds) only bounds the stamps: nothing may come from the
    future. Never raises. Going back is judged only by the rules that keep it a real rollback
    (`context.Rule.binds_going_back`).
    """
    try:
        return _check(previous, proposed, plan, now, report)
    except Exception as error:  # noqa: BLE001 - whatever a value of the wrong shape raises, the answer is no
        return (unjudged(f"a value has the wrong shape ({type(error).__name__}: {error})"),)


def _check(
    previous: Recorded | Unreadable | None, proposed: State, plan: Plan, now: int, report: Report
) -> tuple[Violation, ...]:
    if not isinstance(previous, Recorded):
        return _check_without_record(previous, proposed, plan, now, report)
    move = classify(previous.state, proposed)
    context = Context(previous.state, previous.plan, proposed, plan, now, report, move)
    applicable = [rule for rule in RULES if move is not Move.BACK or rule.binds_going_back]
    return tuple(violation for rule in applicable for violation in rule.judge(context))


_BEGIN = "Set headgate:step to idle, make headgate:release.live what users get now, and run the update again."
_RESTORE = "Restore access to the cloud API (credentials, network, endpoint), then run the update again."


def _check_without_record(
    previous: Unreadable | None, proposed: State, plan: Plan, now: int, report: Report
) -> tuple[Violation, ...]:
    """A first deployment, or a record that cannot be read: only `idle`, and never away from where the users are."""
    found = [*plan_rules.wellformed(plan), *rules.weights(proposed), *version_rules.images(proposed)]
    known = f"the record cannot be read ({previous.reason})" if previous else "no state is recorded"
    live = report.live
    faults = []
    if proposed.step != IDLE or proposed.weight != 0:
        faults.append(("only step idle may be asked for", f"step {proposed.step!r} while {known}", _BEGIN))
    if live is None:
        reading = report.error or "no reading was made"
        what = f"{known}, and the cloud could not be read: {reading}"
        faults.append(("the live split must be readable", what, _RESTORE))
    elif live.exists and not _lands_safely(proposed, live):
        split, slot = rules.show_split(live.split), proposed.live.slot
        found_here = f"{known}; the balancer sends {split} and slot {slot!r} has no healthy task"
        faults.append(("traffic may not be moved to a version that is not serving", found_here, _BEGIN))
    elif previous is not None and not live.exists:
        faults.append(("there must be something to read", f"{known}, and the traffic carrier does not exist", _BEGIN))
    for must, what, fix in faults:
        found.append(Violation(RuleId.FAIL_CLOSED, f"Without a recorded state {must}.", f"{what}.", fix))
    if proposed.changed_at > now:
        found.append(time_rules.from_the_future(proposed.changed_at, now))
    return tuple(found)


def _lands_safely(proposed: State, live: reports.Live) -> bool:
    slot = proposed.live.slot
    return live.split.get(slot) == 100 or live.healthy.get(slot, 0) >= 1


def unjudged(reason: str) -> Violation:
    """R-29 for inputs that cannot be judged at all."""
    return Violation(
        RuleId.FAIL_CLOSED,
        "A transition must be readable and known before anything changes.",
        f"{reason}.",
        "Run the update with Headgate's own program; if the recorded state is damaged, set headgate:step to idle.",
    )


def to_dict(transition: Transition) -> dict[str, Any]:
    """`transition` as plain JSON values; the form of the stack output and of the `Rollout` component's inputs."""
    previous = transition.previous
    return {
        "previous": _previous_to_dict(previous, transition.plan) if isinstance(previous, Recorded) else None,
        "unreadable": previous.reason if isinstance(previous, Unreadable) else None,
        "proposed": states.to_dict(transition.proposed),
        "plan": plans.to_dict(transition.plan),
        "report": reports.to_dict(transition.report),
    }


def _previous_to_dict(previous: Recorded, plan: Plan) -> dict[str, Any]:
    """A plan that did not change is left out, so that a diff shows the step and not the plan twice."""
    changed = previous.plan != plan
    return {"state": states.to_dict(previous.state), "plan": plans.to_dict(previous.plan) if changed else None}


def from_dict(raw: Mapping[str, Any]) -> Transition:
    """A transition from `to_dict`'s form. Raises KeyError, TypeError, ValueError or AttributeError on another shape."""
    previous: Recorded | Unreadable | None = None
    if raw.get("previous") is not None:
        before = raw["previous"]
        previous = Recorded(states.from_dict(before["state"]), plans.from_dict(before.get("plan") or raw["plan"]))
    elif raw.get("unreadable") is not None:
        previous = Unreadable(str(raw["unreadable"]))
    return Transition(
        previous=previous,
        proposed=states.from_dict(raw["proposed"]),
        plan=plans.from_dict(raw["plan"]),
        report=reports.from_dict(raw.get("report")),
    )


def read(raw: object) -> Transition | Unreadable | None:
    """The recorded transition: None when nothing is recorded, Unreadable when it cannot be understood. Never raises."""
    if raw is None:
        return None
    if not isinstance(raw, Mapping):
        return Unreadable(f"it is a {type(raw).__name__}, not a mapping")
    try:
        return from_dict(raw)
    except KeyError as error:
        return Unreadable(f"it has no {error}")
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        return Unreadable(str(error))
