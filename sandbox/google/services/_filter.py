"""The filter language of Cloud Monitoring, as far as it selects time series.

Source: https://cloud.google.com/monitoring/api/v3/filters. NOT binds closest, then OR, then AND; two terms side by
side are an AND.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Series = Mapping[str, Any]
Predicate = Callable[[Series], bool]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<sign><=|>=|!=|=|<|>|:|\(|\)|,|-(?=[A-Za-z_(]))
    | (?P<word>[A-Za-z0-9_./*@-][A-Za-z0-9_./*@:-]*)
    )""",
    re.VERBOSE,
)
_GROUPS = {"metric.label": "metric.labels", "resource.label": "resource.labels"}
_LABELS = ("metric.labels.", "resource.labels.", "metadata.system_labels.", "metadata.user_labels.")
_FIELDS = {"metric.type", "resource.type", "project", "group.id"}


class InvalidFilter(Exception):
    """The text is no filter; the message says where."""


@dataclass(frozen=True)
class Filter:
    """A parsed filter. `required` holds field -> value of every `field = value` that each match must fulfil."""

    matches: Predicate
    required: Mapping[str, str]


@dataclass(frozen=True)
class _Term:
    matches: Predicate
    required: tuple[tuple[str, str], ...] = ()


def parse(text: str) -> Filter:
    """The filter in `text`; raises InvalidFilter."""
    parser = _Parser(_tokens(text))
    term = parser.conjunction()
    if parser.rest:
        raise InvalidFilter(f"unexpected {parser.rest[0][1]!r}; expected AND, OR or the end of the filter")
    return Filter(term.matches, dict(term.required))


def field_of(series: Series, path: str) -> str | None:
    """What `metric.type`, `resource.labels.x` and the like are in a time series; None when it has no such label."""
    found: Any = series
    for part in canonical(path).split(".", 2):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found if isinstance(found, str) else str(found).lower() if isinstance(found, bool) else str(found)


def canonical(path: str) -> str:
    """A field's path with `labels` in the plural, as a time series spells it."""
    for short, full in _GROUPS.items():
        if path.startswith(short + "."):
            return full + path[len(short) :]
    return path


def _tokens(text: str) -> list[tuple[str, str]]:
    found, position = [], 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None:
            raise InvalidFilter(f"cannot read {stripped[position:].strip()[:20]!r}")
        kind = str(match.lastgroup)
        found.append((kind, match.group(kind)))
        position = match.end()
    return found


def _all(terms: list[_Term]) -> _Term:
    if len(terms) == 1:
        return terms[0]
    required = tuple(pair for term in terms for pair in term.required)
    return _Term(lambda series: all(term.matches(series) for term in terms), required)


def _any(terms: list[_Term]) -> _Term:
    return terms[0] if len(terms) == 1 else _Term(lambda series: any(term.matches(series) for term in terms))


def _negated(term: _Term) -> _Term:
    return _Term(lambda series: not term.matches(series))


class _Parser:
    """Recursive descent over the tokens; `rest` is what has not been read."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.rest = tokens

    def conjunction(self) -> _Term:
        terms = [self._disjunction()]
        while self.rest and self.rest[0][1] != ")":
            self._skip("AND")
            terms.append(self._disjunction())
        return _all(terms)

    def _disjunction(self) -> _Term:
        terms = [self._negation()]
        while self._skip("OR"):
            terms.append(self._negation())
        return _any(terms)

    def _negation(self) -> _Term:
        if self._skip("NOT") or self._skip("-"):
            return _negated(self._negation())
        if self._skip("("):
            inner = self.conjunction()
            self._expect(")")
            return inner
        return self._comparison()

    def _comparison(self) -> _Term:
        path = canonical(self._take("word"))
        if path not in _FIELDS and not path.startswith(_LABELS):
            raise InvalidFilter(f"unknown field {path!r}")
        sign = self._take("sign")
        if sign not in _COMPARISONS:
            raise InvalidFilter(f"found {sign!r} after {path}; expected one of {' '.join(_COMPARISONS)}")
        if len(self.rest) > 1 and self.rest[0][0] == "word" and self.rest[1][1] == "(":
            return self._call(path, sign)
        value = self._value()
        compare = _COMPARISONS[sign]
        required = ((path, value),) if sign == "=" else ()
        return _Term(lambda series: compare(field_of(series, path), value), required)

    def _call(self, path: str, sign: str) -> _Term:
        name = self._take("word")
        test = _FUNCTIONS.get(name)
        if test is None or sign not in {"=", "!="}:
            raise InvalidFilter(f"{path} {sign} {name}(...): expected = or != and one of {', '.join(_FUNCTIONS)}")
        self._expect("(")
        values = [self._value()]
        while self._skip(","):
            values.append(self._value())
        self._expect(")")
        if name == "monitoring.regex.full_match":
            try:
                re.compile(values[0])
            except re.error as problem:
                raise InvalidFilter(f"{values[0]!r} is no regular expression: {problem}") from problem
        term = _Term(lambda series: (found := field_of(series, path)) is not None and test(found, values))
        return term if sign == "=" else _negated(term)

    def _value(self) -> str:
        if not self.rest or self.rest[0][0] not in {"text", "word"}:
            raise InvalidFilter(f"found {self.rest[0][1] if self.rest else 'the end'!r}; expected a value")
        kind, found = self.rest.pop(0)
        return re.sub(r"\\(.)", r"\1", found[1:-1]) if kind == "text" else found

    def _take(self, kind: str) -> str:
        if not self.rest or self.rest[0][0] != kind:
            raise InvalidFilter(f"found {self.rest[0][1] if self.rest else 'the end'!r}; expected a {kind}")
        return self.rest.pop(0)[1]

    def _skip(self, text: str) -> bool:
        if self.rest and self.rest[0][0] != "text" and self.rest[0][1] == text:
            self.rest.pop(0)
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._skip(text):
            raise InvalidFilter(f"found {self.rest[0][1] if self.rest else 'the end'!r}; expected {text!r}")


def _ordered(compare: Callable[[float, float], bool]) -> Callable[[str | None, str], bool]:
    def test(found: str | None, value: str) -> bool:
        try:
            return found is not None and compare(float(found), float(value))
        except ValueError:
            return False

    return test


_COMPARISONS: dict[str, Callable[[str | None, str], bool]] = {
    "=": lambda found, value: found == value,
    "!=": lambda found, value: found != value,
    ":": lambda found, value: found is not None and (value == "*" or value in found),
    "<": _ordered(lambda found, value: found < value),
    ">": _ordered(lambda found, value: found > value),
    "<=": _ordered(lambda found, value: found <= value),
    ">=": _ordered(lambda found, value: found >= value),
}
_FUNCTIONS: dict[str, Callable[[str, list[str]], bool]] = {
    "starts_with": lambda found, values: found.startswith(values[0]),
    "ends_with": lambda found, values: found.endswith(values[0]),
    "has_substring": lambda found, values: values[0] in found,
    "one_of": lambda found, values: found in values,
    "monitoring.regex.full_match": lambda found, values: re.fullmatch(values[0], found) is not None,
}
