"""`headgate:cohorts`: where the key of a user is found, and that without it everything is as before."""

from typing import Any

import pytest

from headgate import traffic
from headgate.gates import registry
from headgate.settings import SettingsError
from headgate.traffic.alb import AlbTraffic
from stacks import configuration
from stacks.greenflow_settings import Cohorts, GreenflowSettings
from tests.support import stack_files

STACK = "greenflow-production"


def parsed(**more: object) -> configuration.Configuration:
    return configuration.parse({**stack_files.ours(STACK), **more}, "file", registry.KNOWN)


def cohorts(raw: object) -> Cohorts | None:
    details = parsed(cohorts=raw).details
    assert isinstance(details, GreenflowSettings)
    return details.cohorts


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ({"salt": "greenflow", "header": "X-User-Id"}, Cohorts("greenflow", "X-User-Id", "")),
        ({"salt": "greenflow", "cookie": "uid"}, Cohorts("greenflow", "", "uid")),
        ({"salt": "a b", "header": "x-user", "cookie": "uid"}, Cohorts("a b", "x-user", "uid")),
        (None, None),
    ],
)
def test_it_is_read(raw: object, read: Cohorts | None) -> None:
    assert cohorts(raw) == read


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"header": "x-user"}, r"cohorts\.salt: found nothing; expected printable ASCII"),
        ({"salt": "é", "header": "x-user"}, r"cohorts\.salt: found"),
        ({"salt": "s"}, r"cohorts: found .*a header or a cookie with the user key"),
        ({"salt": "s", "header": "x user"}, r"cohorts\.header: found .*the name of a request header"),
        ({"salt": "s", "cookie": "a;b"}, r"cohorts\.cookie: found .*the name of a cookie"),
        ({"salt": "s", "header": "X-Headgate-Cohort"}, r"cohorts\.header: found .*not of the cohort"),
        ({"salt": "s", "header": "x", "weight": 3}, r"cohorts\.weight: found an unknown key"),
        ("greenflow", r"cohorts: found .*a mapping with salt, header, cookie"),
    ],
)
def test_what_is_wrong_is_said(raw: object, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        cohorts(raw)


def test_the_traffic_port_knows_whether_rules_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[dict[str, Any]] = []
    original = AlbTraffic.__init__

    def noted(port: AlbTraffic, *given: Any, **options: Any) -> None:
        made.append(options)
        original(port, *given, **options)

    monkeypatch.setattr(AlbTraffic, "__init__", noted)
    traffic.for_system(parsed(cohorts=None).settings, {})
    traffic.for_system(parsed(cohorts={"salt": "s", "header": "x"}).settings, {})
    assert [options["cohorts"] for options in made] == [False, True]
