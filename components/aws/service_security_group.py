"""The security group of the service's tasks.

It stands alone because both sides need it before the service exists: the balancer, the database and the cache
each add the one rule that lets tasks meet them.
"""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
from pulumi_aws import ec2, vpc

from components._common import token


class ServiceSecurityGroupArgs(TypedDict):
    """Arguments of `ServiceSecurityGroup`."""

    vpc_id: pulumi.Input[str]
    """The VPC. Replaces the group."""
    tags: Mapping[str, pulumi.Input[str]]
    """Tags of every taggable child."""


class ServiceSecurityGroup(pulumi.ComponentResource):
    """A security group for tasks that may call HTTPS and otherwise only what is connected to it.

    Creates: security group, egress rule for HTTPS.

    Changes during a rollout: nothing.

    Replaces on: `vpc_id`.
    """

    security_group_id: pulumi.Output[str]
    """The group, for `components.aws.security_rules.connect` and for the tasks."""

    def __init__(self, name: str, args: ServiceSecurityGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("ServiceSecurityGroup"), name, {}, opts)
        group = ec2.SecurityGroup(
            f"{name}-tasks",
            vpc_id=args["vpc_id"],
            description="Tasks of the service",
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        vpc.SecurityGroupEgressRule(
            f"{name}-https-out",
            security_group_id=group.id,
            cidr_ipv4="0.0.0.0/0",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            description="Images, secrets, logs and other AWS services over HTTPS",
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.security_group_id = group.id
        self.register_outputs({"security_group_id": self.security_group_id})
