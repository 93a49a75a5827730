"""Failures of a provider call, as the engine expects them on the wire."""

import functools
import logging
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import grpc
from google.protobuf import any_pb2

# Not Pulumi's copy: a second definition of google.rpc.Status in one process is an error.
from google.rpc import status_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import provider_pb2

from sandbox.plugins.values import to_wire

log = logging.getLogger(__name__)


class Refused(Exception):
    """The call cannot be answered; the message is for the user and holds no property value."""


class InitFailed(Exception):
    """A resource exists but is not as asked for: the engine records it, so that it is not lost."""

    def __init__(self, identity: str, outputs: Mapping[str, Any], inputs: Mapping[str, Any], reason: str) -> None:
        super().__init__(reason)
        self.detail = provider_pb2.ErrorResourceInitFailed(
            id=identity, properties=to_wire(outputs), inputs=to_wire(inputs), reasons=[reason]
        )


def spoken(method: Callable[..., Any]) -> Callable[..., Any]:
    """Turns what a handler raises into a gRPC status with a message that can be acted upon."""

    @functools.wraps(method)
    def handler(self: Any, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except Refused as refused:
            code, message = grpc.StatusCode.UNKNOWN, str(refused)
        except InitFailed as failed:
            message = str(failed)
            code = grpc.StatusCode.UNKNOWN
            context.set_trailing_metadata((("grpc-status-details-bin", _details(message, failed.detail)),))
        except Exception as defect:  # noqa: BLE001 - a defect of ours must not look like one of the program
            code, message = grpc.StatusCode.INTERNAL, _defect(method.__name__, defect)
        return context.abort(code, message)

    return handler


def _details(message: str, detail: Any) -> bytes:
    packed = any_pb2.Any()
    packed.Pack(detail)
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message, details=[packed])
    return bytes(status.SerializeToString())


def _defect(method: str, defect: Exception) -> str:
    # Only the place, never the text: a message of ours could quote a secret property.
    place = traceback.extract_tb(defect.__traceback__)[-1]
    return (
        f"a defect in the sandbox's stand-in provider: {method} ended with {type(defect).__name__} "
        f"at {place.filename}:{place.lineno}"
    )
