"""What the emulated cloud holds: resources as JSON, by kind and name."""

import copy
from collections.abc import Mapping
from typing import Any

from sandbox.google.errors import already_exists, not_found

Resource = dict[str, Any]


class Store:
    """Tables of resources in the order they were made. Copies go in and out: what a caller holds is its own."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, Resource]] = {}

    def find(self, kind: str, name: str) -> Resource | None:
        found = self._tables.get(kind, {}).get(name)
        return None if found is None else copy.deepcopy(found)

    def get(self, kind: str, name: str) -> Resource:
        """Raises ApiError NOT_FOUND."""
        found = self.find(kind, name)
        if found is None:
            raise not_found(name)
        return found

    def insert(self, kind: str, name: str, resource: Mapping[str, Any]) -> Resource:
        """Raises ApiError ALREADY_EXISTS."""
        if name in self._tables.get(kind, {}):
            raise already_exists(name)
        return self.put(kind, name, resource)

    def put(self, kind: str, name: str, resource: Mapping[str, Any]) -> Resource:
        """Make or replace."""
        self._tables.setdefault(kind, {})[name] = copy.deepcopy(dict(resource))
        return copy.deepcopy(dict(resource))

    def delete(self, kind: str, name: str) -> Resource:
        """What was deleted; raises ApiError NOT_FOUND."""
        resource = self.get(kind, name)
        del self._tables[kind][name]
        return resource

    def under(self, kind: str, parent: str = "") -> list[Resource]:
        """The resources of a kind whose name begins with `parent/`; all of them without a parent."""
        prefix = f"{parent}/" if parent else ""
        return [copy.deepcopy(found) for name, found in self._tables.get(kind, {}).items() if name.startswith(prefix)]

    def names(self) -> dict[str, list[str]]:
        """The names there are, by kind."""
        return {kind: list(table) for kind, table in self._tables.items() if table}

    def dump(self) -> dict[str, dict[str, Resource]]:
        return copy.deepcopy(self._tables)

    def snapshot(self) -> dict[str, dict[str, Resource]]:
        """For `restore`; cheap, because no resource is changed in place."""
        return {kind: dict(table) for kind, table in self._tables.items()}

    def restore(self, snapshot: dict[str, dict[str, Resource]]) -> None:
        self._tables = {kind: dict(table) for kind, table in snapshot.items()}
