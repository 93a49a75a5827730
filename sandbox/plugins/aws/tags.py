"""The ways in which services take tags. Reference: each service's API, "TagResource" or its like."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.plugins.aws.codecs import search
from sandbox.plugins.aws.rows import Call, Cloud, Target, Values
from sandbox.plugins.values import UNKNOWN


def pairs(tags: Any, key: str = "Key", value: str = "Value") -> Any:
    if tags is UNKNOWN:
        return UNKNOWN
    return [{key: name, value: text} for name, text in tags.items()]


def mapping(listed: Iterable[Mapping[str, str]] | None, key: str = "Key", value: str = "Value") -> dict[str, str]:
    """A plain mapping of a list of tags, without those that AWS itself sets."""
    return {t[key]: t.get(value, "") for t in listed or () if not t[key].startswith("aws:")}


@dataclass(frozen=True)
class TagStyle:
    """Tags as a list of key and value, or as a mapping.

    member: the parameter of the create operation; None where tags are added by a call of its own.
    add, remove: operation, and its parameters from the resource's name and the tags (or keys).
    who: how those operations name the resource.
    inline: JMESPath to the tags in the described object; otherwise `listing` is called:
    operation, parameters from the name, JMESPath.
    """

    member: str | None
    who: Callable[[Target], Any]
    add: tuple[str, Callable[[Any, Any], dict[str, Any]]]
    remove: tuple[str, Callable[[Any, list[str]], dict[str, Any]]]
    inline: str = ""
    listing: tuple[str, Callable[[Any], dict[str, Any]], str] | None = None
    names: tuple[str, str] | None = ("Key", "Value")
    wrap: Callable[[Any], Any] = lambda tags: tags

    def on_create(self, tags: Values) -> dict[str, Any]:
        return {} if self.member is None else {self.member: self.wrap(self._spelled(tags))}

    def after_create(self, target: Target) -> Iterator[Call]:
        if self.member is None and target.inputs.get("tags"):
            yield self._add(target, target.inputs["tags"])

    def on_update(self, target: Target) -> Iterator[Call]:
        new, old = target.inputs.get("tags") or {}, target.old.get("tags") or {}
        if new is UNKNOWN:
            yield self._add(target, new)
            return
        gone = [key for key in old if key not in new]
        if gone:
            operation, params = self.remove
            yield Call(operation, params(self.who(target), gone))
        changed = {key: value for key, value in new.items() if old.get(key) != value}
        if changed:
            yield self._add(target, changed)

    def read(self, cloud: Cloud, target: Target, found: Any) -> dict[str, str]:
        if self.listing is None:
            listed = search(self.inline, found)
        else:
            operation, params, path = self.listing
            listed = search(path, cloud(operation, **params(self.who(target))))
        if self.names is None:
            return {key: value for key, value in (listed or {}).items() if not key.startswith("aws:")}
        return mapping(listed, *self.names)

    def _add(self, target: Target, tags: Any) -> Call:
        operation, params = self.add
        return Call(operation, params(self.who(target), self._spelled(tags)))

    def _spelled(self, tags: Any) -> Any:
        if tags is UNKNOWN:
            return tags
        return dict(tags) if self.names is None else pairs(tags, *self.names)


def ec2(resource_type: str, *, on_create: bool = True) -> TagStyle:
    """Amazon EC2: TagSpecifications on create, CreateTags and DeleteTags later."""
    return TagStyle(
        member="TagSpecifications" if on_create else None,
        wrap=lambda tags: UNKNOWN if tags is UNKNOWN else [{"ResourceType": resource_type, "Tags": tags}],
        who=lambda target: target.id,
        add=("CreateTags", lambda who, tags: {"Resources": [who], "Tags": tags}),
        remove=("DeleteTags", lambda who, keys: {"Resources": [who], "Tags": [{"Key": k} for k in keys]}),
        inline="Tags",
    )


def by_arn(
    add: str,
    remove: str,
    listing: str,
    path: str,
    *,
    resource: str,
    tags: str = "Tags",
    keys: str = "TagKeys",
    names: tuple[str, str] | None = ("Key", "Value"),
    member: str | None = "Tags",
    who: Callable[[Target], Any] = lambda target: target.known("arn"),
    one_arn: bool = True,
) -> TagStyle:
    """A service with three operations on an ARN. resource, tags, keys: their parameters' names."""

    def named(arn: Any) -> Any:
        return arn if one_arn else [arn]

    return TagStyle(
        member=member,
        who=who,
        add=(add, lambda arn, given: {resource: named(arn), tags: given}),
        remove=(remove, lambda arn, gone: {resource: named(arn), keys: gone}),
        listing=(listing, lambda arn: {resource: named(arn)}, path),
        names=names,
    )
