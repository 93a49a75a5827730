"""A service and its revisions: what requests make of them. Tables, then a machine that tries everything."""

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sandbox.google.cloud import Readiness
from sandbox.google.errors import ApiError
from sandbox.google.run import model, revisions
from sandbox.google.run.model import Facts, State
from sandbox.google.run.names import ServiceName, short
from sandbox.google.run.traffic import LATEST, REVISION

NAME = ServiceName("p", "us-central1", "svc")
ILL = Readiness(ready=False, message="It is ill.")
BY_LATEST = {"type": LATEST, "percent": 100}

_numbers = itertools.count(1)


def facts() -> Facts:
    return Facts("2026-11-21T14:00:00Z", lambda: f"e{next(_numbers)}", lambda: "uid")


def template(revision: str = "", image: str = "a", **more: Any) -> dict[str, Any]:
    named = {"revision": revision} if revision else {}
    return {**named, "containers": [{"image": f"us-docker.pkg.dev/p/r/{image}"}], **more}


def named(revision: str, percent: int = 0, tag: str = "") -> dict[str, Any]:
    target = {"type": REVISION, "revision": revision, "percent": percent, "tag": tag}
    return {key: value for key, value in target.items() if value}


def settle(state: State, *ill: str, told: Mapping[str, Readiness] | None = None) -> tuple[State, str | None]:
    judge: Callable[[Any], Readiness] = lambda record: ILL if record["name"] in ill else Readiness()  # noqa: E731
    return model.settled(state, facts(), judge, (told or {}).get)


def made(revision: str = "svc-a", traffic: list[dict[str, Any]] | None = None) -> State:
    """A service with one ready revision, at 100 % by name unless `traffic` says otherwise."""
    body = {"template": template(revision), "traffic": [named(revision, 100)] if traffic is None else traffic}
    state, problem = settle(model.created(NAME, body, facts()))
    assert problem is None
    return state


def change(state: State, mask: str = "", **body: Any) -> State:
    """A PATCH; without a mask the template and the traffic are echoed, as the provider does."""
    if not mask:
        body = {"template": state.service["template"], "traffic": state.service["traffic"], **body}
    return model.updated(state, body, mask.split(",") if mask else [], facts())


def with_candidate(percent: int = 0) -> State:
    """Live svc-a, candidate svc-b at `percent`."""
    traffic = [named("svc-a", 100 - percent, "live"), named("svc-b", percent, "candidate")]
    state, problem = settle(change(made(), template=template("svc-b", "b"), traffic=traffic))
    assert problem is None
    return state


def served(state: State) -> dict[str, int]:
    latest = short(state.service.get("latestReadyRevision", ""))
    statuses = state.service.get("trafficStatuses", [])
    return {each.get("revision") or latest: each.get("percent", 0) for each in statuses}


def test_a_new_service() -> None:
    state = made()
    service = state.service
    assert served(state) == {"svc-a": 100}
    assert service["generation"] == service["observedGeneration"] == "1"
    assert service["latestReadyRevision"] == service["latestCreatedRevision"] == f"{NAME}/revisions/svc-a"
    assert service["terminalCondition"]["state"] == "CONDITION_SUCCEEDED"
    assert "reconciling" not in service


def test_no_traffic_is_everything_to_the_latest() -> None:
    state = made(traffic=[])
    assert state.service["traffic"] == [BY_LATEST]
    assert state.service["trafficStatuses"] == [BY_LATEST]


def test_until_it_is_settled_the_old_state_is_served() -> None:
    state = change(made(), traffic=[named("svc-a", 50), named("svc-b", 50)], template=template("svc-b", "b"))
    assert state.service["reconciling"] is True
    assert served(state) == {"svc-a": 100}
    assert (state.service["generation"], state.service["observedGeneration"]) == ("2", "1")
    state, problem = settle(state)
    assert problem is None
    assert served(state) == {"svc-a": 50, "svc-b": 50}


def test_the_same_request_again_changes_nothing() -> None:
    state = with_candidate()
    assert change(state) == state
    assert change(state, "traffic", traffic=state.service["traffic"]) == state


def test_traffic_alone_mints_nothing_while_a_newer_revision_is_the_template() -> None:
    back, problem = settle(change(with_candidate(50), "traffic", traffic=[named("svc-a", 100)]))
    assert problem is None
    assert served(back) == {"svc-a": 100}
    assert list(back.records) == ["svc-a", "svc-b"]
    assert back.service["template"]["revision"] == "svc-b"


def test_another_template_under_an_existing_name() -> None:
    state = with_candidate()
    for revision in ("svc-a", "svc-b"):
        with pytest.raises(ApiError) as refusal:
            change(state, template=template(revision, "other"))
        assert (refusal.value.http, refusal.value.status) == (409, "ALREADY_EXISTS")
        assert f"Revision named '{revision}' with different configuration already exists" in str(refusal.value)


@pytest.mark.parametrize("more", [{"labels": {"a": "1"}}, {"timeout": "301s"}, {"scaling": {"minInstanceCount": 1}}])
def test_every_field_of_the_template_counts(more: dict[str, Any]) -> None:
    with pytest.raises(ApiError, match="with different configuration"):
        change(made(), template=template("svc-a", **more))


def test_the_template_of_an_older_revision_again() -> None:
    """Nothing is minted, but LATEST follows: the older revision is the created one again."""
    state, problem = settle(change(with_candidate(), template=template("svc-a"), traffic=[dict(BY_LATEST)]))
    assert problem is None
    assert list(state.records) == ["svc-a", "svc-b"]
    assert served(state) == {"svc-a": 100}


def test_the_name_left_out_mints_a_revision() -> None:
    state = change(made(), template=template())
    assert list(state.records) == ["svc-a", next(name for name in state.records if name.startswith("svc-00002-"))]


def test_the_danger_of_latest() -> None:
    """A named split, replaced by a request without one: the new revision has everything at once."""
    state = model.updated(with_candidate(5), {"template": template("svc-c", "c")}, [], facts())
    state, problem = settle(state)
    assert problem is None
    assert served(state) == {"svc-c": 100}


def test_named_traffic_stays_when_a_revision_is_added() -> None:
    state, _ = settle(change(with_candidate(5), "template", template=template("svc-c", "c")))
    assert served(state) == {"svc-a": 95, "svc-b": 5}


def test_a_revision_that_does_not_become_ready_leaves_everything() -> None:
    traffic = [named("svc-a", 95), named("svc-b", 5)]
    state, problem = settle(change(made(), template=template("svc-b", "b"), traffic=traffic), "svc-b")
    assert problem == "Revision 'svc-b' is not ready and cannot serve traffic. It is ill."
    assert served(state) == {"svc-a": 100}
    assert state.service["traffic"] == traffic
    assert short(state.service["latestReadyRevision"]) == "svc-a"
    assert short(state.service["latestCreatedRevision"]) == "svc-b"
    assert state.service["observedGeneration"] == "1"
    assert state.service["terminalCondition"]["state"] == "CONDITION_FAILED"
    # Also when it was to get nothing, and also with everything on LATEST.
    for asked in ([named("svc-a", 100)], [dict(BY_LATEST)]):
        state, problem = settle(change(made(), template=template("svc-b", "b"), traffic=asked), "svc-b")
        assert problem is not None
        assert served(state) == {"svc-a": 100}


def test_traffic_is_given_back_although_the_latest_revision_failed() -> None:
    """The operation fails again, and the split is there all the same: only reading proves it."""
    state, _ = settle(change(with_candidate(50), "template", template=template("svc-c", "c")), "svc-c")
    assert served(state) == {"svc-a": 50, "svc-b": 50}
    state, problem = settle(change(state, "traffic", traffic=[named("svc-a", 100)]))
    assert "svc-c" in str(problem)
    assert served(state) == {"svc-a": 100}


def test_a_failed_revision_stays_failed_until_it_is_told_otherwise() -> None:
    failed, _ = settle(change(made(), "template", template=template("svc-b", "b")), "svc-b")
    split = change(failed, "traffic", traffic=[named("svc-a", 90), named("svc-b", 10)])
    state, problem = settle(split)
    assert problem is not None
    assert served(state) == {"svc-a": 100}
    state, problem = settle(split, told={"svc-b": Readiness()})
    assert problem is None
    assert served(state) == {"svc-a": 90, "svc-b": 10}


def test_traffic_to_a_revision_that_does_not_exist() -> None:
    state, problem = settle(change(made(), "traffic", traffic=[named("svc-a", 90), named("svc-x", 10)]))
    assert "Revision 'svc-x' does not exist or is deleted" in str(problem)
    assert served(state) == {"svc-a": 100}
    assert [target["revision"] for target in state.service["traffic"]] == ["svc-a", "svc-x"]
    # The stale wish fails the next change too, until it is mended.
    state, problem = settle(change(state, "template", template=template("svc-b", "b")))
    assert "svc-x" in str(problem)
    state, problem = settle(change(state, "traffic", traffic=[named("svc-a", 100)]))
    assert problem is None


def test_an_etag_is_checked_when_it_is_sent() -> None:
    state = made()
    assert change(state, "traffic", traffic=[named("svc-a", 100, "live")], etag=state.service["etag"])
    with pytest.raises(ApiError) as refusal:
        change(state, "traffic", traffic=[named("svc-a", 100, "live")], etag='"old"')
    assert (refusal.value.http, refusal.value.status) == (409, "ABORTED")


def test_without_a_mask_what_is_left_out_is_gone() -> None:
    state = change(made(), labels={"a": "1"}, description="x", ingress="INGRESS_TRAFFIC_INTERNAL_ONLY")
    state = change(state, labels={"b": "2"})
    assert state.service["labels"] == {"b": "2"}
    assert "description" not in state.service
    assert state.service["ingress"] == "INGRESS_TRAFFIC_ALL"


def test_a_disabled_default_address() -> None:
    state, _ = settle(change(made(), defaultUriDisabled=True, traffic=[named("svc-a", 100, "live")]))
    assert {"uri", "urls"} & state.service.keys() == set()
    assert "uri" not in state.service["trafficStatuses"][0]
    state, _ = settle(change(state))
    assert state.service["uri"] == state.service["urls"][1] == NAME.uri
    assert state.service["trafficStatuses"][0]["uri"] == NAME.tag_uri("live")


@pytest.mark.parametrize(
    ("revision", "gone"), [("svc-a", False), ("svc-b", False), ("svc-c", False), ("svc-old", True)]
)
def test_which_revisions_can_be_deleted(revision: str, gone: bool) -> None:
    state = made("svc-old")
    for each in ("svc-a", "svc-b", "svc-c"):
        state, _ = settle(change(state, "template", template=template(each, each)))
    state, _ = settle(change(state, "traffic", traffic=[named("svc-a", 100), named("svc-b", tag="standby")]))
    assert (revisions.undeletable(revision, state.service, state.records) is None) == gone


def test_the_only_revision_cannot_be_deleted() -> None:
    state = made()
    bare = {**state.service, "traffic": [], "trafficStatuses": []}
    assert "only revision" in str(revisions.undeletable("svc-a", bare, state.records))


@pytest.mark.parametrize(
    ("own", "of_service", "percent", "kept"),
    [(2, 0, 0, 2), (2, 0, 50, 2), (0, 10, 5, 0), (0, 10, 50, 5), (3, 10, 50, 5), (0, 0, 50, 0)],
)
def test_instances_that_are_kept(own: int, of_service: int, percent: int, kept: int) -> None:
    scaled = template("svc-b", "b", scaling={"minInstanceCount": own})
    traffic = [named("svc-a", 100 - percent), named("svc-b", percent, "candidate")]
    body = {"template": scaled, "traffic": traffic, "scaling": {"minInstanceCount": of_service}}
    state, _ = settle(change(made(), **body))
    shown = revisions.shown(state.records["svc-b"], state.service, None)
    assert shown.get("scalingStatus", {}).get("desiredMinInstanceCount", 0) == kept


def test_a_revision_out_of_the_traffic_keeps_no_instances_and_is_retired() -> None:
    state, _ = settle(change(made(), template=template("svc-b", "b", scaling={"minInstanceCount": 2})))
    shown = revisions.shown(state.records["svc-b"], state.service, None)
    assert "scalingStatus" not in shown
    assert {each["type"]: each["state"] for each in shown["conditions"]}["Active"] == "CONDITION_FAILED"


def test_what_is_told_by_hand_is_shown_at_once() -> None:
    state = made()
    told = Readiness(ready=False, reason="HEALTH_CHECK_CONTAINER_ERROR", message="It died.")
    ready = revisions.shown(state.records["svc-a"], state.service, told)["conditions"][0]
    assert (ready["state"], ready["revisionReason"], ready["message"]) == (
        "CONDITION_FAILED",
        "HEALTH_CHECK_CONTAINER_ERROR",
        "It died.",
    )


@pytest.mark.parametrize(
    "body",
    [
        {"template": template("other-a")},
        {"template": template("svc-a"), "traffic": [named("svc-a", 50)]},
        {"template": {}},
        {"template": template(), "labels": {"serving.knative.dev/x": "1"}},
    ],
)
def test_what_is_refused_at_once(body: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as refusal:
        model.created(NAME, body, facts())
    assert refusal.value.status == "INVALID_ARGUMENT"


SUFFIXES = st.sampled_from("abcd")


class Life(RuleBasedStateMachine):
    """Requests of every kind, in any order, with revisions that fail now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.state = made()
        self.known: dict[str, Any] = {}

    def apply(self, request: Callable[[], State], *ill: str) -> None:
        try:
            accepted = request()
        except ApiError:
            return
        before = served(self.state)
        self.state, problem = settle(accepted, *ill)
        if problem is not None and list(accepted.records) != list(self.known):
            assert served(self.state) == before

    @rule(suffix=SUFFIXES, image=st.sampled_from("xy"), ill=st.booleans())
    def deploy(self, suffix: str, image: str, ill: bool) -> None:
        new = template(f"svc-{suffix}", image)
        fails = [f"svc-{suffix}"] if ill else []
        self.apply(lambda: change(self.state, "template", template=new), *fails)

    @rule(
        shares=st.lists(st.tuples(SUFFIXES, st.sampled_from([0, 5, 50, 95, 100])), min_size=1, max_size=3),
        latest=st.booleans(),
    )
    def shift(self, shares: list[tuple[str, int]], latest: bool) -> None:
        traffic = [named(f"svc-{suffix}", percent) for suffix, percent in shares]
        if latest:
            traffic.append({"type": LATEST, "percent": 100 - sum(percent for _, percent in shares)})
        count = len(self.state.records)
        self.apply(lambda: change(self.state, "traffic", traffic=traffic))
        assert len(self.state.records) == count

    @rule(suffix=SUFFIXES, image=st.sampled_from("xy"))
    def replace(self, suffix: str, image: str) -> None:
        body = {"template": template(f"svc-{suffix}", image)}
        self.apply(lambda: model.updated(self.state, body, [], facts()))

    @invariant()
    def what_is_served_is_whole_and_there(self) -> None:
        shares = self.state.service["trafficStatuses"]
        assert sum(each.get("percent", 0) for each in shares) == 100
        assert {short(each) for each in served(self.state)} <= set(self.state.records)
        assert all(self.state.records[each]["ready"] for each in served(self.state))

    @invariant()
    def a_revision_never_changes(self) -> None:
        now = {name: record["template"] for name, record in self.state.records.items()}
        assert all(now[name] == content for name, content in self.known.items())
        self.known = now

    @invariant()
    def success_means_that_wish_and_state_agree(self) -> None:
        service = self.state.service
        if service["terminalCondition"]["state"] == "CONDITION_SUCCEEDED":
            assert service["observedGeneration"] == service["generation"]
            assert service["latestReadyRevision"] == service["latestCreatedRevision"]
            plain = [{key: each[key] for key in each if key != "uri"} for each in service["trafficStatuses"]]
            assert plain == service["traffic"]


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=15)
