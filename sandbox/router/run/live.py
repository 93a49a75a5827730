"""Reads the emulated Google."""

import json
import urllib.error
import urllib.request
from typing import Any

from sandbox.router.run import parsing
from sandbox.router.run.model import Cloud
from sandbox.router.watching import Away

# An emulator in one Python process can be busy with somebody else for a while.
_PATIENCE_S = 5.0


class StoreReader:
    """Reads all services of the emulator at `url`. Uses no proxy of this machine."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/headgate-sandbox/store"
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

    def read(self, *, everything: bool = True) -> Cloud:
        """What there is now. Raises Away."""
        try:
            with self._open(self._url, timeout=_PATIENCE_S) as answer:
                content: Any = json.load(answer)
            return parsing.cloud(content)
        except urllib.error.URLError as error:
            raise Away(str(error.reason), gone=isinstance(error.reason, ConnectionRefusedError)) from error
        except OSError as error:
            raise Away(str(error)) from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Away(f"an answer of the emulator is not of the expected form: {error!r}") from error
