"""The session affinity cookie of Cloud Run."""

from hypothesis import given
from hypothesis import strategies as st

from sandbox.router.run import affinity
from sandbox.router.run.model import Target

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
NOW = 1_770_000_000.0


def split(*shares: int) -> list[Target]:
    return [Target(f"ion-{number}", share) for number, share in enumerate(shares)]


def test_a_cookie_says_what_was_written() -> None:
    assert affinity.read(KEY, affinity.write(KEY, 42.5, NOW), NOW + 1) == 42.5


def test_a_cookie_lives_30_days() -> None:
    value = affinity.write(KEY, 42.5, NOW)
    assert affinity.read(KEY, value, NOW + affinity.LIFE_S - 1) == 42.5
    assert affinity.read(KEY, value, NOW + affinity.LIFE_S) is None


def test_a_cookie_of_somebody_else_means_nothing() -> None:
    assert affinity.read(KEY, affinity.write(OTHER_KEY, 42.5, NOW), NOW) is None


@given(st.text(max_size=80))
def test_any_other_text_means_nothing(value: str) -> None:
    assert affinity.read(KEY, value, NOW) is None


def test_set_cookie_is_kept_over_plain_http() -> None:
    header = affinity.set_cookie("v", NOW)
    assert header.startswith("GAESA=v; Expires=")
    assert "secure" not in header.lower()


def test_positions_lie_side_by_side() -> None:
    found = [affinity.at(split(95, 0, 5), position) for position in (0, 94.99, 95, 99.99)]
    assert found == ["ion-0", "ion-0", "ion-2", "ion-2"]


def test_no_share_no_revision() -> None:
    assert affinity.at(split(0, 0), 0) is None
    assert affinity.at([], 50) is None


@given(st.floats(0, 100, exclude_max=True), st.integers(0, 100), st.integers(0, 100))
def test_as_few_clients_move_as_possible(position: float, before: int, after: int) -> None:
    old, new = (affinity.at(split(100 - weight, weight), position) for weight in (before, after))
    moved = {("ion-0", "ion-1")} if after > before else {("ion-1", "ion-0")}
    assert old == new or ((old, new) in moved and min(before, after) <= 100 - position <= max(before, after))


@given(st.floats(0, 100, exclude_max=True))
def test_nobody_stays_on_a_revision_without_a_share(position: float) -> None:
    assert affinity.at(split(100, 0), position) == "ion-0"
