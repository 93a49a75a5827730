"""The reference of the configuration: forms and defaults are the reader's own."""

import copy
import re
from pathlib import Path
from typing import Any

import pytest

from headgate.gates import registry
from headgate.limits import METRICS
from headgate.plan import DEFAULT_MAX_INCREMENT
from headgate.presets import PRESETS
from headgate.settings import SettingsError
from headgate.systems import SYSTEMS
from stacks import configuration
from stacks.docs import __main__ as command
from stacks.docs import page
from stacks.docs.keys import COMMON, OWN, of

SYSTEM_NAMES = sorted(SYSTEMS)
LEAVES = [
    (system, entry.path)
    for system in SYSTEM_NAMES
    for entry in of(system)
    if "<metric>" not in entry.path and not any(other.path.startswith(f"{entry.path}.") for other in of(system))
]


@pytest.mark.parametrize(("system", "path"), LEAVES)
def test_every_key_is_one_that_the_reader_knows(system: str, path: str) -> None:
    assert page.form(path, system)


@pytest.mark.parametrize(
    ("system", "path"),
    [
        ("greenflow", "tasks"),
        ("greenflow", "capacity.task"),
        ("greenflow", "plan.steps[].weights"),
        ("greenflow", "release.live.digest"),
        ("greenflow", "service.cpu"),
        ("ion", "capacity.tasks"),
        ("ion", "network.cidr"),
        ("ion", "secrets.<NAME>.value"),
        ("ion", "plan.windows.stop[].for"),
    ],
)
def test_a_key_that_it_does_not_know_is_an_error(system: str, path: str) -> None:
    with pytest.raises(ValueError, match=f"is not a key that is read for {system}"):
        page.form(path, system)


@pytest.mark.parametrize("system", SYSTEM_NAMES)
def test_every_key_that_the_reader_knows_is_in_the_table(system: str) -> None:
    """It lists them itself when it finds an unknown one."""
    raw = copy.deepcopy(dict(page._MINIMAL[system]))
    raw["release"] |= {role: {"?": 0} for role in ("candidate", "standby")}
    raw["plan"]["limits"] = {"?": 0, "p95_ms": {"?": 0}}
    raw["plan"]["windows"] = {"start": [{"?": 0}], "advance": [{"?": 0}]}
    raw["plan"]["freezes"] = [{"?": 0}]
    for place in (raw, raw["release"], raw["release"]["live"], raw["plan"], raw["plan"]["steps"][0]):
        place["?"] = 0
    objects = {"greenflow": ("network", "database", "cache", "edge", "cohorts"), "ion": ("service", "front_door")}
    raw |= {"smoke": {"checks": [{"?": 0}]}, "commands": {"<name>": {"?": 0}}}
    for key in ("capacity", "migration", "evidence", "smoke", "security", "notify", *objects[system]):
        raw.setdefault(key, {})["?"] = 0
    raw["notifications"]["<name>"]["?"] = 0
    if system == "ion":
        raw["variables"] = {"NAME": 0}
        raw["secrets"] = {"NAME": {"?": 0}}
    with pytest.raises(SettingsError) as error:
        configuration.parse(raw, "file", registry.KNOWN)
    known: set[str] = set()
    for problem in error.value.problems:
        where = problem.where.removeprefix("file: headgate:").replace("NAME", "<NAME>")
        if problem.found == "an unknown key":
            where = where.removesuffix("?").replace("[0]", "[]").replace("p95_ms", "<metric>")
            known |= {f"{where}{key}" for key in problem.expected.removeprefix("one of: ").split(", ")}
        elif where.startswith("variables."):
            known.add(where)
    known -= {f"plan.limits.{metric}" for metric in METRICS}
    groups = {
        "release.live", "release.candidate", "release.standby", "plan.steps", "plan.limits", "plan.windows",
        "plan.freezes", "smoke.checks",
    }  # fmt: skip
    assert known - groups == {entry.path for entry in of(system)}


@pytest.mark.parametrize(
    ("system", "path", "form"),
    [
        ("greenflow", "capacity.tasks", "a whole number from 1 to 5000"),
        ("greenflow", "release.candidate.slot", "one of: blue, green"),
        ("ion", "release.candidate.slot",
         "nothing, or a name of at most 63 characters that begins with ion-production-"),
        ("ion", "plan.limits.interval", "a duration such as 30s, 5m, 72h, 7d or 1h30m, at least 1s"),
        ("ion", "plan.windows.advance[].from", 'a time in UTC such as "14:00"'),
        ("ion", "plan.freezes[].until", 'a time such as "2026-12-19T00:00Z"'),
        ("greenflow", "database.multi_az", "true or false"),
        ("greenflow", "edge.zone", "a DNS zone such as example.com"),
        ("greenflow", "cohorts.header", "the name of a request header"),
        ("greenflow", "notifications.<name>.kind", "one of: email, sms, https, slack"),
        ("ion", "secrets.<NAME>.version", "the number of a version, from 1"),
        ("ion", "notifications.<name>.tier", "one of: deploy_team, leads, management"),
    ],
)  # fmt: skip
def test_forms_are_the_readers_own_words(system: str, path: str, form: str) -> None:
    assert page.form(path, system) == form


@pytest.mark.parametrize(
    ("system", "path", "default"),
    [
        ("greenflow", "step", "idle"),
        ("ion", "step", "idle"),
        ("greenflow", "plan.retention", "3d"),
        ("ion", "plan.max_increment", str(DEFAULT_MAX_INCREMENT)),
        ("greenflow", "plan.stickiness", "0s"),
        ("greenflow", "plan.limits.min_requests", "10"),
        ("greenflow", "network.nat_per_zone", "true"),
        ("greenflow", "database.backup_retention_days", "14"),
        ("greenflow", "certificate_arn", ""),
        ("greenflow", "edge.cors_origins", ""),
        ("greenflow", "cohorts.cookie", ""),
        ("greenflow", "notifications.<name>.tier", "deploy_team"),
        ("greenflow", "release.rollout", ""),
        ("greenflow", "evidence.url", ".headgate/evidence"),
        ("ion", "evidence.max_age", "1h"),
        ("greenflow", "smoke.timeout", "5s"),
        ("ion", "security.address", ""),
        ("greenflow", "plan.steps[].gates", ""),
        ("ion", "service.timeout", "1m"),
        ("ion", "service.memory", "1Gi"),
        ("ion", "front_door.requests_per_minute", "600"),
        ("ion", "front_door.candidate_domain", ""),
        ("ion", "notifications.<name>.tier", "deploy_team"),
        ("ion", "variables.<NAME>", ""),
        ("ion", "secrets.<NAME>.version", ""),
    ],
)
def test_defaults_are_what_is_made_of_a_file_without(system: str, path: str, default: str) -> None:
    assert page.default(path, system) == default


@pytest.mark.parametrize(("system", "path"), [each for each in LEAVES if page._written(each[1], each[0])])
def test_what_is_called_required_cannot_be_left_out(system: str, path: str) -> None:
    raw = copy.deepcopy(dict(page._MINIMAL[system]))
    *parents, last = page._parts(path)
    place: Any = raw
    for part in parents:
        place = place[0] if isinstance(place, list) else place[part]
    del place[last]
    with pytest.raises(SettingsError):
        configuration.parse(raw, "file", registry.KNOWN)


@pytest.mark.parametrize("listed", ["plan.windows.start", "plan.windows.advance", "plan.freezes"])
def test_what_is_called_required_inside_a_list_cannot_be_left_out_either(listed: str) -> None:
    window = {"days": ["mon"], "from": "14:00", "for": "2h"}
    freeze = {"from": "2026-12-19", "until": "2027-01-04", "reason": "year end"}
    item = freeze if listed.endswith("freezes") else window
    for left_out in (None, *item):
        raw = copy.deepcopy(dict(page._MINIMAL["ion"]))
        page._put(raw, f"{listed}[].from", "")
        place = (
            raw["plan"]["freezes"] if listed.endswith("freezes") else raw["plan"]["windows"][listed.rpartition(".")[2]]
        )
        place[0] = {key: value for key, value in item.items() if key != left_out}
        if left_out in (None, "days"):
            configuration.parse(raw, "file", registry.KNOWN)
            continue
        with pytest.raises(SettingsError, match=re.escape(f"headgate:{listed}[0].{left_out}")):
            configuration.parse(raw, "file", registry.KNOWN)
        assert f"| `{listed}[].{left_out}` | {page.form(f'{listed}[].{left_out}', 'ion')} | required |" in page.page()


@pytest.mark.parametrize("system", SYSTEM_NAMES)
def test_the_least_configuration_is_one_that_is_read(system: str) -> None:
    assert page.parsed_minimal(system).settings.name == f"{system}-production"


def test_each_system_has_a_part_of_its_own_and_no_key_stands_in_two() -> None:
    common, _, rest = page.page().partition("## Keys of GreenFlow\n")
    greenflow, _, ion = rest.partition("## Keys of ION\n")
    for text, entries in ((common, COMMON), (greenflow, OWN["greenflow"]), (ion, OWN["ion"])):
        for entry in entries:
            assert f"| `{entry.path}` |" in text
    assert "| `network.cidr` |" not in common + ion
    assert "| `service.cpu` |" not in common + greenflow


def test_where_systems_differ_both_are_said() -> None:
    text = page.page()
    assert "| GreenFlow: one of: blue, green; ION: nothing, or a name" in text
    assert "| `capacity.tasks` | a whole number from 1 to 5000 | required | more only (R-17) | GreenFlow: " in text
    assert "`aws:region`" in text
    assert "`gcp:project` and `gcp:region`" in text


def test_links_inside_the_page_lead_to_a_heading() -> None:
    text = page.page()
    headings = [re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in text.splitlines()
                if line.startswith("#")]  # fmt: skip
    links = re.findall(r"\(#([^)]+)\)", text)
    assert {link: headings.count(link) for link in links} == dict.fromkeys(links, 1)


def test_gates_metrics_and_presets_are_all_there() -> None:
    text = page.page()
    for name, gate in registry.KNOWN.items():
        assert f"| `{name}` | {gate.summary} | {gate.where} |" in text
    for name, summary in registry.FAMILIES.items():
        assert f"| `{name}` | {summary} |" in text
    for name, metric in METRICS.items():
        assert f"| `{name}` | {metric.unit.expected} |" in text
    for name, preset in PRESETS.items():
        section = text.partition(f"#### {name}\n")[2].partition("\n####")[0]
        assert {f"`{key}`" for key in preset if key in METRICS} <= set(re.findall(r"`\w+`", section))
    assert "| `p95_ms` | 200ms | 500ms | 1 | hold: R-B9 yellow, as above; rollback: R-A4, R-A10, R-A11 |" in text


def test_every_row_has_as_many_cells_as_its_head() -> None:
    cells = 0
    for line in page.page().splitlines():
        if line.startswith("|"):
            found = len(re.findall(r"(?<!\\)\|", line))
            assert cells in (0, found), line
            cells = found
        else:
            cells = 0


class TestCommand:
    def test_it_prints(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert command.main([]) == 0
        assert capsys.readouterr().out == page.page()

    def test_it_writes_and_checks(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "configuration.md"
        monkeypatch.setattr(command, "PAGE", file)
        assert command.main(["--check"]) == 1
        assert "make docs" in capsys.readouterr().err
        assert command.main(["--write"]) == 0
        assert file.read_text() == page.page()
        assert command.main(["--check"]) == 0
        file.write_text("stale")
        assert command.main(["--check"]) == 1
