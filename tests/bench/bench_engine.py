"""How long a second `pulumi up` without a change takes, as a ratio to `pulumi preview` of an empty program.

    python -m tests.bench.bench_engine

Both run in one session on this machine, with the same engine, the same policy pack and the same emulated cloud; each
figure is the fastest of several runs. Ratios, because seconds say more about the machine than about the program.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sandbox.manager.environment import cloud_variables
from sandbox.plugins.install import install_plugins
from tests.support.engine import Project, Run, base_environment
from toolchain import ensure

RUNS = 5
STACK = "greenflow-production"
BUDGET = 2.0  # an update without a change must take less than twice an empty preview


def fastest(command: Callable[[], Run]) -> float:
    """Seconds of the fastest of several runs, all of which must succeed."""
    runs = [command() for _ in range(RUNS)]
    for run in runs:
        assert run.code == 0, str(run)
    return min(run.seconds for run in runs)


def measure(home: Path, url: str) -> dict[str, float]:
    """Fastest seconds by what was run."""
    environ = {
        **base_environment(home, ensure().bin, Path(sys.prefix)),
        **cloud_variables(url),
        "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
    }
    install_plugins(home / "pulumi")
    figures = {}
    for pack in (True, False):
        label = "with the pack" if pack else "without the pack"
        backend = home / f"empty-{pack}"
        backend.mkdir()
        empty = Project.copy(
            home / f"program-{pack}", STACK, {**environ, "PULUMI_BACKEND_URL": f"file://{backend}"}, ""
        )
        empty.policy_pack = pack
        figures[f"empty preview {label}"] = fastest(empty.preview)
    project = Project.copy(home / "greenflow", STACK, environ)
    project.up()
    for pack in (True, False):
        project.policy_pack = pack
        label = "with the pack" if pack else "without the pack"
        figures[f"preview {label}"] = fastest(project.preview)
        figures[f"up --skip-preview {label}"] = fastest(lambda: project.up("--skip-preview"))
        figures[f"up {label}"] = fastest(project.up)
    return figures


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="headgate-bench-") as folder:
        home = Path(folder)
        ready = home / "ready.json"
        server = subprocess.Popen(
            [sys.executable, "-m", "sandbox.aws.server", "--ready-file", str(ready), "--lifetime", "1800"]
        )
        try:
            while not ready.exists():
                time.sleep(0.05)
            figures = measure(home, json.loads(ready.read_text())["url"])
        finally:
            server.terminate()
            server.wait(timeout=30)
    for label in ("with the pack", "without the pack"):
        base = figures[f"empty preview {label}"]
        sys.stdout.write(f"{label}: preview of an empty program {base:.2f} s\n")
        for what in ("preview", "up --skip-preview", "up"):
            seconds = figures[f"{what} {label}"]
            verdict = "" if what == "preview" else (" within budget" if seconds < BUDGET * base else " OVER BUDGET")
            sys.stdout.write(f"  {what:18} {seconds:6.2f} s  ratio {seconds / base:5.2f}{verdict}\n")


if __name__ == "__main__":
    main()
