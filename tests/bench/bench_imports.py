"""What it takes to import each program, as a ratio to `import pulumi`, and which SDK packages cost it.

Run: python -m tests.bench.bench_imports. Fresh interpreters, by turns; seconds are of processors, so that what else the
machine does hardly counts. tests/unit/stacks/test_imports.py holds the programs to the packages in use.
"""

import re
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path

from tests.bench.interleave import interleaved

ROOT = Path(__file__).resolve().parents[2]
RUNS = 5
SYSTEMS = ("stacks.ion", "stacks.greenflow")
MODULES = ("pulumi", "stacks.systems", *SYSTEMS)
LAZILY = "from stacks import lazy_sdk; lazy_sdk.install();"
DEAREST = 8
_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")


def load(module: str, *options: str) -> str:
    """What a fresh interpreter says to standard error while it imports `module` as the program does."""
    code = f"import gc; gc.disable(); {LAZILY if module in SYSTEMS else ''} import {module}"
    command = [sys.executable, *options, "-c", code]
    return subprocess.run(command, cwd=ROOT, check=True, stderr=subprocess.PIPE, text=True).stderr


def packages(module: str) -> Counter[str]:
    """Microseconds in the modules of each package of a cloud's SDK; measuring makes them slower by a third."""
    spent: Counter[str] = Counter()
    for own, name in _LINE.findall(load(module, "-X", "importtime")):
        if name.startswith(("pulumi_aws", "pulumi_gcp")):
            spent[".".join(name.split(".")[:2])] += int(own)
    return spent


def report() -> str:
    """The measured imports, a line each."""
    best = interleaved({"nothing": partial(load, "sys"), **{each: partial(load, each) for each in MODULES}}, RUNS)
    start, base = best["nothing"].processor, best["pulumi"].processor - best["nothing"].processor
    lines = [f"starting Python {start:.2f} s; after it, the least of {RUNS} runs:"]
    for module in MODULES:
        seconds = best[module].processor - start
        lines.append(f"  import {module:18} {seconds:5.2f} s   ratio {seconds / base:5.2f}")
    for module in SYSTEMS:
        spent = packages(module)
        shares = (f"{name} {100 * own / spent.total():.0f} %" for name, own in spent.most_common(DEAREST))
        lines.append(f"the SDK's part of {module}: {', '.join(shares)}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(report())
