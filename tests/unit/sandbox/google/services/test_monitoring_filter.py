"""The filter language of Cloud Monitoring."""

import pytest

from sandbox.google.services._filter import InvalidFilter, parse

SERIES = {
    "metric": {"type": "run.googleapis.com/request_count", "labels": {"response_code_class": "5xx", "code": "503"}},
    "resource": {"type": "cloud_run_revision", "labels": {"revision_name": "ion-production-abc", "location": "l"}},
}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ('metric.type = "run.googleapis.com/request_count"', True),
        ("metric.type=run.googleapis.com/request_count", True),
        ('metric.type = "run.googleapis.com/request_count" AND resource.type="cloud_run_revision"', True),
        ('metric.type = "run.googleapis.com/request_count" resource.type="gce_instance"', False),
        ('resource.labels.revision_name = "ion-production-abc"', True),
        ('resource.label.revision_name = "ion-production-abc"', True),
        ('resource.label."revision_name" = "x"', None),
        ('resource.labels.revision_name != "ion-production-abc"', False),
        ('resource.labels.nothing = "x"', False),
        ('resource.labels.nothing != "x"', True),
        ('metric.labels.response_code_class = starts_with("5")', True),
        ('metric.labels.response_code_class = ends_with("yy")', False),
        ('resource.labels.revision_name = has_substring("production")', True),
        ('metric.labels.response_code_class = one_of("4xx", "5xx")', True),
        ('metric.labels.response_code_class != one_of("4xx", "5xx")', False),
        ('resource.labels.revision_name = monitoring.regex.full_match("ion-.*")', True),
        ('resource.labels.revision_name = monitoring.regex.full_match("ion")', False),
        ('resource.labels.revision_name : "abc"', True),
        ("metric.labels.code >= 500", True),
        ("metric.labels.code < 500", False),
        ("metric.labels.response_code_class > 5", False),
        ('NOT resource.type = "cloud_run_revision"', False),
        ('-resource.type = "gce_instance"', True),
        # OR binds closer than AND: false AND (true OR true) would be true the other way round.
        ('resource.type="x" AND resource.type="x" OR resource.type="cloud_run_revision"', False),
        ('resource.type="cloud_run_revision" OR resource.type="x" AND metric.labels.code="503"', True),
        ('(resource.type="x" AND resource.type="x") OR resource.type="cloud_run_revision"', True),
        ('project = "p"', False),
    ],
)
def test_a_filter_selects(text: str, matches: bool | None) -> None:
    if matches is None:
        with pytest.raises(InvalidFilter):
            parse(text)
    else:
        assert parse(text).matches(SERIES) is matches


def test_what_every_match_must_have() -> None:
    text = 'metric.type="m" AND resource.label.a="b" AND (resource.type="x" OR resource.type="y") AND NOT project="p"'
    assert parse(text).required == {"metric.type": "m", "resource.labels.a": "b"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "metric.type",
        'metric.type "m"',
        'metric.kind = "m"',
        'metric.type = "m" AND',
        '(metric.type = "m"',
        'metric.type = "m")',
        'metric.type = somewhere("m")',
        'metric.type > starts_with("m")',
        'resource.labels.a = monitoring.regex.full_match("(")',
        'metric.type = "m" & resource.type = "x"',
        'metric.type = starts_with("m"',
    ],
)
def test_what_is_no_filter(text: str) -> None:
    with pytest.raises(InvalidFilter):
        parse(text)
