"""Sends messages with Apprise: chat, mail, pager, text messages, by the address of each.

Addresses come from the environment alone. Apprise's own words about a delivery may hold one, so nothing of them is
passed on but the status of an HTTP answer.
"""

import re
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from headgate.notify.message import Delivery, Message
from headgate.notify_settings import NotifySettings

PATIENCE = 10.0  # seconds for all deliveries of one message, which run side by side; a rollback waits for them
_STATUS = re.compile(r"\berror=([1-5][0-9]{2})\b")


@dataclass(slots=True)
class _Job:
    tier: str
    name: str
    url: str = field(repr=False)
    why: str = ""  # why it is known not to be sent before it is tried
    result: Delivery | None = None


class AppriseNotifier:
    """`Notifier` to the addresses that `settings` name, out of `environ`; several in one variable are separated by
    white space. `patience`: seconds for all deliveries of a message."""

    def __init__(self, settings: NotifySettings, environ: Mapping[str, str], patience: float = PATIENCE) -> None:
        self._settings = settings
        self._environ = environ
        self._patience = patience

    def send(self, message: Message) -> tuple[Delivery, ...]:
        """See `Notifier.send`. What does not end in time goes on in a thread that nobody waits for."""
        jobs = list(self._jobs(message))
        deadline = time.monotonic() + self._patience
        threads = [threading.Thread(target=_run, args=(job, message), daemon=True) for job in jobs if not job.why]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        late = f"no answer within {self._patience:g} s"
        return tuple(job.result or Delivery(job.tier, job.name, sent=False, why=job.why or late) for job in jobs)

    def _jobs(self, message: Message) -> Iterator[_Job]:
        seen: set[str] = set()
        for tier in message.tags:
            for name in self._settings.tiers.get(tier, ()):
                if name in seen:
                    continue
                seen.add(name)
                urls = self._environ.get(name, "").split()
                if not urls:
                    yield _Job(tier, name, "", "the variable is not set")
                for position, url in enumerate(urls):
                    label = name if len(urls) == 1 else f"{name}, address {position + 1} of {len(urls)}"
                    yield _Job(tier, label, url)


def _run(job: _Job, message: Message) -> None:
    try:
        why = _sent(job.url, message)
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything, and its words may hold the address
        why = f"{type(error).__name__} in Apprise"
    job.result = Delivery(job.tier, job.name, sent=not why, why=why)


def _sent(url: str, message: Message) -> str:
    """Why it was not sent; empty when it was."""
    import apprise

    # Without a time limit of its own and one at a time, Apprise works in this thread: its pool would hold up the exit.
    asset = apprise.AppriseAsset(app_id="Headgate", app_desc="Headgate", async_mode=False, service_timeout=0)
    sender = apprise.Apprise(asset=asset)
    if not sender.add(url):
        return "what the variable holds is not an address that Apprise knows"
    done = sender.notify(title=message.title, body=message.body, notify_type=str(message.severity), body_format="text")
    if done:
        return ""
    statuses = [found[1] for entry in done.logs() if (found := _STATUS.search(entry.message))]
    return f"the service answered {statuses[-1]}" if statuses else "the service could not be reached, or refused it"
