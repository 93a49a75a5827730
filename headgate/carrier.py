"""Rules on the resource that carries the traffic, as it is declared: its weights, its stickiness, its single owner."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from headgate import cohorts, duration
from headgate.problems import RuleId, Violation
from headgate.state import Phase, State

Share = TypeVar("Share")

BY_NAME = "REVISION"  # how the kind of an entry ends that names its revision; the others follow the newest one


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a split by named revisions, as declared: any value may be missing (None) or of the wrong type.

    `share` is in per cent, where None means 0. `kind` says what the entry follows (`..._REVISION`, `..._LATEST`).
    """

    revision: object
    share: object
    kind: object


def check_weights(weights: Sequence[object], *, carrier: bool) -> tuple[Violation, ...]:
    """R-02 on one forward action: `weights` per target group as declared, None where a group has none.

    Every weight a whole number from 0 to 100, together 100 (a balancer takes ratios, so 1 and 1 would mean 50/50).
    The traffic carrier (`carrier`) always names exactly two groups, also when one gets nothing.
    """
    problems = []
    shown = "/".join("none" if weight is None else str(_plain(weight)) for weight in weights)
    numbers = [_plain(weight) for weight in weights]
    if not all(isinstance(number, int) and 0 <= number <= 100 for number in numbers):
        problems.append("every weight must be a whole number from 0 to 100")
    elif sum(number for number in numbers if isinstance(number, int)) != 100:
        problems.append("the weights must sum to 100")
    if carrier and len(weights) != 2:
        problems.append("the traffic listener must forward to exactly two target groups")
    return tuple(
        Violation(
            RuleId.WEIGHTS_SUM_100,
            f"In a forward action {problem}.",
            f"weights {shown or 'none'}.",
            "Let Headgate derive the weights from headgate:step; do not write them by hand.",
        )
        for problem in problems
    )


def check_split(observed: Mapping[str, object], proposed: State) -> tuple[Violation, ...]:
    """R-05: the carrier declares, by slot, the weights the proposed state asks for. Slots with 0 may be left out."""
    asked = routed(proposed.split)
    declared = routed({slot: _plain(weight) for slot, weight in observed.items()})
    if declared == asked:
        return ()
    return (
        Violation(
            RuleId.WEIGHT_MATCHES_PLAN,
            f"At step {proposed.step!r} the traffic carrier must route {show_split(asked)}.",
            f"{show_split(declared)}.",
            "Let the carrier take its shares from the plan and the step.",
        ),
    )


def check_cohort_rule(
    position: object, values: Sequence[object], split: Mapping[str, object], proposed: State
) -> tuple[Violation, ...]:
    """R-05 on one of the rules that split users by cohort: it matches and routes what the proposed state asks for.

    `position`: its place among them, from 0; `values`: what it matches; `split`: slot -> weight, as declared.
    """
    layout = cohorts.layout(proposed.weight)
    place = _plain(position)
    if not isinstance(place, int) or not 0 <= place < len(layout):
        must, found = f"There are {len(layout)} rules for cohorts, in a fixed order.", f"a rule at place {place}."
    else:
        rule = layout[place]
        to = proposed.candidate if rule.candidate and proposed.candidate else proposed.live
        declared = routed({slot: _plain(weight) for slot, weight in split.items()})
        if tuple(values) == rule.values and declared == {to.slot: 100}:
            return ()
        must = f"At step {proposed.step!r} rule {place} for cohorts must send {', '.join(rule.values)} to {to.slot}."
        found = f"{', '.join(map(str, values)) or 'nothing'} to {show_split(declared)}."
    return (
        Violation(
            RuleId.WEIGHT_MATCHES_PLAN,
            must,
            found,
            "Let the rules for cohorts take their values from the plan and the step.",
        ),
    )


def missing_cohort_rules(places: str) -> Violation:
    """R-05 where some of the rules that split users by cohort are not declared; `places`: which ones, in words."""
    return Violation(
        RuleId.WEIGHT_MATCHES_PLAN,
        "Users are split by all of the rules for cohorts, at every step, or by none of them.",
        f"no rule with priority {places}.",
        "Declare the rules for cohorts as the LoadBalancer component does.",
    )


def check_cohort_cookie(enabled: object) -> tuple[Violation, ...]:
    """R-27 on a rule that splits users by cohort: the cohort alone says where its user goes, never a cookie."""
    if enabled is not True:
        return ()
    return (
        Violation(
            RuleId.STICKINESS_BOUNDED,
            "A rule for cohorts must hold nobody by a cookie: it would keep users where the weight does not.",
            "stickiness on.",
            "Switch stickiness of the rule off; headgate:plan.stickiness is for users without a cohort.",
        ),
    )


def check_stickiness(enabled: object, seconds: object, proposed: State, bake: int) -> tuple[Violation, ...]:
    """R-27: while both versions get traffic, a cookie may hold a user no longer than the step's `bake` (seconds).

    At weights 0 and 100 stickiness must be off.
    """
    if enabled is not True:
        return ()
    held = _plain(seconds)
    both = proposed.phase is Phase.ROLLING_OUT and 0 < proposed.weight < 100
    if both and isinstance(held, int) and held <= bake:
        return ()
    expected = f"at most the bake of step {proposed.step!r}, {duration.show(bake)}," if both else "off"
    return (
        Violation(
            RuleId.STICKINESS_BOUNDED,
            f"Stickiness of the traffic listener must be {expected} or a cookie keeps users where the weight does not.",
            f"{held} s." if held is not None else "stickiness without a duration.",
            "Set headgate:plan.stickiness no longer than the shortest bake, or remove it.",
        ),
    )


def check_entries(entries: Sequence[Entry], template: object) -> tuple[Violation, ...]:
    """R-02 and R-25 on a split by named revisions; `template` is the name that the next revision is to get.

    An entry without a name, or a template without one, lets a new revision take traffic as soon as it exists.
    """
    found = [_unnamed(entry) for entry in entries if not _named(entry)]
    if not (isinstance(template, str) and template):
        found.append("a template whose revision has no name")
    owners = tuple(
        Violation(
            RuleId.ONE_OWNER,
            "Traffic goes to revisions by name; nothing may follow the newest one.",
            f"{what}.",
            "Name the revision in the template and in every traffic entry.",
        )
        for what in found
    )
    return (*_sum_of_entries(entries), *owners)


def check_revisions(
    entries: Sequence[Entry], template: object, proposed: State, previous: State | None
) -> tuple[Violation, ...]:
    """Everything about a split by named revisions: `check_entries`, R-05 and R-18.

    R-05: the declared shares are those of `proposed`, and no entry and no template names a revision that is none of
    its slots. R-18: a revision that this update creates (`previous` does not know it) gets no traffic yet.
    """
    problems = list(check_entries(entries, template))
    shares: dict[str, object] = {}
    for entry in entries:
        name, share = str(entry.revision), _share(entry)
        before = shares.get(name, 0)
        if isinstance(before, int):  # else a share that is no number, and it stays visible
            shares[name] = before + share if isinstance(share, int) else share
    problems += check_split(shares, proposed)
    slots = proposed.split.keys()
    unknown = [name for name in shares if name not in slots and not shares[name]]
    # A template that is kept while traffic is given back may name a candidate that is named nowhere else by now;
    # and one that is named, but whose rollout has not begun, must not be created yet.
    if isinstance(template, str) and template and template not in (proposed.known_slots or slots):
        unknown.append(template)
    if unknown:
        problems.append(
            Violation(
                RuleId.WEIGHT_MATCHES_PLAN,
                f"Only the revisions of the rollout may be named: {', '.join(sorted(slots))}.",
                f"{', '.join(dict.fromkeys(unknown))}.",
                "Let the service take revisions and shares from the state of the rollout.",
            )
        )
    if previous is not None and shares.get(str(template)) and str(template) not in previous.known_slots:
        problems.append(
            Violation(
                RuleId.CANDIDATE_READY,
                "A revision is created at 0 % by one update and gets traffic in a later one.",
                f"{shares[str(template)]} % for the new revision {template}.",
                "Begin headgate:plan.steps with a step of weight 0.",
            )
        )
    return tuple(problems)


def _sum_of_entries(entries: Sequence[Entry]) -> tuple[Violation, ...]:
    shares = [_share(entry) for entry in entries]
    times = Counter(str(entry.revision) for entry in entries if _named(entry))
    problems = []
    if not all(isinstance(share, int) and 0 <= share <= 100 for share in shares):
        problems.append("every share must be a whole number from 0 to 100")
    elif sum(share for share in shares if isinstance(share, int)) != 100:
        problems.append("the shares must sum to 100")
    if any(count > 1 for count in times.values()):
        problems.append("a revision must be named once")
    shown = ", ".join(f"{entry.revision or 'unnamed'} {_share(entry)}" for entry in entries) or "no entry"
    return tuple(
        Violation(
            RuleId.WEIGHTS_SUM_100,
            f"In a split {problem}.",
            f"{shown}.",
            "Let Headgate derive the shares from headgate:step; do not write them by hand.",
        )
        for problem in problems
    )


def _named(entry: Entry) -> bool:
    by_name = isinstance(entry.kind, str) and entry.kind.endswith(BY_NAME)
    return by_name and isinstance(entry.revision, str) and bool(entry.revision)


def _unnamed(entry: Entry) -> str:
    name = entry.revision if isinstance(entry.revision, str) and entry.revision else "no revision"
    return f"an entry of kind {entry.kind or 'none'} for {name}"


def _share(entry: Entry) -> object:
    return 0 if entry.share is None else _plain(entry.share)


def check_owner(others: Sequence[str]) -> tuple[Violation, ...]:
    """R-25: nobody but the plan moves the weights. `others`: who else would, in words."""
    if not others:
        return ()
    return (
        Violation(
            RuleId.ONE_OWNER,
            "Exactly one owner may move the traffic of a service; here it is the plan.",
            f"{', '.join(others)} on the service.",
            "Let the service only replace its own tasks and leave the weights to headgate:step.",
        ),
    )


def routed(split: Mapping[str, Share]) -> dict[str, Share]:
    """`split` without those that get nothing, to compare one with another: a slot with 0 may be left out."""
    return {target: share for target, share in split.items() if share}


def show_split(split: Mapping[str, object]) -> str:
    """`blue 90, green 10`, slots in order of name."""
    return ", ".join(f"{slot} {weight}" for slot, weight in sorted(split.items())) or "nothing"


def _plain(value: object) -> object:
    """Pulumi sends every number as a float: 10.0 is 10. Booleans are not numbers here."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return repr(value) if isinstance(value, bool) else value
