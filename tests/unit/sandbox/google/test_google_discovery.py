"""Which method a request means, checked against Google's own documents."""

import pytest

from sandbox.google import services
from sandbox.google.api import Service
from sandbox.google.discovery import document
from sandbox.google.errors import ApiError

S = "v2/projects/p/locations/l/services"


@pytest.mark.parametrize(
    ("name", "http", "path", "method", "parameters"),
    [
        ("run.v2", "POST", S, "services.create", {"parent": "projects/p/locations/l"}),
        ("run.v2", "GET", f"{S}/s", "services.get", {"name": "projects/p/locations/l/services/s"}),
        ("run.v2", "GET", f"{S}/s:getIamPolicy", "services.getIamPolicy", {"resource": S[3:] + "/s"}),
        ("run.v2", "POST", f"{S}/s:setIamPolicy", "services.setIamPolicy", {"resource": S[3:] + "/s"}),
        ("run.v2", "GET", f"{S}/s/revisions/r", "services.revisions.get", {"name": S[3:] + "/s/revisions/r"}),
        ("run.v2", "GET", f"{S}/a%2Db", "services.get", {"name": S[3:] + "/a-b"}),
        ("compute.v1", "GET", "projects/p/global/backendServices/b", "backendServices.get", None),
        ("compute.v1", "GET", "projects/p/aggregated/backendServices", "backendServices.aggregatedList", None),
        ("pubsub.v1", "PUT", "v1/projects/p/topics/t", "topics.create", {"name": "projects/p/topics/t"}),
        (
            "iam.v1",
            "GET",
            "v1/projects/p/serviceAccounts/a%40p.iam.gserviceaccount.com",
            "serviceAccounts.get",
            {"name": "projects/p/serviceAccounts/a@p.iam.gserviceaccount.com"},
        ),
    ],
)
def test_the_method_that_is_meant(
    name: str, http: str, path: str, method: str, parameters: dict[str, str] | None
) -> None:
    found = document(name).find(http, path)
    assert found is not None
    assert found[0].id.endswith(f".{method}")
    assert parameters is None or found[1] == parameters


@pytest.mark.parametrize(
    ("http", "path"),
    [
        ("PUT", f"{S}/s"),
        ("GET", f"{S}/s:explode"),
        ("GET", f"{S}/s/"),
        ("GET", "v2/projects/p"),
        ("GET", ""),
        ("GET", f"v3{S[2:]}"),
    ],
)
def test_what_no_method_is_meant_by(http: str, path: str) -> None:
    assert document("run.v2").find(http, path) is None


@pytest.fixture
def create() -> str:
    return "run.projects.locations.services.create"


def query(name: str, method: str, given: list[tuple[str, str]]) -> object:
    return document(name).query(document(name).methods[method], given)


def test_standard_parameters_are_left_out(create: str) -> None:
    given = [("alt", "json"), ("prettyPrint", "false"), ("$.xgafv", "2"), ("fields", "name"), ("key", "k")]
    given += [("$alt", "json;enum-encoding=int"), ("serviceId", "s")]
    assert query("run.v2", create, given) == ({"serviceId": "s"}, {})


def test_both_spellings_and_types(create: str) -> None:
    assert query("run.v2", create, [("service_id", "s"), ("validateOnly", "true")]) == (
        {"serviceId": "s", "validateOnly": True},
        {},
    )
    method = "run.projects.locations.services.getIamPolicy"
    assert query("run.v2", method, [("options.requestedPolicyVersion", "3")]) == (
        {"options.requestedPolicyVersion": 3},
        {},
    )


def test_a_field_of_a_request_message_in_the_query() -> None:
    """The official provider sends the mask of Pub/Sub so (cloud-run-notes 5)."""
    assert query("pubsub.v1", "pubsub.projects.topics.patch", [("updateMask", "labels")]) == (
        {},
        {"updateMask": "labels"},
    )


@pytest.mark.parametrize(
    ("parameter", "named"), [(("serviceID", "s"), "serviceID"), (("validateOnly", "maybe"), "validateOnly")]
)
def test_a_wrong_parameter_is_named(create: str, parameter: tuple[str, str], named: str) -> None:
    with pytest.raises(ApiError) as refusal:
        query("run.v2", create, [parameter])
    assert refusal.value.http == 400
    assert refusal.value.details[0]["fieldViolations"][0]["field"] == named


def test_a_required_parameter() -> None:
    with pytest.raises(ApiError, match="secretId"):
        query("secretmanager.v1", "secretmanager.projects.secrets.create", [])


@pytest.mark.parametrize(("mask", "fits"), [("traffic", True), ("template.scaling", True), ("labels.a", True)])
def test_masks(mask: str, fits: bool) -> None:
    run = document("run.v2")
    run.check_mask(run.methods["run.projects.locations.services.patch"], mask)
    with pytest.raises(ApiError, match="no field 'trafic'"):
        run.check_mask(run.methods["run.projects.locations.services.patch"], f"{mask},trafic")


@pytest.mark.parametrize("service", services.found(), ids=lambda service: service.name)
def test_every_handler_is_of_a_documented_method(service: Service) -> None:
    known = {method for name in service.documents for method in document(name).methods}
    # The shared helpers give all methods of their kind, and not every API has all of them.
    shared = {each for each in service.handlers if ".operations." in each or each.endswith("IamPermissions")}
    assert set(service.handlers) - shared <= known


def test_no_two_services_share_an_address() -> None:
    mounts = [prefix for service in services.found() for prefix in service.mounts]
    assert len(mounts) == len(set(mounts))
