"""What the engine must refuse: a change of the configuration, or a program that breaks what a component made."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.engine import ROOT, Project, Run

_PROGRAM = """
import pulumi
import runpy

def break_it(args):
    props = dict(args.props)
    {change}
    return pulumi.ResourceTransformResult(props=props, opts=args.opts)

pulumi.runtime.register_resource_transform(break_it)
runpy.run_path({whole!r}, run_name="__main__")
"""


def refused_twice(project: Project, what: str, rule: str, words: str) -> list[Run]:
    """A preview and an update, both of which the rule must have refused in these words."""
    runs = [project.preview(), project.up("--skip-preview", check=False)]
    for run in runs:
        assert run.code != 0, f"{what} passed: {run}"
        assert rule in run.output, str(run)
        assert words in run.output, str(run)
    return runs


@contextmanager
def restored(project: Project, step: str) -> Iterator[None]:
    """Afterwards clock and configuration are as before, at `step`; which must still be what is recorded."""
    ahead = project.ahead
    try:
        yield
    finally:
        project.ahead = ahead
        project.restore_configuration()
        project.step(step)
    assert project.recorded_step() == step


@contextmanager
def broken(project: Project, change: str) -> Iterator[None]:
    """Within the block the program changes inputs. change: lines indented by 4, over `args` and `props`."""
    program = project.folder / "__main__.py"
    whole = program.read_text()
    (project.folder / "whole.py").write_text(whole)
    program.write_text(_PROGRAM.format(change=change.lstrip(), whole=str(project.folder / "whole.py")))
    try:
        yield
    finally:
        program.write_text(whole)


@contextmanager
def edited(project: Project, file: str, old: str, new: str) -> Iterator[None]:
    """Within the block the project has a copy of its own of the package of `file`, with `old` written as `new`."""
    package = file.split("/", 1)[0]
    copy = project.folder / package
    shutil.copytree(ROOT / package, copy, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    text = (project.folder / file).read_text()
    assert old in text, f"{file} has no {old!r}"
    (project.folder / file).write_text(text.replace(old, new))
    try:
        yield
    finally:
        for made in copy.rglob("*.py"):
            made.unlink()
        shutil.rmtree(copy / "__pycache__", ignore_errors=True)
        if not any(each.is_file() for each in copy.rglob("*")):
            shutil.rmtree(copy)
