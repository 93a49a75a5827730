"""The page. What a key may be is what the reader says it expects; a default is what it makes of a file without."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import yaml

from headgate import duration, limits
from headgate.gates import Where, registry
from headgate.limits import METRICS
from headgate.presets import PRESETS
from headgate.settings import SettingsError
from headgate.systems import SYSTEMS
from stacks import configuration
from stacks.configuration import Configuration
from stacks.docs import evidence, sources
from stacks.docs.entry import DURING, Entry
from stacks.docs.keys import COMMON, OWN

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
not in this page, or belongs to another system, is an error. Quote versions (`"2026.02"`), for YAML takes them for
numbers otherwise. Durations are written `30s`, `5m`, `72h`, `7d` or `1h30m`; times are UTC.

Besides these, GreenFlow's stacks need `aws:region`, and ION's need `gcp:project` and `gcp:region`.
"""

_SLOTS = """\
## Slots

A slot is where a version runs. GreenFlow has two, `blue` and `green`, which versions take in turn: the candidate takes
the one that the live version leaves free. In ION every version has a slot of its own, its revision, which never changes
afterwards. Its name is derived, `<stack>-` and the first 12 hex digits of the image's digest; leave `slot` out. Another
name, which then must begin with `<stack>-`, is needed only to run an image a second time with other settings.
"""

_LIMITS = """\
## Limits

`headgate:plan.limits` bounds metrics. `hold`: a reading that reaches it never lets the rollout advance. `rollback`: so
many `readings` in a row beyond it end the rollout. What is written beside `preset` replaces single fields of it:

```yaml
limits: {preset: greenflow, error_rate: {hold: 0.5%, rollback: 1%, readings: 3}, min_requests: 100}
```

Limits are read and checked, and ION's alerts are made from them. No gate judges by them yet.
"""

_TITLES = {"greenflow": "GreenFlow", "ion": "ION"}
_DIGEST = f"x@sha256:{'0' * 64}"

# The least that can be read, by system: every key without a default.
_LEAST: Mapping[str, Any] = {
    "environment": "production",
    "owner": "team",
    "domain": "api.example.com",
    "plan": {"steps": [{"name": "all", "weight": 100, "bake": "1m"}]},
}
_TOLD: Mapping[str, Any] = {"<name>": {"kind": "email", "address": "a@example.com"}}
_MINIMAL: Mapping[str, Mapping[str, Any]] = {
    "greenflow": {
        **_LEAST,
        "system": "greenflow",
        "release": {"live": {"version": "1", "slot": "blue", "image": "x"}},
        "capacity": {"tasks": 1, "minimum_tasks": 1, "maximum_tasks": 1},
        "network": {"cidr": "10.20.0.0/16", "availability_zones": ["a", "b", "c"]},
        "database": {"instance_class": "db.m7g.large", "allocated_storage": 20},
        "cache": {"node_type": "cache.r7g.large"},
        "notifications": _TOLD,
    },
    "ion": {
        **_LEAST,
        "system": "ion",
        "release": {"live": {"version": "1", "image": _DIGEST}},
        "capacity": {"minimum_tasks": 1, "maximum_tasks": 1},
        "service": {"health_path": "/health"},
        "notifications": _TOLD,
        "front_door": {"public": False},
    },
}
_WRONG = -1.5  # no key may be that


def page() -> str:
    """The whole page, as Markdown."""
    return "\n".join([_HEAD, *_keys(), _SLOTS, *_gates(), _LIMITS, *_metrics(), *_presets()])


def declared() -> dict[str, str]:
    """What Pulumi.yaml says of our keys, by name without prefix."""
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
    return {key.removeprefix("headgate:"): schema["description"] for key, schema in project["config"].items()}


def form(path: str, system: str) -> str:
    """What the reader expects of a stack of `system` at `path` (`plan.steps[].bake`), in its own words."""
    raw = copy.deepcopy(dict(_MINIMAL[system]))
    named = path.replace("<NAME>", "NAME")
    _put(raw, named, _WRONG)
    try:
        configuration.parse(raw, FILE, registry.KNOWN)
    except SettingsError as error:
        where = f"{FILE}: headgate:{named.replace('[]', '[0]')}"
        found = [problem for problem in error.problems if problem.where == where]
        if found and found[0].found != "an unknown key":
            return found[0].expected
    raise ValueError(f"headgate:{path} is not a key that is read for {system}")


def default(path: str, system: str) -> str:
    """What is taken when `path` is left out; empty when that is nothing."""
    read = parsed_minimal(system)
    found: Any = {**_plain(read.settings), **_plain(read.details)}
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    if found is None or found == ():
        return ""
    if isinstance(found, bool):
        return str(found).lower()
    is_duration = "duration" in form(path, system)
    return duration.show(found) if is_duration else str(found)


def _plain(value: Any) -> Any:
    """Dataclasses and mappings as dictionaries, all the way down."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return value


def parsed_minimal(system: str) -> Configuration:
    """What the least possible configuration of `system` leads to: every default there is."""
    return configuration.parse(dict(_MINIMAL[system]), FILE, registry.KNOWN)


def _written(path: str, system: str) -> bool:
    """Whether the least possible configuration must have `path`."""
    place: Any = _MINIMAL[system]
    for part in _parts(path):
        if isinstance(place, list):
            place = place[0]
        elif part in place:
            place = place[part]
        else:
            return False
    return True


def _parts(path: str) -> list[str]:
    """Keys of `path`, with an empty one for each list on the way."""
    return path.replace("[]", ".").split(".") if not path.endswith("[]") else _parts(path[:-2])


def _put(raw: dict[str, Any], path: str, value: object) -> None:
    """Sets `path` in `raw`, making what is not there yet; a list has one item."""
    *parents, last = path.split(".")
    place = raw
    for part in parents:
        if part.endswith("[]"):
            listed = place.setdefault(part[:-2], [{}])
            place = listed[0]
        else:
            place = place.setdefault(part, {})
    place[last] = value


_TABLE = "| key | | default | during a rollout | |\n|---|---|---|---|---|"


def _keys() -> Iterator[str]:
    yield "## Keys of every stack\n"
    yield from _table_and_sections(COMMON, tuple(SYSTEMS))
    for system, own in OWN.items():
        yield f"## Keys of {_TITLES[system]}\n"
        yield from _table_and_sections(own, (system,))
    yield "## During a rollout\n"
    yield "What the [rollout rules](policies.md#rollout) make of a change to a key, as the tables above say it:\n"
    yield from (f"- **{kind}**: {meaning}" for kind, meaning in DURING.items())
    yield ""


def _table_and_sections(entries: Sequence[Entry], systems: Sequence[str]) -> Iterator[str]:
    """A table of the top-level keys, then one for what is inside each of them."""
    plain = [entry for entry in entries if "." not in entry.path]
    yield _TABLE
    for entry in plain:
        inside = _is_object(entry.path, entries)
        kind = f"[see below](#{_anchor(_heading(entry.path, systems))})" if inside else _form_cell(entry, systems)
        yield _row(entry, kind, "" if inside else _default_cell(entry, systems))
    yield ""
    for entry in plain:
        if _is_object(entry.path, entries):
            yield f"### {_heading(entry.path, systems)}\n"
            yield _meaning(entry) + "\n"
            yield _TABLE
            for inner in entries:
                if inner.path.startswith(f"{entry.path}."):
                    yield _row(inner, _form_cell(inner, systems), _default_cell(inner, systems))
            yield ""


def _heading(path: str, systems: Sequence[str]) -> str:
    """What heads the keys inside `path`: with the system where several have keys of that name."""
    having = [system for system, own in OWN.items() if any(entry.path == path for entry in own)]
    return f"headgate:{path}" + (f" of {_TITLES[systems[0]]}" if len(having) > 1 else "")


def _anchor(heading: str) -> str:
    return heading.lower().replace(":", "").replace(" ", "-")


def _is_object(path: str, entries: Sequence[Entry]) -> bool:
    return any(entry.path.startswith(f"{path}.") for entry in entries)


def _meaning(entry: Entry) -> str:
    said = entry.meaning or declared()[entry.path]
    return f"{_TITLES[entry.system]}: {said}" if entry.system else said


def _row(entry: Entry, kind: str, default_value: str) -> str:
    during = f"{entry.during} ({entry.rule})" if entry.rule else str(entry.during)
    return f"| `{entry.path}` | {kind} | {default_value} | {during} | {_meaning(entry)} |"


def _form_cell(entry: Entry, systems: Sequence[str]) -> str:
    if entry.form:
        return entry.form
    return _of_each({system: form(entry.path, system) for system in _having(entry, systems)})


def _default_cell(entry: Entry, systems: Sequence[str]) -> str:
    if entry.default:
        return entry.default
    return _of_each({system: _default_of(entry.path, system) for system in _having(entry, systems)})


def _default_of(path: str, system: str) -> str:
    if _written(path, system) or "[]" in path:
        optional = path.endswith(("gates", "days"))
        return "" if optional else "required"
    shown = default(path, system)
    return f"`{shown}`" if shown else ""


def _having(entry: Entry, systems: Sequence[str]) -> Sequence[str]:
    return (entry.system,) if entry.system else systems


def _of_each(said: Mapping[str, str]) -> str:
    """What is said of all systems, once where they agree."""
    if len(set(said.values())) == 1:
        return next(iter(said.values()))
    return "; ".join(f"{_TITLES[system]}: {text}" for system, text in said.items() if text)


def _gates() -> Iterator[str]:
    yield "## Gates\n"
    yield "What must be true before the step that names them is left. Inconclusive is not passed.\n"
    yield "| gate | passes when | runs |\n|---|---|---|"
    for name, gate in sorted(registry.KNOWN.items()):
        yield f"| `{name}` | {gate.summary} | {gate.where} |"
    for name, summary in registry.FAMILIES.items():
        yield f"| `{name}` | {summary} | {Where.BEFOREHAND} |"
    yield ""
    yield evidence.TEXT


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
