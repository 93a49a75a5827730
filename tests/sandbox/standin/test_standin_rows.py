"""Every row of the table against the emulator: nothing drifts, changes arrive, deletes remove."""

import pytest

from sandbox.plugins.aws.tables import rows
from tests.sandbox.standin.every_case import EVERY_CASE as CASES
from tests.sandbox.standin.provider import Provider
from tests.sandbox.standin.world import TAGS, Case, world

pytestmark = pytest.mark.sandbox


def test_every_type_has_a_case() -> None:
    assert {case.token for case in CASES} == set(rows())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.token)
def test_a_life(provider: Provider, case: Case) -> None:
    with world(provider) as w:
        given = case.inputs(w)
        made = provider.create(case.token, "subject", given)
        # What was just written is read back without a difference, in outputs too.
        seen = provider.read(made)
        assert seen is not None
        assert seen.inputs == made.inputs == given
        assert seen.outputs == made.outputs
        assert list(provider.diff(made, given).detailedDiff) == []

        wanted = {key: value for key, value in {**given, **case.changes(w)}.items() if value is not None}
        diff = provider.diff(made, wanted)
        assert list(diff.replaces) == []
        assert bool(diff.detailedDiff) == (wanted != given)
        changed = provider.update(made, wanted)
        again = provider.read(changed)
        assert again is not None
        assert again.inputs == changed.inputs == wanted
        assert again.outputs == changed.outputs
        assert list(provider.diff(changed, wanted).detailedDiff) == []

        provider.delete(changed)
        gone = provider.read(changed)
        assert (gone is not None) == case.leaves


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.token)
def test_what_is_gone_can_be_deleted_again(provider: Provider, case: Case) -> None:
    with world(provider) as w:
        made = provider.create(case.token, "subject", case.inputs(w))
        provider.delete(made)
        provider.delete(made)


@pytest.mark.parametrize(
    "case", [case for case in CASES if "tags" in rows()[case.token].fields], ids=lambda case: case.token
)
def test_tags_are_read_where_they_are_written(provider: Provider, case: Case) -> None:
    with world(provider) as w:
        made = provider.create(case.token, "subject", {**case.inputs(w), "tags": TAGS})
        assert made.outputs["tagsAll"] == TAGS
        provider.delete(made)
