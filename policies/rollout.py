"""The rollout rules at the engine's door: inputs of resources in, the verdict of the pure core out.

Nothing is decided here. `headgate.transition` judges the change that a Rollout carries, `headgate.carrier` what the
traffic-carrying resources declare. What cannot be read, is not known or cannot be timed is a violation of R-29.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

from headgate import carrier, transition
from headgate.clock import ClockError
from headgate.problems import ON_CHANGES, RuleId, Violation
from headgate.transition import Transition
from policies import run_traffic
from policies.facts import Node, NotKnown, Resource, in_turn
from policies.model import Rule, Settings
from policies.rollout_texts import TEXTS, identifier, number

ROLLOUT = "headgate:index:Rollout"
LISTENER = "aws:lb/listener:Listener"
LISTENER_RULE = "aws:lb/listenerRule:ListenerRule"
SERVICE = "aws:ecs/service:Service"

ROLE_TAG, TRAFFIC = run_traffic.ROLE, run_traffic.TRAFFIC
# ECS: who moves listener weights by itself.
NATIVE_STRATEGIES = frozenset({"BLUE_GREEN", "CANARY", "LINEAR"})
FOREIGN_CONTROLLERS = frozenset({"CODE_DEPLOY", "EXTERNAL"})
PRODUCTION = "production"

NEVER_EXEMPT = frozenset({RuleId.LIVE_FROZEN, RuleId.ABORT_ALWAYS_ALLOWED, RuleId.FAIL_CLOSED})
"""Rules that no configuration can lift: without them a rollout may not be able to go back."""

_INPUTS = ("previous", "unreadable", "proposed", "plan", "report")


class Surroundings(Protocol):
    """What the engine tells about the run, beside the resources."""

    @property
    def environment(self) -> str:
        """The environment whose configuration is in force."""

    def now(self) -> int:
        """Epoch seconds, UTC. Raises ClockError when the clock that is asked for may not run."""


def read(inputs: Node) -> Transition | Violation:
    """The transition that a Rollout's inputs carry, or why there is none to judge. Never raises."""
    try:
        raw = inputs.known()
    except NotKnown as error:
        return transition.unjudged(f"{error.path} is not known at preview")
    found = transition.read(raw)
    if isinstance(found, Transition):
        return found
    return transition.unjudged(found.reason if found else "the Rollout has no inputs")


def judge(inputs: Node, surroundings: Surroundings) -> tuple[Violation, ...]:
    """Every rollout rule that the transition in a Rollout's inputs breaks. Never raises."""
    found = read(inputs)
    if isinstance(found, Violation):
        return (found,)
    try:
        now = surroundings.now()
    except ClockError as error:
        return (transition.unjudged(f"the clock may not be used: {error}"),)
    environment = found.proposed.environment
    if surroundings.environment not in (environment, PRODUCTION):
        reason = f"it is for {environment!r} and the policies in force are those of {surroundings.environment!r}"
        return (transition.unjudged(reason),)
    return transition.check(found.previous, found.proposed, found.plan, now, found.report)


def _weights(resource: Resource) -> Iterator[str]:
    """R-02 on every forward action of a listener or listener rule."""
    inputs = resource.inputs
    carries = inputs.node("tags").text(ROLE_TAG) == TRAFFIC
    actions = inputs.items("defaultActions" if resource.type == LISTENER else "actions")
    forwards = [action for action in actions if action.text("type") == "forward" or action.has("forward")]
    if carries and not forwards:
        yield from _say(carrier.check_weights((), carrier=True))
    yield from in_turn(*(_weights_of(action, carries=carries) for action in forwards))


def _weights_of(action: Node, *, carries: bool) -> Iterator[str]:
    if not action.has("forward"):
        yield from _say(carrier.check_weights((100,), carrier=carries))  # one group by its ARN gets everything
        return
    weights = tuple(group.number("weight") for group in action.node("forward").items("targetGroups"))
    yield from _say(carrier.check_weights(weights, carrier=carries))


def _owner(resource: Resource) -> Iterator[str]:
    """R-25 on an ECS service."""
    inputs = resource.inputs
    controller = inputs.node("deploymentController").text("type")
    strategy = inputs.node("deploymentConfiguration").text("strategy")
    others = [f"deployment controller {controller}"] if controller in FOREIGN_CONTROLLERS else []
    others += [f"deployment strategy {strategy}"] if strategy in NATIVE_STRATEGIES else []
    if any(
        balancer.node("advancedConfiguration").has("alternateTargetGroupArn")
        for balancer in inputs.items("loadBalancers")
    ):
        others.append("an alternate target group")
    yield from _say(carrier.check_owner(others))


def _say(violations: Iterable[Violation]) -> Iterator[str]:
    return (str(violation) for violation in violations)


def rules(surroundings: Surroundings) -> tuple[Rule, ...]:
    """One rule per rollout rule that a policy can judge, in `surroundings`."""
    return tuple(_rule(rule, surroundings) for rule in RuleId if rule not in ON_CHANGES)


def _rule(rule: RuleId, surroundings: Surroundings) -> Rule:
    def check(resource: Resource, _: Settings) -> Iterator[str]:
        if resource.type == ROLLOUT:
            yield from _say(each for each in judge(resource.inputs, surroundings) if each.rule == rule)
        elif resource.type == SERVICE:
            yield from _owner(resource)
        elif resource.type == run_traffic.SERVICE:
            yield from _say(run_traffic.judge(resource, rule))
        else:
            yield from _weights(resource)

    types: set[str] = {ROLLOUT}
    reads: tuple[str, ...] = _INPUTS
    if rule is RuleId.WEIGHTS_SUM_100:
        types |= {LISTENER, LISTENER_RULE, run_traffic.SERVICE}
        reads += ("tags", *_forward_paths("defaultActions"), *_forward_paths("actions"), *run_traffic.READS)
    elif rule is RuleId.ONE_OWNER:
        types |= {SERVICE, run_traffic.SERVICE}
        reads += (
            *run_traffic.READS,
            "template.revision",
            "deploymentController.type",
            "deploymentConfiguration.strategy",
            "loadBalancers.advancedConfiguration.alternateTargetGroupArn",
        )
    text = TEXTS[rule]
    return Rule(
        id=identifier(rule),
        row=number(rule),
        title=text.title,
        description=text.description,
        types=frozenset(types),
        reads=reads,
        check=check,
        remedy=text.remedy,
        severity=text.severity,
        source="project",
        exemptible=rule not in NEVER_EXEMPT,
        speaks_for_itself=True,
        binds_going_back=True,
    )


def _forward_paths(actions: str) -> tuple[str, ...]:
    return (f"{actions}.type", f"{actions}.forward.targetGroups.weight")
