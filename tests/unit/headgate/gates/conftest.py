"""An authority whose certificates are believed in these tests."""

import os
from pathlib import Path

import pytest

from tests.support.web_servers import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def trusted(authority: Authority) -> Path:
    """Restored by the outermost fixture."""
    os.environ["SSL_CERT_FILE"] = str(authority.file)
    return authority.file
