"""The rules of the tree that neither a linter nor a type checker knows."""

import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("headgate", "components", "policies", "stacks", "sandbox", "toolchain")

# The modules that decide. What they import of ours is held to the same rule.
DECIDING = (
    "plan", "state", "transition", "carrier", "limits", "settings", "systems", "reader", "windows", "health",
    "sequential", "verdict", "assignment", "cohorts", "changes", "change_rules", "middleware.quantiles",
    "middleware.comparison", "evidence.record", "evidence.judge", "gate_settings", "return_path",
    "notify_settings", "notify.escalation", "records.trail", "records.redact", "records.rollout", "records.incident",
    "records.markdown",
)  # fmt: skip
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
# The list of types that hold data is one for both clouds; those modules import nothing but the pure core.
POLICIES_MAY_USE = frozenset({"headgate.clock", "headgate.traffic.kinds"})


# The only packages of the core that may name a cloud, one of its services or its libraries.
MAY_NAME_A_CLOUD = ("headgate.traffic", "headgate.metrics")
CLOUD_WORDS = frozenset(
    {
        "alb", "amazon", "amazonaws", "appspot", "arn", "aws", "azure", "bigquery", "boto", "boto3", "botocore",
        "cloudfront", "cloudwatch", "dynamodb", "ec2", "ecr", "ecs", "elasticache", "elb", "elbv2", "fargate",
        "gce", "gcloud", "gcp", "gcs", "gke", "google", "googleapis", "iam", "kms", "knative", "moto", "nlb",
        "pubsub", "rds", "route53", "s3", "sns", "sqs", "stackdriver", "vpc",
    }
)  # fmt: skip
# Not `lambda`, which Python has too.
_WORD = re.compile(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*")  # in snake_case, CamelCase, texts and comments
_CLOUD_RUN = re.compile(r"(?i:cloud[ _-]?run)(?![a-z])")


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
MODULES = {_name(path): Module(_name(path), path, ast.parse(path.read_text(), filename=str(path))) for path in PATHS}


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


def of_package(package: str) -> list[Module]:
    return [module for module in MODULES.values() if top(module.name) == package]


def offences(find: Callable[[Module], Iterable[str]], modules: Iterable[Module]) -> dict[str, list[str]]:
    """What `find` finds, by the path of the module: all at once, so that one run shows the whole task."""
    found = {str(module.path.relative_to(ROOT)): sorted(find(module)) for module in modules}
    return {path: what for path, what in found.items() if what}


def calls(module: Module, *functions: str) -> set[str]:
    """Where `module` calls one of `functions`, by the name it has there."""
    return {
        f"line {node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in functions
    }


def test_the_deciding_modules_are_where_the_rules_look_for_them() -> None:
    names = (
        "plan", "state", "transition", "limits", "assignment", "windows", "systems", "reader", "settings",
    )  # fmt: skip
    assert {f"headgate.{name}" for name in names} <= pure_core().keys()


def test_pure_core_imports_only_harmless_standard_library() -> None:
    allowed = (sys.stdlib_module_names - IMPURE) | {"headgate"}

    def forbidden(module: Module) -> set[str]:
        return {name for name in module.imports if top(name) not in allowed} | module.imports & {"headgate.clock"}

    assert offences(forbidden, pure_core().values()) == {}


def test_pure_core_is_told_the_time() -> None:
    def clock_reads(module: Module) -> set[str]:
        return {
            f"line {node.lineno}: {ast.unparse(node)}"
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Attribute) and node.attr in CLOCK_READS
            if ast.unparse(node.value) in {"date", "datetime", "datetime.date", "datetime.datetime"}
        }

    assert offences(clock_reads, pure_core().values()) == {}


def test_only_the_rehearsal_verbs_know_the_sandbox() -> None:
    def sandbox_imports(module: Module) -> set[str]:
        return {name for name in module.imports if top(name) == "sandbox"}

    others = [m for m in MODULES.values() if top(m.name) != "sandbox" and m.name not in MAY_USE_SANDBOX]
    assert offences(sandbox_imports, others) == {}


def test_the_middleware_brings_an_application_nothing_but_itself() -> None:
    allowed = sys.stdlib_module_names | {"prometheus_client"}

    def foreign(module: Module) -> set[str]:
        ours = ("headgate.middleware", "headgate.assignment")
        return {name for name in module.imports if top(name) not in allowed and not name.startswith(ours)}

    middleware = [module for module in MODULES.values() if module.name.startswith("headgate.middleware")]
    assert len(middleware) > 1
    assert offences(foreign, middleware) == {}


def names_of_clouds(text: str) -> set[str]:
    """What `text` says of clouds: whole words, however they are joined; in comments and texts too."""
    found = {
        f"line {number}: {word}"
        for number, line in enumerate(text.splitlines(), start=1)
        for word in _WORD.findall(line)
        if word.lower() in CLOUD_WORDS
    }
    lines = (text.count("\n", 0, match.start()) + 1 for match in _CLOUD_RUN.finditer(text))
    return found | {f"line {number}: Cloud Run" for number in lines}


@pytest.mark.parametrize(
    "text",
    ["# as AWS does it", "class AlbTraffic:", "aws_region = 1", '"gcp:project"', "An ARN.", "EC2Instance",
     "boto3.client", "CLOUD_RUN", "import x_cloud_run", "on Cloud Run", "CloudRunTraffic", "GOOGLE_ENDPOINT", "s3://bucket"],
)  # fmt: skip
def test_the_name_of_a_cloud_is_found(text: str) -> None:
    assert names_of_clouds(text)


@pytest.mark.parametrize(
    "text",
    ["lambda state: state", "the cloud. Run the update again", "a warning", "the learner's album", "awsome", "lines3",
     "salaries", "the cloud running", "classifiers", "kmsg"],
)  # fmt: skip
def test_other_words_are_left_alone(text: str) -> None:
    assert names_of_clouds(text) == set()


def test_the_core_names_no_cloud() -> None:
    """Not even in a comment: what only one cloud has belongs to its adapter, or to the components."""
    core = [m for m in of_package("headgate") if not m.name.startswith(MAY_NAME_A_CLOUD)]
    assert len(core) > 30
    assert offences(lambda module: names_of_clouds(module.path.read_text()), core) == {}


def test_those_that_may_name_a_cloud_do() -> None:
    """Else the rule would look for the wrong words."""
    adapters = [m for m in of_package("headgate") if m.name in ("headgate.traffic.alb", "headgate.traffic.cloud_run")]
    assert len(offences(lambda module: names_of_clouds(module.path.read_text()), adapters)) == 2


def test_policies_know_only_the_pure_core_and_the_clock() -> None:
    allowed = pure_core().keys() | POLICIES_MAY_USE

    def forbidden(module: Module) -> set[str]:
        return {name for name in module.imports if top(name) in OURS if top(name) != "policies"} - allowed

    assert offences(forbidden, of_package("policies")) == {}


def test_component_annotations_stay_evaluated() -> None:
    """Pulumi's analyzer of components reads annotations as objects; as strings they break packaging."""
    assert offences(lambda module: module.imports & {"__future__"}, of_package("components")) == {}


def test_the_policy_pack_is_started_by_its_main_module_only() -> None:
    """`PolicyPack(...)` serves until the engine ends it: anywhere else it would hang an import."""
    others = [m for m in MODULES.values() if m.name != "policies.__main__"]
    assert offences(lambda module: calls(module, "PolicyPack", "pulumi_policy.PolicyPack"), others) == {}


def test_configuration_has_one_reader() -> None:
    others = [m for m in MODULES.values() if m.name != "stacks.settings"]
    assert offences(lambda module: calls(module, "pulumi.Config"), others) == {}


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
    missing = [str(folder.relative_to(ROOT)) for folder in sorted(folders) if not (folder / "__init__.py").is_file()]
    assert missing == []
