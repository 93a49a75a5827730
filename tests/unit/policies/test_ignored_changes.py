"""R-24: what moves the traffic may not be ignored, so that what is judged is what is declared."""

from collections.abc import Sequence

import pytest

from policies.ignored_changes import GATED
from policies.rollout import LISTENER, LISTENER_RULE, SERVICE
from tests.support.google_cases import RUN
from tests.support.servicer import Declared, Diagnostic, Pack, of

RULE = "no-ignore-changes-on-gated"
PACK = Pack("production")


def says(token: str, ignored: Sequence[str], pack: Pack = PACK) -> list[Diagnostic]:
    return of(pack.analyze(Declared(token, "it", {}, ignore_changes=ignored)), RULE)


@pytest.mark.parametrize(
    ("token", "ignored"),
    [
        (LISTENER, ["defaultActions"]),
        (LISTENER, ["defaultActions[0].forward.targetGroups[1].weight"]),
        (LISTENER, ["tags", "default_actions"]),
        (LISTENER, ['tags["headgate-role"]']),
        (LISTENER, ["tags.headgate-role"]),
        (LISTENER, ["*"]),
        ("aws:alb/listener:Listener", ["defaultActions"]),
        (LISTENER_RULE, ["actions"]),
        (LISTENER_RULE, ["actions[*].forward"]),
        (SERVICE, ["taskDefinition"]),
        (SERVICE, ["desiredCount"]),
        (SERVICE, ["deploymentController.type"]),
        (RUN, ["traffics"]),
        (RUN, ["template", "traffics[0].percent"]),
        (RUN, ['["traffics"]']),
        (RUN, ["labels"]),
        (RUN, ['labels["headgate-role"]']),
        (RUN, ["*"]),
    ],
)
def test_what_moves_the_traffic_may_not_be_ignored(token: str, ignored: list[str]) -> None:
    found = says(token, ignored)

    assert {each.level for each in found} == {"mandatory"}
    assert all(f"{RULE}: ignoreChanges must not cover " in each.message for each in found)
    assert found


@pytest.mark.parametrize(
    ("token", "ignored"),
    [
        *((token, []) for token in GATED),
        (LISTENER, ["tags"]),
        (LISTENER, ["tags.owner"]),
        (LISTENER, ["sslPolicy"]),
        (LISTENER_RULE, ["priority"]),
        (SERVICE, ["loadBalancers"]),
        (RUN, ["template"]),
        (RUN, ["template.containers[0].image", "client", "clientVersion"]),
        (RUN, ["labels.goog-pulumi-provisioned"]),
        ("aws:rds/instance:Instance", ["*"]),
    ],
)
def test_everything_else_may_be(token: str, ignored: list[str]) -> None:
    assert says(token, ignored) == []


def test_the_configuration_can_give_a_count_to_autoscaling() -> None:
    allowing = Pack("production", policy_config={RULE: {"allowed": ["desiredCount"]}})

    assert says(SERVICE, ["desiredCount"], allowing) == []
    assert says(SERVICE, ["desiredCount", "taskDefinition"], allowing)
