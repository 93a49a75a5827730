"""No secret gets into a record, whoever wrote it where."""

import pytest

from headgate.engine import Secret
from headgate.records.redact import HIDDEN, SECRET, cleaned, redacted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("slack://TokenA/TokenB/c", "slack://[hidden]"),
        ("it said json://127.0.0.1:1/?token=x, and ended", "it said json://[hidden], and ended"),
        ("https://user:pass@example.com/hook/abc?x=1", "https://example.com/[hidden]"),
        ("https://example.com?token=x", "https://example.com"),
        ("http://127.0.0.1:80", "http://127.0.0.1:80"),
        ("two\nlines\x1b[31m", "two lines [31m"),
        ("registry.example/api@sha256:abc", "registry.example/api@sha256:abc"),
        ("x" * 501, "x" * 497 + "..."),
    ],
)
def test_texts(text: str, shown: str) -> None:
    assert cleaned(text) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"secure": "v1:abc"}, SECRET),
        (Secret("v1:abc"), SECRET),
        ([{"url": Secret()}], [{"url": SECRET}]),
        (
            {"api_key": "abc", "tokens": ["abc"], "n": 1, "on": True, "none": None},
            {"api_key": HIDDEN, "tokens": [HIDDEN], "n": 1, "on": True, "none": None},
        ),
        ({"password": ""}, {"password": ""}),
        ("mailtos://me:word@example.com", "mailtos://[hidden]"),
    ],
)
def test_values(value: object, shown: object) -> None:
    assert redacted(value) == shown
