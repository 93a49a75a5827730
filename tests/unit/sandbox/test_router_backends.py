"""The file that says which process serves which slot."""

import os
from pathlib import Path

import pytest

from sandbox.router.backends import Backends, parse
from sandbox.serving import Unusable, write_json


def test_follows_the_file(tmp_path: Path) -> None:
    file = tmp_path / "backends.json"
    backends = Backends(file)
    backends.refresh()
    assert backends.urls == {}

    write_json(file, {"blue": "http://127.0.0.1:1"})
    backends.refresh()
    assert backends.urls == {"blue": "http://127.0.0.1:1"}

    write_json(file, {"blue": "http://127.0.0.1:2", "green": "http://127.0.0.1:3/"})
    backends.refresh()
    assert backends.urls == {"blue": "http://127.0.0.1:2", "green": "http://127.0.0.1:3"}

    file.unlink()
    backends.refresh()
    assert backends.urls == {}
    assert backends.error is None


def test_a_bad_file_leaves_the_last_good_one_in_force_and_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "backends.json"
    write_json(file, {"blue": "http://127.0.0.1:1"})
    backends = Backends(file)
    backends.refresh()

    file.write_text('{"blue": ')
    backends.refresh()
    assert backends.urls == {"blue": "http://127.0.0.1:1"}
    assert backends.error is not None
    assert str(file) in backends.error

    write_json(file, {"blue": "http://127.0.0.1:2"})
    backends.refresh()
    assert (backends.urls, backends.error) == ({"blue": "http://127.0.0.1:2"}, None)


def test_a_change_is_seen_that_keeps_time_and_size(tmp_path: Path) -> None:
    file = tmp_path / "backends.json"
    write_json(file, {"blue": "http://127.0.0.1:1"})
    backends = Backends(file)
    backends.refresh()
    before = file.stat()
    write_json(file, {"blue": "http://127.0.0.1:2"})
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    backends.refresh()
    assert backends.urls == {"blue": "http://127.0.0.1:2"}


@pytest.mark.parametrize("text", ["[]", "null", "{", ""])
def test_what_is_not_an_object_is_refused(text: str) -> None:
    with pytest.raises(Unusable, match="expected an object"):
        parse(text)


def test_all_bad_addresses_are_named_at_once() -> None:
    with pytest.raises(Unusable) as refused:
        parse('{"blue": "http://example.com:1", "green": 7}')
    assert "blue: 'http://example.com:1'" in str(refused.value)
    assert "green: '7'" in str(refused.value)
