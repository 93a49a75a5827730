"""Tokens, tags, names and the checks of plain arguments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components._common import (
    PlainArguments,
    Slot,
    abbreviated,
    slot_name,
    slot_tags,
    standard_tags,
    target_group_name,
    token,
)

words = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12)


def test_token() -> None:
    assert token("Network") == "headgate:index:Network"


@given(st.dictionaries(st.sampled_from(["service", "owner", "managed-by", "environment", "cost"]), words))
def test_extra_tags_never_override_the_required_ones(extra: dict[str, str]) -> None:
    tags = standard_tags(service="s", environment="e", owner="o", extra=extra)
    required = {"service": "s", "environment": "e", "owner": "o", "managed-by": "headgate"}
    assert required.items() <= tags.items()
    assert tags.keys() == required.keys() | extra.keys()


def test_slot_tags_leave_the_given_tags_alone() -> None:
    tags = {"service": "greenflow"}
    assert slot_tags(tags, Slot.BLUE) == {"service": "greenflow", "slot": "blue"}
    assert tags == {"service": "greenflow"}


@pytest.mark.parametrize(
    ("physical_name", "short"),
    [
        ("greenflow-production", "greenflow-prd"),
        ("greenflow-staging", "greenflow-stg"),
        ("green-flow-production", "green-flow-prd"),
        ("greenflow-rehearsal", "greenflow-rehearsal"),
        ("greenflow", "greenflow"),
        ("production", "production"),
        ("-production", "-production"),
    ],
)
def test_abbreviated(physical_name: str, short: str) -> None:
    assert abbreviated(physical_name) == short


def test_names_of_slots() -> None:
    assert slot_name("greenflow-production", Slot.GREEN) == "greenflow-production-green"
    assert target_group_name("greenflow-production", Slot.BLUE) == "greenflow-prd-blue"


@given(words, st.sampled_from(["production", "staging"]))
def test_target_groups_of_our_systems_fit_into_32_characters(system: str, environment: str) -> None:
    names = {target_group_name(f"{system}-{environment}", slot) for slot in Slot}
    assert len(names) == 2
    assert all(len(name) <= 32 for name in names)


def test_nothing_wrong_raises_nothing() -> None:
    plain = PlainArguments("Thing", "unit")
    plain.name("name", "greenflow-production")
    plain.between("days", 7, 7, 30)
    plain.expect(True, "field", 1, "one")
    assert plain.one_of(Slot, "slot", "green") is Slot.GREEN
    plain.refuse()


def test_all_problems_are_said_at_once_with_component_field_found_and_expected() -> None:
    plain = PlainArguments("Thing", "unit")
    plain.name("physical_name", "Green_Flow")
    plain.between("days", 3, 7, 30, "days")
    plain.one_of(Slot, "slot", "purple")
    plain.expect(False, "color", "red", "green", "Paint it.")
    with pytest.raises(ValueError, match="physical_name") as error:
        plain.refuse()
    assert str(error.value).splitlines() == [
        (
            "Thing 'unit': physical_name: found 'Green_Flow'; expected at most 32 characters: lower-case letters, "
            "digits and single hyphens, a letter first. Correct the argument."
        ),
        "Thing 'unit': days: found 3; expected a whole number from 7 to 30 days. Correct the argument.",
        "Thing 'unit': slot: found 'purple'; expected one of blue, green. Correct the argument.",
        "Thing 'unit': color: found 'red'; expected green. Paint it.",
    ]


@pytest.mark.parametrize("name", ["", "-a", "a-", "a--b", "1a", "Ab", "a_b", "a b", "a" * 33, "greenflow-production\n"])
def test_names_that_some_aws_service_rejects(name: str) -> None:
    plain = PlainArguments("Thing", "unit")
    plain.name("name", name)
    with pytest.raises(ValueError, match="name"):
        plain.refuse()
