"""The emulated Google for the tests of this folder."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.google import google_cloud, google_server

__all__ = ["google_cloud", "google_server"]


@pytest.fixture
def http(google_server: str) -> Iterator[httpx.Client]:
    """Plain HTTP to the emulator, for requests exactly as they were recorded."""
    with httpx.Client(base_url=google_server, trust_env=False, timeout=30) as client:
        yield client
