"""The dashboard: what R-B21 asks for, in the form the API takes, known before the update."""

import json
from typing import Any

import pytest

from components.gcp.dashboard import RolloutDashboard, RolloutDashboardArgs
from components.gcp.dashboard_layout import COLUMNS
from components.gcp.logs import changes, failed_requests
from headgate import limits as limit_rules
from headgate.limits import parse
from sandbox.google import discovery
from tests.support.drive import drive
from tests.support.mocks import Recorded

LIVE, CANDIDATE = "ion-production-111111111111", "ion-production-222222222222"
LIMITS, _ = parse({"preset": "ion"}, "limits")
assert LIMITS is not None
ARGS: RolloutDashboardArgs = {
    "physical_name": "ion-production",
    "project": "acme-ion",
    "host": "ion.example.com",
    "live": LIVE,
    "limits": limit_rules.to_dict(LIMITS),
    "labels": {"service": "ion"},
}


def board(*, preview: bool = False, **more: Any) -> Recorded:
    args: Any = {**ARGS, **more}
    return drive(lambda: RolloutDashboard("dashboard", args), preview=preview)


def content(**more: Any) -> Any:
    return json.loads(board(**more).one("Dashboard").inputs["dashboardJson"])


def widgets(**more: Any) -> dict[str, Any]:
    return {tile["widget"]["title"]: tile["widget"] for tile in content(**more)["mosaicLayout"]["tiles"]}


def tile(title: str, **more: Any) -> Any:
    (found,) = [each for each in content(**more)["mosaicLayout"]["tiles"] if each["widget"]["title"] == title]
    return found


@pytest.mark.parametrize("preview", [True, False])
def test_it_is_known_in_a_preview(preview: bool) -> None:
    text = board(preview=preview, candidate=CANDIDATE).one("Dashboard").inputs["dashboardJson"]
    assert isinstance(text, str)
    assert json.loads(text)["displayName"] == "ion-production rollout"


@pytest.mark.parametrize("candidate", [None, CANDIDATE])
def test_the_api_takes_it(candidate: str | None) -> None:
    document = discovery.document("monitoring.v1")
    found = document.find("POST", "v1/projects/acme-ion/dashboards")
    assert found is not None
    method, bound = found
    given = content(**({"candidate": candidate} if candidate else {}))
    assert document.body(method, given, bound, frozenset())["displayName"] == "ion-production rollout"


@pytest.mark.parametrize("candidate", [None, CANDIDATE])
def test_tiles_fill_the_grid_without_overlapping(candidate: str | None) -> None:
    more = {"candidate": candidate} if candidate else {}
    taken: set[tuple[int, int]] = set()
    for each in content(**more)["mosaicLayout"]["tiles"]:
        cells = {
            (each["xPos"] + column, each["yPos"] + row)
            for column in range(each["width"])
            for row in range(each["height"])
        }
        assert not cells & taken, each["widget"]["title"]
        assert max(column for column, _ in cells) < COLUMNS
        taken |= cells


def test_the_last_five_minutes_of_the_candidate_beside_the_live_version() -> None:
    found = widgets(candidate=CANDIDATE)
    for who, revision in (("Live", LIVE), ("Candidate", CANDIDATE)):
        for what in ("requests", "error rate", "P95"):
            query = found[f"{who}: {what}"]["scorecard"]["timeSeriesQuery"]["prometheusQuery"]
            assert f'revision_name="{revision}"' in query
            assert "[300s]" in query
    live, candidate = (tile(f"{who}: requests", candidate=CANDIDATE) for who in ("Live", "Candidate"))
    assert live["yPos"] == candidate["yPos"]
    assert live["xPos"] < candidate["xPos"]


def test_outside_a_rollout_there_is_no_candidate() -> None:
    assert widgets()["Candidate: requests"]["text"]["content"] == "No rollout is under way."


def test_scores_are_coloured_by_the_plans_limits() -> None:
    found = widgets(candidate=CANDIDATE)
    colours = [
        (each["value"], each["color"], each["direction"])
        for each in found["Candidate: error rate"]["scorecard"]["thresholds"]
    ]
    assert colours == [(0.005, "YELLOW", "ABOVE"), (0.01, "RED", "ABOVE")]
    (availability,) = found["Availability, seen from outside"]["scorecard"]["thresholds"]
    assert (availability["value"], availability["direction"]) == (0.9995, "BELOW")


def test_trends_of_error_rate_latency_and_throughput_with_the_limits_as_lines() -> None:
    found = widgets()
    lines = {
        title: [each["value"] for each in found[title]["xyChart"]["thresholds"]]
        for title in ("Error rate", "Latency: P50, P95, P99", "Throughput", "Memory in use", "CPU in use")
    }
    assert lines == {
        "Error rate": [0.005, 0.01],
        "Latency: P50, P95, P99": [100.0, 200.0, 300.0],
        "Throughput": [],
        "Memory in use": [0.7, 0.85],
        "CPU in use": [0.7, 0.9],
    }
    assert len(found["Latency: P50, P95, P99"]["xyChart"]["dataSets"]) == 3


def test_alerts_and_events() -> None:
    found = widgets()
    assert found["Incidents"]["incidentList"] == {}
    assert found["Changes of the service"]["logsPanel"]["filter"] == changes("ion-production")
    assert found["Failed requests"]["logsPanel"]["filter"] == failed_requests("ion-production")
    events = [each["eventType"] for each in content()["annotations"]["eventAnnotations"]]
    assert events == ["CLOUD_RUN_DEPLOYMENT", "CLOUD_ALERTING_ALERT", "UPTIME_CHECK_FAILURE"]


def test_availability_is_found_by_the_host_that_is_checked() -> None:
    query = widgets()["Availability, seen from outside"]["scorecard"]["timeSeriesQuery"]["timeSeriesFilter"]
    assert 'resource.label.host="ion.example.com"' in query["filter"]
    assert query["aggregation"]["alignmentPeriod"] == "86400s"


def test_labels_are_in_the_dashboard_itself() -> None:
    assert content()["labels"] == {"service": "ion"}


def test_a_step_of_the_rollout_changes_nothing() -> None:
    assert board(candidate=CANDIDATE).changed(board(candidate=CANDIDATE)) == set()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"physical_name": "Ion"}, "physical_name: found 'Ion'"),
        ({"host": "https://x"}, "host: found 'https://x'"),
        ({"live": "other-1"}, "live: found 'other-1'; expected a revision of the service"),
        ({"candidate": LIVE}, f"candidate: found '{LIVE}'; expected another revision than `live`"),
        ({"limits": {}}, "limits, memory: found"),
        ({"memory": "2"}, "limits, memory: found"),
    ],
)
def test_wrong_arguments_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"RolloutDashboard 'dashboard': (.|\n)*{message}"):
        board(**more)
