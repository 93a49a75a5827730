"""Repairs of Amazon RDS. Reference: Amazon RDS API, version 2014-10-31."""

from typing import Any

from moto.core.responses import ActionResult
from moto.moto_api._internal import mock_random
from moto.rds.exceptions import DBParameterGroupNotFoundError, DBSubnetGroupNotFoundError
from moto.rds.models import DBInstance, RDSBackend
from moto.rds.responses import RDSResponse

from sandbox.aws.repairs import Original, around

# What is asked of Performance Insights, and where moto's serialiser looks for it.
_INSIGHTS = {
    "enable_performance_insights": "performance_insights_enabled",
    "performance_insights_kms_key_id": "performance_insights_kms_key_id",
    "performance_insights_retention_period": "performance_insights_retention_period",
}


@around(RDSBackend, "modify_db_subnet_group")
def a_changed_subnet_group_stays(original: Original, backend: RDSBackend, subnet_name: str, *given: Any) -> Any:
    """moto takes the group out of its table and forgets to put it back; AWS keeps it
    (ModifyDBSubnetGroup)."""
    if subnet_name not in backend.subnet_groups:
        raise DBSubnetGroupNotFoundError(subnet_name)
    group = original(subnet_name, *given)
    backend.subnet_groups[subnet_name] = group
    return group


@around(RDSBackend, "create_db_instance")
def a_new_instance_has_an_id_and_insights(original: Original, backend: RDSBackend, given: Any) -> Any:
    """moto gives every instance the same resource id and drops what was asked of Performance Insights; AWS
    gives each its own and keeps it (DBInstance)."""
    instance = original(given)
    instance.dbi_resource_id = f"db-{mock_random.get_random_hex(26).upper()}"
    _keep_insights(instance, given)
    return instance


@around(RDSBackend, "modify_db_instance")
def a_changed_instance_keeps_insights(original: Original, backend: RDSBackend, name: str, given: Any) -> Any:
    """As for a new instance."""
    instance = original(name, given)
    _keep_insights(instance, given)
    return instance


@around(RDSResponse, "reset_db_parameter_group")
def parameters_can_be_reset(_: Original, response: RDSResponse) -> Any:
    """moto has no ResetDBParameterGroup."""
    name = response.params["DBParameterGroupName"]
    if name not in response.backend.db_parameter_groups:
        raise DBParameterGroupNotFoundError(name)
    group = response.backend.db_parameter_groups[name]
    for parameter in response.params.get("Parameters", []):
        group.parameters.pop(parameter["ParameterName"], None)
    return ActionResult({"DBParameterGroupName": name})


def _keep_insights(instance: DBInstance, given: Any) -> None:
    for asked, kept in _INSIGHTS.items():
        value = given.get(asked)
        if value is not None:
            setattr(instance, kept, value)
