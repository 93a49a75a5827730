"""The generated source of a provider's SDK, read and not imported: importing every module takes seconds."""

import ast
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path


def folder(package: str) -> Path:
    """Where an installed SDK is, as `pulumi_aws`."""
    found = find_spec(package)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


@lru_cache(maxsize=128)
def classes(file: Path) -> dict[str, ast.ClassDef]:
    """The classes of a module, by name."""
    return {node.name: node for node in ast.parse(file.read_text()).body if isinstance(node, ast.ClassDef)}


def properties(cls: ast.ClassDef) -> dict[str, str]:
    """Wire name -> annotation of every property of a generated class."""
    found = {}
    for method in (node for node in cls.body if isinstance(node, ast.FunctionDef)):
        decorators = [ast.unparse(decorator) for decorator in method.decorator_list]
        if any(text == "property" or "pulumi.getter" in text for text in decorators):
            found[_wire_name(method)] = ast.unparse(method.returns) if method.returns else ""
    return found


def _wire_name(method: ast.FunctionDef) -> str:
    for decorator in method.decorator_list:
        if isinstance(decorator, ast.Call) and decorator.keywords:
            value = decorator.keywords[0].value
            assert isinstance(value, ast.Constant)
            return str(value.value)
    return method.name
