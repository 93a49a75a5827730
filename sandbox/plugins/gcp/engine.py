"""Create, read, update, delete and compare over the table. Knows no service and no type."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sandbox.plugins import differ
from sandbox.plugins.gcp import codecs
from sandbox.plugins.gcp.configuration import Configuration
from sandbox.plugins.gcp.fields import Kind
from sandbox.plugins.gcp.rest import CloudError, Google, Request
from sandbox.plugins.gcp.rows import Cloud, Row, Target, Values, with_labels
from sandbox.plugins.records import HalfMade, Made, Record
from sandbox.plugins.values import DEFAULTS

# Inputs that the provider's own configuration completes.
_FROM_PROVIDER = ("project", "region", "location", "zone")


class Protected(Exception):
    """A delete that the program has not allowed; the message says what to do."""


class Engine:
    """config: the provider's."""

    def __init__(self, google: Google, config: Configuration) -> None:
        self._google = google
        self._defaults = config.defaults

    def create(self, row: Row, inputs: Values) -> Made:
        """Raises CloudError; HalfMade when the object was created and a later request failed."""
        target = Target("", inputs, {}, self._defaults)
        cloud = self._cloud(row, target)
        try:
            target = row.create(cloud, target)
        except CloudError as refused:
            if refused.late and row.taints:
                target = replace(target, id=row.id_of(target))
                raise HalfMade(self._asked(row, target), refused) from refused
            raise
        try:
            row.finish(cloud, target)
            found = row.find(cloud, target)
            if found is None:
                raise CloudError(404, f"{target.id} was created and cannot be read back")
        except CloudError as refused:
            raise HalfMade(self._asked(row, target), refused) from refused
        return replace(self._made(row, target, found), inputs=dict(inputs))

    def read(self, row: Row, record: Record) -> Made | None:
        """The resource as it is; None when it is gone. An id alone is an import. Raises CloudError."""
        imported = not record.inputs and not record.state
        state = row.parsed(record.id, self._defaults) if imported else record.state
        target = Target(record.id, record.inputs, state, self._defaults)
        found = row.find(self._cloud(row, target), target)
        if found is None:
            return None
        if imported:
            target = replace(target, id=row.id_of(target))
        return self._made(row, target, found, imported=imported)

    def update(self, row: Row, record: Record, inputs: Values) -> Made:
        """Bring the resource to `inputs`. Raises HalfMade.

        As the official provider: what differs is decided by the recorded outputs, and those of an update that failed
        are the ones that were wanted (the engine keeps the inputs of before: pulumi/pulumi#2011). Therefore nothing
        is sent when only the last update's failure is left to repair; what the look that follows finds goes on
        record, and the update after that repairs. Source: cloud-run-notes, part 4 (measured, provider 9.35.0).
        """
        target = Target(record.id, inputs, record.state, self._defaults)
        cloud = self._cloud(row, target)
        changed = frozenset(change.key for change in self.changes(row, record, inputs))
        try:
            if changed:
                row.update(cloud, target, changed)
            found = row.find(cloud, target)
            if found is None:
                raise CloudError(404, f"{row.token} {record.id} did not exist while it was updated")
        except CloudError as refused:
            planned = row.planned(inputs, record.state)
            raise HalfMade(Made(record.id, planned, dict(inputs)), refused) from refused
        return replace(self._made(row, target, found), inputs=dict(inputs))

    def delete(self, row: Row, record: Record) -> None:
        """Remove the resource; no complaint when it is gone already. Raises CloudError and Protected."""
        target = Target(record.id, record.inputs, record.state, self._defaults)
        guard = target.old(row.guard) if row.guard else False
        if guard or target.old("deletionPolicy") == "PREVENT":
            named = f"{row.guard}=false" if guard else "deletionPolicy=DELETE"
            raise Protected(
                f"{row.token} {record.id} is protected: nothing was deleted. To delete it, run `pulumi up` with "
                f"{named} first"
            )
        if target.old("deletionPolicy") == "ABANDON":
            return
        try:
            row.delete(self._cloud(row, target), target)
        except CloudError as refused:
            if refused.code != 404:
                raise

    def changes(self, row: Row, record: Record, news: Values) -> list[differ.Change]:
        """What differs between the state and `news`, as the official provider sees it: the inputs do not count."""
        wanted = {**self._completed(row), **news}
        state = codecs.aligned(row.fields, record.state or record.inputs, wanted)
        return differ.changes(state, state, wanted, force_new=row.fixed)

    def _completed(self, row: Row) -> dict[str, Any]:
        """What the provider's configuration gives where the program says nothing: another project replaces."""
        target = Target("", {}, {}, self._defaults)
        names = [name for name in _FROM_PROVIDER if name in row.fields and row.fields[name].api is None]
        return {name: target.get(name) for name in names if target.get(name) is not None}

    def _asked(self, row: Row, target: Target) -> Made:
        """What is recorded of a resource that exists and could not be read: what was asked for."""
        outputs = {**row.planned(target.inputs, target.state), **self._own(row, target)}
        return Made(target.id, outputs, dict(target.inputs))

    def _made(self, row: Row, target: Target, found: Values, *, imported: bool = False) -> Made:
        template = None if imported else target.inputs
        own = self._own(row, target)
        inputs = codecs.decode(row.fields, found, template, managed=True)
        outputs = codecs.decode(row.fields, found, template)
        if imported:
            inputs = {**outputs, **own}
        elif DEFAULTS in target.inputs:
            inputs[DEFAULTS] = target.inputs[DEFAULTS]
        labels = with_labels(row.fields)
        outputs |= own | codecs.decode({**row.outputs, **labels}, found, None)
        if "pulumiLabels" in labels:
            outputs["pulumiLabels"] = outputs.get("labels", {})
        for name in labels.keys() - outputs.keys():
            outputs[name] = {}
        return Made(target.id, outputs, inputs)

    def _own(self, row: Row, target: Target) -> dict[str, Any]:
        """The properties that no answer of the API holds."""
        found = {}
        for name, field in row.fields.items():
            if (field.api is None or field.unread) and field.kind is Kind.VALUE:
                value = target.get(name)
                value = field.default if value is None else value
                if value is not None:
                    found[name] = value
        return found

    def _cloud(self, row: Row, target: Target) -> Cloud:
        def cloud(request: Request, what: str = "") -> dict[str, Any]:
            answer = self._google.send(row.api, request)
            if not row.operations or request.method in row.plain:
                return answer
            return self._google.wait(answer, lambda: self._google.send(row.api, look(row, target, answer)), what)

        return cloud


def look(row: Row, target: Target, operation: Mapping[str, Any]) -> Request:
    """The request that looks at an operation."""
    if row.operations == "long":
        return Request("GET", str(operation["name"]))
    scope = "regions/{region}" if operation.get("region") else "global"
    return Request("GET", target.path(f"projects/{{project}}/{scope}/operations/{operation['name']}"))
