"""Asking over real connections."""

import socket
import threading

import pytest

from headgate.gates.asking import MOST_BYTES, HttpAsker, NoAnswer, Untrusted
from tests.support.web_servers import Authority, Reply, web

ASK = HttpAsker().ask


def test_an_answer_over_http() -> None:
    with web({"/a?b=c": Reply(201, b"hello", {"X-Some": "1"})}) as server:
        answer = ASK(server.url, "api.example.com", "/a?b=c", timeout=5, headers={"Origin": "https://o"})
    assert (answer.status, answer.body, answer.headers["x-some"], answer.protocol) == (201, b"hello", "1", None)
    assert answer.milliseconds > 0
    ((_, path, headers),) = server.asked
    assert (path, headers["Host"], headers["Origin"]) == ("/a?b=c", "api.example.com", "https://o")


@pytest.mark.usefixtures("trusted")
def test_it_connects_to_one_host_and_asks_for_another(authority: Authority) -> None:
    with web({"/": Reply()}, authority.context("api.example.com")) as server:
        answer = ASK(server.url, "api.example.com", "/", timeout=5)
    assert answer.protocol in ("TLSv1.2", "TLSv1.3")


@pytest.mark.usefixtures("trusted")
def test_a_certificate_for_another_name(authority: Authority) -> None:
    with (
        web({"/": Reply()}, authority.context("other.example.com")) as server,
        pytest.raises(Untrusted, match=r"the certificate is not one for api\.example\.com: Hostname mismatch"),
    ):
        ASK(server.url, "api.example.com", "/", timeout=5)
    assert server.asked == []


def test_a_certificate_that_nobody_vouches_for(authority: Authority) -> None:
    with web({"/": Reply()}, authority.context("api.example.com")) as server, pytest.raises(Untrusted):
        ASK(server.url, "api.example.com", "/", timeout=5)


def test_https_where_there_is_none() -> None:
    with web({"/": Reply()}) as server, pytest.raises(NoAnswer):
        ASK(server.url.replace("http", "https"), "api.example.com", "/", timeout=5)


def test_redirects_are_not_followed() -> None:
    with web({"/": Reply(302, b"", {"Location": "/other"})}) as server:
        assert ASK(server.url, "x", "/", timeout=5).status == 302
    assert len(server.asked) == 1


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(NoAnswer, match="nobody listens there") as error:
        ASK(f"http://127.0.0.1:{port}", "x", "/", timeout=5)
    assert error.value.refused


def test_no_answer_in_time() -> None:
    never = threading.Event()
    with web({"/": Reply(stall=never)}) as server:
        with pytest.raises(NoAnswer, match=r"no answer in 0\.2 s"):
            ASK(server.url, "x", "/", timeout=0.2)
        never.set()


def test_only_the_beginning_of_a_long_answer_is_read() -> None:
    with web({"/": Reply(body=b"x" * (MOST_BYTES + 5))}) as server:
        assert len(ASK(server.url, "x", "/", timeout=5).body) == MOST_BYTES


def test_something_that_is_not_http() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(b"220 mail.example.com\r\n")

        thread = threading.Thread(target=speak)
        thread.start()
        with pytest.raises(NoAnswer):
            ASK(f"http://127.0.0.1:{listener.getsockname()[1]}", "x", "/", timeout=5)
        thread.join(5)
