"""What an application takes on with the middleware: no cloud, no engine, no web framework."""

import subprocess
import sys

import pytest

FOREIGN = ("pulumi", "boto3", "botocore", "google", "starlette", "aiohttp", "typer", "rich", "yaml", "sandbox")


@pytest.mark.parametrize("module", ["asgi", "wsgi", "core", "metrics", "scrape", "comparison", "quantiles"])
def test_importing_it_brings_nothing_foreign(module: str) -> None:
    program = f"import sys, headgate.middleware.{module}; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    loaded = {name.partition(".")[0] for name in ran.stdout.split()}
    assert f"headgate.middleware.{module}" in ran.stdout.split()
    assert loaded & {*FOREIGN} == set()
    assert ("prometheus_client" in loaded) == (module in {"metrics", "scrape"})
