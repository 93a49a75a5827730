"""What `python -m policies.figures` shows besides the rows: test cases, kill rate, and what the pack adds to a preview.

Run: python -m tests.bench.bench_pack [--engine]. Prints one JSON object.

`recorded_preview`: the program of greenflow-production under the recorder, then the same resources before the pack.
`engine_preview`: `pulumi preview` of it with and without the pack, in the sandbox's cloud.
"""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.bench.bench_policies import seconds
from tests.bench.interleave import interleaved
from tests.contract import mutants
from tests.support import aws_sdk as _aws_sdk  # noqa: F401
from tests.support import google_sdk as _google_sdk  # noqa: F401
from tests.support import stack_files
from tests.support.judged import everything
from tests.support.servicer import FixedSession, Pack
from tests.support.stack_program import Stack

STACK = "greenflow-production"
PREVIEWS = 5


def cases() -> int:
    """Inputs that the tables hold against the rules: as they should be, changed, missing, null and unknown."""
    from tests.unit.policies import test_rules

    return sum(
        1 + len(each.bad) + len(each.fine) + 2 * len(each.missing) + len(each.unknown) for each in test_rules.CASES
    )


def recorded_preview() -> dict[str, Any]:
    """Seconds of the program's preview, and of the pack over what it registered."""
    stack = Stack.of(STACK)
    settings = stack_files.configured(STACK).settings
    resources = everything(stack.preview(settings).recorded)
    judging = Pack("production", session=FixedSession(moment=stack.clock.time))
    program = seconds(lambda: stack.preview(settings))
    pack = seconds(lambda: judging.run(resources))
    return {"resources": len(resources), "preview": program, "pack": pack, "ratio": (program + pack) / program}


def engine_preview() -> dict[str, float]:
    """The fastest of `runs` previews each, without and with the pack, by turns; starting it is part of the latter.

    Seconds by the clock and their ratio; `processor`: the ratio of the seconds of processors.
    """
    from sandbox.manager.environment import cloud_variables
    from sandbox.plugins.install import install_plugins
    from tests.support.engine import Project, base_environment
    from toolchain import ensure

    with tempfile.TemporaryDirectory(prefix="headgate-bench-") as folder:
        home = Path(folder)
        ready = home / "ready.json"
        command = [sys.executable, "-m", "sandbox.aws.server", "--ready-file", str(ready), "--lifetime", "3600"]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            while not ready.exists():
                time.sleep(0.05)
            environ = {
                **base_environment(home, ensure().bin, Path(sys.prefix)),
                **cloud_variables(json.loads(ready.read_text())["url"]),
                "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
            }
            install_plugins(home / "pulumi")
            project = Project.copy(home / "program", STACK, environ)
            project.up()
            packed = replace(project, policy_pack=True)
            bare = replace(project, policy_pack=False)
            best = interleaved(
                {"without": lambda: bare.preview(check=True), "with": lambda: packed.preview(check=True)}, PREVIEWS
            )
        finally:
            server.terminate()
            server.wait(timeout=30)
    without, judged = best["without"], best["with"]
    return {
        "runs": PREVIEWS,
        "without": without.seconds,
        "with": judged.seconds,
        "ratio": judged.seconds / without.seconds,
        "processor": judged.processor / without.processor,
    }


def main(arguments: list[str]) -> None:
    found = {"cases": cases(), "kill_rate": mutants.rate(), "recorded_preview": recorded_preview()}
    if "--engine" in arguments:
        found["engine_preview"] = engine_preview()
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
