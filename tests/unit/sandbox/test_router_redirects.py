"""Where a redirect points to."""

import pytest
from multidict import CIMultiDict

from sandbox.router.model import Listener, Redirect
from sandbox.router.redirects import location
from sandbox.router.rules import Facts

HTTP = Listener("arn", 80, "HTTP", None)


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (Redirect(301, protocol="HTTPS", port="443"), "https://api.example.com:443/a%20b/c?x=1&y"),
        (Redirect(302, host="new.#{host}"), "http://new.api.example.com:80/a%20b/c?x=1&y"),
        (Redirect(302, path="/new/#{path}"), "http://api.example.com:80/new/a%20b/c?x=1&y"),
        (Redirect(302, query="#{query}&value=xyz"), "http://api.example.com:80/a%20b/c?x=1&y&value=xyz"),
        (Redirect(302, port="#{port}", query=""), "http://api.example.com:80/a%20b/c"),
    ],
)
def test_location(action: Redirect, expected: str) -> None:
    facts = Facts("GET", "api.example.com:8080", "/a%20b/c", "x=1&y", CIMultiDict(), "127.0.0.1")
    assert location(action, HTTP, facts) == expected


def test_what_a_client_sends_is_not_read_as_a_keyword() -> None:
    facts = Facts("GET", "a.b", "/#{host}", "", CIMultiDict(), "127.0.0.1")
    assert location(Redirect(302, host="c.d"), HTTP, facts) == "http://c.d:80/#{host}"
