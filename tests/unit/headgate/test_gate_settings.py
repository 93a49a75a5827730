"""What a stack file may say of gates that ask or run something."""

from typing import Any

import pytest

from headgate import gate_settings, settings
from headgate.gate_settings import Check, Command, EvidenceSettings, SecuritySettings, SmokeSettings
from headgate.settings import Settings, SettingsError
from tests.unit.headgate.test_settings import PLAN, greenflow, ion

KNOWN = ("readiness", "smoke")


def parse(raw: dict[str, Any]) -> Settings:
    return settings.parse(raw, "file", KNOWN)


def problems(**changes: Any) -> list[str]:
    with pytest.raises(SettingsError) as error:
        parse(greenflow(**changes))
    return [str(problem) for problem in error.value.problems]


def test_a_file_may_say_nothing_of_them() -> None:
    found = parse(greenflow())
    assert found.evidence == EvidenceSettings(".headgate/evidence", 3600, signed=False)
    assert found.smoke == SmokeSettings(None, 5, "X-Deployment-Version", (Check("api", "/api/v2/health"),))
    assert found.security == SecuritySettings()
    assert found.commands == {}
    assert found.details == {}


def test_what_the_system_says_itself_is_the_default() -> None:
    found = parse(ion(service={"health_path": "/api/v2/phase4/health"}))
    assert found.smoke.checks == (Check("api", "/api/v2/phase4/health"),)
    assert found.security.path == "/api/v2/phase4/health"
    edge = {"zone": "example.com", "cors_origins": ["https://app.example.com"]}
    assert parse(greenflow(edge=edge)).security.cors_origins == ("https://app.example.com",)
    assert parse(greenflow(edge=edge, security={"cors_origins": []})).security.cors_origins == ()


def test_all_of_them() -> None:
    found = parse(
        greenflow(
            evidence={"url": "s3://bucket/path", "max_age": "2h", "signed": True},
            smoke={
                "address": "https://next.example.com:8443",
                "timeout": "2s",
                "version_header": "",
                "checks": [
                    {"name": "api", "path": "/a?b=c", "json": {"status": "ok", "cache.up": True}},
                    {"name": "database", "path": "/b", "status": [200, 404]},
                    {"name": "one", "path": "/c", "status": 204},
                ],
            },
            security={"address": "https://a.example.com", "plain": "http://a.example.com", "headers": {"X-A": ""}},
            commands={"migration": {"run": ["python", "verify.py"], "timeout": "1m"}},
        )
    )
    assert found.evidence == EvidenceSettings("s3://bucket/path", 7200, signed=True)
    assert (found.smoke.address, found.smoke.timeout, found.smoke.version_header) == (
        "https://next.example.com:8443", 2, "",
    )  # fmt: skip
    assert found.smoke.checks == (
        Check("api", "/a?b=c", (200,), {"status": "ok", "cache.up": True}),
        Check("database", "/b", (200, 404)),
        Check("one", "/c", (204,)),
    )
    assert found.security.plain == "http://a.example.com"
    assert found.commands == {"migration": Command(("python", "verify.py"), 60)}


def test_a_plan_may_name_the_commands_that_there_are() -> None:
    steps = [{**PLAN["steps"][0], "gates": ["command:migration", "smoke"]}, PLAN["steps"][1]]  # type: ignore[index]
    commands = {"migration": {"run": ["true"]}}
    found = parse(greenflow(plan={"steps": steps}, commands=commands))
    assert found.plan.steps[0].gates == ("command:migration", "smoke")
    (problem,) = problems(plan={"steps": steps})
    assert "gates[0]: found 'command:migration'; expected one of the known gates: readiness, smoke" in problem


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"evidence": "folder"}, "headgate:evidence: found 'folder'; expected a mapping"),
        ({"evidence": {"folder": "x"}}, "headgate:evidence.folder: found an unknown key"),
        ({"evidence": {"url": "https://me:secret@x/y"}}, "headgate:evidence.url"),
        ({"evidence": {"url": "x y"}}, "headgate:evidence.url"),
        ({"evidence": {"url": ""}}, "headgate:evidence.url: found ''; expected a folder, or scheme://..."),
        ({"evidence": {"url": None}}, "headgate:evidence.url"),
        ({"evidence": {"max_age": "0s"}}, "headgate:evidence.max_age: found '0s'; expected a duration from 1s to 7d"),
        ({"evidence": {"max_age": 60}}, "headgate:evidence.max_age"),
        ({"evidence": {"signed": "yes"}}, "headgate:evidence.signed"),
        ({"smoke": {"address": "http://example.com"}}, "headgate:smoke.address"),
        ({"smoke": {"address": "https://example.com/path"}}, "without a path"),
        ({"smoke": {"address": "https://user@example.com"}}, "headgate:smoke.address"),
        ({"smoke": {"timeout": "2m"}}, "expected a duration from 1s to 1m"),
        ({"smoke": {"version_header": "X Version"}}, "headgate:smoke.version_header"),
        ({"smoke": {"checks": []}}, "headgate:smoke.checks: found []; expected a list with at least one check"),
        ({"smoke": {"checks": [{"path": "/"}]}}, "headgate:smoke.checks[0].name"),
        ({"smoke": {"checks": [{"name": "a", "path": "x"}]}}, "headgate:smoke.checks[0].path"),
        ({"smoke": {"checks": [{"name": "a", "path": "/a b"}]}}, "headgate:smoke.checks[0].path"),
        ({"smoke": {"checks": [{"name": "a", "path": "/\r\nX: y"}]}}, "headgate:smoke.checks[0].path"),
        ({"smoke": {"checks": [{"name": "a", "path": "/", "status": "200"}]}}, "headgate:smoke.checks[0].status"),
        ({"smoke": {"checks": [{"name": "a", "path": "/", "status": []}]}}, "headgate:smoke.checks[0].status"),
        ({"smoke": {"checks": [{"name": "a", "path": "/", "status": [True]}]}}, "headgate:smoke.checks[0].status"),
        ({"smoke": {"checks": [{"name": "a", "path": "/", "json": {"a": [1]}}]}}, "headgate:smoke.checks[0].json"),
        ({"security": {"headers": ["X"]}}, "headgate:security.headers"),
        ({"security": {"headers": {"X:": "y"}}}, "headgate:security.headers"),
        ({"security": {"plain": "https://example.com"}}, "headgate:security.plain"),
        ({"security": {"cors_origins": ["app.example.com"]}}, "headgate:security.cors_origins"),
        ({"security": {"cors_origins": "https://x.example"}}, "headgate:security.cors_origins"),
        ({"commands": []}, "headgate:commands: found []; expected commands by name"),
        ({"commands": {"A b": {"run": ["x"]}}}, "headgate:commands.A b: found 'A b'; expected a name of small letters"),
        ({"commands": {"a": {"run": "rm -rf"}}}, "headgate:commands.a.run"),
        ({"commands": {"a": {"run": []}}}, "headgate:commands.a.run"),
        ({"commands": {"a": {}}}, "headgate:commands.a.run"),
        ({"commands": {"a": {"run": ["x", ""]}}}, "headgate:commands.a.run"),
        ({"commands": {"a": {"run": ["x"], "timeout": "2d"}}}, "headgate:commands.a.timeout"),
        ({"commands": {"a": None}}, "headgate:commands.a: found nothing"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(changes: dict[str, Any], said: str) -> None:
    assert any(said in problem for problem in problems(**changes))


def test_a_password_in_an_address_is_not_repeated() -> None:
    (problem,) = problems(evidence={"url": "https://me:secret@x/y"})
    assert "secret" not in problem
    assert "found 'a hidden value'" in problem


def digests(**changes: Any) -> dict[str, str]:
    found = parse(greenflow(**changes))
    return gate_settings.asked(found.smoke, found.security, found.commands)


def test_every_setting_of_a_gate_is_in_its_digest() -> None:
    assert digests() == digests()
    smoke = [
        {"address": "https://a.example.com"}, {"timeout": "1s"}, {"version_header": ""},
        {"checks": [{"name": "a", "path": "/"}]}, {"checks": [{"name": "b", "path": "/"}]},
        {"checks": [{"name": "a", "path": "/x"}]}, {"checks": [{"name": "a", "path": "/", "status": 204}]},
        {"checks": [{"name": "a", "path": "/", "json": {"a": 1}}]},
    ]  # fmt: skip
    assert len({digests(smoke=each)["smoke"] for each in smoke} | {digests()["smoke"]}) == len(smoke) + 1
    security = [
        {"address": "https://a.example.com"}, {"plain": "http://a.example.com"}, {"path": "/"}, {"timeout": "1s"},
        {"headers": {}}, {"headers": {"X": ""}}, {"cors_origins": ["https://a.example.com"]},
    ]  # fmt: skip
    assert len({digests(security=each)["security"] for each in security} | {digests()["security"]}) == len(security) + 1
    commands = [{"run": ["a"]}, {"run": ["a", "b"]}, {"run": ["a"], "timeout": "1s"}]
    assert len({digests(commands={"x": each})["command:x"] for each in commands}) == len(commands)
