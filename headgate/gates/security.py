"""Gate `security`, as it really runs: HTTPS only, security headers, CORS (R-A4)."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from headgate.gate_settings import SecuritySettings
from headgate.gates.asking import Answer, Asker, NoAnswer, Untrusted
from headgate.gates.contract import GateContext
from headgate.report import GateResult, Verdict
from headgate.traffic.candidate import Address
from headgate.wire import show

NAME = "security"
STRANGER = "https://stranger.invalid"  # an origin that nobody owns (RFC 2606)
REDIRECTS = (301, 302, 307, 308)
ALLOWED = "access-control-allow-origin"


def run(settings: SecuritySettings, address: Address, asker: Asker, context: GateContext) -> GateResult:
    """Every shortfall is a reason. A certificate that is not right fails; nobody answers: inconclusive."""
    try:
        reasons = list(_shortfalls(settings, address, asker))
    except Untrusted as error:
        return context.result(NAME, Verdict.FAILED, [f"{address.url}: {error}"])
    except NoAnswer as error:
        return context.result(NAME, Verdict.INCONCLUSIVE, [f"{address.url} does not answer: {error}"])
    return context.result(NAME, Verdict.FAILED if reasons else Verdict.PASSED, reasons)


def _shortfalls(settings: SecuritySettings, address: Address, asker: Asker) -> Iterator[str]:
    def ask(origin: str | None = None) -> Answer:
        headers = {"Origin": origin} if origin else None
        return asker.ask(address.url, address.name, settings.path, timeout=settings.timeout, headers=headers)

    answer = ask()
    if not address.url.startswith("https://"):
        yield f"{address.url} is not HTTPS"
    for name, needed in settings.headers.items():
        found = answer.headers.get(name.lower())
        if found is None:
            yield f"there is no header {name}" + (f" (needs {needed!r} in it)" if needed else "")
        elif needed.lower() not in found.lower():
            yield f"header {name} is {show(found)} (needs {needed!r} in it)"
    yield from _plain(settings, address, asker)
    for origin in settings.cors_origins:
        allowed = ask(origin).headers.get(ALLOWED)
        if allowed not in (origin, "*"):
            yield f"origin {origin} is not let in: {ALLOWED} is {show(allowed)}"
    allowed = ask(STRANGER).headers.get(ALLOWED)
    if allowed is not None and allowed not in settings.cors_origins:
        yield f"any origin is let in: {ALLOWED} is {show(allowed)} for {STRANGER} (needs none)"


def _plain(settings: SecuritySettings, address: Address, asker: Asker) -> Iterator[str]:
    """Over plain HTTP nothing may be served: a redirect to HTTPS, or nobody there."""
    url = settings.plain or f"http://{urlsplit(address.url).hostname}"
    try:
        answer = asker.ask(url, address.name.partition(":")[0], settings.path, timeout=settings.timeout)
    except NoAnswer:
        return
    location = answer.headers.get("location", "")
    if answer.status not in REDIRECTS or not location.lower().startswith("https://"):
        yield f"{url} answered {answer.status} over plain HTTP (needs a redirect to https://)"
