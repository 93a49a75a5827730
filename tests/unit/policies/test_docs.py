"""The reference and the schema are what the rules say."""

import json
from pathlib import Path

import pytest

from policies import configuration, docs, pack
from policies.session import Session


def test_the_files_are_up_to_date() -> None:
    assert docs.outdated() == [], "run: python -m policies.docs --write"


def test_every_rule_has_a_row_and_an_entry() -> None:
    page = docs.reference()
    for rule in pack.rules(Session()):
        assert page.count(f"[`{rule.id}`](#{rule.id})") == 1
        assert page.count(f"\n### {rule.id}\n") == 1


@pytest.mark.parametrize("environment", configuration.environments())
def test_configuration_files_name_nothing_that_the_schema_does_not(environment: str) -> None:
    schema = json.loads(docs.schema())
    for policy, entry in json.loads((configuration.FOLDER / f"{environment}.json").read_text()).items():
        _, described = schema["properties"][policy]["anyOf"]
        if isinstance(entry, str):
            assert entry in schema["$defs"]["level"]["enum"]
        else:
            assert entry.keys() <= described["properties"].keys()


def test_checking_fails_when_a_file_differs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    monkeypatch.setattr(docs, "REFERENCE", tmp_path / "policies.md")
    monkeypatch.setattr(docs, "SCHEMA", tmp_path / "schema.json")

    assert docs.main(["--check"]) == 1
    assert "policies.md, schema.json" in capsys.readouterr().err
    assert docs.main(["--write"]) == 0
    assert docs.main(["--check"]) == 0
    (tmp_path / "policies.md").write_text("edited by hand")
    assert docs.main(["--check"]) == 1
    capsys.readouterr()
    assert docs.main([]) == 0
    assert capsys.readouterr().out == docs.reference()
