"""One emulated AWS for all tests of the stand-ins, as its own process, and a provider in front of it."""

from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import pytest

from sandbox.google.client import GoogleSandbox
from tests.sandbox.standin.provider import Provider, configured, configured_google
from tests.support import aws_sdk as _aws_sdk  # noqa: F401
from tests.support.emulators import announced
from tests.support.google import google_cloud, google_server

__all__ = ["google_cloud", "google_server"]


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the emulator."""
    with announced("sandbox.aws.server", tmp_path_factory.mktemp("aws")) as told:
        yield told["url"]


@pytest.fixture(scope="session")
def provider(aws: str) -> Iterator[Provider]:
    with configured(aws) as made:
        yield made


@pytest.fixture
def google(google_server: str, google_cloud: GoogleSandbox) -> Iterator[Provider]:
    """The Google stand-in in front of an empty cloud."""
    with configured_google(google_server) as made:
        yield made


@pytest.fixture
def control(aws: str) -> Iterator[httpx.Client]:
    """The control endpoint; everything told is forgotten after the test."""
    with httpx.Client(base_url=f"{aws}/headgate-sandbox/", timeout=30.0) as client:
        yield client
        client.delete("faults")
        client.delete("condition")


@pytest.fixture(scope="session")
def client(aws: str) -> Any:
    """boto3 clients by service name."""

    def make(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=aws,
            region_name="us-east-1",
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",
        )

    return make
