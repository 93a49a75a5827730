"""The group of the tasks."""

from components.aws.service_security_group import ServiceSecurityGroup
from tests.support.drive import drive

TAGS = {"service": "greenflow"}


def test_tasks_may_call_https_and_nothing_else_of_their_own() -> None:
    recorded = drive(lambda: ServiceSecurityGroup("service", {"vpc_id": "vpc-1", "tags": TAGS}))
    assert recorded.of_type("SecurityGroupIngressRule") == []
    rule = recorded.one("SecurityGroupEgressRule")
    assert (rule.inputs["cidrIpv4"], rule.inputs["fromPort"], rule.inputs["toPort"]) == ("0.0.0.0/0", 443, 443)
    assert recorded.outputs_of("ServiceSecurityGroup") == {"security_group_id": "service-tasks-id"}
