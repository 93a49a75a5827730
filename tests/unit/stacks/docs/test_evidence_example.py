"""The example of the page is a configuration that is read, and its commands are ones that there are."""

import re

import pytest
import yaml
from typer.testing import CliRunner

from headgate.cli.app import app
from headgate.gates import beforehand, registry
from stacks import configuration
from stacks.docs.evidence import TEXT
from tests.support import stack_files


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return str(found)


def test_the_example_is_read_together_with_the_production_file() -> None:
    values = {key.removeprefix("headgate:"): value for key, value in yaml.safe_load(block("yaml")).items()}
    ours = stack_files.ours("greenflow-production")
    ours["plan"] |= values.pop("plan")
    found = configuration.parse({**ours, **values}, "file", registry.KNOWN).settings
    assert beforehand(found.plan.steps[0].gates) == ("smoke", "security", "command:migration")
    assert beforehand(found.plan.steps[1].gates) == ("approval",)
    assert found.evidence.signed
    assert found.commands["migration"].run == ("python", "ops/verify_migration.py")
    assert [check.name for check in found.smoke.checks] == ["api", "database and cache"]


@pytest.mark.parametrize("line", [each for each in block("sh").splitlines() if each.startswith("headgate")])
def test_its_commands_have_these_options(line: str) -> None:
    words = line.split()[1:]
    done = CliRunner().invoke(app, [words[0], "--help"], env={"COLUMNS": "200"})
    assert all(word in done.stdout for word in words if word.startswith("--"))
