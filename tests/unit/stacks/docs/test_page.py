"""The reference of the configuration: forms and defaults are the reader's own."""

import copy
import re
from pathlib import Path
from typing import Any

import pytest

from headgate import settings
from headgate.gates import registry
from headgate.limits import METRICS
from headgate.plan import DEFAULT_MAX_INCREMENT
from headgate.presets import PRESETS
from headgate.settings import SettingsError
from stacks.docs import __main__ as command
from stacks.docs import page
from stacks.docs.keys import ENTRIES

LEAVES = [
    entry.path
    for entry in ENTRIES
    if "<" not in entry.path and not any(other.path.startswith(f"{entry.path}.") for other in ENTRIES)
]


@pytest.mark.parametrize("path", LEAVES)
def test_every_key_is_one_that_the_reader_knows(path: str) -> None:
    assert page.form(path)


@pytest.mark.parametrize("path", ["tasks", "capacity.task", "plan.steps[].weights", "release.live.digest"])
def test_a_key_that_it_does_not_know_is_an_error(path: str) -> None:
    with pytest.raises(ValueError, match="is not a key that is read"):
        page.form(path)


def test_every_key_that_the_reader_knows_is_in_the_table() -> None:
    """It lists them itself when it finds an unknown one."""
    raw = copy.deepcopy(dict(page._MINIMAL))
    raw["release"] |= {role: {"?": 0} for role in ("candidate", "standby")}
    raw["plan"]["limits"] = {"?": 0, "p95_ms": {"?": 0}}
    for place in (raw, raw["release"], raw["release"]["live"], raw["plan"], raw["plan"]["steps"][0]):
        place["?"] = 0
    for key in ("capacity", "network", "database", "cache"):
        raw[key]["?"] = 0
    with pytest.raises(SettingsError) as error:
        settings.parse(raw, "file", registry.KNOWN)
    known: set[str] = set()
    for problem in error.value.problems:
        if problem.found == "an unknown key":
            where = problem.where.removeprefix("file: headgate:").removesuffix("?").replace("[0]", "[]")
            where = where.replace("p95_ms", "<metric>")
            known |= {f"{where}{key}" for key in problem.expected.removeprefix("one of: ").split(", ")}
    known -= {f"plan.limits.{metric}" for metric in METRICS}
    groups = {"release.live", "release.candidate", "release.standby", "plan.steps", "plan.limits"}
    assert known - groups == {entry.path for entry in ENTRIES}


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("capacity.tasks", "a whole number from 1 to 5000"),
        ("release.candidate.slot", "one of: blue, green"),
        ("plan.limits.interval", "a duration such as 30s, 5m, 72h, 7d or 1h30m, at least 1s"),
        ("database.multi_az", "true or false"),
    ],
)
def test_forms_are_the_readers_own_words(path: str, form: str) -> None:
    assert page.form(path) == form


@pytest.mark.parametrize(
    ("path", "default"),
    [
        ("step", "idle"),
        ("plan.retention", "3d"),
        ("plan.max_increment", str(DEFAULT_MAX_INCREMENT)),
        ("plan.stickiness", "0s"),
        ("plan.limits.min_requests", "10"),
        ("network.nat_per_zone", "true"),
        ("database.backup_retention_days", "14"),
        ("certificate_arn", ""),
        ("release.rollout", ""),
        ("plan.steps[].gates", ""),
    ],
)
def test_defaults_are_what_is_made_of_a_file_without(path: str, default: str) -> None:
    assert page.default(path) == default


@pytest.mark.parametrize("path", [path for path in LEAVES if page._written(path)])
def test_what_is_called_required_cannot_be_left_out(path: str) -> None:
    raw = copy.deepcopy(dict(page._MINIMAL))
    *parents, last = path.replace("[]", ".0").split(".")
    place: Any = raw
    for part in parents:
        place = place[0] if isinstance(place, list) else place[part]
    del place[last]
    with pytest.raises(SettingsError):
        settings.parse(raw, "file", registry.KNOWN)


def test_the_least_configuration_is_one_that_is_read() -> None:
    assert page.parsed_minimal().name == "greenflow-production"


def test_gates_metrics_and_presets_are_all_there() -> None:
    text = page.page()
    for name, gate in registry.KNOWN.items():
        assert f"| `{name}` | {gate.summary} |" in text
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
