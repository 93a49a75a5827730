"""An in-memory `Engine` and an `Operator` that changes only the stack file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from headgate.engine import EngineError, Run, Update
from headgate.engine.edit import PathError, edited

DONE = Run(0, "", "")


@dataclass
class FakeEngine:
    """`outputs_of`: stack -> its outputs. `past`: stack -> its history, newest first; `updates` only its newest entry.
    `broken`: every call raises with it."""

    outputs_of: dict[str, dict[str, Any]] = field(default_factory=dict)
    updates: dict[str, Update] = field(default_factory=dict)
    current: str | None = None
    broken: str = ""
    past: dict[str, tuple[Update, ...]] = field(default_factory=dict)
    deployments: dict[str, dict[str, Any]] = field(default_factory=dict)

    def selected(self) -> str | None:
        self._refuse()
        return self.current

    def output(self, stack: str, name: str) -> object:
        return self.outputs(stack).get(name)

    def outputs(self, stack: str) -> Mapping[str, object]:
        self._refuse()
        if stack not in self.outputs_of:
            raise EngineError(f"no stack named {stack!r} found")
        return self.outputs_of[stack]

    def last_update(self, stack: str) -> Update | None:
        newest = next(iter(self.history(stack, 1)), None)
        return newest or self.updates.get(stack)

    def history(self, stack: str, limit: int = 50) -> tuple[Update, ...]:
        self._refuse()
        return self.past.get(stack, ())[:limit]

    def deployment(self, stack: str) -> Mapping[str, Any]:
        self._refuse()
        return self.deployments.get(stack, {"version": 3, "deployment": {"resources": []}})

    def _refuse(self) -> None:
        if self.broken:
            raise EngineError(self.broken)


Answer = Run | Callable[[], Run]


@dataclass
class FakeOperator:
    """Writes the stack files of the project in `folder`. `previews`, `ups`, `cancels` are answered in turn, the last
    one again and again; an answer may be a function, which then is the update. `calls` lists what was asked for;
    `plan` is what a preview saves.
    `broken`: every call raises with it."""

    folder: Path
    previews: list[Answer] = field(default_factory=lambda: [DONE])
    ups: list[Answer] = field(default_factory=lambda: [DONE])
    cancels: list[Answer] = field(default_factory=lambda: [DONE])
    calls: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    plan: str = '{"resourcePlans": {}}'
    broken: str = ""

    def set_values(self, stack: str, values: Mapping[str, object], remove: Sequence[str] = ()) -> None:
        self._called("set_values")
        path = self.folder / "stacks" / f"Pulumi.{stack}.yaml"
        content = yaml.safe_load(path.read_text())
        try:
            changed, gone = edited(content["config"], values, remove)
        except PathError as error:
            raise EngineError(str(error)) from error
        content["config"].update(changed)
        for key in gone:
            del content["config"][key]
        path.write_text(yaml.safe_dump(content, sort_keys=False))

    def preview(self, stack: str, *, plan: Path | None = None, refresh: bool = False) -> Run:
        self._called("preview --refresh" if refresh else "preview")
        if plan is not None:
            plan.write_text(self.plan)
        return _next(self.previews)

    def up(
        self,
        stack: str,
        *,
        plan: Path | None = None,
        message: str,
        on_line: Callable[[str], None] | None = None,
        refresh: bool = False,
    ) -> Run:
        self._called("up" + (" --plan" if plan is not None else "") + (" --refresh" if refresh else ""))
        self.messages.append(message)
        run = _next(self.ups)
        for line in run.output.splitlines() if on_line is not None else ():
            on_line(line)  # type: ignore[misc]
        return run

    def cancel(self, stack: str) -> Run:
        self._called("cancel")
        return _next(self.cancels)

    def _called(self, what: str) -> None:
        self.calls.append(what)
        if self.broken:
            raise EngineError(self.broken)


def _next(answers: list[Answer]) -> Run:
    answer = answers.pop(0) if len(answers) > 1 else answers[0]
    return answer if isinstance(answer, Run) else answer()
