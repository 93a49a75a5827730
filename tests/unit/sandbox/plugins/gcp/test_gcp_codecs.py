"""Properties of a program and objects of the API, in both directions."""

import json
from typing import Any

import pytest

from sandbox.plugins.gcp import codecs
from sandbox.plugins.gcp.fields import Field, Kind, many, members, one, outside, own, value
from sandbox.plugins.values import UNKNOWN

TRAFFIC = members(traffics=many("type revision percent~ tag", api="traffic", marks="~"))
PROBE = members(probe=one("period~", http=one("path", marks="+-"), tcp=one("port", marks="+-")))
LABELS = members("labels%")


class TestFields:
    def test_names_marks_and_renames(self) -> None:
        found = members("name! timeout~^ commands=command days#=retention.days")
        assert found == {
            "name": Field("name", marks="!"),
            "timeout": Field("timeout", marks="~^"),
            "commands": Field("command"),
            "days": Field("retention.days", marks="#"),
        }
        assert found["name"].required
        assert found["timeout"].computed
        assert found["timeout"].fixed
        assert found["days"].number

    def test_what_is_no_name_is_refused(self) -> None:
        with pytest.raises(ValueError, match="'a/b' is no property with marks"):
            members("a/b")

    def test_blocks_take_their_own_name_unless_told_otherwise(self) -> None:
        found = members(scaling=one("max"), envs=many("name", api="env"), only=own(True))
        assert (found["scaling"].api, found["scaling"].kind) == ("scaling", Kind.ONE)
        assert (found["envs"].api, found["envs"].kind) == ("env", Kind.MANY)
        assert found["only"].api is None
        assert not outside("project")["project"].sent
        assert not members("paused=_paused")["paused"].sent


class TestEncode:
    def encode(self, fields: Any, values: Any) -> dict[str, Any]:
        return codecs.encode(fields, values, {"project": "p", "location": "l"})

    def test_renames_and_order(self) -> None:
        given = {"traffics": [{"revision": "b", "percent": 5}, {"revision": "a", "percent": 95}]}
        assert self.encode(TRAFFIC, given) == {
            "traffic": [{"revision": "b", "percent": 5}, {"revision": "a", "percent": 95}]
        }

    @pytest.mark.parametrize("nothing", [None, 0, False, "", [], {}, 0.0])
    def test_nothing_zero_and_false_are_left_out(self, nothing: Any) -> None:
        assert self.encode(members("a b", c=one("d")), {"a": nothing, "b": 1, "c": {"d": nothing}}) == {"b": 1}

    def test_unless_the_table_says_so(self) -> None:
        assert self.encode(members("a+"), {"a": 0}) == {"a": 0}
        assert self.encode(members(automatic=one(marks="+")), {"automatic": {}}) == {"automatic": {}}
        assert self.encode(members(automatic=one(marks="+")), {}) == {}

    def test_alternatives_that_are_not_given_are_null(self) -> None:
        given = {"probe": {"tcp": {"port": 80}}}
        assert self.encode(PROBE, given) == {"probe": {"http": None, "tcp": {"port": 80}}}

    def test_one_block_in_a_list_and_a_list_without_one(self) -> None:
        fields = members(ports=one("name", wrapped=True), records=many("by", api="record", wrapped=True))
        given = {"ports": {"name": "http1"}, "records": [{"by": "me"}]}
        assert self.encode(fields, given) == {"ports": [{"name": "http1"}], "record": {"by": "me"}}

    def test_a_nested_member_a_bare_name_and_a_document(self) -> None:
        fields = members(
            "seconds=draining.seconds json&",
            topic=value(full="projects/{project}/topics/{}"),
        )
        given = {"seconds": 300, "topic": "t", "json": '{"a": 1}'}
        assert self.encode(fields, given) == {
            "draining": {"seconds": 300},
            "topic": "projects/p/topics/t",
            "json": {"a": 1},
        }
        assert self.encode(fields, {"topic": "projects/x/topics/t"}) == {"topic": "projects/x/topics/t"}

    def test_what_is_the_providers_own_is_not_sent(self) -> None:
        fields = {**outside("project"), **members("paused=_paused"), "deletionProtection": own(True)}
        assert self.encode(fields, {"project": "p", "paused": True, "deletionProtection": True}) == {}


class TestPlanned:
    def test_what_the_cloud_chose_is_sent_back(self) -> None:
        fields = members(template=one("timeout~ revision", containers=many("image", ports=one("name~", marks="~"))))
        state = {
            "template": {
                "timeout": "300s",
                "revision": "r1",
                "containers": [{"image": "v1", "ports": {"name": "http1", "containerPort": 8080}}, {"image": "side"}],
            }
        }
        asked = {"template": {"containers": [{"image": "v2", "ports": {}}]}}
        assert codecs.planned(fields, asked, state) == {
            "template": {"timeout": "300s", "containers": [{"image": "v2", "ports": {"name": "http1"}}]}
        }

    def test_what_the_program_says_wins(self) -> None:
        assert codecs.planned(members("a~ b~"), {"a": 0}, {"a": 5, "b": 6}) == {"a": 0, "b": 6}

    def test_blocks_of_a_set_are_not_matched_by_place(self) -> None:
        fields = members(envs=many("name value~", marks="?"))
        state = {"envs": [{"name": "A", "value": "1"}]}
        assert codecs.planned(fields, {"envs": [{"name": "B"}]}, state) == {"envs": [{"name": "B"}]}


class TestDecode:
    def test_only_what_the_program_manages(self) -> None:
        found = {"timeout": "300s", "image": "v1"}
        fields = members("timeout~ image")
        assert codecs.decode(fields, found, {"image": "v1"}, managed=True) == {"image": "v1"}
        assert codecs.decode(fields, found, {"image": "v1"}) == {"timeout": "300s", "image": "v1"}
        assert codecs.decode(fields, found, None, managed=True) == {"timeout": "300s", "image": "v1"}

    def test_what_somebody_added_is_seen(self) -> None:
        fields = members("description", env=many("name"))
        assert codecs.decode(fields, {"description": "d", "env": [{"name": "A"}]}, {}, managed=True) == {
            "description": "d",
            "env": [{"name": "A"}],
        }

    def test_what_the_api_leaves_out_is_what_the_program_gave_or_zero(self) -> None:
        template = {"traffics": [{"revision": "a", "percent": 0, "tag": ""}, {"revision": "b", "percent": 90}]}
        found = {"traffic": [{"revision": "a"}, {"revision": "b"}]}
        assert codecs.decode(TRAFFIC, found, template, managed=True) == {
            "traffics": [{"revision": "a", "percent": 0, "tag": ""}, {"revision": "b", "percent": 0}]
        }
        assert codecs.decode(members("on s"), {}, {"on": True, "s": "x"}) == {"on": False}

    def test_labels_of_others_are_not_read(self) -> None:
        found = {"labels": {"mine": "1", "theirs": "2"}}
        assert codecs.decode(LABELS, found, {"labels": {"mine": "0", "gone": "3"}}) == {"labels": {"mine": "1"}}
        assert codecs.decode(LABELS, found, {}) == {}
        assert codecs.decode(LABELS, found, None) == found

    def test_a_set_keeps_the_order_of_the_program(self) -> None:
        fields = members("names?", envs=many("name value", api="env", marks="?"))
        template = {"names": ["b", "a"], "envs": [{"name": "B", "value": "2"}, {"name": "A", "value": ""}]}
        found = {"names": ["a", "b"], "env": [{"name": "A"}, {"name": "C"}, {"name": "B", "value": "2"}]}
        assert codecs.decode(fields, found, template, managed=True) == {
            "names": ["b", "a"],
            "envs": [{"name": "B", "value": "2"}, {"name": "A", "value": ""}, {"name": "C"}],
        }

    @pytest.mark.parametrize(
        "answer",
        [
            "https://www.googleapis.com/compute/v1/projects/p/global/urlMaps/m",
            "projects/p/global/urlMaps/m",
            "http://127.0.0.1:1/compute/v1/projects/p/global/urlMaps/m",
        ],
    )
    @pytest.mark.parametrize("given", ["projects/p/global/urlMaps/m", "m"])
    def test_a_longer_form_of_a_link_is_the_same(self, answer: str, given: str) -> None:
        assert codecs.decode(members("map@"), {"map": answer}, {"map": given}) == {"map": given}
        assert codecs.decode(members("map@"), {"map": [answer]}, {"map": [given]}) == {"map": [given]}

    def test_another_link_is_another(self) -> None:
        found = "projects/p/global/urlMaps/m"
        for given in ("n", "projects/q/global/urlMaps/m"):
            assert codecs.decode(members("map@"), {"map": found}, {"map": given}) == {"map": found}

    def test_types_are_those_of_the_program_and_the_sdk(self) -> None:
        assert codecs.decode(members("id#"), {"id": "12"}, None) == {"id": 12}
        assert codecs.decode(members("id"), {"id": "12"}, None) == {"id": "12"}
        assert codecs.decode(members("port"), {"port": 80}, {"port": "80"}) == {"port": "80"}
        assert codecs.decode(members("port"), {"port": "80"}, {"port": 81}) == {"port": 80}

    def test_a_document_is_the_same_when_the_api_only_added_to_it(self) -> None:
        given = json.dumps({"title": "t", "tiles": [{"w": 1}]})
        fields = members("json&")
        assert codecs.decode(fields, {"json": {"tiles": [{"w": 1, "x": 0}], "title": "t"}}, {"json": given}) == {
            "json": given
        }
        changed = codecs.decode(fields, {"json": {"title": "u", "tiles": [{"w": 1}]}}, {"json": given})
        assert json.loads(changed["json"])["title"] == "u"

    def test_a_secret_stays_what_it_was(self) -> None:
        assert codecs.decode(members("password*"), {"password": "***"}, {"password": "p"}) == {"password": "p"}
        assert codecs.decode(members("password*"), {"password": "***"}, None) == {}


class TestAligned:
    def aligned(self, fields: Any, state: Any, news: Any) -> dict[str, Any]:
        return codecs.aligned(fields, state, news)

    def test_what_the_cloud_chose_is_no_difference(self) -> None:
        fields = members("timeout~ image", scaling=one("max", marks="~"))
        state = {"timeout": "300s", "image": "v", "scaling": {"max": 100}}
        assert self.aligned(fields, state, {"image": "v"}) == {"image": "v"}

    def test_zero_and_nothing_are_the_same(self) -> None:
        fields = members("a b c", d=one("e"))
        assert self.aligned(fields, {"a": 0, "b": "x"}, {"c": False, "b": "x"}) == {"b": "x", "c": False}
        assert self.aligned(fields, {"d": {}}, {"d": {"e": 0}}) == {"d": {"e": 0}}
        assert self.aligned(fields, {"d": {"e": 5}}, {"d": {"e": 0}}) == {"d": {"e": 5}}

    def test_what_was_removed_stays_to_be_seen(self) -> None:
        assert self.aligned(members("a", b=one("c d~")), {"a": 1, "b": {"c": 1, "d": 2}}, {}) == {
            "a": 1,
            "b": {"c": 1},
        }

    def test_an_unknown_value_is_a_difference(self) -> None:
        assert self.aligned(members("a b?"), {"a": 1, "b": ["x"]}, {"a": UNKNOWN, "b": [UNKNOWN]}) == {
            "a": 1,
            "b": ["x"],
        }

    def test_sets_links_and_documents(self) -> None:
        fields = members("names? map@ json&", rules=many("priority+ action", marks="?"))
        state = {
            "names": ["a", "b"],
            "map": "https://x.example/compute/v1/projects/p/global/urlMaps/m",
            "json": '{"a": 1}',
            "rules": [{"priority": 2, "action": "b"}, {"priority": 1, "action": "a"}],
        }
        news = {
            "names": ["b", "a"],
            "map": "m",
            "json": '{ "a" : 1 }',
            "rules": [{"priority": 1, "action": "a"}, {"priority": 2, "action": "c"}],
        }
        found = self.aligned(fields, state, news)
        assert {name: found[name] for name in ("names", "map", "json")} == {
            n: news[n] for n in ("names", "map", "json")
        }
        assert found["rules"] == [{"priority": 1, "action": "a"}, {"priority": 2, "action": "b"}]


class TestProblems:
    def sentences(self, fields: Any, values: Any) -> list[str]:
        return [sentence for _, sentence in codecs.problems(fields, values)]

    def test_everything_wrong_is_said_at_once(self) -> None:
        fields = members("name!", template=one("revision", containers=many("image!")))
        given = {"nmae": "x", "template": {"containers": [{"env": []}, "x", UNKNOWN]}}
        assert self.sentences(fields, given) == [
            "nmae: not known to the stand-in provider of the sandbox; known here: name, template",
            "name: required, and not given",
            "template.containers[0].env: not known to the stand-in provider of the sandbox; known here: image",
            "template.containers[0].image: required, and not given",
            "template.containers[1]: expected a block, found a text",
        ]

    def test_a_document_that_is_none_is_named_and_not_quoted(self) -> None:
        assert self.sentences(members("json&"), {"json": '{"a": hunter2}'}) == ["json: expected a JSON document"]
        assert self.sentences(members("json&"), {"json": "{}"}) == []

    def test_what_the_provider_filled_in_is_no_property(self) -> None:
        assert self.sentences(members("a"), {"a": 1, "__defaults": ["a"]}) == []

    @pytest.mark.parametrize("unknown", [{"a": UNKNOWN}, {"b": UNKNOWN}, {"c": UNKNOWN}, {"c": [UNKNOWN]}])
    def test_unknown_values_are_taken(self, unknown: Any) -> None:
        assert self.sentences(members("a", b=one("x!"), c=many("x!")), unknown) == []


def test_defaults_are_filled_in_and_named() -> None:
    fields = {**members("a"), "b": own(True), "c": value("c", default="GA")}
    assert codecs.with_defaults(fields, {"a": 1}) == {"a": 1, "b": True, "c": "GA", "__defaults": ["b", "c"]}
    assert codecs.with_defaults(fields, {"b": False, "c": "BETA"}) == {"b": False, "c": "BETA"}
    named = {"a": 1, "b": True, "__defaults": ["a"]}
    assert codecs.with_defaults(fields, named)["__defaults"] == ["a", "c"]
