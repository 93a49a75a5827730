"""sandbox.json: what was started, where it answers, and how to know it again."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sandbox.manager.errors import SandboxError
from sandbox.manager.processes import Identity
from sandbox.serving import write_json

SCHEMA = 2


@dataclass(frozen=True, slots=True)
class Record:
    """A sandbox that was started. `started_at`: epoch seconds.

    `stacks`: system -> the stack whose users come to a router. `processes`: name -> process. `urls`: the emulated
    clouds `aws` and `google`; of the balancer's router `traffic`, `test` and `http`; of the services' router `run`.
    """

    started_at: int
    lifetime_s: float
    stacks: Mapping[str, str]
    toolchain: str
    processes: Mapping[str, Identity] = field(default_factory=dict)
    urls: Mapping[str, str] = field(default_factory=dict)


def read(path: Path) -> Record | None:
    """The record, or None when nothing was started. Raises SandboxError on a file that cannot be understood."""
    try:
        content = json.loads(path.read_text())
        _refuse_other_schema(content["schema"])
        return Record(
            started_at=int(content["started_at"]),
            lifetime_s=float(content["lifetime_s"]),
            stacks={str(system): str(stack) for system, stack in content["stacks"].items()},
            toolchain=str(content["toolchain"]),
            processes={name: identity(process) for name, process in content["processes"].items()},
            urls={str(name): str(url) for name, url in content["urls"].items()},
        )
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SandboxError(
            f"{path} cannot be read ({error!r}). End the processes of the sandbox, if any still run "
            f"(ps -ef | grep sandbox), and remove the file."
        ) from error


def write(path: Path, record: Record) -> None:
    """Write the record in one step."""
    write_json(path, {"schema": SCHEMA, **asdict(record)})


def identity(raw: Mapping[str, Any]) -> Identity:
    """A process from the form in which records hold it."""
    return Identity(int(raw["pid"]), str(raw["started"]))


def _refuse_other_schema(schema: object) -> None:
    if schema != SCHEMA:
        raise ValueError(f"schema {schema!r} is not {SCHEMA}")
