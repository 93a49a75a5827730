"""Types and inputs that rules name exist in the installed AWS SDK: an upgrade cannot silently turn a rule off."""

import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from policies import pack
from policies.model import Described
from policies.session import Session
from policies.tags import TAGGABLE

SPEC = find_spec("pulumi_aws")
assert SPEC is not None
assert SPEC.origin is not None
SDK = Path(SPEC.origin).parent

_RESOURCE = re.compile(r'^@pulumi\.type_token\("([^"]+)"\)\nclass (\w+)\(pulumi\.CustomResource\)', re.MULTILINE)
_CLASS = r"^class {}Args:\n(.*?)(?=^@pulumi|^class |\Z)"
_GETTER = re.compile(
    r"    @_builtins\.property\n    @pulumi\.getter(?:\(name=\"(\w+)\"\))?\n    def (\w+)\(self\) -> (.*?):\n"
)
_TAGS = re.compile(r"\n +tags: [^\n]*Mapping\[str")


@cache
def resources() -> dict[str, tuple[Path, str]]:
    """Type token -> file and class."""
    return {
        token: (file, name)
        for file in SDK.rglob("*.py")
        for token, name in _RESOURCE.findall(file.read_text(encoding="utf-8"))
    }


def inputs(file: Path, name: str) -> dict[str, str]:
    """Input -> type of the class `<name>Args` in `file`, by the names that the provider gets."""
    found = re.search(_CLASS.format(name), file.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found, f"{file}: no class {name}Args"
    return {renamed or getter: annotation for renamed, getter, annotation in _GETTER.findall(found[1])}


def exists(token: str, path: str) -> bool:
    """Whether the type has the input at `path`, through nested types of the same module."""
    file, name = resources()[token]
    known = inputs(file, name)
    for key in path.split("."):
        if key not in known:
            return False
        nested = re.search(r"'(\w+)Args'", known[key])
        known = inputs(file.parent / "_inputs.py", nested[1]) if nested else {}
    return True


RULES = pack.rules(Session())


def ours() -> Iterator[tuple[Described, list[str]]]:
    for rule in RULES:
        tokens = sorted(token for token in rule.types if token.startswith("aws:"))
        if tokens and rule.id != "required-tags":
            yield rule, tokens


@pytest.mark.parametrize(("rule", "tokens"), list(ours()), ids=lambda value: getattr(value, "id", ""))
def test_the_sdk_knows_every_type_and_input(rule: Described, tokens: list[str]) -> None:
    assert set(tokens) <= resources().keys()
    rollout_inputs = {"previous", "unreadable", "proposed", "plan", "report"}
    for path in set(rule.reads) - rollout_inputs:
        assert any(exists(token, path) for token in tokens), f"none of {tokens} has {path}"


def test_the_check_itself_finds_what_is_wrong() -> None:
    assert exists("aws:lb/targetGroup:TargetGroup", "healthCheck.unhealthyThreshold")
    assert not exists("aws:lb/targetGroup:TargetGroup", "healthCheck.unhealthy")
    assert not exists("aws:lb/targetGroup:TargetGroup", "health_check")


def test_every_taggable_type_of_the_sdk_must_be_tagged() -> None:
    def taggable(file: Path, name: str) -> bool:
        source = file.read_text(encoding="utf-8")
        head = rf"^class {name}Args:\n    def __init__\(__self__,(.*?)\):\n"
        constructor = re.search(head, source, re.MULTILINE | re.DOTALL)
        return constructor is not None and _TAGS.search(constructor[1]) is not None

    found = {token for token, (file, name) in resources().items() if taggable(file, name)}

    assert len(found) > 800
    assert found == TAGGABLE, (
        "policies/taggable_aws_types.txt differs from the installed pulumi_aws; write the set found into it, sorted: "
        f"added {sorted(found - TAGGABLE)}, gone {sorted(TAGGABLE - found)}"
    )
