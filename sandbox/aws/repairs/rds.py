"""Repairs of Amazon RDS. Reference: Amazon RDS API, version 2014-10-31."""

from typing import Any

from moto.rds.exceptions import DBSubnetGroupNotFoundError
from moto.rds.models import RDSBackend

from sandbox.aws.repairs import Original, around


@around(RDSBackend, "modify_db_subnet_group")
def a_changed_subnet_group_stays(original: Original, backend: RDSBackend, subnet_name: str, *given: Any) -> Any:
    """moto takes the group out of its table and forgets to put it back; AWS keeps it
    (ModifyDBSubnetGroup)."""
    if subnet_name not in backend.subnet_groups:
        raise DBSubnetGroupNotFoundError(subnet_name)
    group = original(subnet_name, *given)
    backend.subnet_groups[subnet_name] = group
    return group
