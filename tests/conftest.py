"""What holds for every test: no credentials of this machine, no network but loopback, no surprises."""

import ipaddress
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from google.rpc import status_pb2
from hypothesis import settings

from toolchain import Toolchain, ToolchainError, ensure

# Prefixes of variables that change what cloud libraries, Pulumi or Headgate do.
_SCRUBBED = (
    "AWS_",
    "BOTO",
    "CLOUDSDK_",
    "GCE_",
    "GCLOUD_",
    "GCP_",
    "GOOGLE_",
    "HEADGATE_",
    "MOTO_",
    "PULUMI_",
)
# Where the built engine is kept, and which one to take: decided by who runs the tests.
_KEPT = ("HEADGATE_CACHE", "HEADGATE_TOOLCHAIN")

# Pulumi's provider library brings google.rpc.Status a second time, and one process can hold only one definition of it.
# No program of ours loads both; a test run, which looks at components and at the traffic of Cloud Run, does.
sys.modules["pulumi.runtime.proto.status_pb2"] = status_pb2

_home = TemporaryDirectory(prefix="headgate-tests-")

settings.register_profile("default", deadline=None)
# In CI the same examples every time: a red build can be repeated; new examples are found on desks.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_configure() -> None:
    """Scrub the environment once, before any test module is imported, for child processes too."""
    for name in list(os.environ):
        if name.startswith(_SCRUBBED) and name not in _KEPT:
            del os.environ[name]
    empty = Path(_home.name)
    os.environ.update(
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
        CLOUDSDK_CONFIG=str(empty / "gcloud"),
        NO_GCE_CHECK="true",
        PULUMI_HOME=str(empty / "pulumi"),
        PULUMI_BACKEND_URL=f"file://{empty}",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION="true",
        PULUMI_SKIP_UPDATE_CHECK="true",
    )
    sys.addaudithook(_refuse_the_network)
    # A shell without job control ignores it for what runs in its background, and that is handed on to every process
    # that a test starts and interrupts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_unconfigure() -> None:
    """Remove the empty home."""
    _home.cleanup()


def _refuse_the_network(event: str, args: tuple[object, ...]) -> None:
    """Audit hook: a connection that leaves this machine fails the test that makes it."""
    if event == "socket.connect":
        address = args[1]
        host = address[0] if isinstance(address, tuple) else None
    elif event == "socket.getaddrinfo":
        host = args[0]
    else:
        return
    if host is not None and not _is_loopback(host):
        raise RuntimeError(f"a test tried to reach {host!r}; tests talk to 127.0.0.1 only")


def _is_loopback(host: object) -> bool:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    if name in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name.endswith(".localhost")


@pytest.fixture(autouse=True)
def _environment_is_restored() -> Iterator[None]:
    """A test that sets a variable does not decide what the next one sees."""
    before = dict(os.environ)
    yield
    # pytest itself sets this one, before and after a test.
    for name in os.environ.keys() - before.keys() - {"PYTEST_CURRENT_TEST"}:
        del os.environ[name]
    for name, value in before.items():
        if name != "PYTEST_CURRENT_TEST" and os.environ.get(name) != value:
            os.environ[name] = value


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that run the engine first, each otherwise where chance put it.

    One such test takes a minute: begun last in one process, it would leave the other one with nothing to do.
    """
    long = {item.path for item in items if item.get_closest_marker("engine")}
    items.sort(key=lambda item: item.path not in long)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build the engine before the first test that needs it: minutes that are no test's own time."""
    if not any(item.get_closest_marker("engine") for item in session.items):
        return
    capture = session.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        try:
            ensure()
        except ToolchainError as error:
            pytest.exit(f"{error}\n(`pytest -m 'not engine'` runs the tests that do without.)", returncode=2)


@pytest.fixture(scope="session")
def pulumi_toolchain() -> Toolchain:
    """The engine and language host to run engine tests with."""
    return ensure()
