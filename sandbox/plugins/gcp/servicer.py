"""A provider that is there, so that programs which import the SDK run, and creates nothing."""

from typing import Any, NoReturn

from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from sandbox.plugins.replies import Refused, spoken


def _refuse(what: str) -> NoReturn:
    raise Refused(
        f"{what}: the Google side of the sandbox arrives later; no Google resource can be created here. "
        "Use the official pulumi-resource-gcp for a real project"
    )


class GcpStandIn(provider_pb2_grpc.ResourceProviderServicer):
    """version: the one the SDK asks for."""

    def __init__(self, version: str) -> None:
        self._version = version

    @spoken
    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=self._version)

    @spoken
    def Handshake(self, request: Any, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse()

    @spoken
    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    @spoken
    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    @spoken
    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    @spoken
    def DiffConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    @spoken
    def Configure(self, request: Any, context: Any) -> Any:
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    @spoken
    def Check(self, request: Any, context: Any) -> Any:
        _refuse(request.urn.split("::")[2].rsplit("$", 1)[-1])

    @spoken
    def Invoke(self, request: Any, context: Any) -> Any:
        _refuse(request.tok)

    Diff = Create = Read = Update = Delete = Check
