"""What `pulumi preview` and a second `pulumi up` of GreenFlow take, as ratios to `pulumi preview` of an empty program.

    python -m tests.bench.bench_engine [rounds]

All run by turns in one session on this machine, with the same engine, policy pack and emulated cloud; the least of each
counts. Ratios, because seconds say more about the machine than about the program; of processor seconds too, because
what else the machine does hardly changes them.
"""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sandbox.manager.environment import cloud_variables
from sandbox.plugins.install import install_plugins
from tests.bench.interleave import Cost, interleaved
from tests.support.engine import Project, Run, base_environment
from toolchain import ensure

ROUNDS = 5
STACK = "greenflow-production"
BUDGET = 2.0  # an update without a change must take less than twice an empty preview
EMPTY = "preview of an empty program"


@dataclass(frozen=True)
class Figures:
    """Least costs by what was run, with the pack and without, and the number of resources."""

    with_pack: dict[str, Cost]
    without: dict[str, Cost]
    resources: int


def measure(home: Path, url: str, rounds: int) -> Figures:
    """Runs everything `rounds` times by turns. Raises AssertionError when a command fails."""
    environ = {
        **base_environment(home, ensure().bin, Path(sys.prefix)),
        **cloud_variables(url),
        "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
    }
    install_plugins(home / "pulumi")
    backend = home / "empty"
    backend.mkdir()
    empty = Project.copy(home / "program", STACK, {**environ, "PULUMI_BACKEND_URL": f"file://{backend}"}, "")
    project = Project.copy(home / "greenflow", STACK, environ)
    project.up()
    bare, bare_empty = replace(project, policy_pack=False), replace(empty, policy_pack=False)

    best = interleaved(
        {
            f"with {EMPTY}": partial(empty.preview, check=True),
            "with preview": partial(project.preview, check=True),
            "with up --skip-preview": partial(_unchanged, project, "--skip-preview"),
            "with up": partial(_unchanged, project),
            f"without {EMPTY}": partial(bare_empty.preview, check=True),
            "without preview": partial(bare.preview, check=True),
            "without up --skip-preview": partial(_unchanged, bare, "--skip-preview"),
        },
        rounds,
    )
    by: dict[str, dict[str, Cost]] = {"with": {}, "without": {}}
    for label, cost in best.items():
        pack, _, what = label.partition(" ")
        by[pack][what] = cost
    declared = [urn for urn in project.urns() if "::pulumi:providers:aws::default" not in urn]
    return Figures(by["with"], by["without"], len(declared))


def _unchanged(project: Project, *options: str) -> Run:
    return project.up("--expect-no-changes", *options)


def report(figures: Figures, rounds: int) -> str:
    """A line for each command."""
    lines = [f"{STACK}: {figures.resources} resources; the least of {rounds} runs each, by turns"]
    for label, costs in (("with the pack", figures.with_pack), ("without the pack", figures.without)):
        base = costs[EMPTY]
        lines.append(f"{label}: {EMPTY} {base.seconds:.2f} s, {base.processor:.2f} s of processors")
        for what, cost in costs.items():
            if what == EMPTY:
                continue
            ratio = cost.seconds / base.seconds
            verdict = "" if what == "preview" else "  within budget" if ratio < BUDGET else "  OVER BUDGET"
            lines.append(
                f"  {what:18} {cost.seconds:6.2f} s  ratio {ratio:5.2f}   processors {cost.processor:6.2f} s  "
                f"ratio {cost.processor / base.processor:5.2f}{verdict}"
            )
    return "\n".join(lines) + "\n"


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="headgate-bench-") as folder:
        home = Path(folder)
        ready = home / "ready.json"
        server = subprocess.Popen(
            [sys.executable, "-m", "sandbox.aws.server", "--ready-file", str(ready), "--lifetime", "3600"]
        )
        try:
            while not ready.exists():
                time.sleep(0.05)
            figures = measure(home, json.loads(ready.read_text())["url"], rounds)
        finally:
            server.terminate()
            server.wait(timeout=30)
    sys.stdout.write(report(figures, rounds))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
