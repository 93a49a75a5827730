from pathlib import Path

import pytest

from toolchain.paths import CHECKOUT, cache_root, exclusive


def test_the_checkout_is_the_folder_of_the_project_file() -> None:
    assert (CHECKOUT / "pyproject.toml").is_file()


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"HOME": "/home/ann"}, "/home/ann/.cache/headgate"),
        ({"HOME": "/home/ann", "HEADGATE_CACHE": ""}, "/home/ann/.cache/headgate"),
        ({"HOME": "/home/ann", "HEADGATE_CACHE": "/srv/cache"}, "/srv/cache"),
    ],
)
def test_the_cache_is_outside_the_checkout(environ: dict[str, str], expected: str) -> None:
    assert cache_root(environ) == Path(expected)


def test_a_relative_cache_is_the_same_from_every_folder() -> None:
    assert cache_root({"HEADGATE_CACHE": "some/cache"}).is_absolute()


def test_a_free_lock_is_taken_without_a_word(tmp_path: Path) -> None:
    waited: list[bool] = []
    with exclusive(tmp_path / "new" / "x.lock", on_wait=lambda: waited.append(True)):
        assert (tmp_path / "new" / "x.lock").exists()
    assert waited == []


def test_a_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    waited: list[bool] = []
    with pytest.raises(ValueError, match="inside"), exclusive(tmp_path / "x.lock", on_wait=lambda: None):
        raise ValueError("inside")
    with exclusive(tmp_path / "x.lock", on_wait=lambda: waited.append(True)):
        pass
    assert waited == []
