"""What `headgate preview` prints: the picture, the resources, what holds the update."""

import json
from io import StringIO

import pytest
from rich.console import Console

from headgate.cli.preview_json import to_json
from headgate.cli.preview_text import markdown, show
from headgate.engine import Run
from headgate.lifecycle.preview import Preview, judge
from tests.support.preview_samples import FOLDER, recorded, sample

SAMPLES = sorted(path.stem for path in FOLDER.glob("*.jsonl"))


def found(name: str) -> Preview:
    said, before = sample(name), recorded(name)
    code = 0 if '"result":"succeeded"' in said else 1
    now = before["proposed"]["enteredAt"] + 10 if before else 0
    return judge("greenflow-staging", Run(code, said, ""), before, now=now)


def text(name: str) -> str:
    return show(found(name), Console(width=100, file=StringIO(), force_terminal=False))


def test_a_step_forward() -> None:
    lines = text("greenflow-advance").splitlines()
    assert lines[0] == "greenflow-staging: one step forward, green-10 -> green-50 (step 3 of 4)"
    full, left = "█", "░"
    assert lines[1] == f"  blue 2026.01.28 live         90 % {full * 18}{left * 2}  ->   50 % {full * 10}{left * 10}"
    assert lines[2] == f"  green 2026.02.11 candidate   10 % {full * 2}{left * 18}  ->   50 % {full * 10}{left * 10}"
    assert "3 resources would change: 3 updated" in lines
    assert "  ~  service-green     Service  desiredCount" in lines
    assert "step green-10: 20s of the bake are left (of 30s)" in lines
    assert "gate readiness: passed" in lines
    assert lines[-1] == "✓ nothing holds this update"


def test_what_holds_it_says_must_found_and_do() -> None:
    printed = text("greenflow-replaced")
    assert "✗ held by R-16, R-19, R-26" in printed
    assert "  R-19 data-tier-no-delete-or-replace (the preview)\n    must  What holds data" in printed
    assert "    found database-primary (Instance) would be replaced, because of id.\n    do    Take" in printed


def test_a_preview_that_stopped_does_not_say_that_nothing_changes() -> None:
    printed = text("greenflow-retired-early")
    assert "the preview stopped before it came to the resources of the cloud" in printed
    assert "(the policy pack and the guard, rollout)" in printed
    assert "cannot be deleted" in text("greenflow-production-advance-deleted")


def test_a_failed_preview() -> None:
    failed = judge("x", Run(1, "", "error: no stack named 'x' found"), None, now=0)
    printed = show(failed, Console(width=80, file=StringIO()))
    assert "x: what the update would do to the rollout is not known" in printed
    assert "the preview failed: no stack named 'x' found" in printed


def test_ascii_where_the_output_carries_no_more() -> None:
    class Old(StringIO):
        encoding = "ascii"  # type: ignore[assignment]

    show(found("greenflow-replaced"), Console(width=100, file=Old())).encode("ascii")


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_can_be_printed(name: str) -> None:
    preview = found(name)
    read = json.loads(json.dumps(to_json(preview)))
    assert read["clean"] is preview.clean
    assert len(read["held"]) == len(preview.held)
    page = markdown(preview)
    assert page.startswith("### greenflow-staging: ")
    assert page.count("```") % 2 == 0
    assert text(name)


def test_json() -> None:
    read = to_json(found("greenflow-advance-alarm"))
    assert (read["move"], read["before"]["step"], read["after"]["number"], read["after"]["of"]) == (
        "advance", "green-10", 3, 4,
    )  # fmt: skip
    assert read["after"]["split"] == {"blue": 50, "green": 50}
    assert {each["name"] for each in read["changes"]} >= {"balancer-traffic", "alarms-green-error-rate-rollback"}
    assert [each["rule"] for each in read["held"]] == ["R-22 rollback-path-intact", "R-23 gate-alarms-not-weakened"]
    assert read["held"][0]["judges"] == ["preview"]
    assert read["bake"] == {"seconds": 30, "elapsed": 10, "left": 20}


def test_markdown_reads_on_its_own_and_quotes_nothing_as_markup() -> None:
    page = markdown(found("greenflow-advance-alarm"))
    assert "**held by R-22, R-23**. 4 resources would change" in page
    assert "- **R-23 gate-alarms-not-weakened** (the preview)" in page
    assert "  - found: alarms-green-error-rate-rollback (MetricAlarm): threshold 0.01 -> 0.2." in page
    assert "<details><summary>Resources</summary>" in page
