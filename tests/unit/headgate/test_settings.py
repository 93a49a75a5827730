"""What every stack file says, for systems with fixed slots and for those where every version has its own."""

from typing import Any

import pytest

from headgate import settings
from headgate.gates import registry
from headgate.plan import IDLE
from headgate.reader import Reader
from headgate.settings import MOST_TASKS, Capacity, Settings, SettingsError
from headgate.state import Version

OLD_IMAGE, NEW_IMAGE = (f"registry.example/api@sha256:{letter * 64}" for letter in "ab")
PLAN = {
    "steps": [
        {"name": "up", "weight": 0, "bake": "5m", "gates": ["readiness"]},
        {"name": "all", "weight": 100, "bake": "5m"},
    ]
}


def greenflow(**changes: Any) -> dict[str, Any]:
    return {
        "system": "greenflow",
        "environment": "production",
        "owner": "team",
        "domain": "api.example.com",
        "release": {"live": {"version": "1", "slot": "blue", "image": OLD_IMAGE}},
        "plan": PLAN,
        "capacity": {"tasks": 6, "minimum_tasks": 2, "maximum_tasks": 24},
        **changes,
    }


def ion(**changes: Any) -> dict[str, Any]:
    return greenflow(
        **{
            "system": "ion",
            "release": {"live": {"version": "1", "image": OLD_IMAGE}},
            "capacity": {"minimum_tasks": 2, "maximum_tasks": 40},
            **changes,
        }
    )


def release(live: dict[str, Any] | None = None, **others: dict[str, Any]) -> dict[str, Any]:
    return {"release": {"live": {"version": "1", "image": OLD_IMAGE, **(live or {})}, **others}}


NEW = {"version": "2", "image": NEW_IMAGE}


def parse(raw: dict[str, Any]) -> Settings:
    return settings.parse(raw, "file", registry.KNOWN)


def problems(raw: dict[str, Any]) -> list[str]:
    with pytest.raises(SettingsError) as error:
        parse(raw)
    return [str(problem).removeprefix("file: headgate:") for problem in error.value.problems]


def places(raw: dict[str, Any]) -> list[str]:
    return [problem.partition(": found ")[0] for problem in problems(raw)]


class TestFixedSlots:
    def test_slots_are_those_of_the_system(self) -> None:
        assert parse(greenflow()).slots == ("blue", "green")

    def test_every_version_says_its_own(self) -> None:
        assert places(greenflow(**release())) == ["release.live.slot"]
        assert places(greenflow(**release({"slot": "red"}))) == ["release.live.slot"]

    def test_a_slot_is_used_once(self) -> None:
        raw = greenflow(**release({"slot": "blue"}, candidate={**NEW, "slot": "blue"}))
        (problem,) = problems(raw)
        assert problem.startswith("release.candidate.slot: found 'blue'; expected a slot that live does not use. ")

    def test_an_image_by_tag_is_read_and_left_to_the_rule(self) -> None:
        assert parse(greenflow(**release({"slot": "blue", "image": "api:1"}))).release.live.image == "api:1"

    def test_capacity(self) -> None:
        assert parse(greenflow()).capacity == Capacity(6, 2, 24)
        assert parse(greenflow()).asked.tasks == 6

    def test_stickiness_may_be_asked_for(self) -> None:
        assert parse(greenflow(plan={**PLAN, "stickiness": "5m"})).plan.stickiness == 300

    def test_nothing_is_created_for_ever(self) -> None:
        assert parse(greenflow()).asked.settings == ""


class TestOwnSlots:
    def test_a_slot_is_derived_from_stack_and_image(self) -> None:
        found = parse(ion(**release(candidate=NEW))).release
        assert found.live == Version("1", f"ion-production-{'a' * 12}", OLD_IMAGE)
        assert found.candidate == Version("2", f"ion-production-{'b' * 12}", NEW_IMAGE)

    def test_slots_are_those_of_the_versions_that_are_named(self) -> None:
        derived = [f"ion-production-{letter * 12}" for letter in "ab"]
        assert parse(ion()).slots == (derived[0],)
        assert parse(ion(**release(candidate=NEW))).slots == tuple(derived)
        assert parse(ion(**release(NEW, standby={"version": "1", "image": OLD_IMAGE}))).slots == (
            derived[1],
            derived[0],
        )

    def test_another_environment_is_another_slot(self) -> None:
        assert parse(ion(environment="staging")).release.live.slot == f"ion-staging-{'a' * 12}"

    @pytest.mark.parametrize("slot", ["ion-production-second", "ion-production-1", f"ion-production-{'x' * 48}"])
    def test_a_name_of_ones_own_is_taken(self, slot: str) -> None:
        assert parse(ion(**release({"slot": slot}))).release.live.slot == slot

    @pytest.mark.parametrize(
        "slot",
        ["", "blue", "ion-production", "ion-production-", "ion-staging-a", "ion-production-A", "ion-production-a-",
         "ion-production-a_b", f"ion-production-{'x' * 49}", 7, ["ion-production-a"]],
    )  # fmt: skip
    def test_a_name_that_the_platform_or_another_stack_would_not_have(self, slot: object) -> None:
        assert places(ion(**release({"slot": slot}))) == ["release.live.slot"]

    @pytest.mark.parametrize("image", ["api", "api:1", "api@sha256:abc", "latest"])
    @pytest.mark.parametrize("slot", [{}, {"slot": "ion-production-second"}])
    def test_an_image_by_tag_is_refused_with_the_rule(self, image: str, slot: dict[str, str]) -> None:
        (problem,) = problems(ion(**release({"image": image, **slot})))
        assert problem.startswith(f"release.live.image: found {image!r}; expected an image by digest")
        assert "R-10" in problem

    def test_a_missing_image_is_said_once(self) -> None:
        assert places(ion(release={"live": {"version": "1"}})) == ["release.live.image"]

    def test_one_image_in_two_roles_needs_a_second_slot(self) -> None:
        same = {"version": "2", "image": OLD_IMAGE}
        assert places(ion(**release(candidate=same))) == ["release.candidate.slot"]
        assert parse(ion(**release(candidate={**same, "slot": "ion-production-second"})))

    def test_capacity_has_no_tasks(self) -> None:
        assert parse(ion()).capacity == Capacity(2, 2, 40)
        raw = ion(capacity={"tasks": 6, "minimum_tasks": 2, "maximum_tasks": 40})
        assert problems(raw) == [
            "capacity.tasks: found an unknown key; expected one of: minimum_tasks, maximum_tasks. Correct or remove it."
        ]

    @pytest.mark.parametrize(
        ("capacity", "where"),
        [
            ({"minimum_tasks": 0, "maximum_tasks": 1}, ["capacity.minimum_tasks"]),
            ({"minimum_tasks": 3, "maximum_tasks": 2}, ["capacity.maximum_tasks"]),
            ({"minimum_tasks": 1, "maximum_tasks": MOST_TASKS + 1}, ["capacity.maximum_tasks"]),
            ({"maximum_tasks": 1}, ["capacity.minimum_tasks"]),
        ],
    )
    def test_wrong_capacity(self, capacity: dict[str, int], where: list[str]) -> None:
        assert places(ion(capacity=capacity)) == where

    def test_stickiness_is_refused(self) -> None:
        (problem,) = problems(ion(plan={**PLAN, "stickiness": "5m"}))
        assert problem.startswith("plan.stickiness: found 300; expected nothing: system 'ion' holds users by")

    def test_the_digest_of_what_is_created_goes_with_what_is_asked(self) -> None:
        found = parse(ion()).with_template("d" * 64)
        assert (found.template, found.asked.settings) == ("d" * 64, "d" * 64)
        assert found.asked.newest.slot == f"ion-production-{'a' * 12}"


class TestBoth:
    @pytest.mark.parametrize("raw", [greenflow(), ion()], ids=["greenflow", "ion"])
    def test_step_is_idle_when_it_is_left_out(self, raw: dict[str, Any]) -> None:
        assert parse(raw).step == IDLE

    @pytest.mark.parametrize("raw", [greenflow(), ion()], ids=["greenflow", "ion"])
    def test_a_step_needs_a_candidate(self, raw: dict[str, Any]) -> None:
        assert places(raw | {"step": "up"}) == ["release.candidate"]

    @pytest.mark.parametrize("raw", [greenflow(), ion()], ids=["greenflow", "ion"])
    def test_windows_and_freezes_are_part_of_the_plan(self, raw: dict[str, Any]) -> None:
        plan = {**PLAN, "windows": {"start": [{"from": "2pm", "for": "2h"}]}, "freezes": [{"from": "soon"}]}
        assert places(raw | {"plan": plan}) == [
            "plan.windows.start[0].from", "plan.freezes[0].from", "plan.freezes[0].until", "plan.freezes[0].reason",
        ]  # fmt: skip

    def test_keys_that_only_one_kind_has_are_kept_and_not_judged(self) -> None:
        found = parse(greenflow(network={"cidr": 7}, anything=1))
        assert found.details == {"network": {"cidr": 7}, "anything": 1}

    def test_and_not_shown_for_there_may_be_secrets_among_them(self) -> None:
        raw = greenflow(notifications={"pager": {"secret": "sk-live-4242"}})
        assert "sk-live-4242" not in repr(parse(raw))

    def test_what_is_kept_cannot_be_changed(self) -> None:
        with pytest.raises(TypeError):
            parse(greenflow()).details["x"] = 1  # type: ignore[index]

    def test_an_unknown_system_is_said_with_everything_else(self) -> None:
        found = places(greenflow(system="purple", domain="x", owner=""))
        assert found[:1] == ["system"]
        assert {"owner", "domain"} <= set(found)

    def test_the_message_counts_and_lists(self) -> None:
        with pytest.raises(
            SettingsError, match=r"^1 problem in the stack configuration:\n  file: headgate:owner: found"
        ):
            parse(greenflow(owner=""))


class TestReader:
    def test_unknown_keys_have_their_path(self) -> None:
        reader = Reader("file")
        reader.refuse_unknown({"a": 1, "b": 2}, ("a",), "headgate")
        reader.refuse_unknown({"c": 1}, ("a",), "headgate:service")
        assert [problem.where for problem in reader.problems] == ["file: headgate:b", "file: headgate:service.c"]

    @pytest.mark.parametrize("value", [1, 5, 10])
    def test_whole_numbers(self, value: int) -> None:
        reader = Reader("file")
        assert reader.whole(value, "here", 1, 10) == value
        assert reader.problems == []

    @pytest.mark.parametrize("value", [0, 11, 1.0, "1", True, None])
    def test_other_numbers(self, value: object) -> None:
        reader = Reader("file")
        assert reader.whole(value, "here", 1, 10) == 1
        (problem,) = map(str, reader.problems)
        found = "nothing" if value is None else repr(value)
        assert problem == f"file: here: found {found}; expected a whole number from 1 to 10. Correct the number."

    @pytest.mark.parametrize("value", ["", " ", "x" * 513, 7, None, ["x"]])
    def test_texts_are_not_empty(self, value: object) -> None:
        reader = Reader("file")
        assert reader.text(value, "here") == ""
        assert len(reader.problems) == 1
        assert len(str(reader.problems[0])) < 250
