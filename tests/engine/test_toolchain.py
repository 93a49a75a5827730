"""The prepared engine really runs a Python program: the mixed pair of versions works together, offline."""

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from toolchain import Toolchain

pytestmark = pytest.mark.engine

PROGRAM = """
    import pulumi

    class Box(pulumi.ComponentResource):
        def __init__(self, name, content):
            super().__init__("headgate:index:Box", name, {"content": content})
            self.content = content
            self.register_outputs({"content": content})

    box = Box("box", pulumi.Config().require("content"))
    pulumi.export("content", box.content)
"""


class Project:
    """A project of one component resource in a folder of its own, with its state beside it."""

    def __init__(self, folder: Path, toolchain: Toolchain) -> None:
        self.folder = folder / "project"
        self.folder.mkdir()
        (folder / "state").mkdir()
        (self.folder / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
        (self.folder / "__main__.py").write_text(dedent(PROGRAM))
        # The older language host ignores the project's virtual environment: python on PATH is the one.
        path = os.pathsep.join([str(toolchain.bin), str(Path(sys.executable).parent), os.environ["PATH"]])
        self.environ = {
            **os.environ,
            "PATH": path,
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
        }

    def pulumi(self, *argv: str) -> str:
        done = subprocess.run(
            ["pulumi", *argv, "--non-interactive"],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "warning" not in done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def project(tmp_path: Path, pulumi_toolchain: Toolchain) -> Project:
    return Project(tmp_path, pulumi_toolchain)


def test_a_component_is_created_changed_and_left_alone(project: Project) -> None:
    project.pulumi("stack", "init", "dev")
    project.pulumi("config", "set", "content", "one")
    assert "+ 2 to create" in project.pulumi("preview")
    project.pulumi("up", "--yes", "--skip-preview")
    assert json.loads(project.pulumi("stack", "output", "--json")) == {"content": "one"}

    project.pulumi("config", "set", "content", "two")
    assert '~ content: "one" => "two"' in project.pulumi("preview", "--diff")
    project.pulumi("up", "--yes", "--skip-preview")
    project.pulumi("preview", "--expect-no-changes")
    project.pulumi("destroy", "--yes", "--skip-preview")


def test_the_engine_knows_its_version(project: Project, pulumi_toolchain: Toolchain) -> None:
    assert project.pulumi("version").strip() == f"v{pulumi_toolchain.version}"
