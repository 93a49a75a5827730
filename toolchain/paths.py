"""Where things are: the checkout, and the cache that outlives it."""

import fcntl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


def cache_root(environ: Mapping[str, str]) -> Path:
    """The cache shared by all checkouts: `$HEADGATE_CACHE`, or `~/.cache/headgate`."""
    configured = environ.get("HEADGATE_CACHE")
    if configured:
        return Path(configured).expanduser().resolve()
    return Path(environ.get("HOME") or Path.home()) / ".cache" / "headgate"


@contextmanager
def exclusive(lock_file: Path, *, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold `lock_file` against other processes; calls `on_wait` once if another holds it.

    The kernel releases the lock when its holder dies, so a crash never blocks the next run. The
    file itself stays: removing it would let a third process lock a new file of the same name.
    """
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    with lock_file.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
