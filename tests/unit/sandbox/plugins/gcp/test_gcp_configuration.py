"""The Google stand-in speaks to an emulator on this machine, and to nothing else."""

from collections.abc import Mapping

import pytest

from sandbox.google.endpoints import PATHS, environment
from sandbox.plugins.gcp.configuration import APIS, KEYS, read
from sandbox.plugins.understood import NotASandbox

HERE = environment("http://127.0.0.1:5000")


def test_every_address_of_the_emulator_is_taken() -> None:
    config = read({"project": "p", "region": "r", "version": "10.2.0", "accessToken": "x"}, HERE)
    assert {f"GOOGLE_{variable}_CUSTOM_ENDPOINT" for _, variable in APIS.values()} == set(PATHS)
    assert config.endpoint("run") == "http://127.0.0.1:5000/run/v2/"
    assert config.endpoint("monitoring") == "http://127.0.0.1:5000/monitoring/"
    assert config.defaults == {"project": "p", "region": "r"}
    assert config.poll == 10


def test_the_configuration_goes_before_the_environment() -> None:
    given = {"cloudRunV2CustomEndpoint": "http://localhost:1/v2/"}
    assert read(given, HERE).endpoint("run") == "http://localhost:1/v2/"
    assert read(given, {}).endpoint("run") == "http://localhost:1/v2/"


@pytest.mark.parametrize(
    ("environ", "project"),
    [
        ({"GOOGLE_PROJECT": "a", "GOOGLE_CLOUD_PROJECT": "b"}, "a"),
        ({"GCLOUD_PROJECT": "c", "CLOUDSDK_CORE_PROJECT": "d"}, "c"),
    ],
)
def test_the_project_may_come_from_the_environment(environ: Mapping[str, str], project: str) -> None:
    assert read({}, {**HERE, **environ}).defaults == {"project": project}


@pytest.mark.parametrize(
    ("given", "environ", "named"),
    [
        ({"cloudRunV2CustomEndpoint": "https://run.googleapis.com/v2/"}, HERE, "gcp:cloudRunV2CustomEndpoint"),
        ({"iamCustomEndpoint": "http://10.0.0.1/v1/"}, HERE, "gcp:iamCustomEndpoint"),
        ({}, {**HERE, "GOOGLE_STORAGE_CUSTOM_ENDPOINT": "https://storage.googleapis.com/"}, "GOOGLE_STORAGE"),
        ({}, {"GOOGLE_LOGGING_CUSTOM_ENDPOINT": "http://127.0.0.1.example.com/v2/"}, "GOOGLE_LOGGING"),
        ({}, {"GOOGLE_LOGGING_CUSTOM_ENDPOINT": "http://localhost@example.com/v2/"}, "GOOGLE_LOGGING"),
        ({}, {"GOOGLE_LOGGING_CUSTOM_ENDPOINT": "file:///127.0.0.1/"}, "GOOGLE_LOGGING"),
        # The stand-in has no TLS: a sandbox never needs it.
        ({}, {"GOOGLE_LOGGING_CUSTOM_ENDPOINT": "https://127.0.0.1:1/v2/"}, "GOOGLE_LOGGING"),
    ],
)
def test_anything_else_is_refused(given: Mapping[str, str], environ: Mapping[str, str], named: str) -> None:
    with pytest.raises(NotASandbox, match=f"speaks only to a sandbox on this machine, and refuses {named}"):
        read({"project": "p", **given}, environ)


def test_without_any_address_it_says_what_to_do() -> None:
    with pytest.raises(NotASandbox, match="headgate sandbox up"):
        read({"project": "p"}, {"GOOGLE_LOGGING_CUSTOM_ENDPOINT": ""})


def test_a_missing_address_is_named_when_it_is_needed() -> None:
    config = read({}, {"GOOGLE_LOGGING_CUSTOM_ENDPOINT": "http://127.0.0.1:1/logging/v2/"})
    with pytest.raises(NotASandbox, match="neither gcp:cloudRunV2CustomEndpoint nor GOOGLE_CLOUD_RUN_V2_CUSTOM_END"):
        config.endpoint("run")


def test_an_address_ends_with_a_slash() -> None:
    with pytest.raises(ValueError, match=r"gcp:loggingCustomEndpoint=http://127\.0\.0\.1:1/v2: expected .* slash"):
        read({"loggingCustomEndpoint": "http://127.0.0.1:1/v2"}, HERE)


@pytest.mark.parametrize(("given", "seconds"), [("10s", 10), ("500ms", 0.5), ("1.5s", 1.5), ("2m", 120)])
def test_the_interval_between_two_looks(given: str, seconds: float) -> None:
    assert read({"pollInterval": given}, HERE).poll == seconds


def test_an_interval_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="gcp:pollInterval: expected a duration such as 500ms or 1s, found 'soon'"):
        read({"pollInterval": "soon"}, HERE)


def test_an_unknown_key_is_named() -> None:
    ((key, sentence),) = KEYS.problems(
        {"universeDomain": "x", "project": "p", "__internal": "{}", "kmsCustomEndpoint": ""}
    )
    assert key == "universeDomain"
    assert "pulumi config rm gcp:universeDomain" in sentence
    with pytest.raises(ValueError, match="does not understand the configuration key gcp:universeDomain"):
        read({"universeDomain": "x"}, HERE)
