"""Reads single values of a stack file and collects everything that is wrong with them."""

import re
from collections.abc import Mapping
from typing import Any

from headgate.problems import Problem
from headgate.wire import show

PROJECT = "headgate"
HOST_NAME = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")


class Reader:
    """Reads single values, collects a problem for each that is wrong, and returns a harmless stand-in for it."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def add(self, where: str, found: object, expected: str, fix: str) -> None:
        self.problems.append(Problem(f"{self.file}: {where}", show(found), expected, fix))

    def extend(self, problems: tuple[Problem, ...]) -> None:
        for problem in problems:
            where = f"{self.file}: {problem.where}"
            self.problems.append(Problem(where, problem.found, problem.expected, problem.fix))

    def refuse_unknown(self, raw: Mapping[Any, Any], known: tuple[str, ...], where: str) -> None:
        separator = ":" if where == PROJECT else "."
        for key in raw:
            if key not in known:
                expected = f"one of: {', '.join(known)}"
                self.problems.append(
                    Problem(
                        f"{self.file}: {where}{separator}{key}",
                        "an unknown key",
                        expected,
                        "Correct or remove it.",
                    )
                )

    def mapping(self, raw: object, where: str, keys: tuple[str, ...]) -> Mapping[str, Any]:
        if not isinstance(raw, Mapping):
            self.add(where, raw, f"a mapping with {', '.join(keys)}", "Write it out.")
            return {}
        self.refuse_unknown(raw, keys, where)
        return raw

    def text(self, raw: object, where: str) -> str:
        if isinstance(raw, str) and raw.strip() and len(raw) <= 512:
            return raw
        self.add(where, raw, "a non-empty text (write it in quotes)", "Fill it in.")
        return ""

    def matching(self, raw: object, where: str, pattern: re.Pattern[str], expected: str) -> str:
        if isinstance(raw, str) and pattern.fullmatch(raw):
            return raw
        self.add(where, raw, expected, "Correct it.")
        return ""

    def choice(self, raw: object, where: str, choices: tuple[str, ...]) -> str:
        if isinstance(raw, str) and raw in choices:
            return raw
        self.add(where, raw, f"one of: {', '.join(choices)}", "Use one of these.")
        return ""

    def whole(self, raw: object, where: str, least: int, most: int) -> int:
        if isinstance(raw, int) and not isinstance(raw, bool) and least <= raw <= most:
            return raw
        self.add(where, raw, f"a whole number from {least} to {most}", "Correct the number.")
        return least

    def flag(self, raw: object, where: str) -> bool:
        if isinstance(raw, bool):
            return raw
        self.add(where, raw, "true or false", "Correct it.")
        return False
