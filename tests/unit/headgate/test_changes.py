"""A preview of the engine is read as it is, and whatever cannot be read is said."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import changes
from headgate.changes import Change, Role, differences, parse
from headgate.traffic.kinds import KINDS
from tests.support.preview_samples import FOLDER, events, printed, sample, step_of

SAMPLES = sorted(path.stem for path in FOLDER.glob("*.jsonl"))
CANARY = "canary-hunter2-9f2"


def problems(listed: list[dict[str, Any]]) -> tuple[str, ...]:
    return parse(printed(listed)).problems


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_is_understood(name: str) -> None:
    found = parse(sample(name))
    assert found.problems == ()
    assert found.rollout is not None
    assert found.packs == (frozenset() if name.endswith("without-pack") else {"headgate"})


def test_what_an_advance_touches() -> None:
    found = parse(sample("greenflow-advance"))
    assert found.succeeded
    assert [(each.op, each.name, each.paths) for each in found.touched] == [
        (
            "update",
            "balancer-traffic",
            tuple(f"defaultActions[0].forward.targetGroups[{place}].weight" for place in (0, 1)),
        ),
        ("update", "service-green", ("desiredCount",)),
        ("update", "service-green", ("minCapacity",)),
    ]
    assert found.counts["update"] == 4  # the record too
    assert found.diagnostics == ()


def test_a_replaced_resource_is_one_change() -> None:
    (database,) = [each for each in parse(sample("greenflow-replaced")).touched if each.name == "database-primary"]
    assert database.ops == ("create-replacement", "replace", "delete-replaced")
    assert (database.op, database.gone, database.because) == ("replace", True, ("id",))
    assert database.owners == ("headgate:index:Database",)


def test_the_record_of_a_component_shows_which_inputs_differ() -> None:
    rollout = parse(sample("greenflow-advance")).rollout
    assert rollout is not None
    assert rollout.component
    assert {"proposed.step", "proposed.weight"} <= set(rollout.paths)


def test_what_a_policy_and_a_guard_say_is_kept_and_debug_lines_are_not() -> None:
    listed = events("greenflow-plan-weakened")
    listed.insert(0, {"diagnosticEvent": {"severity": "debug", "message": CANARY}})
    listed.insert(0, {"diagnosticEvent": {"severity": "warning", "message": CANARY, "ephemeral": True}})
    found = parse(printed(listed))
    assert {each.policy for each in found.findings if each.blocks} == {"rollout-plan-frozen"}
    assert "the rollout guard refuses this change" in found.diagnostics[0].message
    assert CANARY not in repr(found)


def test_inputs_are_never_shown_by_accident() -> None:
    listed = events("greenflow-advance")
    step = step_of(listed, "service-green", "Service")
    step["new"]["inputs"]["password"] = CANARY
    assert CANARY not in repr(parse(printed(listed)))


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("", "did not say how the preview ended"),
        ("Updating (staging)", "line 1 of the preview is not JSON"),
        ("[1]", "did not say how the preview ended"),
        (json.dumps({"steps": [], "changeSummary": {}}, indent=4), "PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true"),
        ('{"resourcePreEvent": {}}', "another shape than expected (KeyError at 'metadata')"),
        ('{"resourcePreEvent": {"metadata": 1}}', "another shape than expected (TypeError)"),
        ("[" * 100_000, "too deeply"),
    ],
)
def test_an_unknown_shape_is_said(said: str, what: str) -> None:
    found = parse(said)
    assert what in "; ".join(found.problems)
    assert not found.succeeded


def test_an_unknown_operation_is_not_nothing() -> None:
    listed = events("greenflow-advance")
    step_of(listed, "balancer-traffic", "Listener")["op"] = "transmogrify"
    found = parse(printed(listed))
    assert "unknown to 'balancer-traffic': 'transmogrify'" in found.problems[0]
    (listener,) = [each for each in found.touched if each.name == "balancer-traffic"]
    assert not listener.quiet


@pytest.mark.parametrize(
    ("summary", "what"),
    [
        ({"isPreview": False}, "not a preview"),
        ({"maybeCorrupt": True}, "may be damaged"),
        ({"resourceChanges": {"update": 5}}, "counts 5 x 'update', and showed 4"),
    ],
)
def test_what_the_engine_says_at_the_end_is_believed(summary: dict[str, Any], what: str) -> None:
    listed = events("greenflow-advance")
    listed[-1]["summaryEvent"] |= summary
    assert what in "; ".join(problems(listed))


def test_a_preview_that_was_cut_off_is_said() -> None:
    assert problems(events("greenflow-advance")[:-1]) == ("the engine did not say how the preview ended",)


def test_events_of_later_engines_are_passed_over() -> None:
    assert problems([{"newKindOfEvent": {"a": 1}}, *events("greenflow-advance")]) == ()


def test_colours_are_taken_out() -> None:
    listed = [{"diagnosticEvent": {"severity": "error", "message": "<{%fg 1%}>no<{%reset%}> \x1b[31mway\x1b[0m\n"}}]
    assert parse(printed(listed)).diagnostics[0].message == "no way"


def test_differences_are_paths() -> None:
    old = {"a": {"b": [1, {"c": 2}]}, "tags": {"x.y": 1}, "__defaults": [], "list": [1]}
    new = {"a": {"b": [1, {"c": 3}]}, "tags": {"x.y": 2}, "__defaults": ["d"], "list": [1, 2], "more": True}
    assert list(differences(old, new)) == ["a.b[1].c", "list", "more", 'tags["x.y"]']
    assert [changes.top(path) for path in ("a.b[1].c", 'tags["x.y"]', "list[0]")] == ["a", "tags", "list"]


@pytest.mark.parametrize(
    ("name", "belongs"),
    [("service-blue", True), ("log-metrics-blue-errors", True), ("blue", True), ("service-blueish", False)],
)
def test_a_slot_is_a_whole_word_of_a_name(name: str, belongs: bool) -> None:
    assert Change(f"urn:pulumi:s::p::t::{name}", "t", ("same",)).belongs_to("blue") is belongs
    assert not Change("urn:pulumi:s::p::t::a", "t", ("same",)).belongs_to("")


def test_only_what_says_so_carries_the_traffic() -> None:
    def listener(role: str) -> Change:
        inputs = {"tags": {"headgate-role": role}}
        return Change("urn:pulumi:s::p::t::l", "aws:lb/listener:Listener", ("update",), old=inputs, new=inputs)

    assert KINDS.of(listener("traffic")) == {Role.CARRIER}
    assert KINDS.of(listener("cohorts")) == {Role.CARRIER}
    assert KINDS.of(listener("test")) == frozenset()
    gone = Change(
        "urn:pulumi:s::p::t::l", "aws:lb/listener:Listener", ("delete",), old={"labels": {"headgate-role": "traffic"}}
    )
    assert KINDS.of(gone) == {Role.CARRIER}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
STEP = st.dictionaries(
    st.sampled_from(["op", "urn", "type", "old", "new", "keys", "diffs", "detailedDiff"]),
    JSON | st.sampled_from(["same", "update", "delete"]) | st.dictionaries(st.sampled_from(["inputs", "custom"]), JSON),
)
EVENT = st.dictionaries(
    st.sampled_from(["resourcePreEvent", "policyEvent", "diagnosticEvent", "summaryEvent"]),
    JSON
    | st.fixed_dictionaries({"metadata": STEP})
    | st.dictionaries(
        st.sampled_from(["severity", "message", "policyName", "enforcementLevel", "resourceChanges", "PolicyPacks"]),
        JSON | st.just("error"),
    ),
)


@given(st.lists(EVENT | JSON, max_size=6))
def test_reading_never_raises(listed: list[Any]) -> None:
    found = parse(printed(listed))
    assert found.problems or found.counts is not None
    for each in found.resources:
        assert each.op
        assert each.name is not None


@given(st.text(max_size=200))
def test_reading_any_text_never_raises(text: str) -> None:
    parse(text)
