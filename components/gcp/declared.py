"""What a Cloud Run service declares, judged against the transition."""

from collections.abc import Mapping, Sequence
from typing import Any

from headgate import carrier, transition
from headgate.carrier import Entry
from headgate.problems import Violation
from headgate.state import Recorded
from headgate.transition import Transition


def service(inputs: Mapping[str, Any], change: Transition) -> tuple[Violation, ...]:
    """R-02, R-05, R-18 and R-25 on the inputs of a `gcp:cloudrunv2/service:Service`."""
    traffics = inputs.get("traffics")
    template = inputs.get("template")
    if not isinstance(traffics, Sequence) or isinstance(traffics, str) or not traffics:
        return (transition.unjudged("the service declares no traffic, so its newest revision would get everything"),)
    entries = [_entry(each) for each in traffics]
    revision = template.get("revision") if isinstance(template, Mapping) else None
    previous = change.previous.state if isinstance(change.previous, Recorded) else None
    return carrier.check_revisions(entries, revision, change.proposed, previous)


def _entry(raw: object) -> Entry:
    if not isinstance(raw, Mapping):
        return Entry(None, raw, None)
    return Entry(raw.get("revision"), raw.get("percent"), raw.get("type"))
