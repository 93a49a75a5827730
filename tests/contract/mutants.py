"""Every secure default switched off, one at a time: which rule refuses it, and how many are refused at all.

`python -m tests.contract.mutants` prints the kill rate as JSON, with what survived.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from tests.contract.mutations_aws import DROPPED, SWITCHED_OFF, UNPROTECTED
from tests.contract.rows import ROWS, Row
from tests.support.drive import drive
from tests.support.judged import everything, mandatory
from tests.support.policy_cases import GONE, changed
from tests.support.servicer import Declared, Pack

PACK = Pack("production")


@dataclass(frozen=True)
class Mutant:
    """One default of a component switched off. `rule`: the policy that is to refuse it."""

    component: str
    kind: str
    what: str
    rule: str
    change: Mapping[str, Any] = field(default_factory=dict)
    only: str = ""
    dropped: bool = False
    unprotected: bool = False

    @property
    def name(self) -> str:
        return f"{self.component}-{self.kind}-{self.what}"


def every() -> tuple[Mutant, ...]:
    """All mutants of components on AWS."""
    return (
        *(
            Mutant(component, kind.partition("/")[0], _what(change), rule, change, kind.partition("/")[2])
            for component, kind, change, rule in SWITCHED_OFF
        ),
        *(Mutant(component, kind, "dropped", rule, dropped=True) for component, kind, rule in DROPPED),
        *(
            Mutant(component, kind, "unprotected", "data-protected", unprotected=True)
            for component, kind in UNPROTECTED
        ),
    )


def _what(change: Mapping[str, Any]) -> str:
    return "+".join(f"{key.rpartition('.')[2]}={_shown(value)}" for key, value in change.items())


def _shown(value: object) -> str:
    text = "gone" if value is GONE else json.dumps(value)
    return text if len(text) <= 24 else "other"


@cache
def _row(component: str) -> Row:
    return next(each for each in ROWS if each.name == component)


@cache
def built(component: str) -> tuple[Declared, ...]:
    """The component with required arguments only, as an update shows it to the pack."""
    return tuple(everything(drive(_row(component).build())))


@cache
def before(component: str) -> frozenset[tuple[str, str]]:
    """What the pack says of it as it is: rules over several resources may miss other components."""
    resources = built(component)
    found = [*(each for one in resources for each in PACK.analyze(one)), *PACK.analyze_stack(resources)]
    return frozenset((each.policy, each.urn) for each in mandatory(found))


def refused_by(mutant: Mutant) -> frozenset[str]:
    """Policies that refuse the mutant, each changed resource for itself: all have to be refused."""
    resources = built(mutant.component)
    targets = [
        each
        for each in resources
        if each.type.rpartition(":")[2] == mutant.kind and f".unit-{mutant.only}" in each.name
    ]
    assert targets, f"{mutant.name}: the component has no such child"
    if mutant.dropped:
        gone = {each.name for each in targets}
        return _new(mutant.component, [_without(each, gone) for each in resources if each not in targets])
    found = [
        _new(mutant.component, [_changed(mutant, each) if each is target else each for each in resources], target)
        for target in targets
    ]
    return frozenset.intersection(*found)


def _without(resource: Declared, gone: set[str]) -> Declared:
    """`resource`, no longer depending on what is gone."""
    depends = {key: [name for name in names if name not in gone] for key, names in resource.depends.items()}
    return replace(resource, depends=depends)


def _changed(mutant: Mutant, target: Declared) -> Declared:
    if mutant.unprotected:
        return replace(target, protect=False)
    inputs = changed(target.inputs, mutant.change)
    depends = {key: names for key, names in target.depends.items() if key in inputs}
    return replace(target, inputs=inputs, depends=depends)


def _new(component: str, resources: list[Declared], target: Declared | None = None) -> frozenset[str]:
    found = PACK.analyze_stack(resources)
    if target is not None:
        found += PACK.analyze(next(each for each in resources if each.urn == target.urn))
    known = before(component)
    return frozenset(each.policy for each in mandatory(found) if (each.policy, each.urn) not in known)


def rate() -> dict[str, Any]:
    """How many mutants there are on both clouds, how many of them are refused, and which are not."""
    from tests.contract import test_google_policies as google  # its table, which tests it one by one

    alive = [mutant.name for mutant in every() if not refused_by(mutant)]
    alive += [f"{kind}-{_what(change)}" for component, kind, change, _ in google.SWITCHED_OFF
              if not google.is_refused(component, kind, change)]  # fmt: skip
    total = len(every()) + len(google.SWITCHED_OFF)
    return {"mutants": total, "killed": total - len(alive), "rate": (total - len(alive)) / total, "survived": alive}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(rate()) + "\n")
