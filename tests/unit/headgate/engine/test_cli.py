"""The edge around `pulumi`, with a script in its place."""

import json
from pathlib import Path

import pytest

from headgate.engine import EngineError, PulumiCli, Secret, Update, parse_update

ENTRY = {
    "kind": "update",
    "startTime": "2026-02-11T14:00:00.500Z",
    "endTime": "2026-02-11T14:00:30.000Z",
    "message": "green-10",
    "result": "succeeded",
    "config": {},
}
START = 1_770_818_400


def cli(folder: Path, answers: dict[str, object], code: int = 0) -> PulumiCli:
    """A `pulumi` that answers by its first two words and writes down how it was called."""
    script = folder / "pulumi"
    cases = "\n".join(f"  '{words}') cat <<'END'\n{_text(answer)}\nEND\n;;" for words, answer in answers.items())
    script.write_text(
        f'#!/bin/sh\necho "$@" >> {folder}/calls\ncase "$1 $2" in\n{cases}\n'
        f"  *) echo \"error: unknown\" >&2; exit 9;;\nesac\nexit {code}\n"
    )  # fmt: skip
    script.chmod(0o755)
    return PulumiCli(folder, {"PATH": f"{folder}:/usr/bin:/bin"})


def _text(answer: object) -> str:
    return answer if isinstance(answer, str) else json.dumps(answer)


def calls(folder: Path) -> str:
    return (folder / "calls").read_text().strip()


def test_the_selected_stack(tmp_path: Path) -> None:
    stacks = [{"name": "a", "current": False}, {"name": "b", "current": True}]
    assert cli(tmp_path, {"stack ls": stacks}).selected() == "b"
    assert calls(tmp_path) == f"stack ls --json --non-interactive --cwd {tmp_path}"


def test_no_stack_is_selected(tmp_path: Path) -> None:
    assert cli(tmp_path, {"stack ls": []}).selected() is None


def test_an_output_and_one_that_is_not_there(tmp_path: Path) -> None:
    engine = cli(tmp_path, {"stack output": {"rollout": {"plan": 1}}})
    assert engine.output("prod", "rollout") == {"plan": 1}
    assert engine.output("prod", "other") is None
    assert "stack output --stack prod --json" in calls(tmp_path)


def test_the_last_update(tmp_path: Path) -> None:
    found = cli(tmp_path, {"stack history": [ENTRY]}).last_update("prod")
    assert found == Update("update", "succeeded", "green-10", START, START + 30)
    assert "--page-size 1" in calls(tmp_path)


def test_no_update_yet(tmp_path: Path) -> None:
    assert cli(tmp_path, {"stack history": []}).last_update("prod") is None


def test_an_update_that_still_runs_has_no_end() -> None:
    assert parse_update({**ENTRY, "result": "in-progress"}).ended is None
    assert parse_update({**ENTRY, "endTime": None, "message": None}) == Update("update", "succeeded", "", START, None)


@pytest.mark.parametrize("entry", [{}, {**ENTRY, "startTime": "yesterday"}, {**ENTRY, "startTime": None}])
def test_an_entry_that_cannot_be_understood(entry: dict[str, object]) -> None:
    with pytest.raises(EngineError, match="cannot be understood"):
        parse_update(entry)


def test_what_pulumi_says_is_said(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"^pulumi stack history --page-size 1 --stack prod failed: unknown$"):
        cli(tmp_path, {"stack ls": []}).last_update("prod")


def test_a_failure_without_words(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="failed: exit code 3"):
        cli(tmp_path, {"stack ls": ""}, code=3).selected()


def test_an_answer_that_is_not_json(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="did not answer with JSON"):
        cli(tmp_path, {"stack ls": "hello"}).selected()


def test_no_pulumi(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="pulumi is not on PATH"):
        PulumiCli(tmp_path, {"PATH": str(tmp_path)}).selected()


CONFIG = {
    "headgate:step": {"value": "idle", "secret": False},
    "headgate:release": {
        "value": '{"live":{"slot":"blue"}}',
        "objectValue": {"live": {"slot": "blue"}},
        "secret": False,
    },
    "headgate:token": {"secret": True},
}


def test_the_configuration_of_an_update_is_plain_values() -> None:
    found = parse_update({**ENTRY, "config": CONFIG, "version": 7})
    assert found.config == {
        "headgate:step": "idle",
        "headgate:release": {"live": {"slot": "blue"}},
        "headgate:token": Secret(),
    }
    assert found.number == 7


def test_the_history_is_numbered_where_the_backend_does_not(tmp_path: Path) -> None:
    entries = [{**ENTRY, "version": 0, "message": name} for name in ("third", "second", "first")]
    found = cli(tmp_path, {"stack history": entries}).history("prod")
    assert [(each.number, each.message) for each in found] == [(3, "third"), (2, "second"), (1, "first")]


def test_a_history_that_is_cut_off_is_counted(tmp_path: Path) -> None:
    entries = [{**ENTRY, "version": 0}] * 2
    cli(tmp_path, {"stack history": entries}).history("prod", 2)
    assert "--page-size 0" in calls(tmp_path)


def test_values_are_written_whole_and_typed(tmp_path: Path) -> None:
    engine = cli(tmp_path, {"config --stack": CONFIG, "config set-all": "", "config rm-all": ""})
    engine.set_values("prod", {"headgate:step": "5", "headgate:release.live.version": "1.10"}, ["headgate:token"])
    _, put, removed = calls(tmp_path).splitlines()
    written = json.loads(put.partition("--json ")[2].partition(" --non")[0])
    assert written["headgate:step"] == {"value": "5", "secret": False}
    assert json.loads(written["headgate:release"]["value"]) == {"live": {"slot": "blue", "version": "1.10"}}
    assert removed.startswith("config rm-all --stack prod headgate:token ")


def test_nothing_to_write_writes_nothing(tmp_path: Path) -> None:
    cli(tmp_path, {"config --stack": CONFIG}).set_values("prod", {"headgate:step": "idle"}, ["headgate:none"])
    assert len(calls(tmp_path).splitlines()) == 1


@pytest.mark.parametrize("values", [{"headgate:token": "x"}, {"headgate:step": Secret()}])
def test_a_secret_is_not_written(tmp_path: Path, values: dict[str, object]) -> None:
    with pytest.raises(EngineError, match="pulumi config set --secret"):
        cli(tmp_path, {"config --stack": CONFIG}).set_values("prod", values)


def test_what_was_being_set_is_not_said(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"^pulumi config set-all --stack prod failed: unknown$"):
        cli(tmp_path, {"config --stack": CONFIG}).set_values("prod", {"headgate:step": "x"})


def test_a_run_is_reported_and_never_raises(tmp_path: Path) -> None:
    engine = cli(tmp_path, {"up --stack": "moved"}, code=1)
    lines: list[str] = []
    run = engine.up("prod", plan=tmp_path / "plan.json", message="canary-5", on_line=lines.append)
    assert (run.code, run.output, run.interrupted, lines) == (1, "moved\n", False, ["moved"])
    said = calls(tmp_path)
    assert f"--plan {tmp_path}/plan.json" in said
    assert "--message canary-5" in said
    assert engine.preview("prod", refresh=True).errors == "error: unknown\n"
    assert engine.cancel("prod").code == 9
