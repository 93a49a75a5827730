"""Rehearsal time: a clock that runs faster while commands run, and is set forward between them.

A bake of minutes can pass at the speed at which commands run. One of weeks cannot: at that speed a command of seconds
would take days itself, and leave the window that a rollout must start in. So time has two speeds.
"""

import math
import time
from collections.abc import Callable, MutableMapping

from headgate import clock as clocks
from headgate.clock import RehearsalClock, SystemClock

_TICK_S = 0.1


class Pace:
    """Keeps `environ` supplied with a clock that runs `scale` times as fast as the machine's, and never back.

    `forward`: plan seconds that pass in a real second of waiting; None waits at the clock's own speed.
    """

    def __init__(self, environ: MutableMapping[str, str], scale: int, forward: int | None = None) -> None:
        self._environ = environ
        self._scale = scale
        self._forward = forward
        self._machine = SystemClock()
        self.set(self._machine.now())

    @property
    def clock(self) -> RehearsalClock:
        return self._clock

    def now(self) -> int:
        """Epoch seconds of the rehearsal."""
        return self._clock.now()

    def set(self, moment: int) -> None:
        """Go on from `moment` (epoch seconds, not in the machine's past), or up to `scale` seconds later."""
        real = self._machine.now()
        # The clock shows anchor + (real - anchor) * scale.
        anchor = real - math.ceil((moment - real) / (self._scale - 1))
        self._clock = RehearsalClock(self._scale, anchor)
        self._environ[clocks.VARIABLE] = f"{self._scale}@{anchor}"

    def wait_until(self, moment: int, tick: Callable[[], None] = lambda: None) -> None:
        """Returns when the rehearsal's time is `moment` or later."""
        if self._forward is None:
            while self.now() < moment:
                tick()
                time.sleep(_TICK_S)
            return
        give_up = time.monotonic() + (moment - self.now()) / self._forward
        while (left := give_up - time.monotonic()) > 0:
            tick()
            time.sleep(min(_TICK_S, left))
        if self.now() < moment:
            self.set(moment)

    def describe(self) -> str:
        """One line for people."""
        words = clocks.describe(self._clock)
        if self._forward is None:
            return words
        return f"{words} While a step bakes it is set forward by {self._forward / 86400:g} days a second."
