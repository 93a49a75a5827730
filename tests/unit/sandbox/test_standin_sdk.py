"""The table against the real SDK: the stand-in must never accept a property that the SDK does not have."""

import ast
import re
from collections.abc import Iterator, Mapping

import pytest

from sandbox.plugins.aws.codecs import Codec, List, Obj
from sandbox.plugins.aws.tables import rows
from tests.support.sdk_source import classes, folder, properties

SDK = folder("pulumi_aws")

TOKENS = sorted(rows())


def module_of(token: str) -> tuple[str, str, str]:
    """`aws:lb/targetGroup:TargetGroup` -> lb, target_group, TargetGroup."""
    _, path, name = token.split(":")
    module, file = path.split("/")
    return module, re.sub(r"(?<!^)(?=[A-Z])", "_", file).lower(), name


def args_of(module: str, file: str, name: str) -> ast.ClassDef:
    """The class of a resource's inputs; `InitArgs` where a nested block has taken the other name."""
    known = classes(SDK / module / f"{file}.py")
    return known[f"{name}Args" if f"{name}Args" in known else f"{name}InitArgs"]


def unknown(
    members: Mapping[str, Codec], cls: ast.ClassDef, inputs: Mapping[str, ast.ClassDef], path: str
) -> Iterator[str]:
    """Properties of the table that the SDK's class does not have, at every depth."""
    known = properties(cls)
    for name, codec in members.items():
        if name not in known:
            yield f"{path}{name}"
            continue
        inner = codec.item if isinstance(codec, List) else codec
        if isinstance(inner, Obj):
            nested = re.search(r"'?(\w+Args)\b", known[name])
            assert nested, f"{path}{name} is a block in the table and {known[name]} in the SDK"
            fields = {key: inner.member(key)[1] for key in inner.members}
            yield from unknown(fields, inputs[nested.group(1)], inputs, f"{path}{name}.")


@pytest.mark.parametrize("token", TOKENS)
def test_every_property_exists_in_the_sdk(token: str) -> None:
    module, file, name = module_of(token)
    cls = args_of(module, file, name)
    inputs = classes(SDK / module / "_inputs.py") if (SDK / module / "_inputs.py").exists() else {}
    members = {key: field.codec for key, field in rows()[token].fields.items()}
    assert list(unknown(members, cls, inputs, "")) == []


@pytest.mark.parametrize("token", TOKENS)
def test_every_output_exists_in_the_sdk(token: str) -> None:
    module, file, name = module_of(token)
    known = properties(classes(SDK / module / f"{file}.py")[name])
    assert sorted(rows()[token].outputs.keys() - known.keys()) == []


@pytest.mark.parametrize("token", TOKENS)
def test_the_token_is_the_sdks(token: str) -> None:
    module, file, _ = module_of(token)
    assert f"'{token}'" in (SDK / module / f"{file}.py").read_text()


@pytest.mark.parametrize("token", TOKENS)
def test_tags_and_region_are_taken_where_the_sdk_has_them(token: str) -> None:
    module, file, name = module_of(token)
    known = properties(args_of(module, file, name))
    for property_ in ("tags", "region"):
        assert (property_ in rows()[token].fields) == (property_ in known)


def test_the_check_finds_what_is_wrong() -> None:
    cls = classes(SDK / "lb" / "listener.py")["ListenerArgs"]
    inputs = classes(SDK / "lb" / "_inputs.py")
    table = {"port": Codec(), "prot": Codec(), "defaultActions": List(Obj({"type": "Type", "forwards": "F"}))}
    assert list(unknown(table, cls, inputs, "")) == ["prot", "defaultActions.forwards"]
