"""The SDK by name gives what the whole SDK gives, and loads less of it. In interpreters of their own: it stays."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SDKS = {"aws": "pulumi_aws", "gcp": "pulumi_gcp"}
# Says of each name where it is defined, and how many modules that took.
WHERE = """
import importlib, json, sys
lazily, names = sys.argv[1] == "lazily", json.loads(sys.argv[2])
if lazily:
    from stacks import lazy_sdk
    lazy_sdk.install(), lazy_sdk.install()
    assert sum(type(each).__module__ == "stacks.lazy_sdk" for each in sys.meta_path) == 1
def where(package, name):
    found = getattr(importlib.import_module(package), name)
    return [type(found).__name__, getattr(found, "__module__", ""), getattr(found, "__qualname__", found.__name__)]
print(json.dumps([[where(*each) for each in names], len(sys.modules)]))
"""


def used(cloud: str) -> Iterator[tuple[str, str]]:
    """(package, name) of everything of the SDK that components and stacks name."""
    sdk = SDKS[cloud]
    for file in sorted((ROOT / "components" / cloud).glob("*.py")):
        tree = ast.parse(file.read_text())
        packages = {
            alias.asname or alias.name: f"{sdk}.{alias.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module == sdk
            for alias in node.names
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in packages:
                yield packages[node.value.id], node.attr


def where(names: list[tuple[str, str]], how: str) -> tuple[list[list[str]], int]:
    command = [sys.executable, "-c", WHERE, how, json.dumps(names)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found, modules = json.loads(done.stdout)
    return found, modules


@pytest.mark.parametrize("cloud", SDKS)
def test_every_name_that_components_use_is_the_same_and_fewer_modules_are_loaded(cloud: str) -> None:
    names = sorted(set(used(cloud)))
    assert len(names) > 20
    whole, all_modules = where(names, "whole")
    by_name, modules = where(names, "lazily")
    assert by_name == whole
    assert modules < 0.75 * all_modules


def test_what_has_no_module_of_its_own_name_is_left_to_the_package() -> None:
    names = [("pulumi_aws.kms", name) for name in ("get_key", "GetKeyResult", "Key", "outputs", "get_key")]
    assert where(names, "lazily")[0] == where(names, "whole")[0]


@pytest.mark.parametrize("name", ["NoSuchThing", "no_such_thing", "__no_such__"])
def test_a_name_that_there_is_not_is_said_as_ever(name: str) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failure:
        where([("pulumi_aws.sns", name)], "lazily")
    assert f"AttributeError: module 'pulumi_aws.sns' has no attribute '{name}'" in str(failure.value.stderr)
