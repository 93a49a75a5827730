"""Everything `headgate status` tells about one stack, gathered from configuration, record, history and cloud."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from headgate import gates, settings, transition
from headgate.carrier import routed
from headgate.cli import ahead
from headgate.cli.project import Configuration, Project, ProjectError
from headgate.engine import Engine, EngineError, Update
from headgate.evidence.reading import Look, looker
from headgate.gates import GateContext
from headgate.plan import Plan
from headgate.report import GateResult, Live, Report
from headgate.settings import Settings, SettingsError
from headgate.state import State, Unreadable
from headgate.traffic import TrafficError, TrafficPort
from headgate.transition import Transition

OUTPUT = "rollout"  # the stack output that holds the recorded transition

PortFor = Callable[[Settings, Mapping[str, object]], TrafficPort]


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known about a stack. What could not be read is None, and `problems` says why, one line each.

    `settings`: what its file asks for. `last`: the recorded transition; None before the first deployment.
    `known`: the record could be read at all. `live`: the reading of the cloud, `cloud_error` why there is none.
    `now`: epoch seconds of the clock that bakes are counted by.
    """

    stack: str
    settings: Settings | None
    last: Transition | Unreadable | None
    known: bool
    live: Live | None
    cloud_error: str
    update: Update | None
    next: ahead.Next | None
    problems: tuple[str, ...]
    now: int

    @property
    def state(self) -> State | None:
        """The recorded state."""
        return self.last.proposed if isinstance(self.last, Transition) else None

    @property
    def plan(self) -> Plan | None:
        """The plan of the configuration, else the recorded one."""
        if self.settings is not None:
            return self.settings.plan
        return self.last.plan if isinstance(self.last, Transition) else None

    @property
    def empty(self) -> bool:
        """Nothing at all could be read."""
        return self.settings is None and self.last is None and self.live is None

    @property
    def as_asked(self) -> bool | None:
        """Whether the balancer routes what is recorded; None when one of the two is not known."""
        if self.state is None or self.live is None:
            return None
        return routed(self.state.split) == routed(self.live.split)

    @property
    def bake(self) -> tuple[int, int] | None:
        """Seconds the step must stay, and seconds it has stayed; None when no step is under way."""
        if self.state is None or not isinstance(self.last, Transition):
            return None
        plans = [self.last.plan, *([self.settings.plan] if self.settings else [])]
        steps = [step for plan in plans if (step := plan.step(self.state.step))]
        return (max(step.bake for step in steps), self.now - self.state.entered_at) if steps else None


def gather(
    project: Project, stack: str, engine: Engine, port_for: PortFor, now: int, *, look: Look | None = None
) -> Situation:
    """Reads everything about `stack`; never raises for what cannot be read. `look` finds evidence of gates."""
    problems: list[str] = []
    configuration, parsed = _settings(project, stack, problems)
    last, known = _record(engine, stack, problems)
    live, cloud_error = _live(parsed, configuration, port_for)
    following = None
    if parsed is not None and known:
        find = look or looker(project.folder, os.environ)
        following = _next(parsed, last, Report(live, error=cloud_error), now, find)
    return Situation(
        stack=stack,
        settings=parsed,
        last=last,
        known=known,
        live=live,
        cloud_error=cloud_error,
        update=_update(engine, stack, problems) if known else None,
        next=following,
        problems=tuple(problems),
        now=now,
    )


def _settings(project: Project, stack: str, problems: list[str]) -> tuple[Configuration | None, Settings | None]:
    try:
        configuration = project.configuration(stack)
    except ProjectError as error:
        problems.append(str(error))
        return None, None
    try:
        return configuration, settings.parse(configuration.own, configuration.file, gates.KNOWN)
    except SettingsError as error:
        problems.append(str(error))
        return configuration, None


def _record(engine: Engine, stack: str, problems: list[str]) -> tuple[Transition | Unreadable | None, bool]:
    try:
        last = transition.read(engine.output(stack, OUTPUT))
    except EngineError as error:
        problems.append(f"the recorded state cannot be read: {error}")
        return None, False
    if isinstance(last, Unreadable):
        problems.append(f"the recorded state cannot be understood: {last.reason}")
    return last, True


def _live(parsed: Settings | None, configuration: Configuration | None, port_for: PortFor) -> tuple[Live | None, str]:
    if parsed is None or configuration is None:
        return None, "not asked: the configuration does not say which balancer"
    try:
        return port_for(parsed, configuration.others).read_live(), ""
    except TrafficError as error:
        return None, str(error)


def _update(engine: Engine, stack: str, problems: list[str]) -> Update | None:
    try:
        return engine.last_update(stack)
    except EngineError as error:
        problems.append(f"the history cannot be read: {error}")
        return None


def _next(
    parsed: Settings, last: Transition | Unreadable | None, reading: Report, now: int, look: Look
) -> ahead.Next | None:
    def run(names: Sequence[str], state: State, proposed: State) -> tuple[GateResult, ...]:
        context = GateContext(state, parsed.plan, reading.live, reading.error, now, proposed)
        if gates.beforehand(names):
            context = replace(context, findings=look(parsed, state, now))
        return gates.run(names, context)

    return ahead.look(last, parsed, run, live=reading.live, error=reading.error, now=now)
