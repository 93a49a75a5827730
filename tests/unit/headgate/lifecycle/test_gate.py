"""Every gate of a step really runs, what was found is recorded, and an update reads exactly that."""

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from headgate.cli import project
from headgate.cli.situation import Situation, gather
from headgate.evidence import Evidence, EvidenceError, FsspecStore
from headgate.evidence.reading import looker
from headgate.evidence.record import intact
from headgate.gates.asking import HttpAsker
from headgate.gates.command import ProcessRunner
from headgate.lifecycle.gate import Gated, NoStep, Probes, Recording, lines, run
from headgate.report import Verdict
from headgate.settings import Settings
from headgate.traffic.candidate import Address
from headgate.traffic.port import TrafficError
from tests.support.fake_engine import FakeEngine
from tests.support.fake_evidence import FakeEvidence
from tests.support.fake_traffic import FakeTraffic
from tests.support.rollouts import MINUTE, live
from tests.support.situations import PLAN, STACK, output, raw, walk, write_project
from tests.support.web_servers import Reply, Web, web

GATES = ("drift", "smoke", "security", "command:rows", "approval")
AT_WORK = replace(PLAN, steps=(replace(PLAN.steps[0], gates=GATES), *PLAN.steps[1:]))
AT = walk(AT_WORK)["green-up"]
SAYS = [sys.executable, "-c", 'print(\'{"reasons": ["12 rows"], "figures": {"rows": 12}}\')']
HEALTHY = Reply(200, b'{"status": "ok"}', {"X-Deployment-Version": "2026.02.11"})


@dataclass
class Desk:
    """A project at green-up, whose candidate is `server`."""

    folder: Path
    server: Web
    values: dict[str, Any] = field(default_factory=dict)
    after: int = 6 * MINUTE
    unreachable: str = ""

    def situation(self) -> Situation:
        values = raw(step="green-up", plan=AT_WORK)
        values["environment"] = "production"
        values["commands"] = {"rows": {"run": SAYS}}
        values["smoke"] = {"checks": [{"name": "api", "path": "/health", "json": {"status": "ok"}}]}
        values["security"] = {"path": "/health", "plain": "http://127.0.0.1:1"}
        write_project(self.folder, {**values, **self.values})
        engine = FakeEngine({STACK: {"rollout": output(AT)}})
        traffic = FakeTraffic(live(AT.proposed))
        now = AT.proposed.entered_at + self.after
        look = looker(self.folder, {"HEADGATE_ACTOR": "anna@example.com"})
        return gather(project.find(self.folder), STACK, engine, lambda *_: traffic, now, look=look)

    @property
    def probes(self) -> Probes:
        return Probes(self.address, HttpAsker(), ProcessRunner(), self.folder, {})

    def address(self, settings: Settings) -> Address:
        if self.unreachable:
            raise TrafficError(self.unreachable)
        return Address(self.server.url, settings.domain)

    def recording(self, key: bytes | None = None) -> Recording:
        return Recording(FsspecStore(".headgate/evidence", STACK, self.folder), key, "ci@example.com")

    def kept(self) -> tuple[Evidence, ...]:
        return self.recording().store.all(AT.proposed.rollout_id, "green-up")


@pytest.fixture
def desk(tmp_path: Path) -> Any:
    with web({"/health": HEALTHY}) as server:
        yield Desk(tmp_path, server)


def verdicts(gated: Gated) -> dict[str, Verdict]:
    return {each.gate: each.verdict for each in gated.results}


def test_every_gate_really_runs(desk: Desk) -> None:
    gated = run(desk.situation(), desk.probes)
    assert verdicts(gated) == {
        "drift": Verdict.PASSED,
        "smoke": Verdict.PASSED,
        "security": Verdict.FAILED,
        "command:rows": Verdict.PASSED,
        "approval": Verdict.INCONCLUSIVE,
        "readiness": Verdict.PASSED,
    }
    assert (gated.step, gated.following, gated.passed, gated.kept) == ("green-up", "green-10", False, ())
    assert desk.kept() == ()
    said = "\n".join(lines(gated))
    assert "smoke passed" in said
    assert f"security failed: {desk.server.url} is not HTTPS; there is no header Strict-Transport-Security" in said
    assert "command:rows passed: 12 rows" in said
    assert "headgate approve green-up" in said


def test_what_ran_beforehand_is_recorded_whatever_it_found(desk: Desk) -> None:
    gated = run(desk.situation(), desk.probes, desk.recording())
    kept = desk.kept()
    assert {(each.gate, each.verdict) for each in kept} == {
        ("smoke", Verdict.PASSED), ("security", Verdict.FAILED), ("command:rows", Verdict.PASSED),
    }  # fmt: skip
    assert len(gated.kept) == 3
    assert all(Path(place).is_file() for place in gated.kept)
    assert all(intact(each) and each.by == "ci@example.com" and each.signature == "" for each in kept)


def test_an_update_reads_exactly_that(desk: Desk) -> None:
    ran = run(desk.situation(), desk.probes, desk.recording())
    desk.after += MINUTE
    following = desk.situation().next
    assert following is not None
    read = {each.gate: each for each in following.results}
    for result in ran.results:
        if result.gate in ("smoke", "security", "command:rows"):
            assert read[result.gate] == result
    assert [each.rule[:4] for each in following.blocked_by] == ["R-07", "R-07"]  # security, and no approval


def test_other_settings_afterwards_make_it_worthless(desk: Desk) -> None:
    run(desk.situation(), desk.probes, desk.recording())
    desk.values = {"commands": {"rows": {"run": [*SAYS, "more"]}}}
    following = desk.situation().next
    assert following is not None
    (reason, *_) = next(each.reasons for each in following.results if each.gate == "command:rows")
    assert "the settings of the gate have changed since" in reason


def test_a_key_signs(desk: Desk) -> None:
    run(desk.situation(), desk.probes, desk.recording(b"k" * 32))
    assert all(each.signature for each in desk.kept())


def test_an_address_that_cannot_be_read_holds(desk: Desk) -> None:
    desk.unreachable = "there is no balancer"
    results = {each.gate: each for each in run(desk.situation(), desk.probes).results}
    for name in ("smoke", "security"):
        assert results[name].verdict is Verdict.INCONCLUSIVE
        assert results[name].reasons == ("there is no balancer",)


def test_an_address_of_the_stack_file_comes_first(desk: Desk) -> None:
    desk.unreachable = "nobody asks"
    desk.values = {"smoke": {"address": desk.server.url, "checks": [{"name": "api", "path": "/health"}]}}
    assert verdicts(run(desk.situation(), desk.probes))["smoke"] is Verdict.PASSED


def test_behind_an_edge_the_public_name_is_looked_at(desk: Desk) -> None:
    desk.values = {"domain": "127-0-0-1.localhost.example.com", "edge": {"zone": "example.com"}}
    asked: list[str] = []

    class Noted(HttpAsker):
        def ask(self, url: str, name: str, path: str, **more: Any) -> Any:
            asked.append(f"{url} {name}")
            return super().ask(desk.server.url, name, path, **more)

    probes = replace(desk.probes, asker=Noted())
    run(desk.situation(), probes)
    public = "127-0-0-1.localhost.example.com"
    assert f"https://{public} {public}" in asked
    assert f"{desk.server.url} {public}" in asked  # smoke asks the candidate all the same


def test_where_it_cannot_be_kept_it_is_said(desk: Desk) -> None:
    broken = Recording(FakeEvidence(broken="no access"), None, "ci")
    with pytest.raises(EvidenceError, match="no access"):
        run(desk.situation(), desk.probes, broken)


def test_without_a_step_there_is_nothing_to_run(tmp_path: Path) -> None:
    write_project(tmp_path, raw())
    found = gather(project.find(tmp_path), STACK, FakeEngine(broken="no backend"), lambda *_: FakeTraffic(), 0)
    probes = Probes(lambda _: Address("", ""), HttpAsker(), ProcessRunner(), tmp_path, {})
    with pytest.raises(NoStep, match="there is no step to leave: the recorded state cannot be read: no backend"):
        run(found, probes)
