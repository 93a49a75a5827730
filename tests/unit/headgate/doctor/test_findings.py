"""What is found in what was seen, a row each: the one thing that is wrong, the finding, and the command."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from headgate.doctor.facts import Engine, Facts, Lock, Pack, Plugin, Secrets, Seen
from headgate.doctor.findings import Kind, examine
from headgate.engine import Secret, Update
from headgate.report import Live
from headgate.state import Unreadable
from tests.support.fake_engine import FakeEngine
from tests.support.fake_traffic import FakeTraffic
from tests.support.rollouts import HOUR, live
from tests.support.situations import STACK, raw, walk
from tests.unit.headgate.cli.test_situation import look

WALK = walk()
PLUGIN = Plugin("cloud", "7.51.1")
VALUES = {f"headgate:{key}": value for key, value in raw(step="green-10").items()}


def updated(**changes: object) -> Update:
    made = Update("update", "succeeded", "advance: green-10", 0, 20, 3, VALUES)
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture
def well(tmp_path: Path) -> Facts:
    """Nothing is wrong."""
    return Facts(
        situation=look(tmp_path),
        engine=Engine(Seen("v3.259.0"), "3.259.0", Seen(frozenset({PLUGIN})), (PLUGIN,), acquires=False),
        backend=Seen("file:///state"),
        secrets=Secrets(by_passphrase=True, given=True),
        pack=Pack("/policies"),
        values=Seen(VALUES),
        history=Seen((updated(),)),
        checkpoint=Seen({"version": 3, "deployment": {"resources": []}}),
        locks=Seen(()),
        evidence=Seen(value=True),
        store="file",
    )


def test_nothing(well: Facts) -> None:
    assert examine(well) == ()


def engine(facts: Facts, **changes: object) -> Facts:
    return replace(facts, engine=replace(facts.engine, **changes))  # type: ignore[arg-type]


def situation(facts: Facts, **changes: object) -> Facts:
    return replace(facts, situation=replace(facts.situation, **changes))  # type: ignore[arg-type]


def lock(alive: bool | None) -> Seen[tuple[Lock, ...]]:
    return Seen((Lock("me@here (pid 7)", "2026-01-01T00:00:00", alive),))


def pending(operations: object) -> Seen[object]:
    return Seen({"version": 3, "deployment": {"pending_operations": operations}})


OPERATION = {"type": "creating", "resource": {"urn": "urn:pulumi:s::p::t:i:T::api"}}
MOVED = live(WALK["before"].proposed)
PINNED = 'export PATH="$(python -m toolchain ensure):$PATH"'
UP_AGAIN = f"pulumi up --refresh --stack {STACK}"
CANCEL = f"pulumi cancel --yes --stack {STACK}"
WATCH = f"headgate status --watch --stack {STACK}"

Broken = Callable[[Facts], Facts]
ROWS: dict[str, tuple[Broken, Kind, str, str]] = {
    "no pulumi": (
        lambda well: engine(well, version=Seen(error="pulumi is not on PATH")),
        Kind.ENGINE_MISSING, "not on PATH", PINNED,
    ),
    "no pulumi in the sandbox": (
        lambda well: replace(engine(well, version=Seen(error="pulumi is not on PATH")), sandbox=True),
        Kind.ENGINE_MISSING, "not on PATH", 'eval "$(headgate sandbox env)"',
    ),
    "an old pulumi": (
        lambda well: engine(well, version=Seen("v3.99.1")), Kind.ENGINE_OLD, "3.99.1", PINNED,
    ),
    "no plugin": (
        lambda well: engine(well, plugins=Seen(frozenset())),
        Kind.PLUGIN_MISSING, "cloud 7.51.1 is not installed, nor", "pulumi plugin install resource cloud 7.51.1",
    ),
    "another plugin": (
        lambda well: engine(well, plugins=Seen(frozenset({Plugin("cloud", "6.0.0")}))),
        Kind.PLUGIN_MISSING, "6.0.0 is", "pulumi plugin install resource cloud 7.51.1",
    ),
    "plugins not told": (
        lambda well: engine(well, plugins=Seen(error="no home")), Kind.NOT_LOOKED_AT, "plugins", "pulumi plugin ls",
    ),
    "no backend": (
        lambda well: replace(well, backend=Seen(error="unable to open state directory")),
        Kind.BACKEND_UNREACHABLE, "state directory", "pulumi login",
    ),
    "no backend in the sandbox": (
        lambda well: replace(well, backend=Seen(error="gone"), sandbox=True),
        Kind.BACKEND_UNREACHABLE, "gone", "headgate sandbox up",
    ),
    "no passphrase": (
        lambda well: replace(well, secrets=Secrets(by_passphrase=True, given=False)),
        Kind.PASSPHRASE_MISSING, "PULUMI_CONFIG_PASSPHRASE_FILE is set",
        "read -rs PULUMI_CONFIG_PASSPHRASE && export PULUMI_CONFIG_PASSPHRASE",
    ),
    "a wrong passphrase": (
        lambda well: replace(well, checkpoint=Seen(error="pulumi stack export failed: incorrect passphrase")),
        Kind.PASSPHRASE_MISSING, "incorrect passphrase",
        "read -rs PULUMI_CONFIG_PASSPHRASE && export PULUMI_CONFIG_PASSPHRASE",
    ),
    "no credentials": (
        lambda well: replace(situation(well, live=None, cloud_error="none"), sign_in="cloud login"),
        Kind.CREDENTIALS_MISSING, "none", "cloud login",
    ),
    "no cloud": (
        lambda well: situation(well, live=None, cloud_error="timed out"), Kind.CLOUD_UNREACHABLE, "timed out", WATCH,
    ),
    "no pack": (
        lambda well: replace(well, pack=Pack("")), Kind.PACK_MISSING, "is not set",
        'export PULUMI_OPTION_POLICY_PACK="$PWD/policies/headgate-policies"',
    ),
    "a pack that is not there": (
        lambda well: replace(well, pack=Pack("/x", "/x is not there")), Kind.PACK_MISSING, "/x is not there",
        'export PULUMI_OPTION_POLICY_PACK="$PWD/policies/headgate-policies"',
    ),
    "a file that cannot be used": (
        lambda well: situation(well, settings=None, problems=("headgate:step: found 7",)),
        Kind.CONFIGURATION_UNUSABLE, "headgate:step: found 7", f"headgate plan --stack {STACK}",
    ),
    "no store": (
        lambda well: replace(well, evidence=Seen(error="/x cannot be read")),
        Kind.EVIDENCE_UNREACHABLE, "/x cannot be read", f"headgate gate --record --stack {STACK}",
    ),
    "no key": (
        lambda well: replace(well, evidence=Seen(error="HEADGATE_EVIDENCE_KEY is not set")),
        Kind.EVIDENCE_UNREACHABLE, "is not set", "read -rs HEADGATE_EVIDENCE_KEY && export HEADGATE_EVIDENCE_KEY",
    ),
    "no stack": (
        lambda well: replace(well, history=Seen(error=f"pulumi stack history failed: no stack named '{STACK}' found")),
        Kind.NOT_CREATED, "no stack named", f"pulumi stack init {STACK}",
    ),
    "a checkpoint that was cut off": (
        lambda well: replace(
            well, checkpoint=Seen(error="failed to load checkpoint: EOF"), backup="/state/my stacks/s.json.bak"
        ),
        Kind.CHECKPOINT_UNREADABLE, "EOF", "cp '/state/my stacks/s.json.bak' '/state/my stacks/s.json'",
    ),
    "a checkpoint elsewhere": (
        lambda well: replace(well, checkpoint=Seen(error="failed to load checkpoint: EOF")),
        Kind.CHECKPOINT_UNREADABLE, "EOF", f"pulumi stack import --file {STACK}.json --stack {STACK}",
    ),
    "a history that is not told": (
        lambda well: replace(well, history=Seen(error="did not end within 30 s")),
        Kind.NOT_LOOKED_AT, "within 30 s", f"pulumi stack export --stack {STACK}",
    ),
    "a record that cannot be read": (
        lambda well: situation(well, last=Unreadable("schema 9 is not 1")),
        Kind.RECORD_UNREADABLE, "schema 9", f"headgate rollback --stack {STACK}",
    ),
    "a lock left behind": (lambda well: replace(well, locks=lock(alive=False)), Kind.LOCKED, "has ended", CANCEL),
    "a lock of another machine": (
        lambda well: replace(well, locks=lock(alive=None)), Kind.LOCKED, "me@here (pid 7) since 2026-01-01", CANCEL,
    ),
    "somebody's update": (
        lambda well: replace(well, locks=lock(alive=True)), Kind.UPDATE_RUNNING, "runs on this machine", WATCH,
    ),
    "locks not told": (
        lambda well: replace(well, locks=Seen(error="no library"), store="box"),
        Kind.NOT_LOOKED_AT, "no library", "python -m pip install 'fsspec[box]'",
    ),
    "an update in progress": (
        lambda well: replace(well, history=Seen((updated(result="in-progress"),))),
        Kind.INTERRUPTED, "(advance: green-10) is in progress", CANCEL,
    ),
    "a failed update": (
        lambda well: replace(well, history=Seen((updated(result="failed"), updated()))),
        Kind.FAILED, "(advance: green-10) failed", f"pulumi up --stack {STACK}",
    ),
    "pending operations": (
        lambda well: replace(well, checkpoint=pending([OPERATION])),
        Kind.INTERRUPTED, "creating api", f"pulumi refresh --stack {STACK}",
    ),
    "another split": (
        lambda well: situation(well, live=MOVED), Kind.SPLIT_DIFFERS, "routes blue 100", UP_AGAIN,
    ),
    "no balancer": (
        lambda well: situation(well, live=Live(exists=False)), Kind.BALANCER_MISSING, "no balancer", UP_AGAIN,
    ),
    "drift": (
        lambda well: replace(well, drifted=Seen(tuple(f"r{number} (update)" for number in range(8)))),
        Kind.DRIFT, "r5 (update) and 2 more", UP_AGAIN,
    ),
    "drift not told": (
        lambda well: replace(well, drifted=Seen(error="a policy refuses")),
        Kind.NOT_LOOKED_AT, "a policy refuses", f"headgate preview --refresh --stack {STACK}",
    ),
    "another configuration": (
        lambda well: replace(well, values=Seen({**VALUES, "headgate:step": "green-50", "headgate:owner": "me"})),
        Kind.CONFIGURATION_DIFFERS, "in headgate:owner, headgate:step", f"pulumi up --stack {STACK}",
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_one_thing(well: Facts, row: str) -> None:
    broken, kind, found, mend = ROWS[row]
    findings = examine(broken(well))
    assert [each.kind for each in findings] == [kind]
    assert found in findings[0].found
    assert findings[0].means
    assert findings[0].mend == mend


def test_every_kind_has_a_row() -> None:
    elsewhere = {Kind.STANDBY_MISSING, Kind.RETENTION_OVER}
    assert {row[1] for row in ROWS.values()} | elsewhere == set(Kind)


class TestStandby:
    def promoted(self, well: Facts, folder: Path, traffic: FakeTraffic | None = None, after: int = HOUR) -> Facts:
        seen = look(folder, WALK["promoted"], traffic, after=after)
        return replace(well, situation=seen)

    def kinds(self, facts: Facts) -> list[Kind]:
        return [each.kind for each in examine(facts) if each.kind is not Kind.CONFIGURATION_DIFFERS]

    def test_kept(self, well: Facts, tmp_path: Path) -> None:
        assert self.kinds(self.promoted(well, tmp_path)) == []

    @pytest.mark.parametrize("gone", [{"healthy": {"green": 6}}, {"images": {"blue": "other@sha256:" + "c" * 64}}])
    def test_not_there(self, well: Facts, tmp_path: Path, gone: dict[str, dict[str, int]]) -> None:
        seen = replace(live(WALK["promoted"].proposed), **gone)  # type: ignore[arg-type]
        assert self.kinds(self.promoted(well, tmp_path, FakeTraffic(seen))) == [Kind.STANDBY_MISSING]

    def test_kept_long_enough(self, well: Facts, tmp_path: Path) -> None:
        facts = self.promoted(well, tmp_path, after=73 * HOUR)
        (found,) = [each for each in examine(facts) if each.kind is Kind.RETENTION_OVER]
        assert "until 1h ago" in found.found
        assert found.mend == f"headgate retire --stack {STACK}"


def test_one_reason_is_said_once(well: Facts, tmp_path: Path) -> None:
    why = "no stack named 'x' found"
    seen = look(tmp_path, engine=FakeEngine(broken=f"pulumi stack output --stack x failed: {why}"))
    history, checkpoint = (f"pulumi stack {what} failed: {why}" for what in ("history", "export"))
    facts = replace(well, situation=seen, history=Seen(error=history), checkpoint=Seen(error=checkpoint))
    assert [each.kind for each in examine(facts)] == [Kind.NOT_CREATED]


def test_without_an_engine_all_that_follows_is_said_once(well: Facts, tmp_path: Path) -> None:
    gone = "pulumi is not on PATH"
    facts = engine(well, version=Seen(error=gone), plugins=Seen())
    seen = look(tmp_path, engine=FakeEngine(broken=gone))
    missing: Seen[object] = Seen(error=gone)
    facts = replace(facts, situation=seen, backend=missing, history=missing, checkpoint=missing)
    assert [each.kind for each in examine(facts)] == [Kind.ENGINE_MISSING]


def test_a_plugin_that_pulumi_fetches_by_itself_needs_no_hand(well: Facts) -> None:
    assert examine(engine(well, plugins=Seen(frozenset()), acquires=True)) == ()


def test_a_pack_that_judged_is_there(well: Facts) -> None:
    assert examine(replace(well, pack=Pack(""), judged=frozenset({"organisation"}))) == ()


def test_secrets_are_not_compared(well: Facts) -> None:
    here = {**VALUES, "headgate:token": {"secure": "v1:x"}}
    there = updated(config={**VALUES, "headgate:token": Secret()})
    assert examine(replace(well, values=Seen(here), history=Seen((there,)))) == ()


@pytest.mark.parametrize("odd", [None, [], {"deployment": None}, {"deployment": {"pending_operations": None}}])
def test_a_checkpoint_without_operations(well: Facts, odd: object) -> None:
    assert examine(replace(well, checkpoint=Seen(odd))) == ()  # type: ignore[arg-type]


@pytest.mark.parametrize("odd", [[1], {"deployment": {"pending_operations": [7]}}])
def test_a_checkpoint_of_another_shape_was_not_looked_at(well: Facts, odd: object) -> None:
    (found,) = examine(replace(well, checkpoint=Seen(odd)))  # type: ignore[arg-type]
    assert found.kind is Kind.NOT_LOOKED_AT
    assert "wrong shape" in found.found
