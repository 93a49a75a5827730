"""Property values to API parameters and back."""

import json
from typing import Any

import pytest

from sandbox.plugins.aws.codecs import (
    JSON,
    PLAIN,
    TEXT,
    ArnOrName,
    Codec,
    Json,
    JsonValue,
    List,
    Lower,
    Obj,
    Version,
    Via,
    choice,
    put,
    search,
    settled,
)
from sandbox.plugins.values import UNKNOWN

TARGETS = List(Obj({"arn": "TargetGroupArn", "weight": "Weight"}), key="arn")
NETWORK = Obj(
    {
        "subnets": ("subnets", List()),
        "assignPublicIp": ("assignPublicIp", choice(ENABLED=True, DISABLED=False)),
        "matcher": "Matcher.HttpCode",
    }
)


def tuples(*weights: tuple[str, int]) -> list[dict[str, Any]]:
    return [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights]


def groups(*weights: tuple[str, int]) -> list[dict[str, Any]]:
    return [{"arn": arn, "weight": weight} for arn, weight in weights]


class TestScalars:
    @pytest.mark.parametrize(
        ("value", "template", "expected"),
        [
            ("10", 10, 10),
            ("1.5", 1.0, 1.5),
            (10, "10", "10"),
            ("true", False, True),
            ("false", True, False),
            (True, "true", "true"),
            ("abc", 10, "abc"),
            ("x", None, "x"),
        ],
    )
    def test_a_value_takes_the_type_of_the_template(self, value: Any, template: Any, expected: Any) -> None:
        read = PLAIN.from_aws(value, template)
        assert read == expected
        assert type(read) is type(expected)

    @pytest.mark.parametrize(("value", "expected"), [(True, "true"), (60, "60"), ("defensive", "defensive")])
    def test_attributes_are_texts(self, value: Any, expected: str) -> None:
        assert TEXT.to_aws(value) == expected

    def test_case_may_not_matter(self) -> None:
        assert Lower().from_aws("sun:04:00-sun:05:00", "Sun:04:00-Sun:05:00") == "Sun:04:00-Sun:05:00"
        assert Lower().from_aws("other", "Sun") == "other"
        assert Lower().canonical("Sun") == Lower().canonical("sun")

    @pytest.mark.parametrize(
        ("found", "given", "expected"),
        [
            ("17.6", "17", "17"),
            ("17", "17", "17"),
            ("18.1", "17", "18.1"),
            ("17.60", "17.6", "17.60"),
            ("7.1.0", "7.1", "7.1"),
        ],
    )
    def test_a_version_may_be_given_in_part(self, found: str, given: str, expected: str) -> None:
        assert Version().from_aws(found, given) == expected

    @pytest.mark.parametrize(
        ("found", "given", "expected"),
        [
            ("arn:aws:ecs:r:1:cluster/c", "c", "c"),
            ("arn:aws:ecs:r:1:task-definition/api:3", "api:3", "arn:aws:ecs:r:1:task-definition/api:3"),
            ("arn:aws:ecs:r:1:cluster/c", "arn:aws:ecs:r:1:cluster/c", "arn:aws:ecs:r:1:cluster/c"),
            ("arn:aws:ecs:r:1:cluster/d", "c", "arn:aws:ecs:r:1:cluster/d"),
        ],
    )
    def test_a_name_may_stand_for_an_arn(self, found: str, given: str, expected: str) -> None:
        assert ArnOrName().from_aws(found, given) == expected

    def test_words_stand_for_values(self) -> None:
        codec = choice(ENABLED=True, DISABLED=False)
        assert codec.to_aws(True) == "ENABLED"
        assert codec.from_aws("DISABLED", None) is False

    @pytest.mark.parametrize("codec", [PLAIN, JsonValue(), List(), Obj(), Via(str, str), TEXT])
    def test_an_unknown_value_stays_unknown(self, codec: Codec) -> None:
        assert codec.to_aws(UNKNOWN) is UNKNOWN
        assert codec.problems("p", UNKNOWN) == []


class TestDocuments:
    def test_layout_does_not_matter(self) -> None:
        given = '{"Version": "2012-10-17", "Statement": []}'
        assert JSON.from_aws({"Statement": [], "Version": "2012-10-17"}, given) == given
        assert JSON.canonical(given) == JSON.canonical(given.replace(" ", "\n"))

    def test_another_document_is_another_document(self) -> None:
        assert JSON.from_aws('{"a": 2}', '{"a": 1}') == json.dumps({"a": 2})

    def test_members_that_the_api_adds_are_no_difference(self) -> None:
        given = '[{"name": "api", "secrets": []}]'
        assert Json(contained=True).from_aws([{"name": "api", "cpu": 0}], given) == given
        assert Json(contained=True).from_aws([{"name": "web", "cpu": 0}], given) != given
        assert Json(contained=True).from_aws([{"name": "api"}, {"name": "b"}], given) != given

    def test_a_document_is_sent_as_a_structure_where_the_api_wants_one(self) -> None:
        assert JsonValue().to_aws('[{"name": "api"}]') == [{"name": "api"}]

    def test_a_broken_document_is_named_without_its_content(self) -> None:
        (problem,) = JSON.problems("policy", '{"password": hunter2}')
        assert problem.startswith("policy: expected a JSON document; line 1")
        assert "hunter2" not in problem


class TestLists:
    def test_a_set_keeps_the_order_it_was_given_in(self) -> None:
        assert List().from_aws(["a", "b"], ["b", "a"]) == ["b", "a"]

    def test_what_is_new_in_a_set_comes_last(self) -> None:
        assert List().from_aws(["a", "b", "c"], ["c", "a"]) == ["c", "a", "b"]

    def test_the_order_of_a_list_matters(self) -> None:
        assert List(ordered=True).from_aws(["a", "b"], ["b", "a"]) == ["a", "b"]
        assert List(ordered=True).canonical(["a", "b"]) != List(ordered=True).canonical(["b", "a"])
        assert List().canonical(["a", "b"]) == List().canonical(["b", "a"])

    def test_blocks_of_a_set_are_told_apart_by_their_key(self) -> None:
        read = TARGETS.from_aws(tuples(("green", 30), ("blue", 70)), groups(("blue", 90), ("green", 10)))
        assert read == groups(("blue", 70), ("green", 30))

    def test_a_block_that_came_or_went_is_seen(self) -> None:
        given = groups(("blue", 90), ("green", 10))
        assert TARGETS.from_aws(tuples(("green", 10)), given) == groups(("green", 10))
        assert TARGETS.from_aws(tuples(("red", 1), ("blue", 90), ("green", 10)), given) == [*given, *groups(("red", 1))]

    def test_what_is_no_list_is_named(self) -> None:
        assert List().problems("subnets", "a") == ["subnets: expected a list, found a string"]


class TestBlocks:
    def test_members_are_renamed_and_nested(self) -> None:
        assert NETWORK.to_aws({"assignPublicIp": False, "matcher": "200"}) == {
            "assignPublicIp": "DISABLED",
            "Matcher": {"HttpCode": "200"},
        }

    def test_only_what_is_managed_is_read(self) -> None:
        found = {"subnets": ["a"], "assignPublicIp": "DISABLED", "Matcher": {"HttpCode": "200"}}
        assert NETWORK.from_aws(found, {"matcher": "200"}) == {"matcher": "200"}
        assert NETWORK.from_aws(found, None) == {"subnets": ["a"], "assignPublicIp": False, "matcher": "200"}

    def test_an_unknown_property_is_named_with_those_known(self) -> None:
        assert NETWORK.problems("networkConfiguration", {"subnet": ["a"]}) == [
            "networkConfiguration.subnet: not known to the stand-in; known here: assignPublicIp, matcher, subnets"
        ]

    def test_problems_are_found_at_every_depth(self) -> None:
        actions = List(Obj({"forward": ("ForwardConfig", Obj({"targetGroups": ("TargetGroups", TARGETS)}))}))
        (problem,) = actions.problems("actions", [{"forward": {"targetGroups": [{"arn": "a", "wait": 1}]}}])
        assert problem.startswith("actions[0].forward.targetGroups[0].wait: not known")

    def test_what_is_no_block_is_named(self) -> None:
        assert NETWORK.problems("network", ["a"]) == ["network: expected a block, found a list"]

    def test_two_blocks_that_mean_the_same_are_equal(self) -> None:
        assert NETWORK.canonical({"subnets": ["a", "b"]}) == NETWORK.canonical({"subnets": ["b", "a"]})


class TestPaths:
    def test_a_value_is_put_where_the_path_says(self) -> None:
        params: dict[str, Any] = {}
        put(params, "a.b", 1)
        put(params, "a.c", 2)
        put(params, "", {"d": 3})
        assert params == {"a": {"b": 1, "c": 2}, "d": 3}

    def test_a_value_is_found_where_the_path_says(self) -> None:
        assert search("Certificates[0].CertificateArn", {"Certificates": [{"CertificateArn": "x"}]}) == "x"
        assert search("@", {"a": 1}) == {"a": 1}

    @pytest.mark.parametrize("empty", ["", [], {}, False])
    def test_nothing_said_and_nothing_given_are_the_same(self, empty: Any) -> None:
        assert settled(PLAIN, None, empty) == empty

    def test_nothing_said_is_not_what_was_given(self) -> None:
        assert settled(PLAIN, None, "given") is None
