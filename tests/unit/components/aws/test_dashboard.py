"""The dashboard: live beside candidate, trends, alarms and events."""

import json
import re
from typing import Any

import pytest

from components._common import Slot
from components.aws.dashboard import ServiceDashboard
from components.aws.dashboard_layout import COLUMNS, MARKS
from headgate import limits as limit_rules
from headgate.limits import parse
from tests.contract.rows import WATCHED
from tests.support.drive import drive
from tests.support.mocks import UNKNOWN

SERVICE = "greenflow-production"
BOARD = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:"
_PARSED, _ = parse({"preset": "greenflow"}, "limits")
assert _PARSED is not None
ARGS: dict[str, Any] = {
    "physical_name": SERVICE,
    "region": "us-east-1",
    "live": Slot.BLUE,
    "limits": limit_rules.to_dict(_PARSED),
    **WATCHED,
    "database_identifier": SERVICE,
    "log_namespace": f"headgate/{SERVICE}",
    "log_group_names": {"blue": "/headgate/it/blue", "green": "/headgate/it/green"},
    "alarm_arns": {"blue-cpu-hold": f"{BOARD}b", "database-cpu": f"{BOARD}d"},
    "composite_arns": {"blue-hold": f"{BOARD}blue-hold", "blue-rollback": f"{BOARD}blue-rollback"},
}


def board(**more: Any) -> dict[str, Any]:
    args: Any = {**ARGS, **more}
    made = drive(lambda: ServiceDashboard("board", args)).one("Dashboard")
    body: dict[str, Any] = json.loads(made.inputs["dashboardBody"])
    return body


def titled(body: dict[str, Any], title: str) -> dict[str, Any]:
    (found,) = [each for each in body["widgets"] if each["properties"].get("title", "").startswith(title)]
    properties: dict[str, Any] = found["properties"]
    return properties


def texts(body: dict[str, Any]) -> str:
    return "\n".join(each["properties"]["markdown"] for each in body["widgets"] if each["type"] == "text")


def test_the_candidate_stands_beside_the_live_version() -> None:
    body = board(live=Slot.GREEN, candidate=Slot.BLUE)
    for what in ("requests", "errors, %", "P95, ms"):
        live, candidate = titled(body, f"Live (green): {what}"), titled(body, f"Candidate (blue): {what}")
        assert live["period"] == candidate["period"] == 300
        assert "targetgroup/greenflow-prd-green/6a7b8c" in json.dumps(live["metrics"])
        assert "targetgroup/greenflow-prd-blue/6a7b8c" in json.dumps(candidate["metrics"])
    assert titled(body, "Live (green): errors")["title"].endswith("(hold 0.5%, rollback 1%)")


def test_outside_a_rollout_there_is_no_candidate() -> None:
    body = board()
    assert texts(body).count("No rollout is under way.") == 3
    assert not [each for each in body["widgets"] if each["properties"].get("title", "").startswith("Candidate")]


@pytest.mark.parametrize("candidate", [None, Slot.GREEN])
def test_widgets_fill_rows_and_do_not_overlap(candidate: Slot | None) -> None:
    body = board(**({} if candidate is None else {"candidate": candidate}))
    taken: set[tuple[int, int]] = set()
    for each in body["widgets"]:
        cells = {
            (x, y)
            for x in range(each["x"], each["x"] + each["width"])
            for y in range(each["y"], each["y"] + each["height"])
        }
        assert not cells & taken
        assert each["x"] + each["width"] <= COLUMNS
        taken |= cells
    bottom = max(y for _, y in taken)
    assert len(taken) == COLUMNS * (bottom + 1)


def test_lines_are_the_limits_of_the_plan() -> None:
    lines = titled(board(), "Error rate")["annotations"]["horizontal"]
    assert [(line["label"], line["value"], line["fill"]) for line in lines] == [
        ("error_rate hold", 0.5, "above"),
        ("error_rate rollback", 1.0, "above"),
    ]
    assert "annotations" not in titled(board(), "Throughput")


def test_expressions_name_ids_that_their_chart_has() -> None:
    for each in board(candidate=Slot.GREEN)["widgets"]:
        metrics = each["properties"].get("metrics", [])
        options = [metric[-1] for metric in metrics if isinstance(metric[-1], dict)]
        ids = [option["id"] for option in options if "id" in option]
        assert len(ids) == len(set(ids))
        for option in options:
            used = set(re.findall(r"\b[a-z][a-z0-9]*_\d+\b", option.get("expression", "")))
            assert used <= set(ids)
            assert used or "expression" not in option


def test_the_state_of_both_versions_and_every_alarm_is_shown() -> None:
    body = board()
    assert titled(body, "Each version against the plan")["alarms"] == [f"{BOARD}blue-hold", f"{BOARD}blue-rollback"]
    assert titled(body, "All alarms")["alarms"] == [f"{BOARD}b", f"{BOARD}d"]


def test_no_alarm_is_no_widget_that_cloudwatch_refuses() -> None:
    body = board(alarm_arns={}, composite_arns={})
    assert not [each for each in body["widgets"] if each["type"] == "alarm"]
    assert "The plan has no such limit." in texts(body)


def test_events_are_listed_newest_first_and_marked_in_every_trend() -> None:
    events = [
        {"at": "2026-02-11T14:00:00Z", "title": "green-10"},
        {"at": "2026-02-11T14:20:00Z", "title": "rollback to blue"},
    ]
    body = board(events=events)
    told = texts(body)
    assert told.index("rollback to blue") < told.index("green-10")
    for title in ("Error rate", "Latency", "Healthy tasks", "Database CPU"):
        marks = titled(body, title)["annotations"]["vertical"]
        assert marks == [{"label": each["title"], "value": each["at"]} for each in events]


def test_old_events_are_left_out() -> None:
    events = [{"at": f"2026-02-{day:02d}T14:00:00Z", "title": f"step {day}"} for day in range(1, 29)]
    told = texts(board(events=events))
    assert told.count("| 2026-") == MARKS
    assert "step 28" in told
    assert "step 8 " not in told


def test_the_same_parts_give_the_same_text() -> None:
    assert board() == board()


def test_only_what_the_cloud_names_keeps_a_preview_from_showing_it() -> None:
    known: Any = {**ARGS}
    previewed = drive(lambda: ServiceDashboard("board", known), preview=True).one("Dashboard")
    assert previewed.inputs["dashboardBody"] is not UNKNOWN


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"candidate": Slot.BLUE}, "another slot than `live`"),
        ({"live": "purple"}, "one of blue, green"),
        ({"limits": {}}, "limits"),
        ({"events": [{"at": "yesterday", "title": "x"}]}, "events"),
    ],
)
def test_what_makes_no_sense_is_refused(more: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        board(**more)
