"""The pack as the engine runs it: an executable file that prints a port and serves."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
import yaml
from google.protobuf import empty_pb2
from pulumi.runtime import proto

from policies import pack

pytestmark = pytest.mark.sandbox

ROOT = Path(__file__).resolve().parents[3]
EXECUTABLE = ROOT / "policies/headgate-policies"
DATABASE = "aws:rds/instance:Instance"


@pytest.fixture
def started(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The pack, started as the engine starts it: in another folder, with an address as its only argument."""
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environ.pop("PYTHONUNBUFFERED", None)  # with it the port would come at once whatever the pack does
    process = subprocess.Popen(
        [EXECUTABLE, "127.0.0.1:1"],
        cwd=tmp_path,
        env=environ,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        yield process
        process.kill()


def test_a_whole_run_over_the_wire(started: subprocess.Popen[str]) -> None:
    assert started.stdout is not None
    port = int(started.stdout.readline())
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        engine = proto.AnalyzerStub(channel)
        engine.Handshake(proto.AnalyzerHandshakeRequest(engine_address="127.0.0.1:1"))
        engine.ConfigureStack(
            proto.AnalyzerStackConfigureRequest(stack="greenflow-staging", config={"headgate:environment": "staging"})
        )
        info = engine.GetAnalyzerInfo(empty_pb2.Empty())
        resource = proto.AnalyzeRequest(type=DATABASE, urn="urn:db", name="db")
        found = engine.Analyze(resource).diagnostics
        rollout = proto.AnalyzeRequest(type="headgate:index:Rollout", urn="urn:rollout", name="rollout")
        refused = engine.Analyze(rollout).diagnostics
        stack = engine.AnalyzeStack(
            proto.AnalyzeStackRequest(
                resources=[proto.AnalyzerResource(type="headgate:index:Rollout", urn="urn:rollout")]
            )
        ).diagnostics
        engine.Cancel(empty_pb2.Empty())

    assert info.name == pack.NAME
    assert {"rds-multi-az", "rds-not-public"} <= {policy.name for policy in info.policies}
    assert info.initialConfig["rds-multi-az"].enforcementLevel == proto.ADVISORY
    assert "rds-multi-az" in {each.policyName for each in found}
    assert [each.policyName for each in refused] == ["fail-closed-without-state"]
    assert [each.policyName for each in stack] == ["rollout-carrier-agrees"]


def test_the_engine_s_interrupt_ends_it_at_once(started: subprocess.Popen[str]) -> None:
    assert started.stdout is not None
    started.stdout.readline()
    started.send_signal(signal.SIGINT)
    assert started.wait(timeout=4) == -signal.SIGINT


def test_without_the_virtual_environment_it_says_so(tmp_path: Path) -> None:
    bare = shutil.which("python3", path="/usr/local/bin:/usr/bin:/bin")
    if bare is None:
        pytest.skip("this machine has no python3 of its own")
    done = subprocess.run(
        [bare, "-S", "-I", EXECUTABLE, "127.0.0.1:1"], cwd=tmp_path, text=True, capture_output=True, check=False
    )
    assert done.returncode == 1
    assert "has no module 'policies'" in done.stderr
    assert "Activate it" in done.stderr
    assert "Traceback" not in done.stderr


def test_importing_the_pack_neither_serves_nor_loads_a_provider() -> None:
    program = "import sys, policies.pack, policies.dispatch; print(sorted({m.split('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", program], text=True, capture_output=True, check=True)
    loaded = set(done.stdout.replace("'", " ").replace(",", " ").split())
    assert not loaded & {
        "pulumi_aws",
        "pulumi_gcp",
        "boto3",
        "botocore",
        "httpx",
        "components",
        "stacks",
        "sandbox",
    }


def test_the_engine_reads_name_and_version_beside_the_executable() -> None:
    project = yaml.safe_load((ROOT / "policies/PulumiPolicy.yaml").read_text())
    assert project["name"] == pack.NAME
    assert project["description"] == pack.DESCRIPTION
    assert project["runtime"] == "python"
    assert project["version"] == pack.VERSION
    assert os.access(EXECUTABLE, os.X_OK)


def test_no_module_of_the_pack_hides_a_package() -> None:
    """The executable's folder comes first where Python looks: a module `google` would stand before that of protobuf."""
    ours = {path.stem for path in EXECUTABLE.parent.glob("*.py")}
    assert not ours & {name.partition(".")[0] for name in sys.modules if not name.startswith("policies")} - {"__main__"}
