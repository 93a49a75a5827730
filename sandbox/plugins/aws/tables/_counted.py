"""What the tables of CloudFront have in common: counted lists, versions, tags."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.plugins.aws.codecs import Codec, List, Obj
from sandbox.plugins.aws.rows import Asked, Call, Target
from sandbox.plugins.aws.tags import TagStyle
from sandbox.plugins.values import UNKNOWN


@dataclass(frozen=True)
class Counted(List):
    """A list that the API keeps with the number of its items."""

    def to_aws(self, value: Any) -> Any:
        if value is UNKNOWN:
            return value
        items = super().to_aws(value)
        return {"Quantity": len(items), "Items": items} if items else {"Quantity": 0}

    def from_aws(self, value: Any, template: Any) -> Any:
        return None if value is None else super().from_aws(value.get("Items") or [], template)


@dataclass(frozen=True)
class OuterFirst(Obj):
    """A block with members inside other members: those that hold others are written first."""

    def to_aws(self, value: Any) -> Any:
        if value is UNKNOWN:
            return value
        return super().to_aws(dict(sorted(value.items(), key=lambda pair: self.member(pair[0])[0])))


def items(item: Codec | None = None, key: str = "") -> Obj:
    """A block of which the only property is a counted list, `items`."""
    return Obj({"items": ("", Counted(key=key) if item is None else Counted(item, key=key))})


def version(kind: str) -> Callable[[Target], Asked]:
    """The version that a change or a removal has to name (`If-Match`)."""
    return lambda target: Asked(f"Get{kind}", {"Id": target.id}, "ETag")


def removal(kind: str) -> Callable[[Target], list[Call]]:
    """Remove the last version."""
    return lambda target: [Call(f"Delete{kind}", {"Id": target.id, "IfMatch": version(kind)(target)})]


TAGS = TagStyle(
    member=None,
    who=lambda target: target.known("arn"),
    add=("TagResource", lambda arn, tags: {"Resource": arn, "Tags": {"Items": tags}}),
    remove=("UntagResource", lambda arn, keys: {"Resource": arn, "TagKeys": {"Items": keys}}),
    listing=("ListTagsForResource", lambda arn: {"Resource": arn}, "Tags.Items"),
)
