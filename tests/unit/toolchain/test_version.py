import pytest

from toolchain.version import Version, parse, parse_go


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v3.259.0", Version(3, 259, 0)),
        ("v3.259.0\n", Version(3, 259, 0)),
        ("3.260.1", Version(3, 260, 1)),
        ("1.25", Version(1, 25, 0)),
        ("v3.260.0-alpha.x1234+dirty", Version(3, 260, 0, final=0)),
        ("v3.259.0+dirty", Version(3, 259, 0)),
        ("", None),
        ("unknown", None),
        ("v3", None),
        ("v3.259.0 and more", None),
    ],
)
def test_semantic_versions(text: str, expected: Version | None) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("go version go1.26.8 linux/amd64", Version(1, 26, 8)),
        ("go version go1.26 darwin/arm64", Version(1, 26, 0)),
        ("go version go1.27rc1 linux/amd64", Version(1, 27, 0, final=0)),
        ("go version devel +abcdef linux/amd64", None),
        ("", None),
    ],
)
def test_go_versions(text: str, expected: Version | None) -> None:
    assert parse_go(text) == expected


def test_a_pre_release_comes_before_its_release_and_after_the_one_before() -> None:
    pre = parse("3.259.0-beta.1")
    assert pre is not None
    assert Version(3, 258, 9) < pre < Version(3, 259, 0)


def test_numbers_are_compared_as_numbers() -> None:
    assert Version(3, 99, 0) < Version(3, 259, 0)


def test_a_version_reads_like_one() -> None:
    assert str(Version(3, 259, 0)) == "3.259.0"
    assert str(Version(3, 259, 0, final=0)) == "3.259.0 (pre-release)"
