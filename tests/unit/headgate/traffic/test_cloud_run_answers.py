"""What answers of the Cloud Run Admin API mean."""

from typing import Any

import pytest

from headgate.traffic import cloud_run_answers as answers

SERVICE = "projects/p/locations/l/services/ion"


def entry(revision: str = "", percent: int = 0, tag: str = "", *, latest: bool = False) -> dict[str, Any]:
    type_ = answers.BY_LATEST if latest else answers.BY_REVISION
    return {"type_": type_, "revision": revision, "percent": percent, "tag": tag}


def service(*served: dict[str, Any], asked: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    traffic = list(served) if asked is None else asked
    return {"traffic": traffic, "traffic_statuses": list(served), "latest_ready_revision": "ion-b", **more}


def condition(state: str, message: str = "", type_: str = "Ready") -> dict[str, Any]:
    return {"type_": type_, "state": state, "message": message}


class TestSplit:
    @pytest.mark.parametrize(
        ("targets", "split"),
        [
            ([entry("ion-a", 95, "live"), entry("ion-b", 5, "candidate")], {"ion-a": 95, "ion-b": 5}),
            ([entry("ion-a", 100), entry("ion-b", 0, "candidate")], {"ion-a": 100, "ion-b": 0}),
            ([entry(f"{SERVICE}/revisions/ion-a", 100)], {"ion-a": 100}),
            ([entry("ion-a", 60), entry("ion-b", 30), entry("ion-a", 10, "live")], {"ion-a": 70, "ion-b": 30}),
            ([entry(percent=100, latest=True)], {"latest revision ion-b": 100}),
            ([entry("ion-c", 100, latest=True)], {"latest revision ion-c": 100}),
            ([entry("ion-a", 90), entry(percent=10)], {"ion-a": 90, "latest revision ion-b": 10}),
            ([], {}),
        ],
    )
    def test_slots_and_shares(self, targets: list[dict[str, Any]], split: dict[str, int]) -> None:
        assert answers.split(targets, "ion-b") == split

    def test_latest_never_passes_for_the_revision_it_is(self) -> None:
        assert "ion-b" not in answers.served(service(entry("ion-b", 100, latest=True)))

    def test_latest_of_a_service_without_a_ready_revision(self) -> None:
        assert answers.split([entry(percent=100, latest=True)], "") == {"latest revision (none is ready)": 100}

    def test_no_traffic_asked_for_means_all_to_the_latest(self) -> None:
        assert answers.asked({"traffic": [], "latest_ready_revision": "ion-b"}) == {"latest revision ion-b": 100}


def test_revisions_named_by_either_traffic_and_the_last_one_created() -> None:
    found = service(
        entry("ion-a", 100), asked=[entry("ion-b", 100)], latest_created_revision=f"{SERVICE}/revisions/ion-c"
    )
    assert answers.revisions(found) == ["ion-a", "ion-b", "ion-c"]


@pytest.mark.parametrize(
    ("containers", "image"),
    [
        ([{"image": "i:1", "ports": []}], "i:1"),
        ([{"image": "side:1", "ports": []}, {"image": "i:1", "ports": [{"container_port": 8080}]}], "i:1"),
        ([{"image": "a:1"}, {"image": "b:1"}], None),
        ([], None),
    ],
)
def test_image_of_the_container_that_serves(containers: list[dict[str, Any]], image: str | None) -> None:
    assert answers.image({"containers": containers}) == image


@pytest.mark.parametrize(("minimum", "kept"), [(None, 1), (0, 1), (3, 3)])
def test_instances(minimum: int | None, kept: int) -> None:
    assert answers.instances({"scaling": {"min_instance_count": minimum}}) == kept


def test_instances_without_scaling() -> None:
    assert answers.instances({"scaling": None}) == answers.instances({}) == 1


class TestUnsteady:
    @pytest.mark.parametrize(
        ("state", "why"),
        [
            ({"terminal_condition": condition("CONDITION_SUCCEEDED")}, ""),
            ({}, ""),
            ({"terminal_condition": condition("CONDITION_SUCCEEDED"), "reconciling": True}, "is being changed"),
            ({"terminal_condition": condition("CONDITION_FAILED", "No quota.")}, "failed (No quota)"),
            ({"terminal_condition": condition("CONDITION_PENDING")}, "is CONDITION_PENDING (no reason given)"),
        ],
    )
    def test_service(self, state: dict[str, Any], why: str) -> None:
        said = answers.service_unsteady(state)
        assert (why in said) if why else (said == "")

    @pytest.mark.parametrize(
        ("revision", "ready", "why"),
        [
            ({"conditions": [condition("CONDITION_SUCCEEDED")]}, True, ""),
            ({"conditions": [condition("CONDITION_SUCCEEDED")], "reconciling": True}, True, "is being changed"),
            ({"conditions": [condition("CONDITION_FAILED", "exit 1")]}, False, "the revision failed (exit 1)"),
            ({"conditions": [condition("CONDITION_RECONCILING")]}, False, "CONDITION_RECONCILING"),
            ({"conditions": [condition("CONDITION_SUCCEEDED", type_="Active")]}, False, "does not say"),
            ({}, False, "does not say"),
        ],
    )
    def test_revision(self, revision: dict[str, Any], ready: bool, why: str) -> None:
        assert answers.ready(revision) is ready
        said = answers.revision_unsteady(revision)
        assert (why in said) if why else (said == "")

    def test_shares_that_are_not_as_asked(self) -> None:
        found = service(entry("ion-a", 95), entry("ion-b", 5), asked=[entry("ion-a", 50), entry("ion-b", 50)])
        assert answers.traffic_unsteady(found) == {
            "ion-a": "50 % is asked for, 95 % is served",
            "ion-b": "50 % is asked for, 5 % is served",
        }

    def test_a_share_of_nothing_may_be_left_out(self) -> None:
        assert answers.traffic_unsteady(service(entry("ion-a", 100), asked=[entry("ion-a", 100), entry("ion-b")])) == {}


class TestRewritten:
    def test_order_and_tags_stay(self) -> None:
        found = service(entry("ion-a", 95, "live"), entry("ion-b", 5, "candidate"), entry("ion-0", 0, "standby"))
        assert answers.rewritten(found, {"ion-b": 50, "ion-a": 50}) == [
            entry("ion-a", 50, "live"),
            entry("ion-b", 50, "candidate"),
            entry("ion-0", 0, "standby"),
        ]

    def test_a_revision_left_out_gets_nothing(self) -> None:
        found = service(entry("ion-a", 95, "live"), entry("ion-b", 5, "candidate"))
        assert answers.rewritten(found, {"ion-a": 100}) == [entry("ion-a", 100, "live"), entry("ion-b", 0, "candidate")]

    def test_a_revision_that_is_not_there_yet_is_added(self) -> None:
        found = service(entry("ion-a", 100, "live"))
        assert answers.rewritten(found, {"ion-a": 90, "ion-b": 10, "ion-c": 0}) == [
            entry("ion-a", 90, "live"),
            entry("ion-b", 10),
        ]

    def test_two_entries_of_one_revision_do_not_count_twice(self) -> None:
        found = service(entry("ion-a", 60), entry("ion-a", 40, "live"))
        assert answers.rewritten(found, {"ion-a": 100}) == [entry("ion-a", 100), entry("ion-a", 0, "live")]

    def test_what_followed_the_latest_revision_is_pinned(self) -> None:
        found = service(entry(percent=100, latest=True), entry(tag="next", latest=True))
        assert answers.rewritten(found, {"ion-b": 100}) == [entry("ion-b", 0, "next"), entry("ion-b", 100)]
