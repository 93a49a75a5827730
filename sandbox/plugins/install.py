"""Put the stand-in plugins where the engine looks for plugins."""

import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

_LAUNCHER = '''#!/usr/bin/env python3
"""Stand-in for pulumi-resource-{name} {version}, written by sandbox.plugins.install. Test equipment."""
import sys

sys.path.insert(0, {root!r})
try:
    from sandbox.plugins.{name}.__main__ import ready

    serve = ready({version!r})
except ModuleNotFoundError as missing:
    sys.exit(
        f"the stand-in provider {name} needs the Python package {{missing.name!r}}, and {{sys.executable}} has it "
        "not: put the bin folder of Headgate's virtual environment first in PATH "
        '(eval "$(headgate sandbox env)")'
    )
serve()
'''

PROVIDERS = ("aws", "gcp")


class NotInstalled(Exception):
    """The SDK of a provider is not installed; the message says what to do."""


def plugin_version(name: str) -> str:
    """The version the installed SDK asks for. Raises NotInstalled."""
    found = find_spec(f"pulumi_{name}")
    if found is None or found.origin is None:
        raise NotInstalled(f"the Python package pulumi-{name} is not installed; run `make install`")
    described: Mapping[str, str] = json.loads((Path(found.origin).parent / "pulumi-plugin.json").read_text())
    return described["version"]


def install_plugins(pulumi_home: Path) -> None:
    """Install both stand-ins below `pulumi_home`/plugins; what was there of the same version is replaced.

    Raises NotInstalled when an SDK is missing.
    """
    root = str(Path(__file__).resolve().parents[2])
    for name in PROVIDERS:
        version = plugin_version(name)
        folder = pulumi_home / "plugins" / f"resource-{name}-v{version}"
        folder.mkdir(parents=True, exist_ok=True)
        launcher = folder / f"pulumi-resource-{name}"
        # Written beside and renamed: a plugin that the engine starts meanwhile is whole.
        draft = launcher.with_suffix(".new")
        draft.write_text(_LAUNCHER.format(name=name, version=version, root=root))
        draft.chmod(0o755)
        draft.replace(launcher)
