"""Rules between two security groups: always a described pair, one way out and the matching way in."""

from collections.abc import Mapping

import pulumi
from pulumi_aws import vpc


def connect(
    name: str,
    *,
    client: pulumi.Input[str],
    server: pulumi.Input[str],
    port: int,
    description: str,
    tags: Mapping[str, pulumi.Input[str]],
    parent: pulumi.Resource,
) -> None:
    """Lets members of the group `client` open TCP connections to `port` of members of the group `server`.

    Creates `<name>-out` on the client's group and `<name>-in` on the server's, both as children of `parent`.
    """
    vpc.SecurityGroupEgressRule(
        f"{name}-out",
        security_group_id=client,
        referenced_security_group_id=server,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        description=description,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    vpc.SecurityGroupIngressRule(
        f"{name}-in",
        security_group_id=server,
        referenced_security_group_id=client,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        description=description,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
