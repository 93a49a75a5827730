"""The main of the plugin, called by the executable that `sandbox.plugins.install` writes."""

import gc
import sys
from collections.abc import Callable
from functools import partial

from sandbox.plugins.slim import stub_pulumi


def ready(version: str) -> Callable[[], None]:
    """Load everything; what is returned serves until the engine ends it. Raises ModuleNotFoundError."""
    gc.disable()  # the plugin lives for one command
    stub_pulumi()
    from sandbox.plugins.gcp.servicer import GcpStandIn
    from sandbox.plugins.host import serve_plugin

    return partial(serve_plugin, GcpStandIn(version))


if __name__ == "__main__":
    ready(sys.argv[1])()
