"""What a program registered, before the policy pack: as the engine sends it, secrets marked and dependencies named."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.support.mocks import UNKNOWN, Recorded, Registered, Secret
from tests.support.servicer import UNKNOWN as NOT_KNOWN
from tests.support.servicer import Declared, Diagnostic, secret


def wire(value: Any) -> Any:
    """A recorded input as the engine sends it to the pack."""
    if value is UNKNOWN:
        return NOT_KNOWN
    if isinstance(value, Secret):
        return secret(wire(value.value))
    if isinstance(value, Mapping):
        return {key: wire(item) for key, item in value.items()}
    return [wire(item) for item in value] if isinstance(value, list) else value


def declared(child: Registered, by_urn: Mapping[str, str]) -> Declared:
    """One recorded resource; `by_urn`: URN -> the name under which a resource is declared (`labels`)."""
    depends = {
        key: [by_urn[urn] for urn in sorted(urns) if urn in by_urn] for key, urns in child.property_dependencies.items()
    }
    return Declared(
        child.type,
        by_urn[child.urn],
        wire(child.inputs),
        depends=depends,
        ignore_changes=child.ignore_changes,
        protect=bool(child.protect),
    )


def labels(recorded: Recorded) -> dict[str, str]:
    """A name for each resource that is unique: logical names are so only among resources of a type and a parent."""
    return {each.urn: f"{each.parent.rpartition('::')[2]}.{each.name}.{each.type}" for each in recorded.resources}


def everything(recorded: Recorded) -> list[Declared]:
    """All that a program registered, components included."""
    by_urn = labels(recorded)
    return [declared(each, by_urn) for each in recorded.resources]


def mandatory(found: Sequence[Diagnostic]) -> list[Diagnostic]:
    """What stops a run."""
    return [each for each in found if each.level == "mandatory" and not each.deferred]
