"""Without the policy pack: the guard hooks on the rollout and on the traffic carrier."""

import pytest

from tests.engine.conftest import PRODUCTION, STAGING, Cloud, MakeProject
from tests.support.engine import Project

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module", params=[PRODUCTION, STAGING])
def project(request: pytest.FixtureRequest, make_project: MakeProject) -> Project:
    """At the first step, with no policy pack."""
    made = make_project(request.param)
    made.policy_pack = False
    made.up("--skip-preview")
    made.advance("green-up", 60)
    made.ahead += 600
    return made


def test_a_skipped_step_is_refused_and_the_record_keeps_the_old_one(project: Project, cloud: Cloud) -> None:
    project.step("green-50")
    try:
        run = project.up("--skip-preview", check=False)
    finally:
        project.step("green-up")
    assert run.code != 0
    assert "R-03" in run.output, str(run)
    assert project.recorded_step() == "green-up"
    assert cloud.weights(project.stack) == {"blue": 100, "green": 0}


def test_a_replacement_of_the_listener_is_refused(project: Project, cloud: Cloud) -> None:
    listener = next(urn for urn in project.urns() if urn.endswith("aws:lb/listener:Listener::balancer-traffic"))
    run = project.up("--skip-preview", "--replace", listener, check=False)
    assert run.code != 0
    assert "marked for protection" in run.output or "never replaced" in run.output, str(run)
    assert cloud.weights(project.stack) == {"blue": 100, "green": 0}
    assert project.up("--skip-preview").code == 0


def test_weights_that_the_step_does_not_ask_for_are_refused(project: Project, cloud: Cloud) -> None:
    main = project.folder / "__main__.py"
    honest = main.read_text()
    (project.folder / "honest.py").write_text(honest)
    main.write_text(
        "import pulumi, runpy\n"
        "def break_it(args):\n"
        "    props = dict(args.props)\n"
        "    if args.type_ == 'aws:lb/listener:Listener' and args.name.endswith('-traffic'):\n"
        "        action = dict(props['defaultActions'][0])\n"
        "        forward = dict(action['forward'])\n"
        "        groups = [dict(group) for group in forward['targetGroups']]\n"
        "        groups[0]['weight'], groups[1]['weight'] = 60, 40\n"
        "        props['defaultActions'] = [{**action, 'forward': {**forward, 'targetGroups': groups}}]\n"
        "    return pulumi.ResourceTransformResult(props=props, opts=args.opts)\n"
        "pulumi.runtime.register_resource_transform(break_it)\n"
        f"runpy.run_path({str(project.folder / 'honest.py')!r}, run_name='__main__')\n"
    )
    try:
        run = project.up("--skip-preview", check=False)
    finally:
        main.write_text(honest)
    assert run.code != 0
    assert "R-05" in run.output, str(run)
    assert cloud.weights(project.stack) == {"blue": 100, "green": 0}
