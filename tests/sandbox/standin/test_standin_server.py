"""The server as a process: it announces itself, ends on request, and says what it cannot do."""

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.sandbox


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox.aws.server", *arguments],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def announced(process: subprocess.Popen[str], ready: Path) -> dict[str, object]:
    deadline = time.monotonic() + 180
    while not ready.exists():
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.05)
    content: dict[str, object] = json.loads(ready.read_text())
    return content


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_stopped(tmp_path: Path, number: signal.Signals) -> None:
    ready = tmp_path / "ready.json"
    process = start("--ready-file", str(ready), "--lifetime", "600")
    content = announced(process, ready)
    assert content["pid"] == process.pid
    assert httpx.get(f"{content['url']}/headgate-sandbox/health").json() == {"ok": True, "pid": process.pid}
    process.send_signal(number)
    _, problem = process.communicate(timeout=60)
    assert (process.returncode, problem) == (0, "")
    assert not ready.exists()


def test_it_ends_by_itself(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    process = start("--ready-file", str(ready), "--lifetime", "1")
    announced(process, ready)
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_it_listens_on_loopback_only_and_takes_no_port_twice(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start("--port", str(port))
        _, problem = process.communicate(timeout=60)
    assert process.returncode == 2
    assert f"port {port} on 127.0.0.1 cannot be used" in problem
    assert "Traceback" not in problem
