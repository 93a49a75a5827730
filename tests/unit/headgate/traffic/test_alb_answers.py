"""What answers of the balancer's and the container service's API mean."""

from typing import Any

import pytest

from headgate.traffic import alb_answers as answers


def arn(name: str) -> str:
    return f"arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/{name}/0123456789abcdef"


SLOTS = {arn("gf-blue"): "blue", arn("gf-green"): "green"}


def forward(blue: int, green: int, **more: Any) -> dict[str, Any]:
    groups = [
        {"TargetGroupArn": arn("gf-blue"), "Weight": blue},
        {"TargetGroupArn": arn("gf-green"), "Weight": green},
    ]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups, **more}}


def single(name: str) -> dict[str, Any]:
    return {"Type": "forward", "TargetGroupArn": arn(name)}


class TestRoute:
    @pytest.mark.parametrize(
        ("actions", "split"),
        [
            ([forward(90, 10)], {"blue": 90, "green": 10}),
            ([forward(1, 1)], {"blue": 50, "green": 50}),
            ([forward(100, 0)], {"blue": 100, "green": 0}),
            ([forward(0, 0)], {"blue": 0, "green": 0}),
            ([single("gf-green")], {"green": 100}),
            ([single("legacy")], {"target group legacy": 100}),
            ([{"Type": "redirect", "RedirectConfig": {}}], {"redirect": 100}),
            ([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}], {"fixed-response": 100}),
            ([], {"nothing": 100}),
        ],
        ids=str,
    )
    def test_target_and_share(self, actions: list[dict[str, Any]], split: dict[str, int]) -> None:
        assert answers.route(actions, SLOTS) == split

    def test_the_last_action_routes(self) -> None:
        login = {"Type": "authenticate-oidc", "Order": 1}
        assert answers.route([forward(90, 10) | {"Order": 2}, login], SLOTS) == {"blue": 90, "green": 10}

    def test_two_groups_of_a_slot_count_together(self) -> None:
        twice = {**SLOTS, arn("gf-green"): "blue"}
        assert answers.route([forward(60, 40)], twice) == {"blue": 100}


class TestRuleRoutes:
    def rule(self, priority: str, *actions: dict[str, Any], default: bool = False) -> dict[str, Any]:
        return {"Priority": priority, "IsDefault": default, "Actions": list(actions)}

    def test_a_rule_that_routes_elsewhere_shows(self) -> None:
        rules = [self.rule("10", single("gf-green")), self.rule("20", {"Type": "fixed-response"})]
        assert answers.rule_routes(rules, SLOTS, {"blue": 100, "green": 0}) == {
            "rule 10 -> green": 100,
            "rule 20 -> fixed-response": 100,
        }

    def test_a_rule_with_weights_of_its_own_shows(self) -> None:
        found = answers.rule_routes([self.rule("7", forward(50, 50))], SLOTS, {"blue": 90, "green": 10})
        assert found == {"rule 7 -> blue": 50, "rule 7 -> green": 50}

    def test_a_rule_that_routes_alike_and_the_default_do_not_show(self) -> None:
        rules = [self.rule("10", single("gf-blue")), self.rule("default", forward(1, 9), default=True)]
        assert answers.rule_routes(rules, SLOTS, {"blue": 100, "green": 0}) == {}


class TestService:
    def service(self, **fields: Any) -> dict[str, Any]:
        done = {"status": "PRIMARY", "rolloutState": "COMPLETED"}
        return {"desiredCount": 2, "runningCount": 2, "deployments": [done], **fields}

    @pytest.mark.parametrize(
        ("fields", "why"),
        [
            ({}, ""),
            ({"deployments": []}, ""),
            ({"deployments": [{"status": "PRIMARY"}]}, ""),
            ({"runningCount": 1}, "1 of 2 tasks run"),
            ({"runningCount": 3}, "3 of 2 tasks run"),
            ({"deployments": [{"status": "PRIMARY", "rolloutState": "IN_PROGRESS"}]}, "its deployment is IN_PROGRESS"),
            (
                {"deployments": [{"status": "PRIMARY", "rolloutState": "IN_PROGRESS"}, {"status": "ACTIVE"}]},
                "2 deployments are in progress",
            ),
            (
                {
                    "deployments": [
                        {"status": "PRIMARY", "rolloutState": "FAILED", "rolloutStateReason": "tasks failed"}
                    ]
                },
                "its last deployment failed (tasks failed)",
            ),
            (
                {"deployments": [{"status": "PRIMARY", "rolloutState": "FAILED"}]},
                "its last deployment failed (no reason given)",
            ),
        ],
    )
    def test_unsteady(self, fields: dict[str, Any], why: str) -> None:
        assert answers.unsteady(self.service(**fields)) == why

    @pytest.mark.parametrize(
        ("containers", "image"),
        [
            ([("api", "a")], "a"),
            ([("log-router", "l"), ("api", "a")], "a"),
            ([("web", "w")], "w"),
            ([("web", "w"), ("log-router", "l")], None),
            ([], None),
        ],
    )
    def test_image(self, containers: list[tuple[str, str]], image: str | None) -> None:
        definition = {"containerDefinitions": [{"name": name, "image": of} for name, of in containers]}
        assert answers.image(definition, "api") == image


def test_stickiness_seconds_are_known_also_while_it_is_off() -> None:
    off = forward(1, 1, TargetGroupStickinessConfig={"Enabled": False, "DurationSeconds": 300})
    assert answers.stickiness_seconds([off]) == 300
    assert answers.stickiness_seconds([single("gf-blue")]) == 0


def test_authentication_is_seen() -> None:
    assert answers.authentication([{"Type": "authenticate-cognito"}, single("gf-blue")]) == "authenticate-cognito"
    assert answers.authentication([single("gf-blue")]) == ""
