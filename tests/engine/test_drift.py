"""No false drift after an update; exactly the real drift after somebody else's change; healed by the next update."""

import pytest

from tests.engine.conftest import STAGING, Cloud, MakeProject
from tests.support.engine import Project

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Project:
    made = make_project(STAGING)
    made.up("--skip-preview")
    return made


def test_refresh_shows_nothing_then_exactly_the_foreign_change_and_the_next_update_heals_it(
    project: Project, cloud: Cloud
) -> None:
    clean = project.pulumi("refresh", "--preview-only", "--non-interactive", "--diff")
    assert clean.code == 0
    assert " updated" not in clean.output, str(clean)
    assert "~ " not in clean.output, str(clean)

    cloud.move_by_hand(STAGING, 30, 70)
    shown = project.pulumi("refresh", "--preview-only", "--non-interactive", "--diff")
    changed = [line.strip() for line in shown.output.splitlines() if "=>" in line]
    assert len(changed) == 2, str(shown)
    assert any("100 => 30" in line for line in changed), str(shown)
    assert any("0 => 70" in line for line in changed), str(shown)

    healed = project.up("--skip-preview")
    assert "writing the declared split again" in healed.output, str(healed)
    assert cloud.weights(STAGING) == {"blue": 100, "green": 0}
