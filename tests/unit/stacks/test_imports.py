"""What each stack's program loads: the SDK of its own cloud, and of it only what its components name.

The SDK of a cloud is split into packages of hundreds of modules each; one that is loaded and not used costs every
preview its time (tests/bench/bench_imports.py says how much).
"""

import ast
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SDKS = ("pulumi_aws", "pulumi_gcp")
LIST = "import importlib, json, sys; importlib.import_module(sys.argv[1]); print(json.dumps(sorted(sys.modules)))"
OF_STACK = {"stacks.greenflow": "pulumi_aws", "stacks.ion": "pulumi_gcp"}


@cache
def loaded(module: str) -> frozenset[str]:
    """Every module that a fresh interpreter holds after importing `module`."""
    command = [sys.executable, "-c", LIST, module]
    return frozenset(json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout))


def executed(modules: Iterable[str], sdk: str) -> set[str]:
    """Packages of `sdk` that were run. All others are there too, as names that load when they are first used."""
    parts = [module.split(".") for module in modules if module.startswith(f"{sdk}.")]
    return {path[1] for path in parts if len(path) > 2}


def named(modules: Iterable[str], sdk: str) -> set[str]:
    """Packages of `sdk` that those of `modules` name which are ours."""
    return {
        package
        for module in modules
        if module.partition(".")[0] in {"components", "stacks"}
        for package in _named_in(ast.parse(_source(module)), sdk)
    }


def _source(module: str) -> str:
    file = ROOT / module.replace(".", "/")
    return (file / "__init__.py" if file.is_dir() else file.with_suffix(".py")).read_text()


def _named_in(tree: ast.Module, sdk: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == sdk:
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{sdk}."):
            yield str(node.module).split(".")[1]


@pytest.mark.parametrize("module", OF_STACK)
def test_a_program_loads_no_other_clouds_sdk(module: str) -> None:
    roots = {each.partition(".")[0] for each in loaded(module)}
    assert roots & set(SDKS) == {OF_STACK[module]}


@pytest.mark.parametrize("module", OF_STACK)
def test_a_program_loads_only_the_packages_that_its_components_name(module: str) -> None:
    modules, sdk = loaded(module), OF_STACK[module]
    found = executed(modules, sdk)
    assert len(found) > 5
    assert found - named(modules, sdk) == set()


@pytest.mark.parametrize("module", ["stacks.systems", "stacks.settings"])
def test_choosing_a_system_loads_no_sdk(module: str) -> None:
    assert {each.partition(".")[0] for each in loaded(module)} & set(SDKS) == set()


@pytest.mark.parametrize("module", OF_STACK)
def test_a_program_reaches_the_cloud_itself_only_when_it_has_something_to_read(module: str) -> None:
    roots = {each.partition(".")[0] for each in loaded(module)}
    assert roots & {"boto3", "botocore", "googleapiclient", "aiohttp", "moto", "sandbox"} == set()
    assert "google.cloud.run_v2" not in loaded(module)


def test_a_package_that_is_named_and_one_that_is_run() -> None:
    tree = ast.parse("from pulumi_aws import ec2, iam\nfrom pulumi_aws.s3 import Bucket\nfrom pulumi_gcp import run")
    assert set(_named_in(tree, "pulumi_aws")) == {"ec2", "iam", "s3"}
    assert executed(["pulumi_aws.ec2", "pulumi_aws.ec2.vpc", "pulumi_aws.iam"], "pulumi_aws") == {"ec2"}
