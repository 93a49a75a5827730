"""What a service of the emulator is made of: a `Service` with one handler per method of its discovery document."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.google.cloud import Cloud


@dataclass(frozen=True)
class Call:
    """One request that fits its discovery document.

    method: the id of the document, "pubsub.projects.topics.create".
    path: path parameters by name, decoded ({"name": "projects/p/topics/t"}).
    query: query parameters by their documented (camelCase) name, with their type; repeated ones are lists;
    the standard ones (alt, fields, prettyPrint …) are left out.
    body: the body with camelCase keys, without nulls and without output-only fields; {} when there is none.
    """

    method: str
    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: dict[str, Any]
    cloud: Cloud
    http: str = "GET"
    url: str = ""
    agent: str = ""

    def mask(self, name: str = "updateMask") -> list[str]:
        """The paths of a field mask in the query or the body, in camelCase; [] when none was sent."""
        from sandbox.google.masks import paths

        return paths(self.query.get(name) or self.body.get(name) or "")


# Answers the JSON of a 200; raises errors.ApiError to refuse.
Handler = Callable[[Call], Mapping[str, Any]]


def _nothing(cloud: Cloud) -> None:
    """A service that needs no attaching."""


@dataclass(frozen=True)
class Service:
    """One API.

    name: what faults and the log of calls say ("pubsub").
    documents: discovery documents ("pubsub.v1"), read when the first request comes.
    mounts: {URL prefix: path prefix}: what follows the URL prefix, put behind the path prefix, must be a `path`
    of a document. {"/pubsub/": ""} takes /pubsub/v1/projects/…; {"/compute/v1/": ""} takes /compute/v1/projects/….
    handlers: by method id. A documented method without a handler answers 501 UNIMPLEMENTED.
    attach: called with the cloud at the start and after every reset; where a service puts what others ask it for.
    optional: "Schema.field" of fields that the document calls "Required." and that may be left out all the same.
    """

    name: str
    documents: tuple[str, ...]
    mounts: Mapping[str, str]
    handlers: Mapping[str, Handler]
    attach: Callable[[Cloud], None] = _nothing
    optional: frozenset[str] = field(default_factory=frozenset)
