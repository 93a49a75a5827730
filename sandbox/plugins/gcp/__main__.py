"""The main of the plugin, called by the executable that `sandbox.plugins.install` writes."""

import sys

from sandbox.plugins.slim import stub_pulumi


def main(version: str) -> None:
    stub_pulumi()
    from sandbox.plugins.gcp.servicer import GcpStandIn
    from sandbox.plugins.host import serve_plugin

    serve_plugin(GcpStandIn(version))


if __name__ == "__main__":
    main(sys.argv[1])
