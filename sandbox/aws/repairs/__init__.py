"""Where moto 5.2.5 answers differently from AWS in a way a rollout would notice, and the remedy.

Each repair is one small function around one method of moto, with a note of what moto does, what AWS does
and where that is written. A repair that a later moto makes unnecessary fails its test and is deleted.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

Original = Callable[..., Any]
Repair = Callable[..., Any]

_pending: list[Callable[[], Callable[[], None]]] = []


def around(owner: type, method: str) -> Callable[[Repair], Repair]:
    """Register `repair(original, self, ...)` to stand in for `owner.method` once `apply` is called.

    With a method that moto does not have, `original` raises NotImplementedError.
    """

    def register(repair: Repair) -> Repair:
        _pending.append(lambda: _replace(owner, method, repair))
        return repair

    return register


def around_property(owner: type, name: str) -> Callable[[Repair], Repair]:
    """As `around`, for a property: `repair(value, self)` gives what is read instead of `value`."""

    def put(repair: Repair) -> Callable[[], None]:
        own: property = owner.__dict__[name]
        assert own.fget is not None  # noqa: S101 - mypy: a property that can be read
        read = own.fget
        setattr(owner, name, property(lambda self: repair(read(self), self)))
        return lambda: setattr(owner, name, own)

    def register(repair: Repair) -> Repair:
        _pending.append(lambda: put(repair))
        return repair

    return register


def apply() -> Callable[[], None]:
    """Put all repairs in place; returns what takes them out again."""
    from sandbox.aws.repairs import (  # noqa: F401 - importing registers them
        backup,
        cloudfront,
        cloudwatch,
        ec2,
        ecs,
        edge,
        elasticache,
        elb,
        kms,
        logs,
        rds,
        s3,
        scaling,
        sns,
    )

    undo = [put() for put in _pending]

    def restore() -> None:
        for take_out in reversed(undo):
            take_out()

    return restore


def _replace(owner: type, method: str, repair: Repair) -> Callable[[], None]:
    own = owner.__dict__.get(method)
    original: Original = getattr(owner, method, None) or _missing(owner, method)

    @wraps(original)
    def repaired(self: Any, *args: Any, **kwargs: Any) -> Any:
        return repair(lambda *a, **k: original(self, *a, **k), self, *args, **kwargs)

    setattr(owner, method, repaired)

    def restore() -> None:
        if own is None:
            delattr(owner, method)
        else:
            setattr(owner, method, own)

    return restore


def _missing(owner: type, method: str) -> Original:
    def missing(*_: Any, **__: Any) -> Any:
        raise NotImplementedError(f"moto has no {owner.__name__}.{method}")

    missing.__name__ = method
    return missing
