"""Names, templates and traffic of Cloud Run: what is refused at once, and what is filled in."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.google.run import names, template, traffic
from sandbox.google.run.names import ServiceName
from sandbox.google.run.traffic import LATEST, REVISION

NAME = ServiceName("p", "us-central1", "svc")


def named(revision: str, percent: int = 0, tag: str = "") -> dict[str, Any]:
    target = {"type": REVISION, "revision": revision, "percent": percent, "tag": tag}
    return {key: value for key, value in target.items() if value}


def wrong(targets: list[dict[str, Any]]) -> list[str]:
    return [field for field, _ in traffic.problems(targets, "svc")]


@pytest.mark.parametrize(
    ("targets", "fields"),
    [
        ([named("svc-a", 100)], []),
        ([named("svc-a", 95, "live"), named("svc-b", 5, "candidate")], []),
        ([named("svc-a", 100), named("svc-b", tag="candidate")], []),
        ([named("svc-a", 100), named("svc-b")], []),
        ([named("svc-a", 60), named("svc-a", 40, "live")], []),
        ([{"type": LATEST, "percent": 100}], []),
        ([{"type": LATEST, "percent": 10, "tag": "newest"}, named("svc-a", 90)], []),
        ([], ["traffic"]),
        ([named("svc-a", 99)], ["traffic"]),
        ([named("svc-a", 50), named("svc-b", 60)], ["traffic"]),
        ([named("svc-a", 101), named("svc-b", -1)], ["traffic[0].percent", "traffic[1].percent"]),
        ([named("svc-a", 100, "live"), named("svc-b", tag="live")], ["traffic[1].tag"]),
        ([named("svc-a", 100, "ab")], ["traffic[0].tag"]),
        ([named("svc-a", 100, "Live")], ["traffic[0].tag"]),
        ([named("svc-a", 100, "1st")], ["traffic[0].tag"]),
        ([named("svc-a", 100, "live-")], ["traffic[0].tag"]),
        ([named("svc-a", 100, "t" * 43)], []),
        ([named("svc-a", 100, "t" * 44)], ["traffic[0].tag"]),
        ([{"type": REVISION, "percent": 100}], ["traffic[0].revision"]),
        ([{"type": LATEST, "revision": "svc-a", "percent": 100}], ["traffic[0].revision"]),
        ([{"revision": "svc-a", "percent": 100}], ["traffic[0].type"]),
    ],
)
def test_which_traffic_is_refused(targets: list[dict[str, Any]], fields: list[str]) -> None:
    assert wrong(targets) == fields


@given(st.lists(st.integers(0, 100), min_size=1, max_size=6))
def test_only_a_hundred_is_a_hundred(percents: list[int]) -> None:
    targets = [named(f"svc-{number}", percent) for number, percent in enumerate(percents)]
    assert wrong(targets) == ([] if sum(percents) == 100 else ["traffic"])


def test_statuses_keep_order_and_zeroes_and_have_addresses() -> None:
    targets = [named("svc-b", tag="candidate"), named("svc-a", 100), {"type": LATEST, "tag": "newest"}]
    assert traffic.statuses(targets, NAME) == [
        {"type": REVISION, "revision": "svc-b", "tag": "candidate", "uri": f"https://candidate---{NAME.host}"},
        {"type": REVISION, "revision": "svc-a", "percent": 100},
        {"type": LATEST, "tag": "newest", "uri": f"https://newest---{NAME.host}"},
    ]
    assert traffic.referenced(targets, "svc-c") == {"svc-b": 0, "svc-a": 100, "svc-c": 0}


@pytest.mark.parametrize(
    ("latest_ready", "targets", "said"),
    [
        ("svc-a", [named("svc-a", 100)], None),
        ("svc-a", [{"type": LATEST, "percent": 100}], None),
        ("", [{"type": LATEST, "percent": 100}], "no ready revision"),
        ("svc-a", [named("svc-a", 100), named("svc-x")], "'svc-x' does not exist or is deleted"),
        ("svc-a", [named("svc-a", 100), named("svc-ill", tag="ill")], "'svc-ill' is not ready and cannot serve"),
    ],
)
def test_which_traffic_cannot_be_served(latest_ready: str, targets: list[dict[str, Any]], said: str | None) -> None:
    state = {"svc-a": None, "svc-ill": "It is ill."}.__getitem__
    found = traffic.unserved(targets, latest_ready, state, "svc")
    assert found is None if said is None else said in str(found)


@pytest.mark.parametrize(
    ("revision", "good"),
    [
        ("svc-a", True),
        ("svc-0123456789ab", True),
        ("svc-" + "a" * 59, True),
        ("svc-" + "a" * 60, False),
        ("svc-", False),
        ("svc", False),
        ("other-a", False),
        ("svc-A", False),
        ("svc_a", False),
    ],
)
def test_revision_names(revision: str, good: bool) -> None:
    assert (names.revision_problem(revision, "svc") is None) == good


@pytest.mark.parametrize(
    ("service", "good"), [("s", True), ("s" * 49, True), ("s" * 50, False), ("", False), ("1s", False), ("s-", False)]
)
def test_service_names(service: str, good: bool) -> None:
    assert (names.service_problem(service) is None) == good


def test_addresses() -> None:
    assert NAME.uri.startswith("https://svc-")
    assert NAME.uri.endswith("-uc.a.run.app")
    assert NAME.urls[0].endswith(".us-central1.run.app")
    assert ServiceName.parse(str(NAME)) == NAME


IMAGE = {"image": "us-docker.pkg.dev/p/r/img:v1"}


def test_what_is_filled_in() -> None:
    assert template.filled({"containers": [dict(IMAGE)]}, "123") == {
        "timeout": "300s",
        "serviceAccount": "123-compute@developer.gserviceaccount.com",
        "scaling": {"maxInstanceCount": 100},
        "maxInstanceRequestConcurrency": 80,
        "containers": [
            {
                **IMAGE,
                "resources": {"limits": {"cpu": "1000m", "memory": "512Mi"}, "cpuIdle": True},
                "ports": [{"name": "http1", "containerPort": 8080}],
                "startupProbe": {
                    "timeoutSeconds": 240,
                    "periodSeconds": 240,
                    "failureThreshold": 1,
                    "tcpSocket": {"port": 8080},
                },
            }
        ],
    }


def test_a_request_with_resources_keeps_its_cpu_idle() -> None:
    """The trap of cloud-run-notes 3.6: a default there is a difference for ever."""
    sent = {"containers": [{**IMAGE, "resources": {"limits": {"cpu": "1", "memory": "512Mi"}}}]}
    assert template.filled(sent, "p")["containers"][0]["resources"] == {"limits": {"cpu": "1", "memory": "512Mi"}}


def test_only_the_container_with_the_port_is_probed() -> None:
    sent = {"containers": [{**IMAGE, "name": "side"}, {**IMAGE, "name": "app", "ports": [{"containerPort": 9}]}]}
    side, app = template.filled(sent, "p")["containers"]
    assert "startupProbe" not in side
    assert app["startupProbe"]["tcpSocket"] == {"port": 9}


def test_a_fraction_of_a_processor_serves_one_request() -> None:
    sent = {"containers": [{**IMAGE, "resources": {"limits": {"cpu": "500m"}}}]}
    assert template.filled(sent, "p")["maxInstanceRequestConcurrency"] == 1


values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 5) | st.sampled_from(["", "1s", "x"]),
    lambda each: (
        st.lists(each, max_size=2) | st.dictionaries(st.sampled_from(["a", "limits", "env"]), each, max_size=2)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["labels", "annotations", "volumes", "executionEnvironment"]), values))
def test_filling_in_twice_changes_nothing(more: dict[str, Any]) -> None:
    once = template.filled({"containers": [{**IMAGE, "env": [{"name": "A", "value": ""}]}], **more}, "p")
    assert template.filled(once, "p") == once


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"containers": []}, "template.containers"),
        ({"containers": [{"image": "ghcr.io/a/b:1"}]}, "template.containers[0].image"),
        ({"containers": [{}]}, "template.containers[0].image"),
        ({"timeout": "3601s"}, "template.timeout"),
        ({"scaling": {"minInstanceCount": 4, "maxInstanceCount": 3}}, "template.scaling.min_instance_count"),
        ({"labels": {"run.googleapis.com/x": "1"}}, "template.labels"),
        ({"annotations": {"autoscaling.knative.dev/minScale": "1"}}, "template.annotations"),
        (
            {"containers": [{**IMAGE, "env": [{"name": "A", "value": "1", "valueSource": {"x": 1}}]}]},
            "template.containers[0].env[0]",
        ),
    ],
)
def test_which_templates_are_refused(change: dict[str, Any], field: str) -> None:
    sent = {"containers": [dict(IMAGE)], **change}
    assert [where for where, _ in template.problems(sent)] == [field]


@pytest.mark.parametrize(
    "image",
    ["nginx", "library/nginx:1", "docker.io/a/b", "gcr.io/p/i", "eu.gcr.io/p/i", "us-docker.pkg.dev/p/r/i@sha256:ab"],
)
def test_where_images_come_from(image: str) -> None:
    assert list(template.problems({"containers": [{"image": image}]})) == []


def test_references_to_secrets() -> None:
    def env(secret: str, version: str) -> dict[str, Any]:
        return {"name": "A", "valueSource": {"secretKeyRef": {"secret": secret, "version": version}}}

    sent = {
        "containers": [
            {"env": [{"name": "B", "value": "1"}, env("key", "1"), env("projects/q/secrets/other", "latest")]}
        ],
        "volumes": [{"secret": {"secret": "file", "items": [{"version": "3"}]}}, {"emptyDir": {}}],
    }
    assert [reference[1:] for reference in template.secrets(sent, "p")] == [
        ("p", "key", "1"),
        ("q", "other", "latest"),
        ("p", "file", "3"),
    ]
