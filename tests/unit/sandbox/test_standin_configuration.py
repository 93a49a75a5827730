"""The stand-in speaks to an emulator on this machine, and to nothing else."""

from collections.abc import Mapping

import pytest

from sandbox.plugins.aws.configuration import KEYS, read
from sandbox.plugins.understood import NotASandbox

HERE = {"AWS_ENDPOINT_URL": "http://127.0.0.1:5000"}


def test_region_and_endpoint_are_taken() -> None:
    config = read({"region": "eu-central-1", "version": "7.51.1", "skipMetadataApiCheck": "true"}, HERE)
    assert (config.region, config.endpoint) == ("eu-central-1", "http://127.0.0.1:5000")


@pytest.mark.parametrize(
    ("environ", "region"),
    [
        ({"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-east-1"}, "us-west-2"),
        ({"AWS_DEFAULT_REGION": "us-east-1"}, "us-east-1"),
    ],
)
def test_the_region_may_come_from_the_environment(environ: Mapping[str, str], region: str) -> None:
    assert read({}, {**HERE, **environ}).region == region


def test_without_a_region_nothing_is_guessed() -> None:
    with pytest.raises(ValueError, match="pulumi config set aws:region"):
        read({}, HERE)


@pytest.mark.parametrize("url", ["http://127.0.0.1:5000", "http://localhost:1", "http://[::1]:2", "https://127.9.9.9"])
def test_this_machine_is_spoken_to(url: str) -> None:
    assert read({"region": "r"}, {"AWS_ENDPOINT_URL": url}).endpoint == url


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"AWS_ENDPOINT_URL": ""},
        {"AWS_ENDPOINT_URL": "https://ec2.us-east-1.amazonaws.com"},
        {"AWS_ENDPOINT_URL": "http://127.0.0.1.example.com:5000"},
        {"AWS_ENDPOINT_URL": "http://localhost@example.com"},
        {"AWS_ENDPOINT_URL": "http://10.0.0.1:5000"},
        {"AWS_ENDPOINT_URL": "file:///tmp/127.0.0.1"},
        {**HERE, "AWS_ENDPOINT_URL_S3": "https://s3.amazonaws.com"},
    ],
)
def test_anything_else_is_refused(environ: Mapping[str, str]) -> None:
    with pytest.raises(NotASandbox, match="speaks only to a sandbox on this machine"):
        read({"region": "us-east-1"}, environ)


def test_endpoints_of_the_configuration_are_looked_at_too() -> None:
    here = '[{"ec2": "http://127.0.0.1:6000"}]'
    assert read({"region": "r", "endpoints": here}, {}).endpoint == "http://127.0.0.1:6000"
    with pytest.raises(NotASandbox, match=r"aws:endpoints \(rds\)=https://rds.example"):
        read({"region": "r", "endpoints": '[{"rds": "https://rds.example"}]'}, HERE)


def test_an_unknown_key_is_named() -> None:
    ((key, sentence),) = KEYS.problems({"defaultTags": "{}", "region": "r", "__internal": "{}"})
    assert key == "defaultTags"
    assert "does not understand the configuration key aws:defaultTags" in sentence
    assert "pulumi config rm aws:defaultTags" in sentence


def test_the_account_must_be_allowed() -> None:
    assert read({"region": "r", "allowedAccountIds": '["123456789012"]'}, HERE)
    with pytest.raises(ValueError, match="the sandbox's account is 123456789012"):
        read({"region": "r", "allowedAccountIds": '["999999999999"]'}, HERE)


def test_broken_nested_configuration_is_named() -> None:
    with pytest.raises(ValueError, match="aws:endpoints: expected JSON"):
        read({"region": "r", "endpoints": "[{"}, HERE)
