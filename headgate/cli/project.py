"""The project and its stack files on disk, for verbs that need no engine to read them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from headgate.settings import PROJECT

PROJECT_FILE = "Pulumi.yaml"


class ProjectError(Exception):
    """There is no project, or one of its files cannot be read; the message says where and what to do."""


@dataclass(frozen=True, slots=True)
class Project:
    """A Pulumi project: its folder and the folder of its stack files."""

    folder: Path
    stacks: Path
    defaults: Mapping[str, object]

    @property
    def names(self) -> tuple[str, ...]:
        """Stacks that have a file."""
        found = self.stacks.glob("Pulumi.*.yaml")
        return tuple(sorted(file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in found))

    def configuration(self, stack: str) -> "Configuration":
        """What the stack's file says. Raises ProjectError."""
        path = self.stacks / f"Pulumi.{stack}.yaml"
        label = str(path.relative_to(self.folder)) if path.is_relative_to(self.folder) else str(path)
        if not path.exists():
            known = ", ".join(self.names) or "none"
            raise ProjectError(f"stack {stack!r} has no file {label}; stacks with a file: {known}")
        values = _mapping(path).get("config") or {}
        if not isinstance(values, Mapping):
            raise ProjectError(f"{label}: config: expected a mapping of keys and values")
        return Configuration(label, {**self.defaults, **values})


@dataclass(frozen=True, slots=True)
class Configuration:
    """Configuration values of one stack by full key, as plain YAML values, with the project's defaults."""

    file: str
    values: Mapping[str, object]

    @property
    def own(self) -> dict[str, object]:
        """The `headgate:` keys without that prefix."""
        prefix = f"{PROJECT}:"
        return {key.removeprefix(prefix): value for key, value in self.values.items() if key.startswith(prefix)}

    @property
    def others(self) -> dict[str, object]:
        """The keys of everybody else, such as the providers, with their prefix."""
        return {key: value for key, value in self.values.items() if not key.startswith(f"{PROJECT}:")}


def find(start: Path) -> Project:
    """The project in `start` or the nearest folder above it, as Pulumi finds it. Raises ProjectError."""
    for folder in (start, *start.parents):
        if (folder / PROJECT_FILE).is_file():
            content = _mapping(folder / PROJECT_FILE)
            return Project(folder, folder / str(content.get("stackConfigDir") or "."), _defaults(content.get("config")))
    raise ProjectError(f"no {PROJECT_FILE} in {start} or above it; run the command inside the project")


def _defaults(config: object) -> dict[str, object]:
    """Values that Pulumi.yaml gives to every stack: `value`, `default`, or the bare value."""
    defaults: dict[str, object] = {}
    for key, declared in (config if isinstance(config, Mapping) else {}).items():
        full = key if ":" in key else f"{PROJECT}:{key}"
        if not isinstance(declared, Mapping):
            defaults[full] = declared
        elif "value" in declared or "default" in declared:
            defaults[full] = declared.get("value", declared.get("default"))
    return defaults


def _mapping(path: Path) -> Mapping[str, Any]:
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ProjectError(f"{path} cannot be read: {error}") from error
    if content is not None and not isinstance(content, Mapping):
        raise ProjectError(f"{path}: expected a mapping, found {type(content).__name__}")
    return content or {}
