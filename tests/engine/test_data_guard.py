"""What a change would take away, under the real engine: refused by the guard, the pack or the engine itself."""

from collections.abc import Iterator

import pytest

from tests.engine.conftest import PRODUCTION, MakeProject
from tests.support.engine import Project, Run

pytestmark = pytest.mark.engine

CANARY = "canary-hunter2-9f2"
PROGRAM = f'''
import pulumi
from components._common import standard_tags
from components.aws import safeguards
from components.aws.encryption import EncryptionKey
from components.aws.secrets import AppSecrets
from stacks import ledger

given = pulumi.Config("unit")
name, tags = "greenflow-production", standard_tags(service="greenflow", environment="production", owner="team")
guard = safeguards.DataGuard("stack", ledger.outputs().get("kept") or {{}})
arn = "arn:aws:kms:us-east-1:123456789012:key/1"
if not given.get_bool("gone"):
    key = EncryptionKey(
        "key",
        {{
            "physical_name": name,
            "account_id": "123456789012",
            "region": "us-east-1",
            "deletion_window_days": given.get_int("window") or 30,
            "protect_data": not given.get_bool("open"),
            "tags": tags,
        }},
        guard=guard.binding,
    )
    arn = key.key_arn
pulumi.export("kept", guard.keeps(*([] if given.get_bool("gone") else [key.key])))
settings = {{"SESSION_KEY": "{CANARY}"}}
AppSecrets("settings", {{"physical_name": name, "kms_key_arn": arn, "settings": settings, "tags": tags}})
'''


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Project:
    made = make_project(PRODUCTION, PROGRAM)
    made.up("--skip-preview")
    return made


@pytest.fixture
def unit(project: Project) -> Iterator[Project]:
    yield project
    for key in ("gone", "open", "window"):
        project.pulumi("config", "rm", f"unit:{key}")


def refused(run: Run, *words: str) -> None:
    assert run.code != 0, str(run)
    for each in words:
        assert each in run.output, str(run)
    assert "Traceback" not in run.output, str(run)


@pytest.mark.parametrize("policy_pack", [True, False], ids=["with the pack", "without"])
def test_a_shorter_time_to_bring_a_key_back_is_refused(unit: Project, policy_pack: bool) -> None:
    unit.pulumi("config", "set", "unit:window", "14", check=True)
    unit.policy_pack = policy_pack
    try:
        for run in (unit.preview(), unit.up("--skip-preview", check=False)):
            refused(run, "kms-safe-deletion-and-policy", "30 -> 14" if not policy_pack else "must be at least 30")
            refused(run, "Leave deletion_window_days as it was" if not policy_pack else "Keep the key and its window")
    finally:
        unit.policy_pack = True


def test_a_replaced_key_is_refused_and_the_preview_says_what_to_do_instead(unit: Project) -> None:
    key = next(urn for urn in unit.urns() if urn.endswith("aws:kms/key:Key::key-key"))
    refused(unit.preview("--replace", key), "data-protected", "holds data", "Do: Put the key back under its old name")
    refused(unit.up("--skip-preview", "--replace", key, check=False), "marked for protection")


def test_giving_the_protection_up_first_is_refused(unit: Project) -> None:
    unit.pulumi("config", "set", "unit:open", "true", check=True)
    for run in (unit.preview(), unit.up("--skip-preview", check=False)):
        refused(run, "data-protected", "Leave protect_data of the component true")


def test_a_key_that_leaves_the_program_is_refused(unit: Project) -> None:
    unit.pulumi("config", "set", "unit:gone", "true", check=True)
    for run in (unit.preview(), unit.up("--skip-preview", check=False)):
        refused(run, "data-protected: 'key-key' holds data", "Do: Put it back under its old name")


def test_an_update_without_a_change_passes_and_no_secret_is_in_clear(project: Project) -> None:
    run = project.up("--expect-no-changes")
    assert "secret-no-plaintext-value" not in run.output, str(run)
    exported = project.pulumi("stack", "export", check=True)
    assert CANARY not in exported.output + run.output
