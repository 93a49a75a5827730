"""Real previews of the engine, trimmed to what is read of them.

Each was printed by `PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true pulumi preview --json` on the emulators, with the
project's program and the change that its name tells. To add one:
`python -m tests.support.preview_samples NAME < preview.json`.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from headgate.changes import ROLLOUT
from headgate.traffic.kinds import KINDS

FOLDER = Path(__file__).resolve().parents[1] / "unit" / "headgate" / "samples"
MOST_STEPS = 40  # of the hundreds of a bootstrap
_KEPT = ("op", "urn", "type", "keys", "diffs", "detailedDiff")
_ROOT = "pulumi:pulumi:Stack"

Event = dict[str, Any]


def sample(name: str) -> str:
    """What the engine printed, trimmed."""
    return (FOLDER / f"{name}.jsonl").read_text()


def events(name: str) -> list[Event]:
    """The same, line by line."""
    return [json.loads(line) for line in sample(name).splitlines()]


def printed(listed: list[Event]) -> str:
    """Events as the engine prints them."""
    return "".join(json.dumps(each, separators=(",", ":")) + "\n" for each in listed)


def step_of(listed: list[Event], name: str, kind: str) -> Event:
    """The first step on the resource `name` whose type ends in `kind`; it may be changed in place."""
    for event in listed:
        step: Event = event.get("resourcePreEvent", {}).get("metadata", {})
        if step.get("urn", "").endswith(f"::{name}") and step["type"].endswith(f":{kind}") and step["op"] != "same":
            return step
    raise AssertionError(f"no step on {name} of type {kind}")


def recorded(name: str) -> dict[str, Any] | None:
    """The stack output `rollout` that the program found when the preview was made."""
    step = next(
        step
        for event in events(name)
        if (step := event.get("resourcePreEvent", {}).get("metadata", {})).get("type") == ROLLOUT
    )
    inputs: dict[str, Any] = step["new"]["inputs"]
    previous = inputs.get("previous")
    if step["op"] == "same":
        return inputs
    return previous and {"proposed": previous["state"], "plan": previous.get("plan") or inputs["plan"], "report": None}


def trimmed(output: str) -> Iterator[Event]:
    """The events that are read, without what they hold besides."""
    seen: Counter[str] = Counter()
    for line in output.splitlines():
        event = json.loads(line)
        step = event.get("resourcePreEvent", {}).get("metadata")
        if step is not None:
            if (step["op"] == "same" and step["type"] not in (ROLLOUT, _ROOT)) or seen.total() >= MOST_STEPS:
                continue
            seen[step["op"]] += 1
            kept = {key: step[key] for key in _KEPT if step.get(key)}
            states = {side: _state(step[side], step["type"]) for side in ("old", "new") if step.get(side)}
            yield {"resourcePreEvent": {"metadata": {**kept, **states}}}
        elif "policyEvent" in event:
            found = event["policyEvent"]
            yield {
                "policyEvent": {
                    key: found[key]
                    for key in ("policyName", "enforcementLevel", "message", "resourceUrn")
                    if key in found
                }
            }
        elif "diagnosticEvent" in event and event["diagnosticEvent"]["severity"] != "debug":
            yield {"diagnosticEvent": {key: each for key, each in event["diagnosticEvent"].items() if key != "color"}}
        elif "summaryEvent" in event:
            summary = event["summaryEvent"]
            packs = {key.partition("|")[0]: version for key, version in summary["PolicyPacks"].items()}
            counts = {op: min(count, seen[op]) or count for op, count in summary["resourceChanges"].items()}
            yield {"summaryEvent": {**summary, "PolicyPacks": packs, "resourceChanges": counts}}


def _state(state: Mapping[str, Any], kind: str) -> dict[str, Any]:
    kept = {key: state[key] for key in ("custom", "protect") if key in state}
    return {**kept, "inputs": state.get("inputs", {}) if kind in KINDS.roles else {}}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{sys.argv[1]}.jsonl").write_text(printed(list(trimmed(sys.stdin.read()))))


if __name__ == "__main__":
    main()
