"""The documentation says what is: generated parts are current, links lead somewhere, examples are accepted."""

import asyncio
import json
import re
import shlex
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from werkzeug.test import Client

from sandbox import docs as sandbox_docs
from sandbox.app import faults as app_faults
from sandbox.aws.calls import CallLog
from sandbox.aws.control import Control
from sandbox.aws.faults import FaultBook
from sandbox.aws.health import HealthBook
from sandbox.google.calls import CallLog as GoogleCallLog
from sandbox.google.cloud import Cloud
from sandbox.google.control import Control as GoogleControl
from sandbox.google.discovery import document
from sandbox.google.faults import FaultBook as GoogleFaultBook
from sandbox.google.gateway import Gateway, Request
from sandbox.manager.environment import cloud_variables, engine_variables, exports
from sandbox.manager.layout import Layout
from stacks.docs import page as configuration
from toolchain import docs

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "policies/README.md"])
SANDBOX = ROOT / "docs/sandbox.md"

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"(?m)^#+ (.+)$")


class TestGeneratedParts:
    def test_configuration(self) -> None:
        assert configuration.PAGE.read_text() == configuration.page(), "run: make docs"

    def test_sandbox(self) -> None:
        assert sandbox_docs.filled(SANDBOX.read_text()) == SANDBOX.read_text(), "run: make docs"

    @pytest.mark.parametrize(
        "broken",
        [
            "",
            "<!-- generated: router -->\n<!-- end generated -->\n",
            "<!-- generated: unknown -->\n<!-- end generated -->\n",
        ],
    )
    def test_a_page_without_its_markers_is_an_error(self, broken: str) -> None:
        with pytest.raises(ValueError, match=r"expected \['control', 'coverage', 'google-control', 'router'\]"):
            sandbox_docs.filled(broken)

    def test_what_is_around_the_markers_stays(self) -> None:
        page = "".join(
            f"before {name}\n<!-- generated: {name} -->\nstale text\n<!-- end generated -->\n"
            for name in sandbox_docs.PARTS
        )
        filled = sandbox_docs.filled(page + "after\n")
        assert "stale text" not in filled
        assert all(f"before {name}\n" in filled for name in sandbox_docs.PARTS)
        assert filled.endswith("<!-- end generated -->\nafter\n")
        assert sandbox_docs.filled(filled) == filled

    def test_every_page_that_says_it_is_made_has_a_maker_that_make_runs(self) -> None:
        modules = {each.module for each in docs.GENERATORS}
        said = {
            match[1]
            for page in PAGES
            for match in re.finditer(r"(?:Made by|Written by) `python -m ([\w.]+)", page.read_text())
        }
        assert said
        assert said <= modules
        makefile = (ROOT / "Makefile").read_text()
        assert makefile.count("python -m toolchain.docs") == 2


class TestEntryPoint:
    @pytest.mark.parametrize("arguments", [[], ["--check"]])
    def test_every_generator_runs_in_a_process_of_its_own(self, arguments: list[str]) -> None:
        commands: list[list[str]] = []

        def call(command: list[str]) -> int:
            commands.append(command)
            return 0

        assert docs.main(arguments, call) == 0
        assert [command[:3] for command in commands] == [
            [sys.executable, "-m", each.module] for each in docs.GENERATORS
        ]
        assert all(("--check" in command) == bool(arguments) for command in commands)

    def test_one_that_fails_does_not_stop_the_others_and_is_not_forgotten(self) -> None:
        commands: list[list[str]] = []

        def call(command: list[str]) -> int:
            commands.append(command)
            return 1 if len(commands) == 1 else 0

        assert docs.main(["--check"], call) == 1
        assert len(commands) == len(docs.GENERATORS)


class TestLinks:
    @pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
    def test_every_link_within_the_project_leads_somewhere(self, page: Path) -> None:
        assert [target for target in _LINK.findall(_without_code(page.read_text())) if not _exists(page, target)] == []


def _exists(page: Path, target: str) -> bool:
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return True
    file = (page.parent / parts.path) if parts.path else page
    if not file.exists() or not parts.fragment:
        return file.exists()
    return parts.fragment in {_anchor(heading) for heading in _HEADING.findall(file.read_text())}


def _anchor(heading: str) -> str:
    """As GitHub makes it of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _without_code(text: str) -> str:
    return re.sub(r"(?s)```.*?```", "", text)


def _commands() -> Iterator[list[str]]:
    """The words of every command in the page about the sandbox, variables as written."""
    for block in re.findall(r"(?s)```console\n(.*?)```", SANDBOX.read_text()):
        for line in block.splitlines():
            yield shlex.split(line.removeprefix("$ "), comments=True)


def _requests(variable: str) -> list[tuple[str, str, str]]:
    """Method, path and body of every curl command in the page to `variable`."""
    found = []
    for words in _commands():
        url = next((word for word in words if word.startswith(f"${variable}/")), None)
        if words[:1] != ["curl"] or url is None:
            continue
        body = words[words.index("-d") + 1] if "-d" in words else ""
        method = words[words.index("-X") + 1] if "-X" in words else ("POST" if body else "GET")
        found.append((method, url.removeprefix(f"${variable}"), body))
    return found


CONTROL = _requests("AWS_ENDPOINT_URL")


class TestSandboxExamples:
    def test_they_are_found(self) -> None:
        assert len(CONTROL) >= 8
        assert len(_requests("GOOGLE")) >= 5
        assert len(_requests("GREEN")) >= 2

    @pytest.mark.parametrize(("method", "path", "body"), CONTROL)
    def test_the_control_endpoint_takes_them(self, method: str, path: str, body: str) -> None:
        control = Control(CallLog(), FaultBook(), HealthBook(), dict)
        answer = Client(control).open(path, method=method, data=body)
        assert answer.status_code == 200, answer.get_data(as_text=True)

    @pytest.mark.parametrize(("method", "path", "body"), _requests("GOOGLE"))
    def test_the_control_endpoint_of_google_takes_them(self, method: str, path: str, body: str) -> None:
        cloud, log, faults = Cloud(), GoogleCallLog(), GoogleFaultBook()
        control = GoogleControl(Gateway([], cloud, log, faults), cloud, log, faults)
        place, _, query = path.partition("?")
        answer = asyncio.run(control.answer(Request(method, place, query, body.encode(), "")))
        assert answer.status == 200, answer.content
        if place.endswith("/faults"):
            assert f"run.projects.locations.{json.loads(body)['operation']}" in document("run.v2").methods

    @pytest.mark.parametrize(("method", "path", "body"), _requests("GREEN"))
    def test_the_application_takes_them(self, method: str, path: str, body: str) -> None:
        assert (method, path) == ("POST", "/__sandbox/fault")
        app_faults.parse(json.loads(body))

    def test_a_planted_fault_meets_what_its_text_says(self) -> None:
        """Operations and codes are spelled as botocore spells them."""
        import botocore.session

        models = botocore.session.get_session()
        for _, path, body in CONTROL:
            if path.endswith("/faults") and body:
                fault = json.loads(body)
                assert fault["operation"] in models.get_service_model(fault["service"]).operation_names

    def test_commands_are_ones_that_exist(self) -> None:
        page = (ROOT / "docs/cli.md").read_text()
        said = {" ".join(words[: 3 if words[1] == "sandbox" else 2]) for words in _commands() if words[0] == "headgate"}
        assert said
        assert {command for command in said if f"## `{command}`" not in page} == set()

    def test_every_variable_of_the_environment_is_in_the_table(self) -> None:
        urls = {"aws": "http://127.0.0.1:1", "google": "x", "traffic": "x", "test": "x", "http": "x", "run": "x"}
        layout = Layout(ROOT / ".headgate")
        variables = exports(layout, urls, "/toolchain", {}).variables
        assert cloud_variables("x").keys() | engine_variables(layout).keys() <= variables.keys()
        table = SANDBOX.read_text().partition("## Environment")[2].partition("\n## ")[0]
        assert {name for name in variables if f"`{name}`" not in table} == set()
        rows = re.findall(r"(?m)^\| (`[A-Za-z0-9_`, ]+`) \|", table)
        assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == variables.keys()

    def test_the_rehearsal_clock_is_written_as_it_is_read(self) -> None:
        from headgate.clock import RehearsalClock, from_environment

        (setting,) = [words[1] for words in _commands() if words[0] == "export"]
        name, _, value = setting.partition("=")
        environ = {name: value.replace("$(date", str(int(time.time()))), "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
        assert isinstance(from_environment(environ), RehearsalClock)
