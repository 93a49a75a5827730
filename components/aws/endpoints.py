"""Endpoints: ways to AWS services that do not leave the VPC."""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_aws import ec2, vpc

INTERFACE_SERVICES = ("ecr.api", "ecr.dkr", "logs", "secretsmanager")
"""What a task needs from its start on: its image, its secrets, its log."""
_HTTPS = 443


def s3_gateway(
    name: str,
    *,
    region: str,
    vpc_id: pulumi.Input[str],
    route_table_ids: Sequence[pulumi.Input[str]],
    tags: Mapping[str, pulumi.Input[str]],
    parent: pulumi.Resource,
) -> ec2.VpcEndpoint:
    """The gateway endpoint of S3 in the given route tables: layers of images come from there, at no charge."""
    return ec2.VpcEndpoint(
        f"{name}-s3",
        vpc_id=vpc_id,
        service_name=f"com.amazonaws.{region}.s3",
        vpc_endpoint_type="Gateway",
        route_table_ids=route_table_ids,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def interface_endpoints(
    name: str,
    *,
    region: str,
    vpc_id: pulumi.Input[str],
    vpc_cidr: str,
    subnet_ids: Sequence[pulumi.Input[str]],
    tags: Mapping[str, pulumi.Input[str]],
    parent: pulumi.Resource,
) -> None:
    """Endpoints of `INTERFACE_SERVICES` in the given subnets, reached over HTTPS from the VPC only."""
    group = ec2.SecurityGroup(
        f"{name}-endpoints",
        vpc_id=vpc_id,
        description="Endpoints of AWS services",
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    vpc.SecurityGroupIngressRule(
        f"{name}-endpoints-in",
        security_group_id=group.id,
        cidr_ipv4=vpc_cidr,
        ip_protocol="tcp",
        from_port=_HTTPS,
        to_port=_HTTPS,
        description="The VPC to the endpoints of AWS services",
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    for service in INTERFACE_SERVICES:
        ec2.VpcEndpoint(
            f"{name}-{service.replace('.', '-')}",
            vpc_id=vpc_id,
            service_name=f"com.amazonaws.{region}.{service}",
            vpc_endpoint_type="Interface",
            private_dns_enabled=True,
            subnet_ids=subnet_ids,
            security_group_ids=[group.id],
            tags=tags,
            opts=pulumi.ResourceOptions(parent=parent),
        )
