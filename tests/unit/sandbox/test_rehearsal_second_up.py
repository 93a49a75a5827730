"""A second update right after the bootstrap: counted, shown, and refused when it changes something.

`pulumi` is a script here that prints what the test gives it.
"""

import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from headgate.plan import Plan, Step
from headgate.state import Version
from sandbox.manager import SandboxError
from sandbox.rehearsal.pace import Pace
from sandbox.rehearsal.project import Holdings, Project
from sandbox.rehearsal.stage import Speaker, Stage
from sandbox.rehearsal.summary import Outcome
from toolchain.progress import for_stream

STACK = "greenflow-production"
TYPES = (  # type, logical name, whether a provider has it
    ("pulumi:pulumi:Stack", STACK, False),
    ("pulumi:providers:aws", "default_7_51_1", True),
    ("pulumi:providers:aws", "us-east-1", True),
    ("headgate:index:Network", "network", False),
    ("aws:ec2/vpc:Vpc", "network-vpc", True),
)
RESOURCES = [
    {"urn": f"urn:pulumi:{STACK}::headgate::{kind}::{name}", "type": kind, "custom": custom}
    for kind, name, custom in TYPES
]
PULUMI = """#!/bin/sh
echo "$@" >> "{folder}/typed"
case "$1" in
  stack) cp "{folder}/state" "$4" ;;
  up) cat "{folder}/said"; exit {code} ;;
esac
"""


@dataclass(frozen=True)
class Played:
    stage: Stage
    said: io.StringIO
    typed: Path


def played(folder: Path, said: str, code: int = 0) -> Played:
    """A stage on a stack with RESOURCES, whose second update prints `said`."""
    (folder / "state").write_text(json.dumps({"deployment": {"resources": RESOURCES}}))
    (folder / "said").write_text(said)
    script = folder / "pulumi"
    script.write_text(PULUMI.format(folder=folder, code=code))
    script.chmod(0o755)
    environ = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    text = io.StringIO()
    stage = Stage(
        speaker=Speaker(Console(file=text, width=200), for_stream(io.StringIO())),
        project=Project(folder, STACK, environ, folder / "log"),
        plan=Plan(steps=(Step("all", 100, 60, ()),)),
        pace=Pace({}, 60),
        router="http://127.0.0.1:1",
        outcome=Outcome(STACK, "clock"),
        users=200,
        live=Version("1", "blue", "r/api@sha256:aa"),
        candidate=Version("2", "green", "r/api@sha256:bb"),
    )
    return Played(stage, text, folder / "typed")


def test_what_the_stack_holds_is_said_and_kept(tmp_path: Path) -> None:
    there = played(tmp_path, "Resources:\n    4 unchanged\n\nDuration: 1s\n")
    there.stage.again()

    assert "The stack has 4 resources: 1 in the cloud, 3 that group and describe them" in there.said.getvalue()
    assert "(4 unchanged;" in there.said.getvalue()
    assert "--expect-no-changes" in there.typed.read_text()
    assert "headgate:index:Network" not in (tmp_path / "log").read_text()
    found: dict[str, Any] = there.stage.outcome.as_json()
    assert found["resources"] == {"total": 4, "cloud": 1}
    assert found["second_up"] == "4 unchanged"


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ("    ~ 1 updated\n    3 unchanged\n", "1 updated, 3 unchanged"),
        ("    +-1 replaced\n    3 unchanged\n", "1 replaced, 3 unchanged"),
        ("    3 unchanged\n", "3 unchanged"),
        ("", "no count of changes"),
    ],
)
def test_a_second_update_that_changes_something_ends_the_rehearsal(tmp_path: Path, changes: str, found: str) -> None:
    there = played(tmp_path, f"Resources:\n{changes}\nDuration: 1s\n")
    with pytest.raises(SandboxError, match=f"found {found}; expected 4 unchanged"):
        there.stage.again()


def test_and_so_does_one_that_the_engine_fails(tmp_path: Path) -> None:
    there = played(tmp_path, "error: no changes were expected but changes were proposed\n", code=255)
    with pytest.raises(SandboxError, match="no changes were expected"):
        there.stage.again()


def test_an_empty_stack_holds_nothing() -> None:
    assert str(Holdings.of({"deployment": {}})) == "0 resources: 0 in the cloud, 0 that group and describe them"
