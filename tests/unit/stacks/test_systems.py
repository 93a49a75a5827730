"""Which builder and which edges a stack gets."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import pulumi
import pytest

from headgate.clock import RehearsalClock, SystemClock
from headgate.systems import SYSTEMS
from headgate.traffic.alb import AlbTraffic
from headgate.traffic.cloud_run import CloudRunTraffic
from stacks import configuration, greenflow, ion, systems
from tests.support import stack_files
from tests.support.drive import run
from tests.support.mocks import Recorder

LOOPBACK = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_REGION": "us-east-1"}
REHEARSAL = {"HEADGATE_REHEARSAL_CLOCK": "60@1767225600"}


RUN = "GOOGLE_CLOUD_RUN_V2_CUSTOM_ENDPOINT"
CONFIG = {"aws:region": "us-east-1", "gcp:project": "unit-project", "gcp:region": "us-central1"}
PORTS = {"greenflow-production": AlbTraffic, "ion-production": CloudRunTraffic}


def connect(
    monkeypatch: pytest.MonkeyPatch,
    environ: Mapping[str, str],
    values: Mapping[str, str] | None = None,
    stack: str = "greenflow-production",
) -> systems.Edges:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    found: list[systems.Edges] = []

    def program() -> None:
        pulumi.runtime.set_all_config(CONFIG if values is None else {**CONFIG, **values})
        found.append(systems.connect(stack_files.load(stack)))

    run(program, Recorder(preview=True))
    return found[0]


@pytest.mark.parametrize("stack", PORTS)
def test_real_edges_are_the_systems_clock_and_what_carries_its_traffic(
    stack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    edges = connect(monkeypatch, {}, stack=stack)
    assert isinstance(edges.clock, SystemClock)
    assert isinstance(edges.port, PORTS[stack])


@pytest.mark.parametrize("key", ["gcp:project", "gcp:region"])
def test_traffic_that_cannot_be_found_is_said_with_file_and_key(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pulumi.RunError, match=rf"stacks/Pulumi\.ion-production\.yaml: {key}: found nothing"):
        connect(monkeypatch, {}, {key: ""}, "ion-production")


@pytest.mark.parametrize(
    ("stack", "environ", "values"),
    [
        ("greenflow-production", LOOPBACK, {}),
        ("ion-production", {**LOOPBACK, RUN: "http://127.0.0.1:1/run/v2/"}, {}),
        ("ion-production", LOOPBACK, {"gcp:cloudRunV2CustomEndpoint": "http://127.0.0.1:1/run/v2/"}),
    ],
    ids=["greenflow", "ion, by variable", "ion, by configuration"],
)
def test_a_rehearsal_clock_is_announced(
    stack: str,
    environ: Mapping[str, str],
    values: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    edges = connect(monkeypatch, {**environ, **REHEARSAL}, values, stack)
    assert isinstance(edges.clock, RehearsalClock)
    assert edges.clock.scale == 60
    assert "REHEARSAL CLOCK" in caplog.text


@pytest.mark.parametrize(
    ("stack", "environ", "values"),
    [
        ("greenflow-production", REHEARSAL, {}),
        ("greenflow-production", {**REHEARSAL, "AWS_ENDPOINT_URL": "https://elb.example.com"}, {}),
        ("greenflow-production", {**REHEARSAL, **LOOPBACK}, {"aws:endpoints": '[{"elbv2": "https://elb.example.com"}]'}),
        ("greenflow-production", {**LOOPBACK, "HEADGATE_REHEARSAL_CLOCK": "soon"}, {}),
        ("ion-production", {**REHEARSAL, **LOOPBACK}, {}),
        ("ion-production", {**REHEARSAL, **LOOPBACK, RUN: "https://run.example.com/v2/"}, {}),
        ("ion-production", {**REHEARSAL, **LOOPBACK}, {"gcp:cloudRunV2CustomEndpoint": "https://run.example.com/v2/"}),
    ],
    ids=[
        "no endpoint", "a real endpoint", "a real endpoint in the configuration", "unreadable", "no endpoint of ION's",
        "a real one of ION's", "a real one of ION's in the configuration",
    ],
)  # fmt: skip
def test_a_rehearsal_clock_is_refused_anywhere_else(
    stack: str, environ: Mapping[str, str], values: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(pulumi.RunError):
        connect(monkeypatch, environ, values, stack)


@pytest.mark.parametrize(("stack", "builder"), [("greenflow-production", greenflow), ("ion-production", ion)])
def test_each_system_is_built_by_its_module(stack: str, builder: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[Any] = []

    def build(*arguments: Any) -> Mapping[str, Any]:
        built.append(arguments)
        return {"built": stack}

    monkeypatch.setattr(builder, "build", build)
    configured, outputs = stack_files.configured(stack), list[Mapping[str, Any]]()

    def program() -> None:
        pulumi.runtime.set_all_config(CONFIG)
        outputs.append(systems.build(configured))

    run(program, Recorder(preview=True))
    assert outputs == [{"built": stack}]
    ((given, details, clock, port),) = built
    assert given is configured.settings
    assert details is configured.details
    assert isinstance(clock, SystemClock)
    assert isinstance(port, PORTS[stack])


def test_every_known_system_can_be_read_and_built() -> None:
    assert set(SYSTEMS) == set(configuration.KINDS) == {stack.partition("-")[0] for stack in PORTS}
