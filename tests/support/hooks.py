"""Calls resource hooks the way the engine does: with inputs from the wire, where values may be unknown or secret."""

import asyncio
from collections.abc import Mapping
from inspect import isawaitable
from typing import Any

import pulumi
from google.protobuf import struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime._callbacks import outputtify_secrets
from pulumi.runtime.settings import SETTINGS

UNKNOWN_WIRE = rpc.UNKNOWN
SECRET_WIRE = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


def secret(value: Any) -> dict[str, Any]:
    """`value` as the engine sends a secret."""
    return {**SECRET_WIRE, "value": value}


async def call_hook(
    hook: pulumi.ResourceHook,
    urn: str,
    name: str,
    kind: str,
    inputs: struct_pb2.Struct | None,
    *,
    old: struct_pb2.Struct | None = None,
) -> None:
    """Calls `hook` with the new `inputs` of a resource, in an update also with the `old` ones.

    What is secret arrives as an Output. Raises what the hook raises.
    """
    args = pulumi.ResourceHookArgs(
        urn=urn, id="", name=name, type=kind, new_inputs=_as_given(inputs), old_inputs=_as_given(old)
    )
    outcome: Any = hook.callback(args)
    if isawaitable(outcome):
        await outcome


def _as_given(inputs: struct_pb2.Struct | None) -> Any:
    return None if inputs is None else outputtify_secrets(dict(rpc.deserialize_properties(inputs, keep_unknowns=True)))


def ask(hook: pulumi.ResourceHook, inputs: Mapping[str, Any] | None, name: str = "unit") -> None:
    """`call_hook` on an event loop of its own. `inputs`: with `UNKNOWN_WIRE` and `secret` where they apply."""
    struct = None
    if inputs is not None:
        struct = struct_pb2.Struct()
        struct.update(inputs)
    try:
        asyncio.run(call_hook(hook, f"urn:pulumi:unit::headgate::x::{name}", name, "x", struct))
    finally:
        SETTINGS.outputs.clear()
