"""The stack file changed in its text: comments stay, and what cannot be done is refused."""

from pathlib import Path

import pytest
import yaml

from headgate.engine.by_hand import ByHandError, written

STACKS = sorted((Path(__file__).parents[4] / "stacks").glob("Pulumi.*.yaml"))
DURING = """\
# who answers for it
encryptionsalt: v1:x
config:
  aws:region: us-east-1
  headgate:release:
    # what users get
    live: {version: "1", slot: blue, image: a} # since January
    candidate:
      version: "2"
      slot: green
      image: b
  headgate:step: green-10 # the line a phase changes
  headgate:token: {secure: v1:abc}
"""
PROMOTED = """\
config:
  headgate:step: "idle"
  headgate:release:
    standby: {version: "1", slot: blue, image: a} # since January
    # the new one
    live:
      version: "2"
"""


def test_the_step_and_nothing_else() -> None:
    assert written(DURING, {"headgate:step": "idle"}) == DURING.replace("step: green-10", "step: idle")


def test_a_promotion_backwards_renames_two_keys() -> None:
    release = yaml.safe_load(PROMOTED)["config"]["headgate:release"]
    back = {"live": release["standby"], "candidate": release["live"]}
    changed = written(PROMOTED, {"headgate:release": back})
    assert changed == PROMOTED.replace("live:", "candidate:").replace("standby:", "live:")
    assert yaml.safe_load(changed)["config"]["headgate:release"] == back


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.stem)
def test_every_stack_file_there_is(path: Path) -> None:
    text = path.read_text()
    away = written(text, {"headgate:step": "no"})
    assert 'headgate:step: "no"' in away
    assert written(away, {"headgate:step": "idle"}).replace('"', "") == text.replace('"', "")


def test_nothing_to_do() -> None:
    assert written(DURING, {}) == DURING


@pytest.mark.parametrize(
    ("text", "values", "why"),
    [
        ("a: [", {}, "no YAML"),
        ("", {"headgate:step": "idle"}, "headgate:step is not there"),
        ("config: 3", {"headgate:step": "idle"}, "headgate:step is not there"),
        (DURING, {"headgate:plan": {}}, "headgate:plan is not ours"),
        (DURING, {"headgate:release": {"live": {"version": "1"}}}, "the parts of headgate:release are others"),
        (DURING, {"headgate:release": {"live": {}, "candidate": {}}}, "live is not among the versions"),
        ("config: {headgate:step: [1]}", {"headgate:step": "idle"}, "no plain value"),
    ],
)
def test_what_cannot_be_done(text: str, values: dict[str, object], why: str) -> None:
    with pytest.raises(ByHandError, match=why):
        written(text, values)
