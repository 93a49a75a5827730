"""The recorded state of a rollout: what it was, what the configuration makes of it, and the proof that it happened.

The record is the stack output `rollout`. It is taken from the live split, read back after the traffic carrier was
registered, and not from the configuration: an update that was vetoed or not applied leaves the old record.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi

from headgate import carrier, gates, report, transition
from headgate.evidence.reading import Look, looker
from headgate.moves import Move, classify
from headgate.settings import Settings
from headgate.state import Phase, Recorded
from headgate.traffic.port import TrafficError, TrafficPort
from headgate.transition import Transition

OUTPUT = "rollout"
READINGS = 3  # a control plane may answer with the old split for a moment after a write
BETWEEN_READINGS = 1.0  # seconds


def outputs(wait: Callable[[float], None] = time.sleep) -> Mapping[str, Any]:
    """This stack's last outputs; empty before the first deployment.

    To be called before anything is registered. It asks the function behind `StackReference`: the resource would keep a
    copy of the outputs in the state, which is one update old and shows as drift in every refresh.
    Raises pulumi.RunError when the backend cannot be read.
    """
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    for attempt in range(READINGS):
        try:
            answer = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": name}).value
        except Exception as error:  # noqa: BLE001 - the SDK raises its bare base class
            # A file that is being written (the stack itself is registered at this moment) reads as cut off.
            if attempt + 1 == READINGS:
                raise pulumi.RunError(f"the recorded state of stack {name} cannot be read: {error}") from None
            wait(BETWEEN_READINGS)
        else:
            return (answer or {}).get("outputs") or {}
    return {}


def decide(raw: object, settings: Settings, port: TrafficPort, now: int, look: Look | None = None) -> dict[str, Any]:
    """The transition from the record `raw` to what `settings` ask for, with the readings it must rest on.

    Nothing is read from the cloud when nothing changes, nor when traffic is given back: a rollback waits for nobody.
    `look` finds the evidence of gates that ran beforehand; it is asked only when there are such gates.
    """
    last = transition.read(raw)
    change = transition.resolve(last, settings.asked, settings.plan, now)
    if change is not last and _move(change) is not Move.BACK:
        change = replace(change, report=_observe(change, settings, port, now, look))
    return transition.to_dict(change)


def gives_back(change: Mapping[str, Any]) -> bool:
    """Whether traffic is given back by this transition, or was by the last one: then nothing new may be created."""
    read = transition.from_dict(change)
    return _move(read) is Move.BACK or read.proposed.phase is Phase.ROLLED_BACK


def _move(change: Transition) -> Move:
    previous = change.previous
    return classify(previous.state if isinstance(previous, Recorded) else None, change.proposed)


def _observe(change: Transition, settings: Settings, port: TrafficPort, now: int, look: Look | None) -> report.Report:
    live, error = None, ""
    try:
        live = port.read_live()
    except TrafficError as failure:
        error = str(failure)
    results: tuple[report.GateResult, ...] = ()
    names = transition.needs(change)
    if names and isinstance(change.previous, Recorded):
        state = change.previous.state
        context = gates.GateContext(state, change.plan, live, error, now, change.proposed)
        if gates.beforehand(names):
            # Pulumi runs the program in the folder of Pulumi.yaml.
            find = look or looker(Path.cwd(), os.environ)
            context = replace(context, findings=find(settings, state, now))
        results = gates.run(names, context)
    return report.Report(live, results, error)


def confirm(
    change: Mapping[str, Any],
    port: TrafficPort,
    written: bool,
    wait: Callable[[float], None] = time.sleep,
) -> Mapping[str, Any]:
    """`change` itself, once the balancer is seen to route as it says.

    `written`: the provider was asked to write the carrier in this update. If the split then differs, the update fails,
    for a success message is not a proof. If nothing was written and the split differs (an earlier write was lost, or
    somebody changed it), the split that is declared anyway is written again and read once more. So it is when traffic
    is given back: rules for cohorts that are no longer declared are gone only after the program has ended.
    Raises pulumi.RunError with the asked and the observed split.
    """
    asked = transition.from_dict(change).proposed
    observed = _read(port, asked.split, wait)
    if _differs(asked.split, observed) and (not written or gives_back(change)):
        pulumi.log.warn(
            f"the balancer routes {carrier.show_split(observed)}, not {carrier.show_split(asked.split)} as declared; "
            "writing the declared split again"
        )
        try:
            candidate = asked.candidate.slot if asked.candidate else None
            port.write_split(asked.split, asked.stickiness, candidate)
        except TrafficError as failure:
            raise pulumi.RunError(f"the declared split could not be written again: {failure}") from None
        observed = _read(port, asked.split, wait)
    if _differs(asked.split, observed):
        raise pulumi.RunError(
            f"the split was not applied: asked {carrier.show_split(asked.split)}, observed "
            f"{carrier.show_split(observed)}. The recorded state stays as it was. Run pulumi up again to repair it."
        )
    return change


def _read(port: TrafficPort, asked: Mapping[str, int], wait: Callable[[float], None]) -> dict[str, int]:
    """The live split, read again a few times while it is not the asked one."""
    split: dict[str, int] = {}
    for reading in range(READINGS):
        try:
            split = dict(port.read_split())
        except TrafficError as failure:
            raise pulumi.RunError(
                f"the live split could not be read back: {failure}. The recorded state stays as it was. "
                "Run pulumi up again when the cloud API answers."
            ) from None
        if not _differs(asked, split):
            break
        if reading + 1 < READINGS:
            wait(BETWEEN_READINGS)
    return split


def _differs(asked: Mapping[str, int], observed: Mapping[str, int]) -> bool:
    return carrier.routed(asked) != carrier.routed(observed)


def confirmed(
    change: Mapping[str, Any],
    carrier_actions: pulumi.Output[Any],
    port: TrafficPort,
    written: Callable[[], bool],
) -> pulumi.Input[Mapping[str, Any]]:
    """`change`, resolved only after the carrier was registered and its live split was confirmed (in updates).

    `carrier_actions`: known once everything that routes users was written, the carrier and what stands beside it.

    In a preview nothing was written, so the proposed record is shown as it is.
    """
    if pulumi.runtime.is_dry_run():
        return change
    return carrier_actions.apply(lambda _: confirm(change, port, written()))
