"""Project and stack files on disk."""

from pathlib import Path

import pytest

from headgate.cli import project
from headgate.cli.project import ProjectError

DECLARED = """
name: headgate
runtime: python
stackConfigDir: stacks
config:
  headgate:step: {type: string, default: idle}
  headgate:owner: {type: string}
  aws:region: {value: eu-west-1}
  bare: 1
"""


def make(folder: Path, declared: str = DECLARED, **stacks: str) -> Path:
    (folder / "Pulumi.yaml").write_text(declared)
    (folder / "stacks").mkdir()
    for name, text in stacks.items():
        (folder / "stacks" / f"Pulumi.{name}.yaml").write_text(text)
    return folder


def test_found_from_a_folder_below(tmp_path: Path) -> None:
    below = make(tmp_path, prod="config:", staging="config:") / "a" / "b"
    below.mkdir(parents=True)
    found = project.find(below)
    assert found.folder == tmp_path
    assert found.names == ("prod", "staging")


def test_stack_files_beside_the_project_where_nothing_else_is_said(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: headgate")
    assert project.find(tmp_path).stacks == tmp_path


def test_values_of_the_stack_go_before_those_of_the_project(tmp_path: Path) -> None:
    make(
        tmp_path, prod="config:\n  headgate:step: green-10\n  headgate:plan: {retention: 72h}\n  aws:region: us-east-1"
    )
    found = project.find(tmp_path).configuration("prod")
    assert found.file == "stacks/Pulumi.prod.yaml"
    assert found.own == {"step": "green-10", "plan": {"retention": "72h"}, "bare": 1}
    assert found.others == {"aws:region": "us-east-1"}


def test_defaults_of_the_project(tmp_path: Path) -> None:
    found = project.find(make(tmp_path, prod="encryptionsalt: v1:x")).configuration("prod")
    assert found.own == {"step": "idle", "bare": 1}
    assert found.others == {"aws:region": "eu-west-1"}


def test_no_project(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"no Pulumi\.yaml in .* run the command inside the project"):
        project.find(tmp_path)


def test_no_file_for_the_stack(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"no file stacks/Pulumi\.dev\.yaml; stacks with a file: prod"):
        project.find(make(tmp_path, prod="config:")).configuration("dev")


@pytest.mark.parametrize("text", ["config: [", "- a", "config: [1]", "config: text"])
def test_a_file_that_is_not_a_stack_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(ProjectError, match=r"Pulumi\.prod\.yaml"):
        project.find(make(tmp_path, prod=text)).configuration("prod")


def test_a_project_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="cannot be read"):
        project.find(make(tmp_path, declared="config: ["))
