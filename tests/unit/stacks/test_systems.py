"""Which builder and which edges a stack gets."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest

from headgate.clock import RehearsalClock, SystemClock
from headgate.settings import SYSTEMS
from headgate.traffic.alb import AlbTraffic
from stacks import systems
from tests.support import stack_files
from tests.support.drive import run
from tests.support.mocks import Recorder

LOOPBACK = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_REGION": "us-east-1"}
REHEARSAL = {"HEADGATE_REHEARSAL_CLOCK": "60@1767225600"}


def connect(
    monkeypatch: pytest.MonkeyPatch, environ: Mapping[str, str], values: Mapping[str, str] | None = None
) -> systems.Edges:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    found: list[systems.Edges] = []

    def program() -> None:
        pulumi.runtime.set_all_config({"aws:region": "us-east-1", **(values or {})})
        found.append(systems.connect(stack_files.load("greenflow-production")))

    run(program, Recorder(preview=True))
    return found[0]


def test_real_edges_are_the_systems_clock_and_the_balancer(monkeypatch: pytest.MonkeyPatch) -> None:
    edges = connect(monkeypatch, {})
    assert isinstance(edges.clock, SystemClock)
    assert isinstance(edges.port, AlbTraffic)


def test_a_rehearsal_clock_is_announced(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    edges = connect(monkeypatch, {**LOOPBACK, **REHEARSAL})
    assert isinstance(edges.clock, RehearsalClock)
    assert edges.clock.scale == 60
    assert "REHEARSAL CLOCK" in caplog.text


@pytest.mark.parametrize(
    ("environ", "values"),
    [
        (REHEARSAL, {}),
        ({**REHEARSAL, "AWS_ENDPOINT_URL": "https://elb.example.com"}, {}),
        ({**REHEARSAL, **LOOPBACK}, {"aws:endpoints": '[{"elbv2": "https://elb.example.com"}]'}),
        ({**LOOPBACK, "HEADGATE_REHEARSAL_CLOCK": "soon"}, {}),
    ],
    ids=["no endpoint", "a real endpoint", "a real endpoint in the configuration", "unreadable"],
)
def test_a_rehearsal_clock_is_refused_anywhere_else(
    environ: Mapping[str, str], values: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(pulumi.RunError):
        connect(monkeypatch, environ, values)


def test_every_known_system_has_a_builder(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[Any] = []

    def build(*arguments: Any) -> Mapping[str, Any]:
        built.append(arguments)
        return {"cluster": "x"}

    settings = stack_files.load("greenflow-production")
    for system in SYSTEMS:
        assert system in systems._BUILDERS
    monkeypatch.setitem(systems._BUILDERS, "greenflow", build)
    outputs: list[Mapping[str, Any]] = []
    run(lambda: outputs.append(systems.build(settings)), Recorder(preview=True))
    assert outputs == [{"cluster": "x"}]
    ((given, clock, port),) = built
    assert given is settings
    assert isinstance(clock, SystemClock)
    assert isinstance(port, AlbTraffic)
