"""Where moto 5.2.5 differs from AWS: what the repairs make of it, on the running server."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import grpc
import httpx
import pytest
from botocore.exceptions import ClientError

from sandbox.aws.inventory import KINDS
from tests.sandbox.standin.every_case import EVERY_CASE
from tests.sandbox.standin.provider import Provider
from tests.sandbox.standin.world import CASES, World, world

pytestmark = pytest.mark.sandbox

Client = Callable[[str], Any]


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as error:
        call()
    return str(error.value.response["Error"]["Code"])


class TestLoadBalancer:
    def test_deletion_protection_holds(self, provider: Provider, client: Client) -> None:
        with world(provider) as w:
            arn, elb = w.balancer(), client("elbv2")
            protect = [{"Key": "deletion_protection.enabled", "Value": "true"}]
            elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=protect)
            assert refused(lambda: elb.delete_load_balancer(LoadBalancerArn=arn)) == "OperationNotPermitted"
            with pytest.raises(
                Exception, match=r"aws:lb/loadBalancer:LoadBalancer .*DeleteLoadBalancer: OperationNotPermitted"
            ):
                provider.delete(w.made["balancer"])
            protect[0]["Value"] = "false"
            elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=protect)

    def test_a_port_is_taken_once(self, provider: Provider, client: Client) -> None:
        with world(provider) as w:
            elb = client("elbv2")
            made = w.listener()
            (first,) = elb.describe_listeners(ListenerArns=[made])["Listeners"]
            again = {
                "LoadBalancerArn": first["LoadBalancerArn"],
                "Protocol": "HTTP",
                "DefaultActions": first["DefaultActions"],
            }
            assert refused(lambda: elb.create_listener(Port=81, **again)) == "DuplicateListener"
            other = elb.create_listener(Port=82, **again)["Listeners"][0]["ListenerArn"]
            assert refused(lambda: elb.modify_listener(ListenerArn=other, Port=81)) == "DuplicateListener"
            elb.delete_listener(ListenerArn=other)

    def test_https_needs_a_certificate_that_exists(self, provider: Provider, client: Client) -> None:
        with world(provider) as w:
            elb = client("elbv2")
            given = {
                "LoadBalancerArn": w.balancer(),
                "Protocol": "HTTPS",
                "Port": 443,
                "DefaultActions": [{"Type": "forward", "TargetGroupArn": w.target_group("blue")}],
            }
            assert refused(lambda: elb.create_listener(**given)) == "ValidationError"
            nowhere = "arn:aws:acm:us-east-1:123456789012:certificate/none"
            certificates = [{"CertificateArn": nowhere}]
            assert refused(lambda: elb.create_listener(**given, Certificates=certificates)) == "CertificateNotFound"
            certificates[0]["CertificateArn"] = w.certificate()
            elb.delete_listener(
                ListenerArn=elb.create_listener(**given, Certificates=certificates)["Listeners"][0]["ListenerArn"]
            )

    @pytest.mark.parametrize(("weight", "code"), [(1000, "ValidationError"), (999, None), (0, None)])
    def test_weights_are_0_to_999(self, provider: Provider, client: Client, weight: int, code: str | None) -> None:
        with world(provider) as w:
            elb, listener = client("elbv2"), w.listener()
            groups = [{"TargetGroupArn": w.target_group("blue"), "Weight": weight}]
            actions = [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]
            calls = [
                lambda: elb.modify_listener(ListenerArn=listener, DefaultActions=actions),
                lambda: elb.create_rule(
                    ListenerArn=listener,
                    Priority=1,
                    Conditions=[{"Field": "path-pattern", "Values": ["/x"]}],
                    Actions=actions,
                ),
            ]
            for call in calls:
                assert (refused(call) if code else call() and None) == code

    def test_a_changed_listener_cannot_name_a_missing_target_group(self, provider: Provider, client: Client) -> None:
        with world(provider) as w:
            actions = [{"Type": "forward", "TargetGroupArn": w.target_group("blue") + "x"}]
            modify = client("elbv2").modify_listener
            assert refused(lambda: modify(ListenerArn=w.listener(), DefaultActions=actions)) == "TargetGroupNotFound"

    def test_tasks_are_registered_and_healthy_until_told_otherwise(
        self, provider: Provider, client: Client, control: httpx.Client
    ) -> None:
        with world(provider) as w:
            w.service()
            group = w.target_group("blue")

            def states() -> list[str]:
                found = client("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
                assert {target["Target"]["Port"] for target in found} <= {8080}
                return [target["TargetHealth"]["State"] for target in found]

            assert states() == ["healthy", "healthy"]
            control.put("targets", json={"group": group, "state": "unhealthy", "reason": "Target.Timeout"})
            assert states() == ["unhealthy", "unhealthy"]
            control.delete("condition")
            assert states() == ["healthy", "healthy"]
            client("ecs").update_service(cluster=w.cluster().id, service=w.named("service"), desiredCount=0)
            assert states() == []


class TestContainers:
    def service(self, w: World, client: Client) -> dict[str, Any]:
        found: dict[str, Any] = client("ecs").describe_services(cluster=w.cluster().id, services=[w.named("service")])
        return dict(found["services"][0])

    def test_a_new_service_keeps_its_settings_and_is_steady(self, provider: Provider, client: Client) -> None:
        with world(provider) as w:
            w.service()
            found = self.service(w, client)
            assert found["deploymentConfiguration"]["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
            assert found["healthCheckGracePeriodSeconds"] == 60
            assert (found["runningCount"], found["pendingCount"], found["desiredCount"]) == (2, 0, 2)
            (deployment,) = found["deployments"]
            assert deployment["rolloutState"] == "COMPLETED"

    def test_a_new_task_definition_is_a_new_deployment(self, provider: Provider, client: Client) -> None:
        with world(provider) as w:
            w.service()
            before = self.service(w, client)
            short = w.definition(2).rsplit("/", 1)[1]
            client("ecs").update_service(cluster=w.cluster().id, service=w.named("service"), taskDefinition=short)
            after = self.service(w, client)
            (deployment,) = after["deployments"]
            assert deployment["id"] != before["deployments"][0]["id"]
            assert after["taskDefinition"] == deployment["taskDefinition"] == w.definition(2)
            assert deployment["rolloutState"] == "COMPLETED"

    def test_a_service_may_be_told_not_to_be_steady(
        self, provider: Provider, client: Client, control: httpx.Client
    ) -> None:
        with world(provider) as w:
            w.service()
            told = {"service": w.named("service"), "rollout_state": "IN_PROGRESS", "running": 1}
            control.put("services", json=told)
            found = self.service(w, client)
            assert (found["runningCount"], found["pendingCount"]) == (1, 1)
            assert found["deployments"][0]["rolloutState"] == "IN_PROGRESS"
            control.delete("condition")
            assert self.service(w, client)["runningCount"] == 2

    def test_a_service_is_created_once(self, provider: Provider, client: Client) -> None:
        with world(provider) as w:
            w.service()
            create = client("ecs").create_service
            again = {"cluster": w.cluster().id, "serviceName": w.named("service"), "taskDefinition": w.definition(1)}
            assert refused(lambda: create(**again)) == "InvalidParameterException"

    def test_a_cluster_with_services_stays(self, provider: Provider, client: Client) -> None:
        with world(provider) as w:
            w.service()
            delete = client("ecs").delete_cluster
            assert refused(lambda: delete(cluster=w.cluster().id)) == "ClusterContainsServicesException"
            counts = client("ecs").describe_clusters(clusters=[w.cluster().id])["clusters"][0]
            assert counts["runningTasksCount"] == 2


class TestData:
    def test_a_changed_subnet_group_stays(self, provider: Provider, client: Client) -> None:
        with world(provider) as w:
            rds, name = client("rds"), w.database_subnets()
            rds.modify_db_subnet_group(DBSubnetGroupName=name, SubnetIds=[w.subnet(0), w.subnet(1), w.subnet(2)])
            (group,) = rds.describe_db_subnet_groups(DBSubnetGroupName=name)["DBSubnetGroups"]
            assert len(group["Subnets"]) == 3

    def test_a_protected_database_stays_and_a_last_snapshot_is_made(self, provider: Provider, client: Client) -> None:
        case = next(c for c in CASES if c.token == "aws:rds/instance:Instance")
        with world(provider) as w:
            given = {**case.inputs(w), "deletionProtection": True, "skipFinalSnapshot": False}
            made = provider.create(case.token, "database", given)
            with pytest.raises(grpc.RpcError, match="DeleteDBInstance: InvalidParameterCombination"):
                provider.delete(made)
            open_ = provider.update(made, {**given, "deletionProtection": False})
            with pytest.raises(grpc.RpcError, match="FinalDBSnapshotIdentifier is required"):
                provider.delete(open_)
            last = w.named("last")
            provider.delete(
                provider.update(open_, {**given, "deletionProtection": False, "finalSnapshotIdentifier": last})
            )
            (snapshot,) = client("rds").describe_db_snapshots(DBSnapshotIdentifier=last)["DBSnapshots"]
            assert snapshot["DBInstanceIdentifier"] == w.named("db")

    def test_every_asked_node_is_described(self, provider: Provider, client: Client) -> None:
        cache, case = client("elasticache"), next(c for c in CASES if c.token.endswith("ReplicationGroup"))
        with world(provider) as w:
            w.make(case.token, "cache", **case.inputs(w))
            name = w.named("cache")
            (group,) = cache.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"]
            assert group["MemberClusters"] == [f"{name}-001", f"{name}-002"]
            for member in group["MemberClusters"]:
                (found,) = cache.describe_cache_clusters(CacheClusterId=member)["CacheClusters"]
                assert (found["ReplicationGroupId"], found["EngineVersion"]) == (name, "7.1")
            assert (
                refused(lambda: cache.delete_cache_subnet_group(CacheSubnetGroupName=w.cache_subnets()))
                == "CacheSubnetGroupInUse"
            )

    def test_a_name_is_free_after_a_delete(self, provider: Provider) -> None:
        case = next(c for c in CASES if c.token.endswith("ReplicationGroup"))
        with world(provider) as w:
            given = case.inputs(w)
            for _ in range(2):
                provider.delete(provider.create(case.token, "cache", given))


def test_what_the_emulator_lacks_is_said(client: Client) -> None:
    with pytest.raises(ClientError, match="the emulator behind the sandbox has no elasticache:TestFailover"):
        client("elasticache").test_failover(ReplicationGroupId="x", NodeGroupId="0001")


def test_the_inventory_counts_what_is_ours_and_nothing_else(
    provider: Provider, client: Client, control: httpx.Client
) -> None:
    with world(provider) as w:
        w.service()
        w.secret()
        w.key()
        w.certificate()
        client("ec2").create_vpc(CidrBlock="10.200.0.0/16")
        found = control.get("resources").json()
        assert w.named("service") in found["service"]
        assert w.named("cluster") in found["cluster"]
        assert w.vpc() in found["vpc"]
        assert w.made["key"].id in found["key"]
        assert w.named("role") in found["role"]
        # Without our tag it is not ours.
        assert "secret" not in found
    left = control.get("resources").json()
    assert not {kind: names for kind, names in left.items() if any(w.suffix in name for name in names)}
    assert w.made["vpc"].id not in left.get("vpc", [])


def test_what_is_destroyed_leaves_nothing(provider: Provider, control: httpx.Client) -> None:
    before = control.get("resources").json()
    with ExitStack() as stack:
        for case in EVERY_CASE:
            w = stack.enter_context(world(provider))
            w.make(case.token, "subject", **case.inputs(w))
        found = control.get("resources").json()
        # Routes, associations, policies of roles, listeners and rules go with what they belong to.
        assert {*KINDS, "cluster", "service", "record"} <= found.keys()
    assert control.get("resources").json() == before
