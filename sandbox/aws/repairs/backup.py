"""Repairs of AWS Backup. Reference: AWS Backup API, version 2018-11-15."""

import json
from typing import Any

from moto.backup.exceptions import ResourceNotFoundException
from moto.backup.models import BackupBackend, Plan
from moto.backup.responses import BackupResponse
from moto.core.utils import unix_time
from moto.moto_api._internal import mock_random

from sandbox.aws.repairs import Original, around


@around(BackupResponse, "update_backup_plan")
def a_plan_can_change(_: Original, response: BackupResponse) -> Any:
    """moto has no UpdateBackupPlan."""
    plan = _plan(response, response.path.rstrip("/").split("/plans/")[-1])
    asked = json.loads(response.body)["BackupPlan"]
    changed = Plan(asked, plan.creator_request_id, response.backup_backend)
    plan.backup_plan, plan.version_id = changed.backup_plan, changed.version_id
    return json.dumps(plan.to_dict())


@around(BackupResponse, "create_backup_selection")
def a_plan_has_selections(_: Original, response: BackupResponse) -> Any:
    """moto has no CreateBackupSelection."""
    plan, _selection = _path(response)
    made = {
        "SelectionId": str(mock_random.uuid4()),
        "BackupPlanId": _plan(response, plan).backup_plan_id,
        "CreationDate": unix_time(),
        "BackupSelection": json.loads(response.body)["BackupSelection"],
    }
    _selections(response.backup_backend)[made["SelectionId"]] = made
    return json.dumps({key: value for key, value in made.items() if key != "BackupSelection"})


@around(BackupResponse, "get_backup_selection")
def a_selection_is_told(_: Original, response: BackupResponse) -> Any:
    """moto has no GetBackupSelection."""
    return json.dumps(_selection(response))


@around(BackupResponse, "delete_backup_selection")
def a_selection_can_go(_: Original, response: BackupResponse) -> Any:
    """moto has no DeleteBackupSelection."""
    del _selections(response.backup_backend)[_selection(response)["SelectionId"]]
    return "{}"


@around(BackupBackend, "delete_backup_plan")
def a_plan_with_selections_stays(original: Original, backend: BackupBackend, backup_plan_id: str) -> Any:
    """moto deletes a plan with everything; AWS asks for its selections to go first (DeleteBackupPlan)."""
    if any(made["BackupPlanId"] == backup_plan_id for made in _selections(backend).values()):
        from moto.backup.exceptions import InvalidRequestException

        raise InvalidRequestException(
            msg="Related backup plan selections must be deleted prior to backup plan deletion"
        )
    return original(backup_plan_id=backup_plan_id)


def _path(response: BackupResponse) -> tuple[str, str]:
    """Plan and selection in `/backup/plans/<plan>/selections/<selection>`."""
    plan, _, selection = response.path.split("/plans/")[-1].partition("/selections")
    return plan, selection.strip("/")


def _plan(response: BackupResponse, identity: str) -> Plan:
    plan = response.backup_backend.plans.get(identity)
    if plan is None or plan.deletion_date is not None:
        raise ResourceNotFoundException(msg=f"Backup plan {identity} not found")
    return plan


def _selection(response: BackupResponse) -> dict[str, Any]:
    plan, selection = _path(response)
    made = _selections(response.backup_backend).get(selection)
    if made is None or made["BackupPlanId"] != plan:
        raise ResourceNotFoundException(msg=f"Backup selection {selection} not found")
    return made


def _selections(backend: BackupBackend) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = backend.__dict__.setdefault("headgate_selections", {})
    return found
