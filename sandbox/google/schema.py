"""Whether JSON fits a schema of a discovery document, read the way Google's JSON parser reads it.

Rules: https://protobuf.dev/programming-guides/json/ (both spellings of a field, numbers as text, 64-bit numbers as
text, null for an unset field) and AIP-203 (output-only fields of a request are ignored, not refused).
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.google.masks import camel

Schema = Mapping[str, Any]
# Field (dotted, as Google names it) and what is wrong with it.
Problem = tuple[str, str]

_INTEGERS = {
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
}
_DURATION = re.compile(r"-?\d{1,12}(\.\d{1,9})?s")
_WHOLE = re.compile(r"-?\d+(\.0+)?")


@dataclass
class Reader:
    """Reads values against the schemas of one document; problems are collected.

    answers: read what the emulator answers (output-only fields stay, everything is required to be in canonical form).
    optional: "Schema.field" of "Required." fields that may be left out.
    """

    schemas: Mapping[str, Schema]
    answers: bool = False
    optional: frozenset[str] = frozenset()
    problems: list[Problem] = field(default_factory=list)

    def message(self, name: str, value: object, where: str, *, partial: bool = False) -> dict[str, Any]:
        """`value` as the message `name`. partial: what is required may be missing at this level (a PATCH)."""
        if not isinstance(value, Mapping):
            self._refuse(where, f"Invalid value at '{where}' ({name}), {_shown(value)}")
            return {}
        schema = self.schemas[name]
        result = self._fields(name, schema, value, where)
        if not partial and not self.answers:
            self._required(name, schema, result, where)
        return result

    def value(self, schema: Schema, value: object, where: str) -> Any:
        """`value` as `schema` describes it; None when it does not fit, with the problem noted."""
        if "$ref" in schema:
            return self.message(str(schema["$ref"]), value, where)
        kind = schema.get("type", "any")
        if kind == "any":
            return value
        if kind == "array":
            return self._list(schema, value, where)
        if kind == "object":
            return self._object(schema, value, where)
        read = _SCALARS[kind](schema, value, self.answers)
        if isinstance(read, _Wrong):
            self._refuse(where, f"Invalid value at '{where}' ({read.expected}), {_shown(value)}")
            return None
        return read

    def _fields(self, name: str, schema: Schema, value: Mapping[str, Any], where: str) -> dict[str, Any]:
        known: Mapping[str, Schema] = schema.get("properties", {})
        result: dict[str, Any] = {}
        for given, inner in value.items():
            key = given if given in known or self.answers else camel(given)
            if key not in known:
                if "additionalProperties" in schema:
                    result[given] = self.value(schema["additionalProperties"], inner, f"{where}.{given}")
                elif given != "@type" or not self.answers:
                    self._refuse(
                        where,
                        f"Invalid JSON payload received. Unknown name \"{given}\" at '{where}': Cannot find field.",
                    )
            elif inner is None:
                if self.answers:
                    self._refuse(f"{where}.{key}", f"null at '{where}.{key}' in an answer")
            elif self.answers or not _output_only(known[key]):
                result[key] = self.value(known[key], inner, f"{where}.{key}")
        return result

    def _required(self, name: str, schema: Schema, result: Mapping[str, Any], where: str) -> None:
        for key, inner in schema.get("properties", {}).items():
            described = str(inner.get("description", ""))
            # A number or boolean that is zero is left out by every proto client, so its absence says nothing.
            zero = inner.get("type") in {"integer", "number", "boolean", "any"} or "enum" in inner
            missing = result.get(key) in (None, "", [], {}) and not ("$ref" in inner and key in result)
            needed = described.startswith(("Required.", "REQUIRED:")) and not zero and not _output_only(inner)
            if needed and missing and f"{name}.{key}" not in self.optional:
                self._refuse(f"{where}.{key}", f"Violation in {where}.{key}: required field is missing")

    def _list(self, schema: Schema, value: object, where: str) -> list[Any]:
        if not isinstance(value, list):
            self._refuse(where, f"Invalid value at '{where}' (repeated), {_shown(value)}")
            return []
        items = schema.get("items", {"type": "any"})
        result = []
        for index, inner in enumerate(value):
            if inner is None:
                self._refuse(f"{where}[{index}]", f"null in list at '{where}[{index}]'")
            else:
                result.append(self.value(items, inner, f"{where}[{index}]"))
        return result

    def _object(self, schema: Schema, value: object, where: str) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            self._refuse(where, f"Invalid value at '{where}' (map), {_shown(value)}")
            return {}
        return self._fields("", schema, value, where)

    def _refuse(self, where: str, text: str) -> None:
        self.problems.append((where, text))


@dataclass(frozen=True)
class _Wrong:
    """What was expected instead."""

    expected: str


def _shown(value: object) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else str(value)[:200]


def _output_only(schema: Schema) -> bool:
    described = str(schema.get("description", "")).lower()
    return bool(schema.get("readOnly")) or described.startswith(("output only", "[output only", "[output-only"))


def _string(schema: Schema, value: object, answers: bool) -> object:
    form = schema.get("format", "")
    if form in {"int64", "uint64"}:
        return _wide(form, value, answers)
    if "enum" in schema:
        if isinstance(value, int) and not isinstance(value, bool) and not answers:
            return _by_number(schema["enum"], value) or _Wrong("enum")
        return value if value in schema["enum"] else _Wrong(f"enum: one of {', '.join(schema['enum'])}")
    if not isinstance(value, str):
        return _Wrong("TYPE_STRING")
    if form == "byte" and not _is_base64(value):
        return _Wrong("TYPE_BYTES")
    if form in {"google-datetime", "date-time"} and not _is_time(value):
        return _Wrong("type.googleapis.com/google.protobuf.Timestamp")
    if form == "google-duration" and not _DURATION.fullmatch(value):
        return _Wrong("type.googleapis.com/google.protobuf.Duration")
    return value


# google/api/launch_stage.proto: the one enum whose numbers are not in the order of the document.
_LAUNCH_STAGES = {
    "EARLY_ACCESS": 1,
    "ALPHA": 2,
    "BETA": 3,
    "GA": 4,
    "DEPRECATED": 5,
    "UNIMPLEMENTED": 6,
    "PRELAUNCH": 7,
}


def _by_number(names: Sequence[str], number: int) -> str | None:
    """The name of an enum's value: the official clients send numbers (enum-encoding=int)."""
    if "EARLY_ACCESS" in names:
        return next((name for name, value in _LAUNCH_STAGES.items() if value == number), names[0])
    return names[number] if 0 <= number < len(names) else None


def _wide(form: str, value: object, answers: bool) -> object:
    """A 64-bit number: text in answers, text or number in requests."""
    if isinstance(value, bool) or not isinstance(value, (str, int)) or (answers and not isinstance(value, str)):
        return _Wrong(f"TYPE_{form.upper()}")
    low, high = _INTEGERS[form]
    if not re.fullmatch(r"-?\d+", str(value)) or not low <= int(value) <= high:
        return _Wrong(f"TYPE_{form.upper()}")
    return str(value)


def _integer(schema: Schema, value: object, answers: bool) -> object:
    form = str(schema.get("format", "int32"))
    wrong = _Wrong(f"TYPE_{form.upper()}")
    if isinstance(value, bool) or not isinstance(value, (int, float, str)) or (answers and not isinstance(value, int)):
        return wrong
    low, high = _INTEGERS.get(form, _INTEGERS["int64"])
    if not _WHOLE.fullmatch(str(value)):
        return wrong
    number = int(float(value)) if isinstance(value, float) else int(str(value).partition(".")[0])
    return number if low <= number <= high else wrong


def _number(schema: Schema, value: object, answers: bool) -> object:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)) or (answers and isinstance(value, str)):
        return _Wrong("TYPE_DOUBLE")
    try:
        return value if not isinstance(value, str) else float(value)
    except ValueError:
        return _Wrong("TYPE_DOUBLE")


def _boolean(schema: Schema, value: object, answers: bool) -> object:
    return value if isinstance(value, bool) else _Wrong("TYPE_BOOL")


_SCALARS = {"string": _string, "integer": _integer, "number": _number, "boolean": _boolean}


def _is_base64(text: str) -> bool:
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _is_time(text: str) -> bool:
    try:
        # Google writes up to nine decimals; Python reads six.
        found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError:
        return False
    return found.tzinfo is not None
