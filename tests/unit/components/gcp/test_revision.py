"""A revision's name, template and digest."""

import ast
import inspect
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.gcp import revision
from components.gcp.revision import (
    RevisionArgs,
    memory_bytes,
    resolve,
    revision_name,
    service_account_email,
    template_digest,
    template_inputs,
)

SERVICE, PROJECT = "ion-production", "acme-ion"
IMAGE = "us-central1-docker.pkg.dev/acme-ion/ion/ion-api@sha256:" + "0123456789abcdef" * 4
NAME = "ion-production-0123456789ab"
ARGS: RevisionArgs = {"revision": NAME, "image": IMAGE}


def args(**more: Any) -> RevisionArgs:
    merged: Any = {**ARGS, **more}
    given_args: RevisionArgs = merged
    return given_args


def inputs(**more: Any) -> dict[str, Any]:
    return template_inputs(resolve(SERVICE, PROJECT, args(**more)))


def digest(**more: Any) -> str:
    return template_digest(resolve(SERVICE, PROJECT, args(**more)))


def test_the_module_does_without_pulumi() -> None:
    imported = {
        name
        for node in ast.walk(ast.parse(inspect.getsource(revision)))
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }
    assert not any(name.startswith(("pulumi", "components._common")) for name in imported)


def test_a_revision_is_named_after_its_service_and_image() -> None:
    assert revision_name(SERVICE, IMAGE) == NAME


@given(
    st.from_regex(r"[a-z][a-z0-9-]{0,47}[a-z0-9]", fullmatch=True),
    st.text("0123456789abcdef", min_size=64, max_size=64),
)
def test_names_fit_whatever_the_service_and_the_digest(service: str, hexadecimal: str) -> None:
    name = revision_name(service, f"r/i@sha256:{hexadecimal}")
    assert name == f"{service}-{hexadecimal[:12]}"
    assert len(name) <= 63


@pytest.mark.parametrize(
    ("service", "image", "message"),
    [
        (SERVICE, "r/ion-api:2026.02", "image: found 'r/ion-api:2026.02'; expected <registry>/<name>@sha256:"),
        (SERVICE, "r/ion-api@sha256:abc", "image: found "),
        (SERVICE, f"r/i@sha256:{'A' * 64}", "image: found "),
        ("Ion", IMAGE, "service: found 'Ion'; expected at most 49 of a-z, 0-9 and -"),
        ("ion-", IMAGE, "service: found 'ion-'"),
        ("i" * 50, IMAGE, "service: found "),
    ],
)
def test_what_gives_no_name_is_said(service: str, image: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        revision_name(service, image)


def test_the_account_is_known_before_it_exists() -> None:
    assert service_account_email(SERVICE, PROJECT) == "ion-production@acme-ion.iam.gserviceaccount.com"
    assert inputs()["service_account"] == service_account_email(SERVICE, PROJECT)


def test_defaults() -> None:
    assert inputs() == {
        "revision": NAME,
        "service_account": "ion-production@acme-ion.iam.gserviceaccount.com",
        "execution_environment": "EXECUTION_ENVIRONMENT_GEN2",
        "max_instance_request_concurrency": 80,
        "timeout": "60s",
        "scaling": {"min_instance_count": 1, "max_instance_count": 10},
        "session_affinity": True,
        "containers": [
            {
                "image": IMAGE,
                "ports": {"name": "http1", "container_port": 8080},
                "envs": [],
                "resources": {
                    "limits": {"cpu": "1", "memory": "1Gi"},
                    "cpu_idle": True,
                    "startup_cpu_boost": True,
                },
                "startup_probe": {
                    "initial_delay_seconds": 0,
                    "timeout_seconds": 4,
                    "period_seconds": 5,
                    "failure_threshold": 24,
                    "http_get": {"path": "/api/v2/phase4/health", "port": 8080},
                },
                "liveness_probe": {
                    "initial_delay_seconds": 0,
                    "timeout_seconds": 5,
                    "period_seconds": 10,
                    "failure_threshold": 3,
                    "http_get": {"path": "/api/v2/phase4/health", "port": 8080},
                },
            }
        ],
    }


def test_startup_has_no_more_time_than_cloud_run_gives() -> None:
    """Cloud Run Admin API v2, Probe: at most 240 s of a startup probe's failures, and a timeout below its period."""
    for probe in (inputs()["containers"][0][kind] for kind in ("startup_probe", "liveness_probe")):
        assert probe["timeout_seconds"] < probe["period_seconds"]
    startup = inputs()["containers"][0]["startup_probe"]
    assert startup["period_seconds"] * startup["failure_threshold"] <= 240


def test_settings_and_secrets_reach_the_container_in_one_order() -> None:
    written = inputs(
        environment={"ZONE": "a", "LOG_LEVEL": "info"}, secrets={"SESSION_KEY": {"secret": "ion-key", "version": 3}}
    )
    assert written["containers"][0]["envs"] == [
        {"name": "LOG_LEVEL", "value": "info"},
        {"name": "SESSION_KEY", "value_source": {"secret_key_ref": {"secret": "ion-key", "version": "3"}}},
        {"name": "ZONE", "value": "a"},
    ]


def test_what_is_not_set_is_not_there() -> None:
    assert inputs().keys().isdisjoint({"encryption_key", "vpc_access"})
    assert inputs(encryption_key="k")["encryption_key"] == "k"
    assert inputs(vpc_network="net")["vpc_access"] == {
        "egress": "ALL_TRAFFIC",
        "network_interfaces": [{"network": "net"}],
    }
    assert inputs(vpc_network="net", vpc_subnetwork="sub", vpc_egress="PRIVATE_RANGES_ONLY")["vpc_access"] == {
        "egress": "PRIVATE_RANGES_ONLY",
        "network_interfaces": [{"network": "net", "subnetwork": "sub"}],
    }


def test_the_digest_is_stable_and_blind_to_order() -> None:
    one = digest(environment={"A": "1", "B": "2"})
    other = digest(environment={"B": "2", "A": "1"})
    assert one == other
    assert len(one) == 64
    # Recorded in states: another value here says that every revision in use would be taken for a changed one.
    assert digest() == "1a074e3cb9a30632f5235538b2af5cfbd9c3e0d8824719b67a1382b8b954fb6b"


CHANGES: dict[str, Any] = {
    "revision": "ion-production-other",
    "image": IMAGE.replace("0123", "3210"),
    "environment": {"A": "1"},
    "secrets": {"KEY": {"secret": "s", "version": 1}},
    "cpu": "2",
    "memory": "2Gi",
    "port": 8081,
    "concurrency": 40,
    "timeout_seconds": 30,
    "minimum_instances": 2,
    "maximum_instances": 20,
    "startup_path": "/started",
    "liveness_path": "/alive",
    "session_affinity": False,
    "encryption_key": "projects/p/locations/l/keyRings/r/cryptoKeys/k",
    "vpc_network": "net",
}


@pytest.mark.parametrize("field", CHANGES)
def test_whatever_changes_the_digest_changes(field: str) -> None:
    assert digest(**{field: CHANGES[field]}) != digest()


def test_another_version_of_a_secret_is_another_template() -> None:
    three, four = (digest(secrets={"KEY": {"secret": "s", "version": number}}) for number in (3, 4))
    assert three != four


def test_every_argument_is_tried() -> None:
    assert CHANGES.keys() | {"vpc_subnetwork", "vpc_egress"} == RevisionArgs.__annotations__.keys()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"image": "r/ion:latest"}, r"revision.image: found 'r/ion:latest'; expected .*sha256.* a tag can be moved"),
        ({"revision": "other-1"}, "revision.revision: found 'other-1'; expected `ion-production-`"),
        ({"revision": "ion-production-"}, "revision.revision: found"),
        ({"revision": "ion-production-" + "a" * 60}, "at most 63 characters"),
        ({"revision": "ion-production-A"}, "revision.revision: found"),
        ({"cpu": "3"}, "revision.cpu: found '3'; expected one of 1, 2, 4, 6, 8"),
        ({"memory": "256Mi"}, "revision.memory: found '256Mi'; expected with 1 CPU 0.5 to 4 GiB"),
        ({"memory": "8Gi"}, "revision.memory: found '8Gi'"),
        ({"cpu": "4", "memory": "1Gi"}, "expected with 4 CPU 2 to 16 GiB"),
        ({"memory": "1G"}, "revision.memory: found '1G'"),
        ({"port": 0}, "revision.port: found 0; expected a whole number from 1 to 65535"),
        ({"concurrency": 1001}, "revision.concurrency: found 1001"),
        ({"timeout_seconds": 3601}, "revision.timeout_seconds: found 3601"),
        ({"minimum_instances": 11}, "revision.minimum_instances: found 11; expected a whole number from 0 to 10"),
        ({"maximum_instances": 0}, "revision.maximum_instances: found 0"),
        ({"startup_path": "health"}, "revision.startup_path: found 'health'"),
        ({"liveness_path": ""}, "revision.liveness_path: found ''"),
        ({"environment": {"PORT": "1"}}, "found 'PORT'; expected a name that Cloud Run does not set itself"),
        ({"environment": {"K_REVISION": "1"}}, "found 'K_REVISION'"),
        ({"environment": {"a-b": "1"}}, "found 'a-b'; expected letters, digits and _"),
        ({"secrets": {"KEY": {"secret": "s", "version": 0}}}, "revision.secrets.KEY.version: found 0"),
        ({"secrets": {"KEY": {"secret": "s", "version": "latest"}}}, "found 'latest'; .* Pin it"),
        (
            {"environment": {"KEY": "1"}, "secrets": {"KEY": {"secret": "s", "version": 1}}},
            "found 'KEY'; expected a name in one of the two",
        ),
        ({"vpc_egress": "SOME", "vpc_network": "net"}, "revision.vpc_egress: found 'SOME'"),
        ({"vpc_subnetwork": "sub"}, "revision.vpc_network: found None; expected a VPC"),
    ],
)
def test_wrong_arguments_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"(?s).*{message}"):
        resolve(SERVICE, PROJECT, args(**more))


def test_every_problem_is_said_at_once() -> None:
    with pytest.raises(ValueError, match="cpu") as error:
        resolve("Ion", PROJECT, args(cpu="3", port=0))
    assert [line.split(":")[0] for line in str(error.value).splitlines()] == [
        "physical_name",
        "revision.revision",
        "revision.cpu",
        "revision.port",
    ]


@pytest.mark.parametrize(("memory", "size"), [("512Mi", 2**29), ("1Gi", 2**30), ("2Gi", 2**31)])
def test_memory_in_bytes(memory: str, size: int) -> None:
    assert memory_bytes(memory) == size


@pytest.mark.parametrize("memory", ["", "1", "1GB", "0Gi", "-1Gi", "1.5Gi"])
def test_what_is_no_memory_is_said(memory: str) -> None:
    with pytest.raises(ValueError, match="memory: found"):
        memory_bytes(memory)
