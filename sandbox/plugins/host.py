"""Serve a provider: announce the port, end with the engine."""

import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

# The engine opens one call per resource that is in flight; more wait in the pool's queue.
_THREADS = 16

# How soon an orphan ends after `kill -9` of the engine. Source: own choice; a real plugin takes about as long.
_PARENT_CHECK_S = 0.5

# Property values are messages of a few kB; a large task definition stays far below this.
_MESSAGE_BYTES = 64 * 1024 * 1024


def start(servicer: Any, port: int = 0) -> tuple[grpc.Server, int]:
    """Serve on loopback; returns the server and its port."""
    limits = [
        ("grpc.max_receive_message_length", _MESSAGE_BYTES),
        ("grpc.max_send_message_length", _MESSAGE_BYTES),
    ]
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=limits)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    chosen = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return server, chosen


def serve_plugin(servicer: Any) -> None:
    """What a plugin's main does: serve, print the port for the engine, and run until the engine ends it."""
    # The engine ends a plugin with SIGINT. Python's handler runs in the main thread only, which does not
    # wake when the signal lands on a thread of gRPC; the engine then waits 5 s before it kills.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _end_with_parent()
    server, port = start(servicer)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


def _end_with_parent() -> None:
    """An engine that was killed ends nothing: notice that the parent is another one, and leave."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_CHECK_S)
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
