"""Loads of a cloud's SDK the modules of the resources in use, instead of whole packages.

The SDK loads a package when it is first named, and then all of it: every resource of EC2 for one subnet. That is a
third of what importing a program takes. Under `install`, such a package loads the module of a class when the class is
named; whatever is not found that way is left to the package itself, which then loads all of it as it always did.
"""

import re
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_PACKAGE = re.compile(r"pulumi_(?:aws|gcp)\.[a-z0-9_]+")
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SHARED = ("_inputs", "_enums")  # nested arguments and choices, of all resources of a package
_CLASS = re.compile(r"[A-Z]\w*")


def install() -> None:
    """For every SDK package that is not loaded yet; a second call changes nothing."""
    if not any(isinstance(each, _Packages) for each in sys.meta_path):
        sys.meta_path.insert(0, _Packages())


class _Packages(MetaPathFinder):
    """Finds what Python finds, and hands packages of an SDK to `_ByName`."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not _PACKAGE.fullmatch(fullname):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None and spec.submodule_search_locations:
            spec.loader = _ByName(spec.loader)
        return spec


class _ByName(Loader):
    """Runs none of a package until a name is missing in it; `whole` is the package's own loader."""

    def __init__(self, whole: Loader) -> None:
        self._whole = whole

    def exec_module(self, module: ModuleType) -> None:
        def missing(name: str) -> object:
            if name.startswith("__"):
                raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
            found = _one(module.__name__, name)
            if found is None:
                del vars(module)["__getattr__"]
                self._whole.exec_module(module)
                return getattr(module, name)
            setattr(module, name, found)
            return found

        vars(module)["__getattr__"] = missing  # PEP 562


def _one(package: str, name: str) -> object | None:
    """The module of outputs or of shared classes, or the class `name`; None for all else, as functions."""
    if name == "outputs" or name in _SHARED:
        return import_module(f"{package}.{name}")
    if not _CLASS.fullmatch(name):
        return None
    for part in (_WORDS.sub("_", name).lower(), *_SHARED):
        try:
            module = import_module(f"{package}.{part}")
        except ModuleNotFoundError:
            continue
        if hasattr(module, name):
            found: object = getattr(module, name)
            return found
    return None
