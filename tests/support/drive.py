"""Runs a piece of a Pulumi program to its end under the recorder, so that a test can then assert plainly.

An assertion inside `apply` may never run and fail nothing; after `drive` everything has been registered.
"""

import asyncio
import contextvars
from collections.abc import Callable
from typing import Any

import pulumi
from pulumi.runtime.settings import SETTINGS

from tests.support.mocks import Recorded, Recorder


def drive(build: Callable[[], object], *, preview: bool = False) -> Recorded:
    """Runs `build` with an event loop and Pulumi settings of its own; returns what it registered.

    `preview`: resources answer with their inputs only, so everything else is unknown. Raises what `build` raises.
    """
    recorder = Recorder(preview=preview)
    run(build, recorder)
    return recorder.recorded


def run(build: Callable[[], object], recorder: Recorder) -> None:
    """Like `drive`, with a recorder of the caller's: to look at what was registered before something raised."""
    contextvars.copy_context().run(_run, build, recorder)


def _run(build: Callable[[], object], recorder: Recorder) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        pulumi.runtime.set_mocks(
            recorder.mocks, project="headgate", stack="unit", preview=recorder.preview, monitor=recorder
        )
        SETTINGS.callbacks = recorder  # hooks register with it instead of with a server

        def program() -> None:
            build()

        drained: Any = pulumi.runtime.test  # the SDK gives it no type
        drained(program)()
    finally:
        _end(loop)
        asyncio.set_event_loop(None)
        loop.close()


def _end(loop: asyncio.AbstractEventLoop) -> None:
    """Ends what a program that failed left waiting: else some later test gets its warnings."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.wait(left))
    loop.run_until_complete(loop.shutdown_default_executor())
    for output in SETTINGS.outputs:
        if output.done() and not output.cancelled():
            output.exception()  # taken note of: what the program raised says it already
    SETTINGS.outputs.clear()  # one set for all programs of a process, in which the SDK keeps those that failed
