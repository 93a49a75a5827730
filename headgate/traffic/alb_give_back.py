"""Gives everything back to one slot of a balancer: find, write, read back, and write again what was lost."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from headgate.carrier import routed
from headgate.traffic.alb_errors import code, failures, line
from headgate.traffic.alb_listener import Balancer, Carrier, Rules
from headgate.traffic.alb_way_back import Write, writes
from headgate.traffic.port import GivenBack, TrafficError
from headgate.traffic.retrying import Retrying

ROUNDS = 3  # of writing, while writes are acknowledged and not applied
AGAIN_S = 0.5  # between two of them

# "You must enable group stickiness on a rule if you enabled target stickiness on one of its target groups": not with
# one group only (argoproj/argo-rollouts#1577 has the text).
_STICKY_TARGETS = "InvalidLoadBalancerAction"


@dataclass(frozen=True, slots=True)
class _Seen:
    """A traffic listener and its rules; None: they could not be read."""

    carrier: Carrier
    rules: Rules | None


class GiveBack:
    """One give-back of the balancer called `name`.

    `once`: makes one API call, `once("modify_listener", ListenerArn=...)`. `known`: the traffic listener of an earlier
    reading, for when it cannot be found now.
    """

    def __init__(
        self,
        once: Callable[..., Any],
        retrying: Retrying,
        name: str,
        slots: Sequence[str],
        *,
        cohorts: bool,
        region: str | None,
        known: Carrier | None = None,
    ) -> None:
        self._once = once
        self._retrying = retrying
        self._name = name
        self._region = region
        self._known = known
        self._balancer = Balancer(self._call, name, slots, cohorts=cohorts, without=self._without)
        self._trouble: list[str] = []
        self._failed: list[str] = []
        self._sent = self._arrived = 0

    def run(self, to: str) -> GivenBack:
        """See `TrafficPort.give_back`. Raises what the first reading raised, where nothing could be written."""
        seen = self._find()
        before = after = self._split(seen)
        todo = self._todo(seen, to)
        needed = bool(todo)
        for number in range(ROUNDS):
            if not todo or (number and not self._retrying.wait(AGAIN_S)):
                break
            acknowledged = [self._write(each) for each in todo]
            seen = self._read_back(seen, rules=any("RuleArn" in each.arguments for each in todo))
            after = self._split(seen)
            if not seen or not all(acknowledged):
                break
            todo = self._todo(seen, to)
        return self._result(GivenBack(to, before, after, self._sent, needed))

    def _result(self, plain: GivenBack) -> GivenBack:
        if plain.needed and not self._arrived and not plain.done:
            why = "; ".join(dict.fromkeys(self._failed or self._trouble))
            raise TrafficError(f"the traffic of {self._name!r} cannot be given back: {why}")
        caught = [target for target in routed(plain.after or {}) if target.startswith("rule ")]
        left = [f"{target}: not a rule of Headgate's, left alone; it is met before the split" for target in caught]
        # A write whose answer was lost has arrived when everything is where it should be.
        failed = [] if plain.done else self._failed
        return replace(plain, trouble=(*self._trouble, *failed, *left))

    def _find(self) -> list[_Seen]:
        try:
            found = self._balancer.carriers()
        except failures() as error:
            if self._known is None:
                raise
            self._without("the listener (wrote to the one that was read before)", error)
            found = (self._known,)
        if not found:
            raise self._balancer.absent(self._region, found is not None)
        if len(found) > 1:
            self._trouble.append(f"{len(found)} listeners are tagged as the traffic listener; all were written")
        return [_Seen(carrier, self._rules(carrier)) for carrier in found]

    def _rules(self, carrier: Carrier) -> Rules | None:
        try:
            return self._balancer.rules(carrier)
        except failures() as error:
            self._without("the rules, so those for cohorts", error)
            return None

    def _split(self, seen: Sequence[_Seen]) -> dict[str, int] | None:
        """The split of the first listener, with what others do differently; None when anything of it is unknown."""
        splits = [
            (each.carrier, self._balancer.split(each.carrier, each.rules)) for each in seen if each.rules is not None
        ]
        if not seen or len(splits) < len(seen):
            return None
        (_, whole), *others = splits
        for carrier, split in others:
            if routed(split) != routed(whole):
                port = carrier.listener["Port"]
                whole = whole | {f"listener {port} -> {target}": share for target, share in split.items()}
        return whole

    def _todo(self, seen: Sequence[_Seen], to: str) -> list[Write]:
        todo: list[Write] = []
        for each in seen:
            groups = self._balancer.group_of_slot(each.carrier)
            if to not in groups:
                raise self._balancer.no_group(to, groups)
            todo += writes(each.carrier.listener, each.rules or (), each.carrier.slots, groups, to)
        return todo

    def _write(self, write: Write) -> bool:
        """Whether it was acknowledged."""
        try:
            try:
                self._call(write.operation, **write.arguments)
            except failures() as error:
                if code(error) != _STICKY_TARGETS:
                    raise
                self._call(write.operation, **{**write.arguments, **write.alone})
        except failures() as error:
            self._failed.append(line(error, self._region))
            return False
        self._arrived += 1
        return True

    def _read_back(self, seen: Sequence[_Seen], *, rules: bool) -> list[_Seen]:
        """The same listeners, read anew, and their rules if one was written; nothing when that fails."""
        try:
            carriers = [self._balancer.again(each.carrier) for each in seen]
        except failures() as error:
            self._without("the split after the write", error)
            return []
        return [
            _Seen(carrier, self._rules(carrier) if rules or each.rules is None else each.rules)
            for carrier, each in zip(carriers, seen, strict=True)
        ]

    def _call(self, operation: str, **arguments: Any) -> Any:
        def once() -> Any:
            self._sent += operation.startswith("modify_")
            return self._once(operation, **arguments)

        return self._retrying(once)

    def _without(self, what: str, error: Exception) -> None:
        self._trouble.append(f"could not read {what}: {line(error, self._region)}")
