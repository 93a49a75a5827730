"""Asks one thing over HTTP, under a name of one's choice, with a bound on time and size. Follows no redirect."""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Protocol
from urllib.parse import urlsplit

MOST_BYTES = 1024 * 1024  # of an answer that is looked at
CHUNK = 64 * 1024


class NoAnswer(Exception):
    """Nobody answered, or not in HTTP; the message says why. `refused`: nobody listens there."""

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused


class Untrusted(NoAnswer):
    """The certificate is not one for this name, or the connection is not safe enough."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers`: by name in small letters, several of one name joined with a comma. `protocol`: TLS version, if any."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    milliseconds: float
    protocol: str | None


class Asker(Protocol):
    """Asks a server at `url` (scheme, host, port) as `name`, which goes into the Host header and the TLS handshake."""

    def ask(
        self, url: str, name: str, path: str, *, timeout: float, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The answer to GET `path`. Raises NoAnswer."""
        ...


class HttpAsker:
    """`Asker` over real connections. Certificates are checked by the machine's own list (SSL_CERT_FILE adds one)."""

    def ask(
        self, url: str, name: str, path: str, *, timeout: float, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """See `Asker.ask`; `timeout` is for the whole of it, in seconds."""
        connection = _connection(url, name, timeout)
        began = time.monotonic()
        try:
            host = {"Host": name, "User-Agent": "headgate", "Connection": "close", "Accept-Encoding": "identity"}
            connection.request("GET", path, headers={**host, **(headers or {})})
            protocol = connection.sock.version() if isinstance(connection.sock, ssl.SSLSocket) else None
            response = connection.getresponse()
            body = _body(response, began + timeout)
        except ssl.SSLCertVerificationError as error:
            raise Untrusted(f"the certificate is not one for {name}: {error.verify_message}") from error
        except ssl.SSLError as error:
            raise Untrusted(f"no safe connection: {error.reason or error}") from error
        except ConnectionRefusedError as error:
            raise NoAnswer("nobody listens there", refused=True) from error
        except TimeoutError as error:
            raise NoAnswer(f"no answer in {timeout:g} s") from error
        except (OSError, HTTPException, UnicodeError) as error:
            raise NoAnswer(str(error) or type(error).__name__) from error
        finally:
            connection.close()
        joined: dict[str, str] = {}
        for key, value in response.getheaders():
            joined[key.lower()] = f"{joined[key.lower()]}, {value}" if key.lower() in joined else value
        return Answer(response.status, joined, body, (time.monotonic() - began) * 1000, protocol)


class _Named(HTTPSConnection):
    """Connects to one host and shakes hands as another: a test listener has the public name's certificate."""

    def __init__(self, host: str, port: int | None, timeout: float, name: str) -> None:
        trust = ssl.create_default_context()
        trust.minimum_version = ssl.TLSVersion.TLSv1_2
        super().__init__(host, port, timeout=timeout, context=trust)
        self._trust, self._name = trust, name

    def connect(self) -> None:
        HTTPConnection.connect(self)
        self.sock = self._trust.wrap_socket(self.sock, server_hostname=self._name.partition(":")[0])


def _connection(url: str, name: str, timeout: float) -> HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        return _Named(host, parts.port, timeout, name)
    return HTTPConnection(host, parts.port, timeout=timeout)


def _body(response: HTTPResponse, until: float) -> bytes:
    """At most `MOST_BYTES`. Raises TimeoutError when it is not there by `until`."""
    found = b""
    while len(found) < MOST_BYTES and (chunk := response.read1(CHUNK)):
        found += chunk
        if time.monotonic() > until:
            raise TimeoutError
    return found[:MOST_BYTES]
