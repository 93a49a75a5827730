"""The rules of the tree that neither a linter nor a type checker knows."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("headgate", "components", "policies", "stacks", "sandbox", "toolchain")

# The modules that decide. What they import of ours is held to the same rule.
DECIDING = ("plan", "state", "transition", "limits", "health", "sequential", "verdict", "assignment")
# In the standard library, yet a way to the clock, to chance or to the world.
IMPURE = frozenset(
    {
        "asyncio",
        "ctypes",
        "http",
        "io",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "random",
        "secrets",
        "shutil",
        "signal",
        "socket",
        "sqlite3",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "urllib",
    }
)
CLOCK_READS = frozenset({"now", "today", "utcnow"})

# The only modules outside the tests that may know the test equipment.
MAY_USE_SANDBOX = frozenset({"headgate.cli.sandbox_cmd", "headgate.cli.rehearse"})
# What a policy pack may know of ours besides itself and the deciding modules.
POLICIES_MAY_USE = frozenset({"headgate.clock"})


@dataclass(frozen=True)
class Module:
    """One Python file and the dotted names of everything it imports, anywhere in it."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def imports(self) -> frozenset[str]:
        return frozenset(self._imports())

    def _imports(self) -> Iterator[str]:
        package = self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    parents = package.split(".")
                    above = ".".join(parents[: len(parents) - node.level + 1])
                    base = f"{above}.{base}".rstrip(".")
                for alias in node.names:
                    full = f"{base}.{alias.name}"
                    yield full if full in MODULE_NAMES else base


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


PATHS = sorted(path for package in OURS for path in (ROOT / package).rglob("*.py"))
MODULE_NAMES = frozenset(_name(path) for path in PATHS)
MODULES = {
    _name(path): Module(_name(path), path, ast.parse(path.read_text(), filename=str(path))) for path in PATHS
}


def pure_core() -> dict[str, Module]:
    """The deciding modules that exist and, transitively, every module of ours that they import."""
    found: dict[str, Module] = {}
    waiting = [f"headgate.{name}" for name in DECIDING if f"headgate.{name}" in MODULES]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = MODULES[name]
            waiting += [imported for imported in MODULES[name].imports if imported in MODULES]
    return found


def top(name: str) -> str:
    return name.partition(".")[0]


def test_the_deciding_modules_are_where_the_rules_look_for_them() -> None:
    assert {"headgate.plan", "headgate.state", "headgate.transition", "headgate.limits"} <= pure_core().keys()


@pytest.mark.parametrize("module", pure_core().values(), ids=lambda module: module.name)
def test_pure_core_imports_only_harmless_standard_library(module: Module) -> None:
    allowed = (sys.stdlib_module_names - IMPURE) | {"headgate"}
    assert {name for name in module.imports if top(name) not in allowed} == set()
    assert "headgate.clock" not in module.imports


@pytest.mark.parametrize("module", pure_core().values(), ids=lambda module: module.name)
def test_pure_core_is_told_the_time(module: Module) -> None:
    reads = [
        f"{module.path.name}:{node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in CLOCK_READS
        if ast.unparse(node.value) in {"date", "datetime", "datetime.date", "datetime.datetime"}
    ]
    assert reads == []


@pytest.mark.parametrize("module", MODULES.values(), ids=lambda module: module.name)
def test_only_the_rehearsal_verbs_know_the_sandbox(module: Module) -> None:
    if top(module.name) == "sandbox" or module.name in MAY_USE_SANDBOX:
        return
    assert {name for name in module.imports if top(name) == "sandbox"} == set()


@pytest.mark.parametrize(
    "module", [m for m in MODULES.values() if top(m.name) == "policies"], ids=lambda module: module.name
)
def test_policies_know_only_the_pure_core_and_the_clock(module: Module) -> None:
    allowed = pure_core().keys() | POLICIES_MAY_USE
    ours = {name for name in module.imports if top(name) in OURS and top(name) != "policies"}
    assert ours - allowed == set()


def test_every_test_file_is_collected() -> None:
    """A file with tests in it that pytest does not find would pass for ever."""
    uncollected = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if not path.name.startswith("test_") and _defines_tests(path)
    ]
    assert uncollected == []


def test_no_test_lives_outside_tests() -> None:
    assert [str(path.relative_to(ROOT)) for path in PATHS if path.name.startswith("test_")] == []


def _defines_tests(path: Path) -> bool:
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
        for node in ast.walk(ast.parse(path.read_text()))
    )


def test_every_package_has_an_init() -> None:
    """Without one, the editable install and mypy would each see a different tree."""
    folders = {path.parent for path in PATHS}
    missing = [
        str(folder.relative_to(ROOT)) for folder in sorted(folders) if not (folder / "__init__.py").is_file()
    ]
    assert missing == []
