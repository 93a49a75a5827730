"""Create, read, update and delete over the table. Knows no service and no type."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from sandbox.plugins import differ
from sandbox.plugins.aws.clients import CloudError
from sandbox.plugins.aws.codecs import search, settled
from sandbox.plugins.aws.rows import Asked, Call, Cloud, Row, Target, Values
from sandbox.plugins.records import HalfMade, Made, Record
from sandbox.plugins.values import DEFAULTS, UNKNOWN

# Runs an operation of a service: (service, operation, region, parameters) -> answer.
Runner = Callable[..., dict[str, Any]]


class NotDeleted(Exception):
    """A delete was refused; the message says which and why."""


class Engine:
    """region, account: those of the provider."""

    def __init__(self, run: Runner, region: str, account: str) -> None:
        self._run = run
        self._region = region
        self._account = account

    def create(self, row: Row, inputs: Values) -> Made:
        """Raises CloudError; HalfMade when the object was created and a later call failed."""
        target = self._target("", inputs)
        call = row.create_call(target)
        cloud = self._cloud(row, target)
        found = search(row.made, cloud(call.operation, **call.params))
        target = replace(target, id=row.identity(found, target), found=found or {})
        target = replace(target, state=self._first_outputs(row, target))
        try:
            self._carry_out(cloud, row.writes_on_create(target))
            return self._settle(row, target, cloud)
        except CloudError as refused:
            raise HalfMade(self._half(row, target, cloud), refused) from refused

    def read(self, row: Row, record: Record) -> Made | None:
        """The resource as it is; None when it is gone."""
        target = self._target(record.id, record.inputs, state=record.state)
        found = self._find(row, target, self._cloud(row, target))
        return None if found is None else self._made(row, target, found)

    def update(self, row: Row, record: Record, inputs: Values) -> Made:
        """Bring the resource to `inputs`. Raises CloudError and Unremovable."""
        changed = frozenset(change.key for change in changes(row, record, inputs))
        # The state may be newer than the inputs: it is what the calls must start from.
        old = {name: record.state.get(name, value) for name, value in record.inputs.items()}
        target = self._target(record.id, inputs, old, record.state)
        cloud = self._cloud(row, target)
        self._carry_out(cloud, row.writes_on_update(target, changed))
        return self._settle(row, target, cloud)

    def delete(self, row: Row, record: Record) -> None:
        """Remove the resource; no complaint when it is gone already. Raises NotDeleted."""
        target = self._target(record.id, record.inputs, state=record.state)
        cloud = self._cloud(row, target)
        try:
            self._carry_out(cloud, row.clear(cloud, target))
            self._carry_out(cloud, row.delete(target))
        except CloudError as refused:
            if refused.code not in row.missing:
                raise NotDeleted(f"{row.token} {record.id}: {refused}") from refused

    def _settle(self, row: Row, target: Target, cloud: Cloud) -> Made:
        found = self._find(row, target, cloud)
        if found is None:
            raise CloudError(row.create, "NotFound", f"{target.id} was written and cannot be read back")
        return replace(self._made(row, target, found), inputs=dict(target.inputs))

    def _half(self, row: Row, target: Target, cloud: Cloud) -> Made:
        """What there is of a resource whose creation did not come to its end.

        The outputs must not claim what was not done, or the next run would have nothing to do.
        """
        try:
            found = self._find(row, target, cloud)
        except CloudError:
            found = None
        if found is not None:
            return replace(self._made(row, target, found), inputs=dict(target.inputs))
        pending = {name for write in row.writes for name in write.watches} | {"tags"}
        sure = {name: value for name, value in target.inputs.items() if name not in pending}
        return Made(target.id, {**sure, **target.state}, sure)

    def _find(self, row: Row, target: Target, cloud: Cloud) -> Any:
        try:
            found = row.find(cloud, target)
            if found is None or row.tags is None:
                return found
            target = replace(target, state={**target.state, **self._outputs(row, target, found)})
            return {**found, "Tags_": row.tags.read(cloud, target, found)}
        except CloudError as refused:
            if refused.code in row.missing:
                return None
            raise

    def _made(self, row: Row, target: Target, found: Mapping[str, Any]) -> Made:
        inputs = managed(row, found, target.inputs)
        defaults = observed(row, found, inputs)
        outputs = {**defaults, **inputs, **self._outputs(row, target, found)}
        outputs.pop(DEFAULTS, None)
        return Made(target.id, outputs, inputs)

    def _first_outputs(self, row: Row, target: Target) -> dict[str, Any]:
        """Those outputs that the answer of a create call tells already: some answer next to nothing."""
        told = {n: s for n, s in row.outputs.items() if not callable(s)}
        return {name: value for name, s in told.items() if (value := search(s, target.found)) is not None}

    def _outputs(self, row: Row, target: Target, found: Mapping[str, Any]) -> dict[str, Any]:
        values = {
            name: source(found, target) if callable(source) else search(source, found)
            for name, source in row.outputs.items()
        }
        values["region"] = target.region
        if row.tags is not None and "Tags_" in found:
            values["tagsAll"] = found["Tags_"]
        return {name: value for name, value in values.items() if value is not None}

    def _carry_out(self, cloud: Cloud, calls: Iterable[Call]) -> None:
        for call in calls:
            try:
                cloud(call.operation, **call.params)
            except CloudError as refused:
                if refused.code not in call.harmless:
                    raise

    def _target(self, identity: str, inputs: Values, old: Values | None = None, state: Values | None = None) -> Target:
        region = inputs.get("region") or (state or {}).get("region") or self._region
        return Target(identity, inputs, old or {}, state or {}, {}, region, self._account)

    def _cloud(self, row: Row, target: Target) -> Cloud:
        def cloud(operation: str, /, **params: Any) -> dict[str, Any]:
            known = {
                name: search(value.path, cloud(value.operation, **value.params)) if isinstance(value, Asked) else value
                for name, value in params.items()
            }
            return self._run(row.service, operation, target.region, **known)

        return cloud


def changes(row: Row, record: Record, news: Values) -> list[differ.Change]:
    """What differs between what is on record and `news`."""
    return differ.changes(record.inputs, record.state, news, force_new=row.force_new, same=row.same)


def managed(row: Row, found: Mapping[str, Any], template: Values) -> dict[str, Any]:
    """The inputs as they are in the cloud: the properties of the template, or all when it is empty."""
    inputs: dict[str, Any] = {}
    for name in template or row.fields:
        field = row.fields.get(name)
        if field is None or field.path is None:
            value = template.get(name)
        else:
            value = settled(field.codec, search(field.path, found), template.get(name))
        if value is not None:
            inputs[name] = value
    return inputs


def observed(row: Row, found: Mapping[str, Any], known: Values) -> dict[str, Any]:
    """What the cloud has for properties that the program left to it."""
    values: dict[str, Any] = {}
    for name, field in row.fields.items():
        if name not in known and field.path is not None and not field.secret:
            value = settled(field.codec, search(field.path, found), None)
            if value not in (None, "", [], {}):
                values[name] = value
    return values


def calls_of_create(row: Row, inputs: Values) -> list[Call]:
    """The calls of a create, for validation: what only the cloud will tell is unknown."""
    target = Target(UNKNOWN, inputs, {}, _Unknowns())  # type: ignore[arg-type]
    return [row.create_call(target), *row.writes_on_create(target)]


def calls_of_update(row: Row, inputs: Values, old: Values, changed: frozenset[str]) -> list[Call]:
    """The calls of an update, for validation. Raises Unremovable."""
    target = Target(UNKNOWN, inputs, old, _Unknowns())  # type: ignore[arg-type]
    return list(row.writes_on_update(target, changed))


class _Unknowns(dict[str, Any]):
    """Outputs none of which is known."""

    def get(self, key: str, default: Any = None) -> Any:
        return UNKNOWN

    def __missing__(self, key: str) -> Any:
        return UNKNOWN
