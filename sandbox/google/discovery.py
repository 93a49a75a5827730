"""Google's discovery documents, as google-api-python-client ships them: which method a request means.

The format: https://developers.google.com/discovery/v1/reference/apis. Read from disk when the first request for a
document comes; compute.v1 alone has 5 MB.
"""

import functools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from sandbox.google.errors import invalid
from sandbox.google.masks import camel, paths
from sandbox.google.schema import Problem, Reader

# Parameters of every method that documents of some APIs leave out
# (https://cloud.google.com/apis/docs/system-parameters).
_STANDARD = frozenset(
    {
        "$.xgafv", "$alt", "$fields", "$prettyPrint", "access_token", "alt", "callback", "fields", "key",
        "oauth_token", "prettyPrint", "quotaUser", "upload_protocol", "uploadType", "userIp",
    }
)  # fmt: skip
_VARIABLE = re.compile(r"\{(\+?)([A-Za-z0-9_]+)\}")


@dataclass(frozen=True)
class Method:
    """One method of a document. `request` and `response` name schemas, "" for none."""

    id: str
    http: str
    template: str
    parameters: Mapping[str, Mapping[str, Any]]
    request: str
    response: str

    @property
    def verb(self) -> str:
        """The custom verb of the path (":setIamPolicy"), "" when it has none."""
        return self._tail if self._tail.startswith(":") else ""

    @property
    def literal(self) -> int:
        """How much of its path parameters is literal text: projects/[^/]+/sinks/[^/]+ has more than [^/]+/[^/]+/…"""
        patterns = [str(each.get("pattern", "")) for each in self.parameters.values() if each.get("location") == "path"]
        return sum(len(pattern.replace("[^/]+", "")) for pattern in patterns)

    def match(self, path: str) -> dict[str, str] | None:
        """The path parameters, decoded, when `path` (as it was sent) is one of this method."""
        if not path.startswith(self._head) or not path.endswith(self._tail):
            return None
        found = self._regex.fullmatch(path)
        return None if found is None else {name: unquote(value) for name, value in found.groupdict().items()}

    @functools.cached_property
    def _head(self) -> str:
        return self.template.partition("{")[0]

    @functools.cached_property
    def _tail(self) -> str:
        return self.template.rpartition("}")[2] if "}" in self.template else self.template

    @functools.cached_property
    def _regex(self) -> re.Pattern[str]:
        parts, last = [], 0
        for variable in _VARIABLE.finditer(self.template):
            parts += [re.escape(self.template[last : variable.start()]), self._group(*variable.groups())]
            last = variable.end()
        # A colon begins a verb: a name that ends in an unknown verb is no name.
        closed = "" if self._tail else r"(?<!:)(?!.*:[A-Za-z]+$)"
        return re.compile(closed + "".join(parts) + re.escape(self.template[last:]))

    def _group(self, reserved: str, name: str) -> str:
        if not reserved:
            return f"(?P<{name}>[^/]+)"
        pattern = str(self.parameters[name].get("pattern", "^.+$"))
        return f"(?P<{name}>{pattern.removeprefix('^').removesuffix('$')})"


class Document:
    """One discovery document: "run.v2"."""

    def __init__(self, name: str) -> None:
        content = json.loads((documents_folder() / f"{name}.json").read_text(encoding="utf-8"))
        self.name = name
        self.schemas: Mapping[str, Mapping[str, Any]] = content["schemas"]
        methods = list(_methods(content))
        self.methods: Mapping[str, Method] = {method.id: method for method in methods}
        # A verb, and literal text, is more than a variable; so is literal text in the pattern of a variable.
        self._ordered = sorted(
            methods, key=lambda each: (not each.verb, -len(_VARIABLE.sub("", each.template)), -each.literal)
        )

    def find(self, http: str, path: str) -> tuple[Method, dict[str, str]] | None:
        """The method that a request means, and its path parameters. `path`: as templates are, without a first slash."""
        for method in self._ordered:
            if method.http == http and (found := method.match(path)) is not None:
                return method, found
        return None

    def query(self, method: Method, given: list[tuple[str, str]]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The query parameters of a call by documented name, and what of them belongs into the body.

        A field of a …Request message may be sent in the query as well: the official provider does so with the
        updateMask of Pub/Sub (cloud-run-notes 5). Raises ApiError INVALID_ARGUMENT.
        """
        known = {name: each for name, each in method.parameters.items() if each.get("location") == "query"}
        fields = self.schemas[method.request].get("properties", {}) if method.request.endswith("Request") else {}
        reader = Reader(self.schemas)
        query: dict[str, Any] = {}
        body: dict[str, Any] = {}
        for sent, text in given:
            name = sent if sent in known else ".".join(camel(part) for part in sent.split("."))
            if sent in _STANDARD:
                continue
            if name in known:
                value = reader.value(known[name], _from_text(known[name], text), name)
                if known[name].get("repeated"):
                    query.setdefault(name, []).append(value)
                else:
                    query[name] = value
            elif name in fields and "$ref" not in fields[name]:
                body[name] = reader.value(fields[name], _from_text(fields[name], text), name)
            else:
                reader.problems.append((sent, _no_parameter(sent)))
        for name, each in known.items():
            # The first value of an enum is its zero, which a client leaves out.
            needed = str(each.get("description", "")).startswith("Required.") and "enum" not in each
            if needed and name not in query and name not in body:
                reader.problems.append((name, f"Violation in {name}: required parameter is missing"))
        if reader.problems:
            raise invalid(reader.problems)
        return query, body

    def body(self, method: Method, given: object, bound: Mapping[str, Any], optional: frozenset[str]) -> dict[str, Any]:
        """The body of a call. bound: path parameters, which a body may leave out. Raises ApiError INVALID_ARGUMENT."""
        left_out = frozenset(f"{method.request}.{name}" for name in bound)
        reader = Reader(self.schemas, optional=optional | left_out)
        where = _field_name(method.request)
        result = reader.message(method.request, given, where, partial=method.http == "PATCH")
        if reader.problems:
            raise invalid(reader.problems)
        return result

    def check_mask(self, method: Method, mask: str) -> None:
        """Refuse a mask in the query that names no field of the body (AIP-134). Raises ApiError INVALID_ARGUMENT."""
        if not method.request or method.request.endswith("Request"):
            return
        unknown = [path for path in paths(mask) if path != "*" and not self._has(method.request, path.split("."))]
        if unknown:
            raise invalid([("update_mask", f"Invalid update mask: no field '{path}'") for path in unknown])

    def problems_of_answer(self, method: Method, answer: object) -> list[Problem]:
        """Where an answer of the emulator does not fit its schema."""
        if not method.response:
            return []
        reader = Reader(self.schemas, answers=True)
        reader.message(method.response, answer, method.response)
        return reader.problems

    def _has(self, name: str, steps: list[str]) -> bool:
        schema = self.schemas[name].get("properties", {}).get(steps[0])
        if schema is None:
            return False
        if len(steps) == 1 or "additionalProperties" in schema:
            return True
        return "$ref" in schema and self._has(schema["$ref"], steps[1:])


@functools.cache
def document(name: str) -> Document:
    """The document, read once per process. Raises FileNotFoundError when google-api-python-client has no such one."""
    return Document(name)


@functools.cache
def documents_folder() -> Path:
    """Where google-api-python-client keeps them; found without importing it, which takes a second."""
    found = find_spec("googleapiclient")
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError(
            "google-api-python-client is not installed; the emulator reads Google's documents from it"
        )
    return Path(found.submodule_search_locations[0]) / "discovery_cache" / "documents"


def _methods(content: Mapping[str, Any], common: Mapping[str, Any] | None = None) -> Iterator[Method]:
    for each in content.get("methods", {}).values():
        yield Method(
            id=each["id"],
            http=each["httpMethod"],
            template=each["path"],
            parameters=each.get("parameters", {}),
            request=each.get("request", {}).get("$ref", ""),
            response=each.get("response", {}).get("$ref", ""),
        )
    for resource in content.get("resources", {}).values():
        yield from _methods(resource)


def _from_text(schema: Mapping[str, Any], text: str) -> object:
    if schema.get("type") == "boolean":
        return {"true": True, "false": False, "1": True, "0": False}.get(text.lower(), text)
    return text


def _no_parameter(name: str) -> str:
    return (
        f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
        f"Field '{name}' could not be found in request message."
    )


def _field_name(schema: str) -> str:
    """What Google calls the body in its messages: GoogleCloudRunV2Service -> service."""
    bare = re.sub(r"^Google([A-Z][a-z]+)+V\d+([a-z]+\d+)?", "", schema) or schema
    return re.sub(r"(?<!^)(?=[A-Z])", "_", bare).lower()
