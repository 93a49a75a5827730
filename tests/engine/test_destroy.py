"""Staging can be destroyed completely; production says why not."""

import pytest

from tests.engine.conftest import PRODUCTION, STAGING, Cloud, MakeProject

pytestmark = pytest.mark.engine


def test_destroying_staging_leaves_nothing_of_ours(make_project: MakeProject, cloud: Cloud) -> None:
    others = cloud.ours()
    project = make_project(STAGING)
    project.up("--skip-preview")
    assert cloud.ours() != others
    project.pulumi("destroy", "--yes", "--non-interactive", "--skip-preview", check=True)
    assert cloud.ours() == others


def test_destroying_production_is_refused_and_destroys_nothing(make_project: MakeProject, cloud: Cloud) -> None:
    project = make_project(PRODUCTION)
    project.up("--skip-preview")
    before = cloud.ours()
    run = project.pulumi("destroy", "--yes", "--non-interactive")
    assert run.code != 0
    assert "protect" in run.output, str(run)
    assert cloud.ours() == before
