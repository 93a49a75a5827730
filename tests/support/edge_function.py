"""Runs the function of the edge under Node."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "tests" / "vectors"
SOURCE = ROOT / "components" / "aws" / "edge_function" / "cohort.js"


def run(source: str, **asked: Any) -> dict[str, Any]:
    """What tests/vectors/assignment.js says of `asked`; skips the test where there is no Node."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("NOT PROVED HERE: `node` is not on PATH, so the JavaScript side of the vectors was not run")
    ran = subprocess.run(
        [node, str(VECTORS / "assignment.js"), source],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return dict(json.loads(ran.stdout))
