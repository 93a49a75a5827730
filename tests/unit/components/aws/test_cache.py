"""The cache."""

from typing import Any

import pytest

from components.aws.cache import Cache, CacheArgs, family
from tests.support.drive import drive
from tests.support.mocks import Recorded

ARGS: CacheArgs = {
    "physical_name": "greenflow-production",
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-7", "subnet-8", "subnet-9"],
    "client_security_group_id": "sg-tasks",
    "kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/1",
    "node_type": "cache.m7g.large",
    "tags": {},
}


def cache(**more: Any) -> Recorded:
    args: Any = {**ARGS, **more}
    return drive(lambda: Cache("sessions", args))


def test_the_application_signs_in_with_iam() -> None:
    user = cache().one("User", "sessions-app").inputs
    assert user["authenticationMode"] == {"type": "iam"}
    assert user["userId"] == user["userName"] == "greenflow-production-app"  # IAM authentication requires it
    assert user["accessString"].startswith("on ")
    assert user["accessString"].endswith("-@admin -@dangerous")


def test_the_default_user_can_do_nothing() -> None:
    user = cache().one("User", "sessions-default").inputs
    assert user["userName"] == "default"
    assert user["userId"] != "default"  # ElastiCache's own, which is on
    assert user["accessString"] == "off ~* -@all"


def test_replication_group_knows_these_users_only() -> None:
    recorded = cache()
    assert recorded.one("UserGroup").inputs["userIds"] == ["greenflow-production-default", "greenflow-production-app"]
    assert recorded.one("ReplicationGroup").inputs["userGroupIds"] == ["greenflow-production"]


def test_no_password_is_anywhere() -> None:
    for child in cache().custom():
        assert not {key for key in child.inputs if "password" in key.lower() or key == "authToken"}, child.name


def test_a_single_node_takes_no_failover() -> None:
    inputs = cache(nodes=1, multi_az=False).one("ReplicationGroup").inputs
    assert (inputs["numCacheClusters"], inputs["automaticFailoverEnabled"], inputs["multiAzEnabled"]) == (
        1,
        False,
        False,
    )


@pytest.mark.parametrize(("version", "expected"), [("7.1", "redis7"), ("7.0", "redis7")])
def test_parameter_group_is_of_the_engines_family(version: str, expected: str) -> None:
    assert family(version) == expected
    inputs = cache(engine_version=version).one("ParameterGroup").inputs
    assert inputs["family"] == expected
    assert inputs["parameters"] == [{"name": "maxmemory-policy", "value": "allkeys-lru"}]


def test_outputs() -> None:
    recorded = cache()
    outputs = recorded.outputs_of("Cache")
    assert outputs["primary_endpoint"] == "master.sessions-primary.cache.amazonaws.com"
    assert outputs["port"] == 6379
    assert outputs["user_name"] == "greenflow-production-app"
    assert [arn.rpartition(":")[2] for arn in outputs["connect_arns"]] == ["sessions-primary", "sessions-app"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"physical_name": "a--b"}, "physical_name: found 'a--b'"),
        ({"engine_version": "6.2"}, "engine_version: found '6.2'; expected a Redis version of the 7 series"),
        ({"nodes": 7}, "nodes: found 7; expected a whole number from 1 to 6"),
        ({"nodes": 1}, "multi_az, nodes: found 'multi_az with nodes 1'; expected at least 2 nodes with multi_az"),
        ({"snapshot_retention_days": 36}, "snapshot_retention_days: found 36"),
        ({"subnet_ids": []}, "subnet_ids: found 0"),
    ],
)
def test_wrong_arguments_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"Cache 'sessions': (.|\n)*{message}"):
        cache(**more)
