"""docs/middleware.md: its code runs, and its tables say what is there."""

import re
import time
from pathlib import Path
from typing import Any

from headgate.middleware import core
from headgate.middleware.asgi import Middleware
from headgate.middleware.comparison import Snapshot, figures
from headgate.middleware.metrics import Metrics
from headgate.middleware.quantiles import EDGES_MS, of

PAGE = (Path(__file__).parents[4] / "docs/middleware.md").read_text()


def test_the_code_runs() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 4
    scrapes = []
    for version in ("2026.01.28", "2026.02.11"):
        metrics = Metrics([version])
        then, at = metrics.exposition()[1].decode(), time.time()
        metrics.began(version)
        metrics.ended(version, "2xx", False, 0.1)
        scrapes.append([(then, at, metrics.exposition()[1].decode(), at + 60)])
    names: dict[str, Any] = {"app": None, "live_scrapes": scrapes[0], "candidate_scrapes": scrapes[1]}
    for block in blocks:
        names["scope"] = {"headgate.recorder": Metrics(["1"]).recorder("1")}
        exec(block, names)
        assert isinstance(names["app"], Middleware)
    assert names["differences"]["p95_ms"] == 0


def test_the_table_lists_every_metric_that_is_exposed() -> None:
    exposed = Metrics(["1"]).exposition()[1].decode()
    families = {line.split()[2] for line in exposed.splitlines() if line.startswith("# TYPE")}
    ours = {name for name in families if name.startswith("headgate_") and not name.endswith("_created")}
    assert ours == set(re.findall(r"^\| `(headgate_\w+)`", PAGE, re.MULTILINE))


def test_the_edges_are_those_in_use() -> None:
    listed = re.search(r"^Edges, in milliseconds: (.*?)\. Every", PAGE, re.MULTILINE | re.DOTALL)
    assert listed is not None
    assert tuple(float(edge) for edge in re.findall(r"[\d.]+", listed[1])) == EDGES_MS


def test_the_names_are_those_in_use() -> None:
    for name in (core.VERSION_HEADER, core.TIME_HEADER, core.ASSIGNMENT_KEY, core.RECORDER_KEY):
        assert name in PAGE
    for name in figures(Snapshot("1", None, {}, 0, of([]))):
        assert f"`{name}`" in PAGE
