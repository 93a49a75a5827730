"""The systems there are, and the slots of their versions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import settings
from headgate.systems import DIGEST_DIGITS, SYSTEMS, System, slot_of
from stacks import greenflow_settings, ion_settings

DIGEST = "0123456789ab" + "c" * 52
IMAGE = f"registry.example/team/api@sha256:{DIGEST}"


def test_one_has_fixed_slots_and_one_makes_them() -> None:
    assert {name: (system.name, system.slots, system.fixed) for name, system in SYSTEMS.items()} == {
        "greenflow": ("greenflow", ("blue", "green"), True),
        "ion": ("ion", (), False),
    }


def test_nobody_adds_one_on_the_way() -> None:
    with pytest.raises(TypeError):
        SYSTEMS["other"] = SYSTEMS["ion"]  # type: ignore[index]


class TestSlotOf:
    def test_it_is_the_stack_and_twelve_digits(self) -> None:
        assert slot_of("ion-production", IMAGE) == "ion-production-0123456789ab"

    @pytest.mark.parametrize(
        "image",
        [
            "", "api", "api:2.6.0", "api@sha256:", f"@sha256:{DIGEST}", f"api@sha256:{DIGEST[:-1]}",
            f"api@sha256:{DIGEST}0",
            f"api@sha256:{DIGEST.upper()}", f"api@sha512:{DIGEST}", f"api@sha256:{DIGEST}\\n", f"api@sha256:{'g' * 64}",
        ],
    )  # fmt: skip
    def test_without_a_whole_digest_there_is_none(self, image: str) -> None:
        assert slot_of("ion-production", image) == ""

    def test_the_tag_beside_a_digest_says_nothing(self) -> None:
        assert slot_of("ion-staging", f"api:2.6.0@sha256:{DIGEST}") == "ion-staging-0123456789ab"

    @given(st.text(max_size=80))
    def test_total(self, image: str) -> None:
        assert slot_of("ion-production", image) in ("", f"ion-production-{image.rpartition(':')[2][:DIGEST_DIGITS]}")

    def test_it_fits_a_name_of_the_platform(self) -> None:
        """63 characters, as a part of a host name; a stack's own name is at most 30."""
        assert len(slot_of("s" * 30, IMAGE)) <= 63


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=lambda system: system.name)
def test_what_a_version_is_made_of_are_keys_that_there_are(system: System) -> None:
    own = {"greenflow": greenflow_settings.KEYS, "ion": ion_settings.KEYS}[system.name]
    assert set(system.made_of) <= {f"headgate:{key}" for key in (*settings.KEYS, *own)}
    assert bool(system.made_of) is not system.fixed
