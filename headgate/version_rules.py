"""Rollout rules on versions and their slots: what runs where, in which image, and what stays as it is."""

from collections.abc import Collection, Iterable

from headgate import duration
from headgate import state as states
from headgate.context import Context
from headgate.moves import Move
from headgate.problems import RuleId, Violation
from headgate.state import Phase, State
from headgate.systems import digest_of


def judge_live_frozen(context: Context) -> Iterable[Violation]:
    """R-08: the live version stays as it is until the rollout ends."""
    previous, proposed = context.previous, context.proposed
    expected: states.Version | None = None
    if previous.phase is Phase.ROLLING_OUT:
        expected = previous.candidate if context.move is Move.PROMOTE else previous.live
    elif previous.phase is Phase.PROMOTED and context.move is Move.BACK:
        expected = previous.standby
    if expected is not None and proposed.live != expected:
        yield Violation(
            RuleId.LIVE_FROZEN,
            f"During a rollout headgate:release.live stays {_name(expected)}.",
            f"{_name(proposed.live)}.",
            "Take the change of the live version out; go back to idle first if the live version needs a fix.",
        )
    yield from _resettled(context, RuleId.LIVE_FROZEN, (proposed.live, proposed.standby))


def judge_candidate_frozen(context: Context) -> Iterable[Violation]:
    """R-09: so does the candidate."""
    previous, proposed = context.previous, context.proposed
    both = previous.phase is Phase.ROLLING_OUT and proposed.phase is Phase.ROLLING_OUT
    if both and proposed.rollout_id == previous.rollout_id and proposed.candidate != previous.candidate:
        yield Violation(
            RuleId.CANDIDATE_FROZEN,
            f"During rollout {previous.rollout_id!r} headgate:release.candidate stays {_name(previous.candidate)}.",
            f"{_name(proposed.candidate)}.",
            "Go back to idle, then start a new rollout with a new version label.",
        )
    if proposed.phase is Phase.ROLLING_OUT and proposed.candidate is None:
        yield Violation(
            RuleId.CANDIDATE_FROZEN,
            f"Step {proposed.step!r} needs headgate:release.candidate.",
            "no candidate.",
            "Name the candidate, or set headgate:step to idle.",
        )
    yield from _resettled(context, RuleId.CANDIDATE_FROZEN, (proposed.candidate,))


def _resettled(context: Context, rule: RuleId, versions: Collection[states.Version | None]) -> Iterable[Violation]:
    """What a slot was created with stays as it is, also outside a rollout."""
    slots = {version.slot for version in versions if version}
    before = {each.slot: each.settings for each in context.previous.created}
    for each in context.proposed.created:
        if each.slot in slots and before.get(each.slot, each.settings) != each.settings:
            yield Violation(
                rule,
                f"What runs in slot {each.slot!r} keeps the settings that it was created with.",
                f"image or settings with digest {each.settings[:12]}, created with {before[each.slot][:12]}.",
                "Take the change of image and settings out, or roll it out as a new candidate with a slot of its own.",
            )


def judge_images(context: Context) -> Iterable[Violation]:
    """R-10."""
    return images(context.proposed)


def images(proposed: State) -> Iterable[Violation]:
    for role, version in (
        ("live", proposed.live),
        ("candidate", proposed.candidate),
        ("standby", proposed.standby),
    ):
        if version is not None and not digest_of(version.image):
            yield Violation(
                RuleId.IMAGES_BY_DIGEST,
                f"headgate:release.{role}.image must end in @sha256: and 64 hex digits.",
                f"{version.image!r}.",
                "Pin the image by the digest the registry shows for it.",
            )
    candidate = proposed.candidate
    if candidate is not None and candidate.image == proposed.live.image:
        yield Violation(
            RuleId.IMAGES_BY_DIGEST,
            "Candidate and live must be different images.",
            f"both are {candidate.image!r}.",
            "Put the new image into headgate:release.candidate.",
        )


def judge_single_active(context: Context) -> Iterable[Violation]:
    """R-11."""
    previous, proposed = context.previous, context.proposed
    if previous.phase is not Phase.ROLLING_OUT or context.move in (Move.BACK, Move.PROMOTE):
        return
    if proposed.rollout_id != previous.rollout_id:
        yield Violation(
            RuleId.SINGLE_ACTIVE,
            f"Rollout {previous.rollout_id!r} is under way at step {previous.step!r}; one at a time.",
            f"rollout {proposed.rollout_id!r}.",
            "Finish it, or set headgate:step to idle to give traffic back, before the next starts.",
        )


def judge_resume(context: Context) -> Iterable[Violation]:
    """R-13: what was taken back is not taken up again."""
    proposed = context.proposed
    if context.move is Move.START and proposed.rollout_id and proposed.rollout_id == context.previous.rolled_back_id:
        yield Violation(
            RuleId.NO_RESUME_AFTER_ABORT,
            f"Rollout {proposed.rollout_id!r} was taken back and may not be resumed.",
            f"step {proposed.step!r} under the same id.",
            "Give the candidate a new version label, or set headgate:release.rollout to a new id.",
        )


def judge_standby(context: Context) -> Iterable[Violation]:
    """R-16: the way back stays open for as long as the plan says."""
    previous, proposed = context.previous, context.proposed
    if context.move is Move.PROMOTE:
        kept_until = context.moment + context.plan.retention
        if proposed.standby != previous.live or (proposed.retain_until or 0) < kept_until:
            yield Violation(
                RuleId.STANDBY_RETAINED,
                f"A promotion keeps the former live version {_name(previous.live)} as headgate:release.standby.",
                f"standby {_name(proposed.standby)}.",
                "Write the former live version into headgate:release.standby.",
            )
        return
    if previous.phase is not Phase.PROMOTED or context.move is Move.BACK:
        return
    until = previous.retain_until or 0
    kept = proposed.standby == previous.standby and (proposed.retain_until or 0) >= until
    if not kept and context.moment < until:
        yield Violation(
            RuleId.STANDBY_RETAINED,
            f"The standby {_name(previous.standby)} is kept until {until} (epoch seconds).",
            f"standby {_name(proposed.standby)}, {duration.show(until - context.moment)} too early.",
            "Wait until the retention is over before the standby or its slot is changed.",
        )


def _name(version: states.Version | None) -> str:
    return "none" if version is None else f"{version.version!r} in {version.slot!r} ({version.image})"
