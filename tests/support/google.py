"""An emulated Google for tests. A conftest takes the fixtures with

    from tests.support.google import google_cloud, google_server  # noqa: F401

`google_cloud` is empty at the start of every test; the server is shared by the tests of a session.
"""

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.run_v2 import RevisionsClient, ServicesClient

from sandbox.google.client import GoogleSandbox

START_S = 180.0
LIFETIME_S = 7200.0  # longer than any test run, for it lives as long as the session


@contextlib.contextmanager
def google_process(folder: Path) -> Iterator[str]:
    """The address of an emulator in a process of its own; fails the test when it wrote a traceback."""
    ready, errors = folder / "google.json", folder / "google.stderr"
    command = [sys.executable, "-m", "sandbox.google", "--ready-file", str(ready), "--lifetime", str(LIFETIME_S)]
    with errors.open("wb") as stderr, subprocess.Popen(command, stderr=stderr) as process:
        try:
            yield _address(process, ready, errors)
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(60)
    assert status == 0
    assert "Traceback" not in errors.read_text(), errors.read_text()


def _address(process: subprocess.Popen[bytes], ready: Path, errors: Path) -> str:
    end = time.monotonic() + START_S
    while not ready.exists():
        assert process.poll() is None, f"the emulator ended: {errors.read_text()}"
        assert time.monotonic() < end, f"the emulator did not start in {START_S} s"
        time.sleep(0.02)
    return str(json.loads(ready.read_text())["url"])


@pytest.fixture(scope="session")
def google_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an emulator; use `google_cloud` unless you want one that is not emptied."""
    with google_process(tmp_path_factory.mktemp("google")) as url:
        yield url


@pytest.fixture
def google_cloud(google_server: str) -> Iterator[GoogleSandbox]:
    """An empty emulated Google."""
    with GoogleSandbox(google_server) as sandbox:
        sandbox.reset()
        yield sandbox


def services_client(url: str) -> ServicesClient:
    """The official client, with nothing but another endpoint."""
    return ServicesClient(credentials=AnonymousCredentials(), transport="rest", client_options={"api_endpoint": url})


def revisions_client(url: str) -> RevisionsClient:
    """The official client, with nothing but another endpoint."""
    return RevisionsClient(credentials=AnonymousCredentials(), transport="rest", client_options={"api_endpoint": url})
