"""`headgate status --watch`: looks again and again, and repaints."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console
from rich.live import Live

from headgate import duration
from headgate.cli.situation import Situation
from headgate.cli.status_figures import Measured, Source, Subject
from headgate.cli.status_text import Marks, as_text
from headgate.cli.status_watch_text import key, picture, roles
from headgate.clock import Clock


@dataclass(frozen=True, slots=True)
class Watch:
    """What is looked at. `look` does not raise for what cannot be read; `sleep` takes seconds; `now` gives epoch
    seconds of the system's clock."""

    look: Callable[[], tuple[Situation, Clock]]
    source: Source
    sleep: Callable[[float], None]
    now: Callable[[], float]

    def seen(self) -> tuple[Situation, Clock, Measured]:
        found, clock = self.look()
        versions = [version for _, version in roles(found)]
        return found, clock, self.source.read(Subject(found.stack, versions, self.now()))

    @property
    def time(self) -> str:
        return f"{datetime.fromtimestamp(self.now(), UTC):%H:%M:%S} UTC"


def run(watch: Watch, screen: Console, every: int) -> None:
    """Shows what there is each `every` seconds, until Ctrl-C; the last picture stays.

    On a terminal one picture is repainted. Elsewhere a block is printed whenever more than the time has changed.
    """
    try:
        if screen.is_terminal:
            _repaint(watch, screen, every)
        else:
            _print(watch, screen, every)
    except KeyboardInterrupt:
        return


def _repaint(watch: Watch, screen: Console, every: int) -> None:
    marks = Marks.of(screen.encoding)
    with Live(console=screen, auto_refresh=False) as live:
        while True:
            note = f"{watch.time}, every {duration.show(every)}; Ctrl-C ends"
            found, clock, measured = watch.seen()
            live.update(picture(found, measured, clock, marks, note), refresh=True)
            watch.sleep(every)


def _print(watch: Watch, screen: Console, every: int) -> None:
    marks = Marks.of(screen.encoding)
    before: Sequence[object] | None = None
    while True:
        found, clock, measured = watch.seen()
        seen = key(found, measured)
        if seen != before:
            with screen.capture() as captured:
                screen.print(picture(found, measured, clock, marks, watch.time))
            screen.file.write(("" if before is None else "\n") + as_text(captured.get(), screen) + "\n")
            screen.file.flush()
            before = seen
        watch.sleep(every)
