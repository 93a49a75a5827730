"""No secret is registered, exported or reported in clear: canaries go in wherever a component takes a secret."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pulumi
import pytest

from components.aws.edge import Edge
from components.aws.notifications import AlarmTopics, TopicChannelKind
from components.aws.secrets import AppSecrets
from components.gcp.notification import ChannelKind, NotificationChannels
from tests.contract.rows import NAME, row
from tests.support import stack_files
from tests.support.drive import drive
from tests.support.judged import everything
from tests.support.mocks import UNKNOWN, Recorded, Secret
from tests.support.servicer import FixedSession, Pack
from tests.support.stack_program import Stack

CANARY = "canary-hunter2-c4fe"
URL = f"https://pager.example.com/{CANARY}"

# Component and the arguments that hold secrets, given in plain text: the component has to mark them.
TAKING: list[tuple[type[pulumi.ComponentResource], Mapping[str, Any]]] = [
    (AppSecrets, {"settings": {"SESSION_KEY": CANARY}}),
    (Edge, {"origin_secret": CANARY}),
    (AlarmTopics, {"channels": {"pager": {"kind": TopicChannelKind.HTTPS, "secret": URL}}}),
    (NotificationChannels, {"channels": {"pager": {"kind": ChannelKind.PAGERDUTY, "secret": CANARY}}}),
]


def clear(value: Any) -> Any:
    """`value` with what is marked secret taken out."""
    if isinstance(value, Secret):
        return "[secret]"
    if isinstance(value, Mapping):
        return {key: clear(each) for key, each in value.items()}
    return [clear(each) for each in value] if isinstance(value, list) else value


def in_clear(recorded: Recorded) -> str:
    """Everything that a state would hold readably."""
    return json.dumps([*(clear(each.inputs) for each in recorded.resources), clear(recorded.outputs)], default=repr)


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
@pytest.mark.parametrize(("component", "secrets"), TAKING, ids=lambda value: getattr(value, "__name__", ""))
def test_a_secret_is_registered_marked_and_never_reported(
    component: type[pulumi.ComponentResource], secrets: Mapping[str, Any], preview: bool
) -> None:
    build: Callable[..., pulumi.ComponentResource] = component
    recorded = drive(lambda: build(NAME, {**row(component).args, **secrets}), preview=preview)

    whole = json.dumps([each.inputs for each in recorded.resources], default=repr)
    assert CANARY in whole, "the canary went nowhere"
    assert CANARY not in in_clear(recorded)
    said = Pack("production").run(everything(recorded))
    assert CANARY not in json.dumps([each.message for each in said])


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
def test_the_secrets_of_production_are_marked(preview: bool) -> None:
    """What the program itself makes secret: the address of the cache with the user that signs in."""
    stack = Stack.of("greenflow-production")
    settings = stack_files.configured("greenflow-production").settings
    outcome = stack.preview(settings) if preview else stack.up(settings)

    for version in outcome.recorded.of_type("SecretVersion"):
        value = version.inputs["secretString"]
        assert isinstance(value, Secret) or (preview and value is UNKNOWN), version.name
    assert "rediss://" not in in_clear(outcome.recorded)
    said = Pack("production", session=FixedSession(moment=stack.clock.time)).run(everything(outcome.recorded))
    assert "rediss://" not in json.dumps([each.message for each in said])
