"""Every row of the Google table against the emulator: nothing drifts, changes arrive, deletes remove."""

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.google.client import GoogleSandbox
from sandbox.plugins.gcp.tables import rows
from tests.sandbox.standin.google_world import CASES, Case, world
from tests.sandbox.standin.provider import Provider, Resource

pytestmark = pytest.mark.sandbox

NONE = provider_pb2.DiffResponse.DIFF_NONE
EACH = pytest.mark.parametrize("case", CASES, ids=lambda case: case.token)


def test_every_type_has_a_case() -> None:
    assert {case.token for case in CASES} == set(rows())


@EACH
def test_a_life(google: Provider, case: Case) -> None:
    with world(google) as w:
        given = case.inputs(w)
        made = google.create(case.token, "subject", given)
        # What was just written is read back without a difference, in outputs too.
        seen = google.read(made)
        assert seen is not None
        assert seen.inputs == made.inputs
        assert seen.outputs == made.outputs
        assert list(google.diff(made, google.check(made.urn, given, made.inputs)).detailedDiff) == []

        wanted = {key: value for key, value in {**given, **case.changes(w)}.items() if value is not None}
        news = google.check(made.urn, wanted, made.inputs)
        diff = google.diff(made, news)
        assert list(diff.replaces) == []
        assert bool(diff.detailedDiff) == (wanted != given)
        changed = google.update(made, wanted)
        again = google.read(changed)
        assert again is not None
        assert again.inputs == changed.inputs == news
        assert again.outputs == changed.outputs
        assert google.diff(again, news).changes == NONE

        google.delete(changed)
        assert (google.read(changed) is not None) == case.leaves
        google.delete(changed)


@EACH
def test_an_import_finds_what_was_made(google: Provider, case: Case) -> None:
    if not case.importable:
        pytest.skip("the official provider cannot import it either")
    with world(google) as w:
        made = google.create(case.token, "subject", case.inputs(w))
        seen = google.read(Resource(made.urn, import_id(made), {}, {}))
        assert seen is not None
        assert seen.id == made.id
        assert {path.split(".")[0] for path in google.diff(seen, made.inputs).detailedDiff} == case.unknown_to_imports
        google.delete(made)


def import_id(made: Resource) -> str:
    """That of the official provider: a part of a policy is named by its parts."""
    if "role" not in made.outputs:
        return made.id
    role, member = made.outputs["role"], made.outputs.get("member")
    title = made.outputs.get("condition", {}).get("title")
    resource = made.id.removesuffix(f"/{member}").removesuffix(f"/{role}")
    return " ".join(part for part in (resource, role, member, title) if part)


@EACH
def test_what_is_gone_is_not_read(google: Provider, google_cloud: GoogleSandbox, case: Case) -> None:
    if case.leaves or case.given:
        pytest.skip("it is never gone")
    with world(google) as w:
        made = google.create(case.token, "subject", case.inputs(w))
        google_cloud.reset()
        assert google.read(made) is None
        google.delete(made)
