"""Rules on log groups."""

from collections.abc import Iterable, Iterator

from policies.facts import Node, Resource, in_turn
from policies.model import Level, Rule, Settings, Severity, Where, number, switch

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"


def _kept_and_encrypted(resource: Resource, settings: Settings) -> Iterable[str]:
    parts = [_kept(resource.inputs, settings["minimumDays"])]
    if settings["requireOwnKey"]:
        parts.append(_own_key(resource.inputs))
    return in_turn(*parts)


def _kept(inputs: Node, least: int) -> Iterator[str]:
    days = inputs.number("retentionInDays") or 0
    if not days:
        yield f"retentionInDays must be at least {least}, found nothing, which keeps logs for ever."
    elif days < least:
        yield f"retentionInDays must be at least {least}, found {days:g}."


def _own_key(inputs: Node) -> Iterator[str]:
    if not inputs.has("kmsKeyId"):
        yield "kmsKeyId must be set, found nothing."


RULES = (
    Rule(
        id="log-group-retention-and-kms",
        row="84",
        title="Logs are kept, for a time, and encrypted",
        description="Checks whether log groups have a retention that is long enough, and a key of our own.",
        types=frozenset({LOG_GROUP}),
        reads=("retentionInDays", "kmsKeyId"),
        check=_kept_and_encrypted,
        remedy="Set retentionInDays, and kmsKeyId to the stack's key.",
        severity=Severity.MEDIUM,
        source="SH CloudWatch.16",
        settings={
            "minimumDays": number(30, "Least days that logs are kept.", minimum=1),
            "requireOwnKey": switch(True, "Whether kmsKeyId must be set."),
        },
    ),
    Rule(
        id="log-group-kept-for-a-year",
        row="84",
        title="Logs of production are there a year later",
        description="Checks whether log groups of production are kept for a year, as an investigation may need.",
        types=frozenset({LOG_GROUP}),
        reads=("retentionInDays",),
        check=lambda resource, settings: _kept(resource.inputs, settings["minimumDays"]),
        remedy="Set retentionInDays to 365.",
        severity=Severity.LOW,
        source="SH CloudWatch.16",
        level=Level.ADVISORY,
        where=Where.PRODUCTION,
        settings={"minimumDays": number(365, "Least days that logs are kept.", minimum=1)},
    ),
)
