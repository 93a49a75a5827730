"""The variables that make plain `pulumi` and the cloud libraries speak to the sandbox."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sandbox.manager.environment import Exports, exports, for_processes
from sandbox.manager.layout import CHECKOUT, Layout

URLS = {
    "aws": "http://127.0.0.1:1",
    "traffic": "http://127.0.0.1:2",
    "test": "http://127.0.0.1:3",
    "http": "http://127.0.0.1:4",
    "google": "http://127.0.0.1:5",
    "run": "http://127.0.0.1:6",
}


def made(**environ: str) -> Exports:
    return exports(Layout(Path("/home/me/it's here")), URLS, "/toolchain/bin", environ)


def test_everything_points_into_the_sandbox() -> None:
    variables = made(PATH="/usr/bin").variables
    assert variables["AWS_ENDPOINT_URL"] == URLS["aws"]
    assert variables["PULUMI_BACKEND_URL"] == "file:///home/me/it's here/state"
    assert variables["PULUMI_HOME"] == "/home/me/it's here/pulumi-home"
    assert variables["PULUMI_OPTION_POLICY_PACK"] == str(CHECKOUT / "policies" / "headgate-policies")
    assert variables["AWS_CONFIG_FILE"] == variables["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert variables["HEADGATE_ROUTER_URL"] == URLS["traffic"]
    assert variables["HEADGATE_ROUTER_RUN_URL"] == URLS["run"]
    assert variables["GOOGLE_CLOUD_RUN_V2_CUSTOM_ENDPOINT"] == f"{URLS['google']}/run/v2/"
    assert variables["GOOGLE_MONITORING_CUSTOM_ENDPOINT"] == f"{URLS['google']}/monitoring/"
    assert all(value.endswith("/") for name, value in variables.items() if name.endswith("_CUSTOM_ENDPOINT"))
    assert variables["PATH"].startswith("/toolchain/bin:")
    assert variables["PATH"].endswith(":/usr/bin")


def test_the_official_provider_is_kept_from_calling_out(tmp_path: Path) -> None:
    assert "HTTPS_PROXY" not in made(PATH="/usr/bin").variables
    plugin = tmp_path / "pulumi-resource-gcp"
    plugin.write_text("#!/bin/sh\n")
    plugin.chmod(0o755)
    variables = made(PATH=f"/usr/bin:{tmp_path}").variables
    assert variables["PULUMI_GCP_SKIP_REGION_VALIDATION"] == "true"
    assert variables["HTTPS_PROXY"] == "http://127.0.0.1:9"


def test_accounts_of_this_machine_are_taken_away() -> None:
    found = made(
        AWS_PROFILE="prod",
        AWS_ENDPOINT_URL_ECS="https://ecs",
        PULUMI_ACCESS_TOKEN="t",
        TF_AWS_X="1",
        HOME="/h",
        GOOGLE_APPLICATION_CREDENTIALS="/key",
        CLOUDSDK_CORE_PROJECT="prod",
    )
    assert found.removed == (
        "AWS_ENDPOINT_URL_ECS", "AWS_PROFILE", "CLOUDSDK_CORE_PROJECT", "GOOGLE_APPLICATION_CREDENTIALS",
        "PULUMI_ACCESS_TOKEN", "TF_AWS_X",
    )  # fmt: skip
    applied = found.applied_to({"AWS_PROFILE": "prod", "HOME": "/h", "AWS_REGION": "eu-west-1"})
    assert "AWS_PROFILE" not in applied
    assert (applied["HOME"], applied["AWS_REGION"]) == ("/h", "us-east-1")


def test_a_second_time_changes_nothing() -> None:
    once = made(PATH="/usr/bin").applied_to({"PATH": "/usr/bin"})
    again = made(**once)
    assert again.applied_to(once) == once
    assert again.removed == ()


def test_a_proxy_is_not_asked_for_the_sandbox() -> None:
    assert made(NO_PROXY="intranet,localhost").variables["no_proxy"] == "intranet,localhost,127.0.0.1"


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_a_shell_understands_it() -> None:
    script = f'{made(AWS_PROFILE="prod").shell}\nprintf "%s|" "$PULUMI_BACKEND_URL" "${{AWS_PROFILE-none}}"'
    done = subprocess.run(
        ["bash", "-euc", script], env={"AWS_PROFILE": "prod"}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "file:///home/me/it's here/state|none|"


def test_processes_of_the_sandbox_know_no_account_and_no_proxy() -> None:
    found = for_processes({
        "HOME": "/h", "AWS_PROFILE": "prod", "HTTPS_PROXY": "http://proxy", "no_proxy": "x",
        "HEADGATE_REHEARSAL_CLOCK": "60@1",
    })  # fmt: skip
    assert found == {"HOME": "/h", "PYTHONUNBUFFERED": "1"}
    assert for_processes({}, URLS["aws"])["AWS_ENDPOINT_URL"] == URLS["aws"]


def test_the_work_folder() -> None:
    assert Layout.of({}).home == CHECKOUT / ".headgate"
    assert Layout.of({"HEADGATE_HOME": "/elsewhere"}).home == Path("/elsewhere")
    assert Layout.of({"HEADGATE_HOME": "here"}).home == Path.cwd() / "here"
    assert "greenflow-production" in Layout.of({}).stacks
