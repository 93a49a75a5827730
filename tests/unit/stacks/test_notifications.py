"""Who is told, and how: the key of every system, with the kinds of either cloud."""

from typing import Any

import pytest

from components.aws.notifications import TopicChannelKind, TopicTier
from components.gcp.notification import ChannelKind, Tier
from headgate.reader import Reader
from stacks.greenflow_settings import CHANNELS as ON_AWS
from stacks.ion_settings import CHANNELS as ON_GOOGLE
from stacks.notifications import TIERS, read

WHERE = "headgate:notifications"
URL = "https://pager.example/integration/1"


def problems(raw: Any, kinds: Any = ON_AWS) -> list[str]:
    reader = Reader("Pulumi.it.yaml")
    read(raw, reader, kinds)
    return [str(problem) for problem in reader.problems]


def test_the_kinds_are_those_of_the_components() -> None:
    assert set(ON_AWS) == {each.value for each in TopicChannelKind}
    assert set(ON_GOOGLE) == {each.value for each in ChannelKind}
    assert set(TIERS) == {each.value for each in TopicTier} == {each.value for each in Tier}


@pytest.mark.parametrize(
    "entry",
    [
        {"kind": "email", "address": "team@greenflow.example"},
        {"kind": "sms", "tier": "management", "address": "+14155550123"},
        {"kind": "https", "secret": URL},
        {"kind": "slack", "tier": "leads", "address": "T0123ABCD/C0456EFGH"},
    ],
)
def test_what_is_written_is_read(entry: Any) -> None:
    reader = Reader("Pulumi.it.yaml")
    (channel,) = read({"it": entry}, reader, ON_AWS).values()
    assert problems({"it": entry}) == []
    assert channel.kind == entry["kind"]
    assert channel.tier == entry.get("tier", "deploy_team")
    assert (channel.address, channel.secret) == (entry.get("address"), entry.get("secret"))
    assert URL not in repr(channel)


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (None, WHERE),
        ({}, WHERE),
        ({"it": {"kind": "pagerduty", "secret": URL}}, f"{WHERE}.it.kind"),
        ({"it": {"kind": "email", "address": "nobody"}}, f"{WHERE}.it.address"),
        ({"it": {"kind": "sms", "address": "+1-415"}}, f"{WHERE}.it.address"),
        ({"it": {"kind": "slack", "address": "#alerts"}}, f"{WHERE}.it.address"),
        ({"it": {"kind": "https"}}, f"{WHERE}.it.secret"),
        ({"it": {"kind": "https", "secret": URL, "address": URL}}, f"{WHERE}.it.address"),
        ({"it": {"kind": "email", "address": "a@b.example", "secret": URL}}, f"{WHERE}.it.secret"),
        ({"it": {"kind": "email", "address": "a@b.example", "tier": "friends"}}, f"{WHERE}.it.tier"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(raw: Any, place: str) -> None:
    found = problems(raw)
    assert any(place in problem for problem in found)
    assert not any(f"{URL}" in problem for problem in found if place.endswith("secret"))
