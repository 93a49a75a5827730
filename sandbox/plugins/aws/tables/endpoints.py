"""Amazon EC2: flow logs and endpoints of a VPC. Reference: Amazon EC2 API, version 2016-11-15."""

from collections.abc import Iterator
from typing import Any

from sandbox.plugins.aws.codecs import JSON, List, Via
from sandbox.plugins.aws.rows import Call, Field, Row, Target, Write, described, new, row
from sandbox.plugins.aws.tables.ec2 import arn_of
from sandbox.plugins.aws.tags import ec2 as tags

_FLOW_LOG = row(
    "aws:ec2/flowLog:FlowLog",
    "ec2",
    {
        "vpcId": new("ResourceIds", Via(lambda v: [v], lambda v: v), read="ResourceId"),
        "trafficType": new("TrafficType"),
        "logDestinationType": new("LogDestinationType"),
        "logDestination": new("LogDestination"),
        "iamRoleArn": new("DeliverLogsPermissionArn"),
        "maxAggregationInterval": new("MaxAggregationInterval"),
    },
    create="CreateFlowLogs",
    made="@",
    also=lambda t: {"ResourceType": "VPC"},
    identity=lambda found, _: found["FlowLogIds"][0],
    find=described("DescribeFlowLogs", lambda t: {"FlowLogIds": [t.id]}, "FlowLogs[0]"),
    delete=lambda t: [Call("DeleteFlowLogs", {"FlowLogIds": [t.id]})],
    outputs={"arn": arn_of("vpc-flow-log", "FlowLogId")},
    missing=("InvalidFlowLogId.NotFound",),
    tags=tags("vpc-flow-log"),
)

_MEMBERS = {"routeTableIds": "RouteTableIds", "subnetIds": "SubnetIds", "securityGroupIds": "SecurityGroupIds"}


def _move(target: Target) -> Iterator[Call]:
    params: dict[str, Any] = {}
    for name, member in _MEMBERS.items():
        new_, old = target.inputs.get(name) or [], target.old.get(name) or []
        params |= {
            f"{verb}{member}": given
            for verb, given in (
                ("Add", [each for each in new_ if each not in old]),
                ("Remove", [each for each in old if each not in new_]),
            )
            if given
        }
    yield Call("ModifyVpcEndpoint", {"VpcEndpointId": target.id, **params})


_ENDPOINT = row(
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "ec2",
    {
        "vpcId": new("VpcId"),
        "serviceName": new("ServiceName"),
        "vpcEndpointType": new("VpcEndpointType"),
        "policy": Field("PolicyDocument", JSON, updates=False),
        "privateDnsEnabled": Field("PrivateDnsEnabled", updates=False, default=False),
        "routeTableIds": Field("RouteTableIds", List(), updates=False, default=[]),
        "subnetIds": Field("SubnetIds", List(), updates=False, default=[]),
        "securityGroupIds": Field("SecurityGroupIds", List(), read="Groups[].GroupId", updates=False, default=[]),
    },
    create="CreateVpcEndpoint",
    made="VpcEndpoint",
    identity=lambda found, _: found["VpcEndpointId"],
    find=described(
        "DescribeVpcEndpoints",
        lambda t: {"VpcEndpointIds": [t.id]},
        "VpcEndpoints[0]",
        # A deleted endpoint is listed for a while (DescribeVpcEndpoints).
        gone=lambda found: str(found.get("State", "")).lower() in {"deleted", "deleting"},
    ),
    writes=(Write(frozenset(_MEMBERS), _move, on_create=False),),
    delete=lambda t: [Call("DeleteVpcEndpoints", {"VpcEndpointIds": [t.id]})],
    outputs={"arn": arn_of("vpc-endpoint", "VpcEndpointId"), "ownerId": "OwnerId", "state": "State"},
    missing=("InvalidVpcEndpointId.NotFound",),
    tags=tags("vpc-endpoint"),
    support="repaired",
    note="what is gone can be deleted again",
)

ROWS: tuple[Row, ...] = (_FLOW_LOG, _ENDPOINT)
