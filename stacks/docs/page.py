"""The page. What a key may be is what the reader says it expects; a default is what it makes of a file without."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from headgate import duration, limits, settings
from headgate.gates import registry
from headgate.limits import METRICS
from headgate.presets import PRESETS
from headgate.settings import Settings, SettingsError
from stacks.docs import sources
from stacks.docs.keys import DURING, ENTRIES, Entry

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/configuration.md"
FILE = "stacks/Pulumi.<stack>.yaml"

_HEAD = """\
<!-- Made by `python -m stacks.docs --write`; do not edit. -->
# Configuration

A stack's configuration is `stacks/Pulumi.<system>-<environment>.yaml`. It says everything: what is deployed, the whole
rollout, and the step the rollout is at. `pulumi config set step green-10` changes that one line;
`pulumi config set --path 'database.multi_az' true` changes a value inside a key.

Everything that is wrong is said at once, each problem with file and path, before anything is registered. A key that is
not in this page is an error. Quote versions (`"2026.02"`), for YAML takes them for numbers otherwise. Durations are
written `30s`, `5m`, `72h`, `7d` or `1h30m`.

Besides these, `aws:region` must be set.
"""

_LIMITS = """\
## Limits

`headgate:plan.limits` bounds metrics. `hold`: a reading that reaches it never lets the rollout advance. `rollback`: so
many `readings` in a row beyond it end the rollout. What is written beside `preset` replaces single fields of it:

```yaml
limits: {preset: greenflow, error_rate: {hold: 0.5%, rollback: 1%, readings: 3}, min_requests: 100}
```

Limits are read and checked already; nothing judges by them yet.
"""

# The least that can be read: every key without a default.
_MINIMAL: Mapping[str, Any] = {
    "system": "greenflow",
    "environment": "production",
    "owner": "team",
    "domain": "api.example.com",
    "release": {"live": {"version": "1", "slot": "blue", "image": "x"}},
    "plan": {"steps": [{"name": "all", "weight": 100, "bake": "1m"}]},
    "capacity": {"tasks": 1, "minimum_tasks": 1, "maximum_tasks": 1},
    "network": {"cidr": "10.20.0.0/16", "availability_zones": ["a", "b", "c"]},
    "database": {"instance_class": "db.m7g.large", "allocated_storage": 20},
    "cache": {"node_type": "cache.r7g.large"},
}
_WRONG = -1.5  # no key may be that


def page() -> str:
    """The whole page, as Markdown."""
    return "\n".join([_HEAD, *_keys(), *_gates(), _LIMITS, *_metrics(), *_presets()])


def declared() -> dict[str, Mapping[str, Any]]:
    """What Pulumi.yaml declares of our keys, by name without prefix."""
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
    return {key.removeprefix("headgate:"): schema for key, schema in project["config"].items()}


def form(path: str) -> str:
    """What the reader expects at `path` (`plan.steps[].bake`), in its own words."""
    raw = copy.deepcopy(dict(_MINIMAL))
    _put(raw, path, _WRONG)
    try:
        settings.parse(raw, FILE, registry.KNOWN)
    except SettingsError as error:
        where = f"{FILE}: headgate:{path.replace('[]', '[0]')}"
        found = [problem for problem in error.problems if problem.where == where]
        if found and found[0].found != "an unknown key":
            return found[0].expected
    raise ValueError(f"headgate:{path} is not a key that is read")


def default(path: str) -> str:
    """What is taken when `path` is left out; empty when that is nothing."""
    found: Any = asdict(parsed_minimal())
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    if found is None or found == ():
        return ""
    if isinstance(found, bool):
        return str(found).lower()
    return duration.show(found) if form(path).startswith(duration.EXPECTED) else str(found)


def parsed_minimal() -> Settings:
    """The settings that the least possible configuration leads to: every default there is."""
    return settings.parse(dict(_MINIMAL), FILE, registry.KNOWN)


def _written(path: str) -> bool:
    """Whether the least possible configuration must have `path`."""
    place: Any = _MINIMAL
    for part in path.replace("[]", ".0").split("."):
        if isinstance(place, list):
            place = place[0]
        elif part in place:
            place = place[part]
        else:
            return False
    return True


def _put(raw: Any, path: str, value: object) -> None:
    *parents, last = path.replace("[]", ".0").split(".")
    for part in parents:
        raw = raw[0] if isinstance(raw, list) else raw.setdefault(part, {})
    if isinstance(raw, list):
        raw[:] = [value]
    else:
        raw[last] = value


def _keys() -> Iterator[str]:
    schemas = declared()
    plain = [entry for entry in ENTRIES if "." not in entry.path]
    yield "## Keys\n"
    yield "| key | | default | during a rollout | |\n|---|---|---|---|---|"
    for entry in plain:
        meaning = entry.meaning or schemas[entry.path]["description"]
        kind = f"[see below](#headgate{entry.path})" if _is_object(entry.path) else entry.form or form(entry.path)
        yield _row(entry, kind, meaning)
    yield ""
    for entry in plain:
        if _is_object(entry.path):
            yield f"### headgate:{entry.path}\n"
            yield schemas[entry.path]["description"] + "\n"
            yield "| key | | default | during a rollout | |\n|---|---|---|---|---|"
            for inner in ENTRIES:
                if inner.path.startswith(f"{entry.path}."):
                    yield _row(inner, inner.form or form(inner.path), inner.meaning)
            yield ""
    yield "*During a rollout* is what the [rollout rules](policies.md#rollout) make of a change to the key:\n"
    yield from (f"- **{kind}**: {meaning}" for kind, meaning in DURING.items())
    yield ""


def _is_object(path: str) -> bool:
    return any(entry.path.startswith(f"{path}.") for entry in ENTRIES)


def _row(entry: Entry, kind: str, meaning: str) -> str:
    during = f"{entry.during} ({entry.rule})" if entry.rule else str(entry.during)
    return f"| `{entry.path}` | {kind} | {entry.default or _default_cell(entry.path)} | {during} | {meaning} |"


def _default_cell(path: str) -> str:
    if "<" in path or _is_object(path):
        return ""
    if _written(path):
        return "required"
    shown = default(path)
    return f"`{shown}`" if shown else ""


def _gates() -> Iterator[str]:
    yield "## Gates\n"
    yield "What must be true before the step that names them is left. Inconclusive is not passed.\n"
    yield "| gate | passes when |\n|---|---|"
    for name, gate in sorted(registry.KNOWN.items()):
        yield f"| `{name}` | {gate.summary} |"
    yield ""


def _metrics() -> Iterator[str]:
    yield "| metric | | worse is | |\n|---|---|---|---|"
    for name, metric in METRICS.items():
        yield f"| `{name}` | {metric.unit.expected} | {'more' if metric.upper else 'less'} | {metric.meaning} |"
    yield ""


def _presets() -> Iterator[str]:
    comments = sources.of_presets()
    yield "### Presets\n"
    yield "The last column names the requirements that the figures come from, as `headgate/presets.py` does.\n"
    for name in PRESETS:
        parsed, _ = limits.parse({"preset": name}, "preset")
        assert parsed is not None  # noqa: S101 - the tests of limits read every preset
        about = comments.get((name,), "")
        yield f"#### {name}\n"
        yield (
            f"At least {parsed.min_requests} requests in a window, a reading every {duration.show(parsed.interval)}. "
            f"{about}".strip()
            + "\n"
        )
        yield "| metric | hold | rollback | readings | from |\n|---|---|---|---|---|"
        for limit in parsed.bounds:
            bounds = (limit.hold, limit.rollback)
            hold, rollback = ("" if bound is None else limits.show(limit.metric, bound) for bound in bounds)
            origin = _origin(comments, (name, limit.metric))
            yield f"| `{limit.metric}` | {hold} | {rollback} | {limit.readings} | {origin} |"
        yield ""


def _origin(comments: Mapping[tuple[str, ...], str], path: tuple[str, ...]) -> str:
    """The comments of a metric: its own first, then those of its bounds."""
    parts = [comments.get(path, "")]
    parts += [f"{found[-1]}: {text}" for found, text in comments.items() if found[:-1] == path]
    return "; ".join(part.rstrip(".") for part in parts if part)
