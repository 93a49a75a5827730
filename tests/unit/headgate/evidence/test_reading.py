"""Key, authors and store of a stack, put together."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from headgate.evidence import Evidence, EvidenceError
from headgate.evidence.identity import GitIdentity
from headgate.evidence.reading import KEY, key_of, looker
from headgate.evidence.record import about, sealed
from headgate.gate_settings import EvidenceSettings
from headgate.report import Verdict
from headgate.settings import Settings
from tests.support import stack_files
from tests.support.fake_evidence import FakeEvidence
from tests.support.rollouts import HOUR, walk

STATE = walk()["green-10"].state
NOW = STATE.entered_at + HOUR
SETTINGS = stack_files.load("greenflow-production")
SECRET = "correct-horse-battery-staple"
SIGNED = replace(SETTINGS, evidence=EvidenceSettings(signed=True))


@dataclass
class Known:
    """An identity that is what a test says."""

    who: frozenset[str] = frozenset({"anna@example.com"})

    def authors(self, file: str) -> frozenset[str]:
        assert file == SETTINGS.file
        return self.who

    def recorder(self) -> str:
        return "ci"


def approval(by: str = "bert@example.com", key: bytes | None = None) -> Evidence:
    details = {"expires": str(NOW + HOUR)}
    made = Evidence(**about(STATE), gate="approval", verdict=Verdict.PASSED, at=NOW, by=by, details=details)
    return sealed(made, key)


def refusals(
    *records: Evidence,
    settings: Settings = SETTINGS,
    environ: Mapping[str, str] | None = None,
    who: Known | None = None,
) -> list[str]:
    shelf = FakeEvidence(list(records))
    look = looker(Path(), environ or {}, store_for=lambda *_: shelf, identity=who or Known())
    findings = look(settings, STATE, NOW)
    assert findings.error == ""
    return [each.refusal for each in findings.records]


def test_what_fits_counts() -> None:
    assert refusals(approval()) == [""]
    assert refusals(approval(key=SECRET.encode()), settings=SIGNED, environ={KEY: SECRET}) == [""]


def test_an_author_may_not_approve() -> None:
    (refusal,) = refusals(approval("anna@example.com"))
    assert "somebody else must approve" in refusal
    assert "set HEADGATE_ACTOR" in refusals(approval(), who=Known(frozenset()))[0]


def test_nobody_asks_for_authors_outside_production() -> None:
    staging = replace(SETTINGS, environment="staging")
    findings = looker(Path(), {}, store_for=lambda *_: FakeEvidence(), identity=Broken())(staging, STATE, NOW)
    assert findings.error == ""


class Broken:
    def authors(self, file: str) -> frozenset[str]:
        raise AssertionError(file)

    def recorder(self) -> str:
        raise AssertionError


@pytest.mark.parametrize(
    ("settings", "environ", "said"),
    [
        (SIGNED, {}, f"{KEY} is not set"),
        (SIGNED, {KEY: "short"}, "fewer than 16 characters"),
        (SETTINGS, {KEY: "short"}, "fewer than 16 characters"),
    ],
)
def test_a_key_that_cannot_be_used_holds_and_is_not_shown(
    settings: Settings, environ: Mapping[str, str], said: str
) -> None:
    shelf = FakeEvidence([approval()])
    findings = looker(Path(), environ, store_for=lambda *_: shelf, identity=Known())(settings, STATE, NOW)
    assert said in findings.error
    assert "short" not in findings.error
    assert shelf.readings == 0


def test_the_key_is_shown_nowhere() -> None:
    from headgate.evidence.reading import terms_of

    key = key_of(SIGNED, {KEY: SECRET})
    assert key == SECRET.encode()
    assert SECRET not in repr(terms_of(SIGNED, key, frozenset()))
    (refusal,) = refusals(approval(key=b"another-key-of-sixteen"), settings=SIGNED, environ={KEY: SECRET})
    assert refusal == "its signature was not made with this key"


def test_a_store_that_cannot_be_read_is_said_and_not_raised() -> None:
    broken = FakeEvidence(broken="no access")
    assert looker(Path(), {}, store_for=lambda *_: broken, identity=Known())(SETTINGS, STATE, NOW).error == "no access"
    with pytest.raises(EvidenceError):
        broken.put(approval())


class TestGitIdentity:
    FILE = "stacks/Pulumi.greenflow-production.yaml"

    @pytest.fixture
    def checkout(self, tmp_path: Path) -> Path:
        (tmp_path / "stacks").mkdir()
        (tmp_path / self.FILE).write_text("step: idle\n")
        self.git(tmp_path, "init", "--quiet")
        self.git(tmp_path, "config", "user.email", "Desk@example.com")
        self.git(tmp_path, "config", "user.name", "Desk")
        self.git(tmp_path, "add", ".")
        self.git(tmp_path, "commit", "--quiet", "-m", "x", "--author", "Anna <Anna@example.com>")
        return tmp_path

    def git(self, folder: Path, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)

    def environ(self, **more: str) -> dict[str, str]:
        import os

        return {"PATH": os.environ["PATH"], "HOME": "/nowhere", **more}

    def test_the_author_of_the_last_commit_of_the_file(self, checkout: Path) -> None:
        assert GitIdentity(checkout, self.environ()).authors(self.FILE) == {"anna@example.com"}

    def test_a_commit_of_another_file_makes_nobody_an_author(self, checkout: Path) -> None:
        (checkout / "other").write_text("x")
        self.git(checkout, "add", ".")
        self.git(checkout, "commit", "--quiet", "-m", "y")
        assert GitIdentity(checkout, self.environ()).authors(self.FILE) == {"anna@example.com"}

    def test_who_has_changed_it_here_asked_too(self, checkout: Path) -> None:
        (checkout / self.FILE).write_text("step: green-10\n")
        found = GitIdentity(checkout, self.environ()).authors(self.FILE)
        assert found == {"anna@example.com", "desk@example.com"}

    def test_the_pipeline_says_who_asked(self, checkout: Path) -> None:
        found = GitIdentity(checkout, self.environ(HEADGATE_ACTOR="Octo ")).authors(self.FILE)
        assert found == {"anna@example.com", "octo"}

    def test_outside_a_checkout_nobody_can_tell(self, tmp_path: Path) -> None:
        identity = GitIdentity(tmp_path, self.environ())
        assert identity.authors(self.FILE) == frozenset()
        assert identity.recorder() == ""
        assert GitIdentity(tmp_path, {"PATH": ""}).authors(self.FILE) == frozenset()

    def test_who_records(self, checkout: Path, tmp_path: Path) -> None:
        assert GitIdentity(checkout, self.environ()).recorder() == "Desk@example.com"
        assert GitIdentity(checkout, self.environ(HEADGATE_ACTOR="octo")).recorder() == "octo"
        assert GitIdentity(Path("/"), self.environ(USER="root")).recorder() == "root"
