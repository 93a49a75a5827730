"""Addresses, ports and ready files of the sandbox's processes."""

import json
import os
from pathlib import Path

import pytest

from sandbox.serving import Unusable, announced, is_loopback, listen, loopback_url, url_of, write_json


@pytest.mark.parametrize("url", ["http://127.0.0.1:80", "http://127.0.0.1:80/", "http://localhost:5", "http://[::1]:5"])
def test_addresses_of_this_machine_are_taken(url: str) -> None:
    assert loopback_url(url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:80",
        "http://127.0.0.1",
        "http://10.0.0.1:80",
        "http://example.com:80",
        "http://localhost.example.com:80",
        "http://127.0.0.1:80@example.com:80",
        "http://127.0.0.1:x",
        "http://127.0.0.1:80/path",
        "http://127.0.0.1:80/?q",
        "127.0.0.1:80",
        "",
    ],
)
def test_anything_else_is_refused_by_name(url: str) -> None:
    with pytest.raises(Unusable) as refused:
        loopback_url(url)
    assert repr(url) in str(refused.value)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("", False),
    ],
)
def test_is_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_a_taken_port_is_named() -> None:
    with listen(0) as first:
        port = first.getsockname()[1]
        assert url_of(first) == f"http://127.0.0.1:{port}"
        with pytest.raises(Unusable, match=f"port {port} on 127.0.0.1 .* choose another port"):
            listen(port)


def test_announced_only_while_serving(tmp_path: Path) -> None:
    ready = tmp_path / "made" / "ready.json"
    with announced(ready, {"url": "u"}):
        assert json.loads(ready.read_text()) == {"pid": os.getpid(), "url": "u"}
    assert list(ready.parent.iterdir()) == []


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    target = tmp_path / "file.json"
    write_json(target, {"a": 1})
    with pytest.raises(TypeError):
        write_json(target, {"a": object()})
    assert json.loads(target.read_text()) == {"a": 1}
    assert list(tmp_path.iterdir()) == [target]
