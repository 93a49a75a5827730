"""The Google table against Google's discovery documents: every member and every address it names exists there."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from sandbox.plugins.gcp.fields import Field, Fields, Kind, many, members
from sandbox.plugins.gcp.iam import Grant
from sandbox.plugins.gcp.rest import Request
from sandbox.plugins.gcp.rows import Row, Target, with_labels
from sandbox.plugins.gcp.tables import rows

_PACKAGE = find_spec("googleapiclient")
assert _PACKAGE is not None
assert _PACKAGE.origin is not None
DOCUMENTS = Path(_PACKAGE.origin).parent / "discovery_cache/documents"

# API of the table -> its document and the version that stands in front of the paths.
VERSIONS = {
    "run": ("run.v2", "v2/"),
    "logging": ("logging.v2", "v2/"),
    "pubsub": ("pubsub.v1", "v1/"),
    "cloudscheduler": ("cloudscheduler.v1", "v1/"),
    "secretmanager": ("secretmanager.v1", "v1/"),
    "artifactregistry": ("artifactregistry.v1", "v1/"),
    "iam": ("iam.v1", "v1/"),
    "cloudresourcemanager": ("cloudresourcemanager.v1", "v1/"),
    "compute": ("compute.v1", "compute/v1/"),
    "cloudkms": ("cloudkms.v1", "v1/"),
    "serviceusage": ("serviceusage.v1beta1", "v1beta1/"),
}
TOKENS = sorted(rows())
OBJECTS = [token for token in TOKENS if not isinstance(rows()[token], Grant)]
# Their main requests are their own; what they send is compared with the document by the emulator.
BY_HAND = {"gcp:projects/service:Service", "gcp:projects/serviceIdentity:ServiceIdentity"}


@lru_cache(maxsize=16)
def document(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DOCUMENTS / f"{name}.json").read_text())
    return found


@lru_cache(maxsize=16)
def methods(name: str) -> list[tuple[str, re.Pattern[str], dict[str, Any]]]:
    """Verb, path and description of every method."""

    def walk(node: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        yield from node.get("methods", {}).values()
        for child in node.get("resources", {}).values():
            yield from walk(child)

    base = document(name)["servicePath"]
    return [(m["httpMethod"], _pattern(base + m.get("flatPath", m["path"])), m) for m in walk(document(name))]


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]+\})", path)
    return re.compile("".join("[^/:]+" if part.startswith("{") else re.escape(part) for part in parts))


def method_of(api: str, verb: str, path: str) -> dict[str, Any]:
    if api == "monitoring":
        name, full = f"monitoring.{path[:2]}", path
    else:
        name, version = VERSIONS[api]
        full = version + path
    found = [m for v, pattern, m in methods(name) if v == verb and pattern.fullmatch(full)]
    assert found, f"{verb} {full} is no method of {name}"
    return {**found[0], "document": name}


# Values for every place in a path.
PLACES = {
    "project": "p",
    "location": "l",
    "region": "r",
    "keyRing": "projects/p/locations/l/keyRings/k",
    "email": "a@p.iam.gserviceaccount.com",
    "secret": "projects/p/secrets/s",
    "serviceAccountId": "projects/p/serviceAccounts/a",
    "cryptoKeyId": "projects/p/locations/l/keyRings/k/cryptoKeys/c",
}
ASSIGNED = {
    "NotificationChannel": "projects/p/notificationChannels/1",
    "AlertPolicy": "projects/p/alertPolicies/1",
    "UptimeCheckConfig": "projects/p/uptimeCheckConfigs/1",
    "Dashboard": "projects/p/dashboards/1",
}


def target(row: Row) -> Target:
    identity = ASSIGNED.get(row.kind, "")
    inputs = {n: "x" for n, each in row.fields.items() if each.kind is Kind.VALUE and not each.shared}
    name = "projects/p/secrets/s/versions/1" if row.kind == "SecretVersion" else "x"
    return Target(identity, {**inputs, **PLACES}, {"email": PLACES["email"], "name": name})


def schema_of(row: Row) -> tuple[str, Mapping[str, Any]]:
    """The document and the schema of the object that a GET of the row answers."""
    method = method_of(row.api, "GET", target(row).path(row.path))
    return method["document"], document(method["document"])["schemas"][method["response"]["$ref"]]


def missing(fields: Fields, schema: Mapping[str, Any], name: str, path: str = "") -> Iterator[str]:
    """What of the table is not as in the document, at every depth."""
    for property_, field in fields.items():
        if not field.sent or field.api is None:
            continue
        found = _member(schema, field.api, name)
        where = f"{path}{property_}={field.api}"
        if found is None:
            yield f"{where}: no member of {schema.get('id')}"
            continue
        listed = found.get("type") == "array"
        if field.kind is not Kind.VALUE:
            if listed != ((field.kind is Kind.MANY) != field.wrapped):
                yield f"{where}: a list in one of the two only"
                continue
            inner = _resolved(found["items"] if listed else found, name)
            yield from missing(field.members, inner, name, f"{path}{property_}.")
        elif field.number and found.get("format") not in {"int64", "uint64"}:
            yield f"{where}: no number as text in the document"


def _member(schema: Mapping[str, Any], path: str, name: str) -> Mapping[str, Any] | None:
    for part in path.split("."):
        if part not in schema.get("properties", {}):
            return None
        schema = _resolved(schema["properties"][part], name)
    return schema


def _resolved(schema: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = document(name)["schemas"][schema["$ref"]] if "$ref" in schema else schema
    return found


@pytest.mark.parametrize("token", [token for token in OBJECTS if token not in BY_HAND])
def test_every_member_exists(token: str) -> None:
    row = rows()[token]
    name, schema = schema_of(row)
    fields = dict(row.fields)
    if token == "gcp:artifactregistry/repository:Repository":
        # The API's map of them, by id.
        item = schema["properties"]["cleanupPolicies"]["additionalProperties"]
        assert list(missing(fields.pop("cleanupPolicies").members, _resolved(item, name), name)) == []
    assert list(missing({**fields, **row.outputs, **with_labels(row.fields)}, schema, name)) == []


@pytest.mark.parametrize("token", [token for token in OBJECTS if token not in BY_HAND])
def test_every_request_exists(token: str) -> None:
    row = rows()[token]
    known = {"alt", "prettyPrint"}
    place = row.collection if row.create_method == "POST" else row.path
    made = target(row)
    create = (row.create_method, place, row.create_query)
    update = (row.update_method, row.path, {**row.update_query, **({"updateMask": "x"} if row.mask else {})})
    sent = [("GET", row.path, {}), create, update, ("DELETE", row.path, row.delete_query)]
    if token == "gcp:secretmanager/secretVersion:SecretVersion":
        sent = [("GET", row.path, {}), ("POST", "{secret}:addVersion", {}), ("POST", "{name}:destroy", {})]
    if row.kind in {"KeyRing", "CryptoKey"}:
        sent.remove(("DELETE", row.path, row.delete_query))
    for verb, path, query in sent:
        if verb:
            method = method_of(row.api, verb, made.path(path))
            named = {name.replace("repository_id", "repositoryId") for name in query} - known
            if row.api == "pubsub":
                named -= {"updateMask"}  # the document has it in the body; measured, cloud-run-notes 5: in the query
            assert sorted(named - method.get("parameters", {}).keys()) == [], (verb, path)


@pytest.mark.parametrize("token", OBJECTS)
def test_every_action_exists(token: str) -> None:
    row = rows()[token]
    made = Target(target(row).id, {**target(row).inputs, "rules": [{"priority": 1}, {"priority": 2, "action": "a"}]},
                  {**target(row).state, "rules": [{"priority": 2, "action": "b"}, {"priority": 3}]})  # fmt: skip
    requests: list[Request] = [each for action in row.actions for each in action.requests(made)]
    for request in [*requests, *row.after(made)]:
        method = method_of(row.api, request.method, request.path)
        assert request.query.keys() <= method["parameters"].keys()
        schema = document(method["document"])["schemas"][method["request"]["$ref"]] if "request" in method else {}
        assert (request.body or {}).keys() <= schema.get("properties", {}).keys()


@pytest.mark.parametrize("token", [token for token in TOKENS if isinstance(rows()[token], Grant)])
def test_every_policy_request_exists(token: str) -> None:
    row = rows()[token]
    assert isinstance(row, Grant)
    resource = row.resource(target(row))
    read = method_of(row.api, row.get_method, f"{resource}:getIamPolicy")
    assert row.get_query.keys() <= read["parameters"].keys()
    write = method_of(row.api, "POST", f"{resource}:setIamPolicy")
    schema = document(write["document"])["schemas"][write["request"]["$ref"]]
    assert {"policy", *row.set_body} <= schema["properties"].keys()


def test_the_check_finds_what_is_wrong() -> None:
    table: dict[str, Field] = members("ingres description#", traffics=many("percent shares", api="traffic"))
    schema = document("run.v2")["schemas"]["GoogleCloudRunV2Service"]
    assert list(missing(table, schema, "run.v2")) == [
        "ingres=ingres: no member of GoogleCloudRunV2Service",
        "description=description: no number as text in the document",
        "traffics.shares=shares: no member of GoogleCloudRunV2TrafficTarget",
    ]
