"""What only ION's stack files say: every problem at once, with its path, and never a secret in a message."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.reader import Reader
from stacks import ion_settings
from stacks.ion_settings import CHANNELS, FrontDoorSettings, IonSettings, ServiceSettings
from stacks.notifications import TIERS, Channel
from tests.support import stack_files

LEAST: Mapping[str, Any] = {
    "service": {"health_path": "/health"},
    "notifications": {"on-call": {"kind": "email", "address": "on-call@ion.example"}},
    "front_door": {"public": False},
}
PRECIOUS = "sk-live-4242"  # what must be in no message


def read(**changes: Any) -> tuple[IonSettings, list[str]]:
    """The settings of the least file with keys replaced, and every problem."""
    raw = {**copy.deepcopy(dict(LEAST)), **changes}
    reader = Reader("file")
    found = ion_settings.read(raw, reader)
    return found, [str(problem).removeprefix("file: headgate:") for problem in reader.problems]


def places(problems: list[str]) -> list[str]:
    return [problem.partition(": found ")[0] for problem in problems]


def test_defaults() -> None:
    found, problems = read()
    assert problems == []
    assert found == IonSettings(
        service=ServiceSettings("1", "1Gi", 8080, 80, 60, "/health"),
        variables={},
        secrets={},
        notifications={"on-call": Channel("email", "deploy_team", "on-call@ion.example")},
        front_door=FrontDoorSettings(False, 600, None, ()),
    )


def test_the_committed_file() -> None:
    details = stack_files.configured("ion-production").details
    assert isinstance(details, IonSettings)
    assert details.service == ServiceSettings("2", "2Gi", 8080, 80, 60, "/api/v2/phase4/health")
    assert details.secrets == {"PARTNER_API_KEY": None}
    assert {name: (each.kind, each.tier) for name, each in details.notifications.items()} == {
        "on-call-mail": ("email", "deploy_team"),
        "on-call-phone": ("sms", "deploy_team"),
        "leads-mail": ("email", "leads"),
    }


def test_everything_that_can_be_said() -> None:
    found, problems = read(
        service={"cpu": 4, "memory": "512Mi", "port": 80, "concurrency": 1, "timeout": "1h", "health_path": "/"},
        variables={"LOG_LEVEL": "info", "A1_": ""},
        secrets={"API_KEY": {"version": 3}, "OTHER": {}, "THIRD": None},
        notifications={
            "mail": {"kind": "email", "tier": "management", "address": "a@b.example"},
            "phone": {"kind": "sms", "address": "+14155550123"},
            "slack": {"kind": "slack", "address": "#ion", "secret": "token"},
            "chat": {"kind": "google_chat", "address": "spaces/AAAA"},
            "hook": {"kind": "webhook_tokenauth", "secret": "https://hooks.example/x"},
            "pager": {"kind": "pagerduty", "tier": "leads", "secret": "key"},
        },
        front_door={
            "public": True,
            "requests_per_minute": 10,
            "candidate_domain": "next.ion.example",
            "test_client_cidrs": ["203.0.113.0/24", "10.0.0.0/8"],
        },
    )
    assert problems == []
    assert found.service == ServiceSettings("4", "512Mi", 80, 1, 3600, "/")
    assert found.variables == {"LOG_LEVEL": "info", "A1_": ""}
    assert found.secrets == {"API_KEY": 3, "OTHER": None, "THIRD": None}
    assert set(found.notifications) == {"mail", "phone", "slack", "chat", "hook", "pager"}
    assert found.notifications["pager"] == Channel("pagerduty", "leads", None, "key")
    assert found.front_door == FrontDoorSettings(True, 10, "next.ion.example", ("203.0.113.0/24", "10.0.0.0/8"))


def service(**changes: Any) -> dict[str, Any]:
    return {"service": {"health_path": "/health", **changes}}


def door(**changes: Any) -> dict[str, Any]:
    return {"front_door": {"public": True, **changes}}


def channel(**fields: Any) -> dict[str, Any]:
    return {"notifications": {"ops": fields}}


MAIL = {"kind": "email", "address": "a@b.example"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"service": None}, ["service", "service.health_path"]),
        (service(health_path="health"), ["service.health_path"]),
        (service(health_path="/a b"), ["service.health_path"]),
        (service(cpu="9"), ["service.cpu"]),
        (service(cpu=0), ["service.cpu"]),
        (service(cpu=3), ["service.cpu"]),
        (service(cpu="500m"), ["service.cpu"]),
        (service(cpu=True), ["service.cpu"]),
        (service(cpu=1.5), ["service.cpu"]),
        (service(memory="2G"), ["service.memory"]),
        (service(memory=2), ["service.memory"]),
        (service(port=0), ["service.port"]),
        (service(port=65536), ["service.port"]),
        (service(port="8080"), ["service.port"]),
        (service(concurrency=1001), ["service.concurrency"]),
        (service(timeout="0s"), ["service.timeout"]),
        (service(timeout="3601s"), ["service.timeout"]),
        (service(timeout=60), ["service.timeout"]),
        (service(replicas=3), ["service.replicas"]),
        ({"variables": ["A"]}, ["variables"]),
        ({"variables": {"lower": "x"}}, ["variables.lower"]),
        ({"variables": {"1A": "x"}}, ["variables.1A"]),
        ({"variables": {"A": 1}}, ["variables.A"]),
        ({"variables": {"A": None}}, ["variables.A"]),
        ({"variables": {"HEADGATE_VERSION": "x"}}, ["variables.HEADGATE_VERSION"]),
        ({"secrets": ["A"]}, ["secrets"]),
        ({"secrets": {"a": {}}}, ["secrets.a"]),
        ({"secrets": {"A": {"version": 0}}}, ["secrets.A.version"]),
        ({"secrets": {"A": {"version": "latest"}}}, ["secrets.A.version"]),
        ({"secrets": {"A": {"version": True}}}, ["secrets.A.version"]),
        ({"secrets": {"A": {"value": "x"}}}, ["secrets.A.value"]),
        ({"secrets": {"A": 3}}, ["secrets.A"]),
        ({"notifications": None}, ["notifications"]),
        ({"notifications": {}}, ["notifications"]),
        ({"notifications": {"ops": "a@b.example"}}, ["notifications.ops", "notifications.ops.kind"]),
        (channel(kind="fax", address="x", secret="y"), ["notifications.ops.kind"]),
        (channel(**MAIL, tier="everybody"), ["notifications.ops.tier"]),
        (channel(**MAIL, to="x"), ["notifications.ops.to"]),
        (channel(kind="email"), ["notifications.ops.address"]),
        (channel(kind="email", address="ops"), ["notifications.ops.address"]),
        (channel(kind="sms", address="0041 79"), ["notifications.ops.address"]),
        (channel(kind="google_chat", address="AAAA"), ["notifications.ops.address"]),
        (channel(kind="slack", address="ion", secret="x"), ["notifications.ops.address"]),
        (channel(kind="slack", address="#ion"), ["notifications.ops.secret"]),
        (channel(kind="pagerduty"), ["notifications.ops.secret"]),
        (channel(kind="pagerduty", secret=" "), ["notifications.ops.secret"]),
        (channel(kind="pagerduty", secret=["x"]), ["notifications.ops.secret"]),
        (channel(kind="pagerduty", secret="x", address="y"), ["notifications.ops.address"]),
        (channel(**MAIL, secret="x"), ["notifications.ops.secret"]),
        ({"front_door": None}, ["front_door", "front_door.public"]),
        (door(public="yes"), ["front_door.public"]),
        (door(requests_per_minute=9), ["front_door.requests_per_minute"]),
        (door(requests_per_minute=10_001), ["front_door.requests_per_minute"]),
        (door(candidate_domain="next"), ["front_door.candidate_domain", "front_door.test_client_cidrs"]),
        (door(candidate_domain="next.ion.example"), ["front_door.test_client_cidrs"]),
        (door(candidate_domain="next.ion.example", test_client_cidrs=[]), ["front_door.test_client_cidrs"]),
        (door(test_client_cidrs="10.0.0.0/8"), ["front_door.test_client_cidrs"]),
        (door(test_client_cidrs=["0.0.0.0/0"]), ["front_door.test_client_cidrs[0]"]),
        (door(test_client_cidrs=["10.0.0.0/8", "10.0.0.0/7"]), ["front_door.test_client_cidrs[1]"]),
        (door(test_client_cidrs=["10.0.0.1/8"]), ["front_door.test_client_cidrs[0]"]),
        (door(test_client_cidrs=[7]), ["front_door.test_client_cidrs[0]"]),
        (door(open=True), ["front_door.open"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(changes: dict[str, Any], expected: list[str]) -> None:
    assert places(read(**changes)[1]) == expected


def test_every_problem_at_once() -> None:
    _, problems = read(
        service={"cpu": "many", "port": -1}, variables={"a": 1}, secrets={"A": {"version": 0}},
        notifications={"ops": {"kind": "fax"}}, front_door={"public": None},
    )  # fmt: skip
    assert places(problems) == [
        "service.cpu", "service.port", "service.health_path", "variables.a", "variables.a", "secrets.A.version",
        "notifications.ops.kind", "front_door.public",
    ]  # fmt: skip
    assert all("; expected " in problem for problem in problems)
    assert all(problem.endswith(".") for problem in problems)


@pytest.mark.parametrize(
    "changes",
    [
        {"secrets": PRECIOUS},
        {"secrets": [PRECIOUS]},
        {"secrets": {"API_KEY": PRECIOUS}},
        {"secrets": {"API_KEY": [PRECIOUS]}},
        {"secrets": {"API_KEY": {"version": PRECIOUS}}},
        {"secrets": {"API_KEY": {"value": PRECIOUS}}},
        {"notifications": PRECIOUS},
        {"notifications": {"ops": PRECIOUS}},
        {"notifications": {"ops": [PRECIOUS]}},
        *(channel(kind=kind, address=PRECIOUS) for kind in CHANNELS),
        *(channel(kind=kind, address=[PRECIOUS]) for kind in CHANNELS),
        *(channel(kind=kind, secret=PRECIOUS) for kind, way in CHANNELS.items() if not way.secret),
        *(channel(kind=kind, secret=[PRECIOUS]) for kind in CHANNELS),
        channel(kind="fax", secret=PRECIOUS, address=PRECIOUS),
        channel(**MAIL, token=PRECIOUS),
    ],
    ids=str,
)
def test_what_may_be_a_secret_is_never_quoted(changes: dict[str, Any]) -> None:
    _, problems = read(**changes)
    assert problems
    assert PRECIOUS not in "\n".join(problems)


def test_nor_is_it_shown_with_the_settings() -> None:
    found, problems = read(**channel(kind="pagerduty", secret=PRECIOUS))
    assert problems == []
    assert found.notifications["ops"].secret == PRECIOUS
    assert PRECIOUS not in repr(found)


def test_tiers_and_kinds_are_those_of_the_components() -> None:
    from components.gcp.notification import ChannelKind, Tier

    assert set(CHANNELS) == {str(kind.value) for kind in ChannelKind}
    assert set(TIERS) == {str(tier.value) for tier in Tier}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["kind", "tier", "address", "secret", "version", "public", "A", "test_client_cidrs", "cpu"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.fixed_dictionaries(dict.fromkeys(ion_settings.KEYS, anything)))
def test_total(raw: dict[str, Any]) -> None:
    reader = Reader("file")
    assert isinstance(ion_settings.read(raw, reader), IonSettings)
    assert all(str(problem).startswith("file: headgate:") for problem in reader.problems)


def test_sizes_of_instances_are_those_that_the_component_knows() -> None:
    from components.gcp.revision import MEMORY_GIB

    read_well = {cpu for cpu in map(str, range(20)) if not read(**service(cpu=cpu))[1]}
    assert read_well == set(MEMORY_GIB)
