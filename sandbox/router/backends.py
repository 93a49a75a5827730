"""Which process serves which slot: a JSON file {"blue": "http://127.0.0.1:1234", …} that others write."""

import json
from collections.abc import Mapping
from pathlib import Path

from sandbox.serving import Unusable, loopback_url


class Backends:
    """The address of the process per slot, read again when the file changes.

    A file that cannot be read as what it should be leaves the last good one in force; `error` says why.
    A file that is not there means that no slot has a process.
    """

    def __init__(self, path: Path) -> None:
        self.error: str | None = None
        self._path = path
        self._urls: dict[str, str] = {}
        self._seen: tuple[int, int, int] | None = None

    @property
    def urls(self) -> Mapping[str, str]:
        return self._urls

    def refresh(self) -> None:
        """Look at the file; cheap when it has not changed."""
        try:
            about = self._path.stat()
        except FileNotFoundError:
            self._urls, self._seen, self.error = {}, None, None
            return
        seen = (about.st_mtime_ns, about.st_size, about.st_ino)
        if seen == self._seen:
            return
        try:
            self._urls = parse(self._path.read_text())
        except FileNotFoundError:
            return
        except Unusable as problem:
            self.error = f"{self._path}: {problem}"
        else:
            self.error = None
        self._seen = seen


def parse(text: str) -> dict[str, str]:
    """The addresses in the text of a backends file; raises Unusable with all problems at once."""
    try:
        content = json.loads(text)
    except ValueError as error:
        raise Unusable(f"not JSON ({error}); expected an object of slot names and addresses") from error
    if not isinstance(content, dict):
        raise Unusable(f"found {type(content).__name__}, expected an object of slot names and addresses")
    urls: dict[str, str] = {}
    problems = []
    for slot, url in content.items():
        try:
            urls[slot] = loopback_url(url if isinstance(url, str) else json.dumps(url))
        except Unusable as problem:
            problems.append(f"{slot}: {problem}")
    if problems:
        raise Unusable("; ".join(problems))
    return urls
