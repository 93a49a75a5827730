"""The Google table against the real SDK: the stand-in must never accept a property that the SDK does not have."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import pytest

from sandbox.plugins.gcp.fields import Fields, Kind, members, one
from sandbox.plugins.gcp.iam import Grant
from sandbox.plugins.gcp.rows import with_labels
from sandbox.plugins.gcp.tables import rows
from tests.support.sdk_source import classes, folder, properties

SDK = folder("pulumi_gcp")

TOKENS = sorted(rows())


@lru_cache(maxsize=64)
def source_of(token: str) -> tuple[Path, str]:
    """The file that declares the resource of this token, and the class's name."""
    _, path, name = token.split(":")
    module = SDK / path.split("/")[0]
    files = [file for file in module.glob("*.py") if f"'{token}'" in file.read_text()]
    assert len(files) == 1, f"{token} is declared in {files}"
    return files[0], name


def wrong(fields: Fields, cls: ast.ClassDef, inputs: Mapping[str, ast.ClassDef], path: str = "") -> Iterator[str]:
    """What of the table is not as in the SDK, at every depth: names, blocks and lists, what is required."""
    known = properties(cls)
    for name, field in fields.items():
        if name not in known:
            yield f"{path}{name}: not in the SDK"
            continue
        annotation = known[name]
        nested = re.search(r"'?(\w+Args)\b", annotation)
        shape = Kind.VALUE if not nested else Kind.MANY if "Sequence" in annotation else Kind.ONE
        if field.kind is not shape:
            yield f"{path}{name}: {field.kind} in the table, {shape} in the SDK"
        elif nested:
            yield from wrong(field.members, inputs[nested.group(1)], inputs, f"{path}{name}.")
        if ("Optional" not in annotation) != field.required:
            yield f"{path}{name}: required is {field.required} in the table, not in the SDK"
    for name, annotation in known.items():
        if "Optional" not in annotation and name not in fields:
            yield f"{path}{name}: required in the SDK, not in the table"


def sdk_of(token: str) -> tuple[ast.ClassDef, ast.ClassDef, Mapping[str, ast.ClassDef]]:
    """The class of the arguments, that of the resource, and those of nested blocks."""
    file, name = source_of(token)
    inputs = classes(file.parent / "_inputs.py")
    return classes(file)[f"{name}Args"], classes(file)[name], inputs


@pytest.mark.parametrize("token", TOKENS)
def test_every_property_is_as_in_the_sdk(token: str) -> None:
    args, _, inputs = sdk_of(token)
    assert list(wrong(rows()[token].fields, args, inputs)) == []


@pytest.mark.parametrize("token", TOKENS)
def test_every_output_exists_in_the_sdk(token: str) -> None:
    row = rows()[token]
    _, resource, _ = sdk_of(token)
    outputs = {**row.outputs, **with_labels(row.fields)}
    assert sorted(outputs.keys() - properties(resource).keys()) == []


@pytest.mark.parametrize("token", TOKENS)
def test_what_every_type_has_is_taken_where_the_sdk_has_it(token: str) -> None:
    args, resource, _ = sdk_of(token)
    fields = rows()[token].fields
    for name in ("project", "location", "region", "deletionPolicy", "deletionProtection"):
        assert (name in fields) == (name in properties(args)), name
    shared = {name for name, field in fields.items() if field.shared}
    every = {"labels": "effectiveLabels", "annotations": "effectiveAnnotations"}
    assert shared == {name for name, output in every.items() if output in properties(resource)}


@pytest.mark.parametrize("token", TOKENS)
def test_a_name_is_made_up_where_the_sdk_does_not_ask_for_one(token: str) -> None:
    args, _, _ = sdk_of(token)
    row = rows()[token]
    named = {"name", "secretId", "accountId"} & properties(args).keys()
    optional = {name for name in named if "Optional" in properties(args)[name] and not isinstance(row, Grant)}
    assert ({row.auto} - {""}) == optional


def test_the_check_finds_what_is_wrong() -> None:
    args, _, inputs = sdk_of("gcp:cloudrunv2/service:Service")
    table = members("location", traffic=one("x"), traffics=one("percent"), template=one("revison", marks="!"))
    assert list(wrong(table, args, inputs)) == [
        "location: required is False in the table, not in the SDK",
        "traffic: not in the SDK",
        "traffics: Kind.ONE in the table, Kind.MANY in the SDK",
        "template.revison: not in the SDK",
    ]
