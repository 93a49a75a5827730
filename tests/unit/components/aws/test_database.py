"""The database."""

import json
from typing import Any

import pytest

from components.aws.database import Database, DatabaseArgs, family, monitoring_policy
from tests.support.drive import drive
from tests.support.mocks import Recorded

ARGS: DatabaseArgs = {
    "physical_name": "greenflow-production",
    "account_id": "123456789012",
    "region": "us-east-1",
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-7", "subnet-8", "subnet-9"],
    "client_security_group_id": "sg-tasks",
    "kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/1",
    "instance_class": "db.m7g.large",
    "database_name": "greenflow",
    "tags": {},
}


def database(**more: Any) -> Recorded:
    args: Any = {**ARGS, **more}
    return drive(lambda: Database("orders", args))


def test_tls_is_forced_and_slow_statements_are_logged() -> None:
    inputs = database().one("ParameterGroup").inputs
    assert {each["name"]: each["value"] for each in inputs["parameters"]} == {
        "rds.force_ssl": "1",
        "log_min_duration_statement": "500",
    }


@pytest.mark.parametrize(
    ("version", "expected"), [("17", "postgres17"), ("17.6", "postgres17"), ("16.10", "postgres16")]
)
def test_parameter_group_is_of_the_engines_family(version: str, expected: str) -> None:
    assert family(version) == expected
    recorded = database(engine_version=version)
    assert recorded.one("ParameterGroup").inputs["family"] == expected
    assert recorded.one("Instance").inputs["engineVersion"] == version


def test_instance_uses_what_was_made_for_it() -> None:
    recorded = database()
    instance = recorded.one("Instance").inputs
    assert instance["dbSubnetGroupName"] == "orders-subnets-1a2b3c4"
    assert instance["parameterGroupName"] == "orders-parameters-1a2b3c4"
    assert instance["vpcSecurityGroupIds"] == ["orders-database-id"]
    assert instance["monitoringRoleArn"].endswith("orders-monitoring")
    assert recorded.one("aws:rds/subnetGroup:SubnetGroup").inputs["subnetIds"] == ARGS["subnet_ids"]


def test_a_single_zone_is_possible_and_left_to_the_policy_that_answers_for_it() -> None:
    assert database(multi_az=False).one("Instance").inputs["multiAz"] is False


def test_log_groups_exist_before_the_instance_writes() -> None:
    recorded = database()
    groups = recorded.of_type("LogGroup")
    assert [each.inputs["name"] for each in groups] == [
        "/aws/rds/instance/greenflow-production/postgresql",
        "/aws/rds/instance/greenflow-production/upgrade",
    ]
    assert {each.urn for each in groups} <= recorded.one("Instance").dependencies


def test_backups_and_maintenance_do_not_overlap() -> None:
    inputs = database().one("Instance").inputs
    backup_ends = inputs["backupWindow"].split("-")[1]
    maintenance_begins = inputs["maintenanceWindow"].split("-")[0].partition(":")[2]
    assert backup_ends <= maintenance_begins


def test_monitoring_writes_its_own_log_group_only() -> None:
    resources = [
        resource
        for statement in json.loads(monitoring_policy("123456789012", "us-east-1"))["Statement"]
        for resource in statement["Resource"]
    ]
    assert all(":123456789012:log-group:RDSOSMetrics" in each for each in resources)
    (trusted,) = json.loads(database().one("Role").inputs["assumeRolePolicy"])["Statement"]
    assert trusted["Principal"] == {"Service": "monitoring.rds.amazonaws.com"}
    assert trusted["Condition"]["ArnLike"] == {
        "aws:SourceArn": "arn:aws:rds:us-east-1:123456789012:db:greenflow-production"
    }


def test_giving_up_the_data_leaves_nothing_behind() -> None:
    inputs = database(protect_data=False).one("Instance").inputs
    assert inputs["skipFinalSnapshot"] is True
    assert inputs["deletionProtection"] is False
    assert inputs["deleteAutomatedBackups"] is True
    assert "finalSnapshotIdentifier" not in inputs


def test_outputs() -> None:
    recorded = database()
    outputs = recorded.outputs_of("Database")
    assert outputs["address"] == "orders-primary.rds.amazonaws.com"
    assert outputs["port"] == 5432
    assert outputs["database_name"] == "greenflow"
    assert outputs["secret_arn"] == "arn:aws:secretsmanager:us-east-1:123456789012:secret:orders-primary"
    assert outputs["instance"] == recorded.one("Instance").urn


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"physical_name": "orders_db"}, "physical_name: found 'orders_db'"),
        ({"engine_version": "latest"}, "engine_version: found 'latest'; expected a PostgreSQL version"),
        ({"username": "postgres"}, "username: found 'postgres'; expected a name that is none of admin"),
        ({"storage_gib": 10}, "storage_gib: found 10; expected a whole number from 20 to 65536 GiB"),
        ({"storage_gib": 100, "max_storage_gib": 100}, "max_storage_gib: found 100; expected at least a tenth more"),
        ({"backup_retention_days": 0}, "backup_retention_days: found 0; expected a whole number from 1 to 35 days"),
        ({"log_retention_days": 8}, "log_retention_days: found 8"),
        ({"subnet_ids": ["subnet-7"]}, "subnet_ids: found 1"),
    ],
)
def test_wrong_arguments_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"Database 'orders': (.|\n)*{message}"):
        database(**more)


def test_storage_may_grow_by_exactly_a_tenth() -> None:
    recorded = database(storage_gib=100, max_storage_gib=110)
    assert recorded.one("Instance").inputs["maxAllocatedStorage"] == 110
