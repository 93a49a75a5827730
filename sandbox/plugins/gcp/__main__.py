"""The main of the plugin, called by the executable that `sandbox.plugins.install` writes."""

import sys

from sandbox.plugins.slim import stub_pulumi


def main(version: str) -> None:
    stub_pulumi()
    from sandbox.plugins.gcp.servicer import GcpStandIn  # noqa: PLC0415 - only after the stubs
    from sandbox.plugins.host import serve_plugin  # noqa: PLC0415

    serve_plugin(GcpStandIn(version))


if __name__ == "__main__":
    main(sys.argv[1])
