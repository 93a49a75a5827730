"""Starts an emulated cloud as a process of its own, and steers it."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

START_S = 180.0  # moto alone takes 1.5 s to import on a quiet machine; a busy one may take far longer
END_S = 60.0
LIFETIME_S = 7200  # should the test run be killed; longer than any that is not


@contextmanager
def announced(module: str, folder: Path) -> Iterator[dict[str, Any]]:
    """Runs `python -m module` until the end of the block; gives what its ready file in `folder` says."""
    ready = folder / "ready.json"
    process = subprocess.Popen(
        [sys.executable, "-m", module, "--ready-file", str(ready), "--lifetime", str(LIFETIME_S)],
        stdin=subprocess.DEVNULL,
    )
    try:
        await_ready(module, process, ready)
        told: dict[str, Any] = json.loads(ready.read_text())
        yield told
    finally:
        process.terminate()
        process.wait(timeout=END_S)


def await_ready(what: str, process: "subprocess.Popen[Any]", ready: Path) -> None:
    """Returns when the ready file is there."""
    deadline = time.monotonic() + START_S
    while not ready.exists():
        assert process.poll() is None, f"{what} ended while it started"
        assert time.monotonic() < deadline, f"{what} did not start in {START_S:g} s"
        time.sleep(0.05)


@dataclass
class Emulator:
    """An emulated cloud at `url`; http: its control endpoint."""

    url: str
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=f"{self.url}/headgate-sandbox/", timeout=90.0)

    def plant(self, **fault: Any) -> None:
        self.http.post("faults", json=fault).raise_for_status()

    def clear(self) -> None:
        """No faults any more, and everything is well."""
        self.http.delete("faults").raise_for_status()
        self.http.delete("condition").raise_for_status()

    def last_call(self) -> int:
        """Number of the last call; to ask only for later ones."""
        calls = self.http.get("calls").raise_for_status().json()
        return max((call["number"] for call in calls), default=0)
