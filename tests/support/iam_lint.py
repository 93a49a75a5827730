"""parliament, which knows every action of AWS and the resources and conditions it takes, as a function.

parliament 1.6.4 is the latest release. It asks `pkg_resources` where two of its own files are; setuptools no longer
ships that module (duo-labs/parliament#247), so a stand-in with this one function takes its place during the import.
"""

import importlib
import sys
import warnings
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any


class Gravity(IntEnum):
    """parliament's severities, in order."""

    MUTED = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


@dataclass(frozen=True)
class Complaint:
    """What the linter says of one document."""

    issue: str
    gravity: Gravity
    detail: str


def lint(document: str) -> list[Complaint]:
    """Every complaint about a policy document, as JSON text."""
    parliament = _parliament()
    found = [parliament.enhance_finding(each) for each in parliament.analyze_policy_string(document).findings]
    return [Complaint(each.issue, Gravity[each.severity], f"{each.title}: {each.detail}") for each in found]


@cache
def actions() -> frozenset[str]:
    """Every action that parliament knows, in lower case."""
    definition: list[dict[str, Any]] = _parliament().iam_definition
    return frozenset(
        f"{service['prefix']}:{each['privilege']}".lower() for service in definition for each in service["privileges"]
    )


@cache
def _parliament() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it leaves two files open, and escapes what needs no escape
        if find_spec("pkg_resources") is not None:
            return importlib.import_module("parliament")
        sys.modules["pkg_resources"] = stand_in = ModuleType("pkg_resources")
        stand_in.resource_filename = _file  # type: ignore[attr-defined]
        try:
            return importlib.import_module("parliament")
        finally:
            del sys.modules["pkg_resources"]


def _file(package: str, name: str) -> str:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent / name)
