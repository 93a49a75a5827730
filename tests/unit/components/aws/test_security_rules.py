"""Rules between groups come in pairs."""

import pulumi

from components.aws.security_rules import connect
from tests.support.drive import drive

TAGS = {"service": "greenflow"}


def test_connect_makes_one_way_out_and_the_matching_way_in() -> None:
    def build() -> None:
        parent = pulumi.ComponentResource("headgate:index:Parent", "parent")
        connect("pair", client="sg-a", server="sg-b", port=5432, description="A to B", tags=TAGS, parent=parent)

    recorded = drive(build)
    common = {"ipProtocol": "tcp", "fromPort": 5432, "toPort": 5432, "description": "A to B", "tags": TAGS}
    way_out, way_in = recorded.one("SecurityGroupEgressRule"), recorded.one("SecurityGroupIngressRule")
    assert (way_out.name, way_in.name) == ("pair-out", "pair-in")
    assert way_out.inputs == {"securityGroupId": "sg-a", "referencedSecurityGroupId": "sg-b", **common}
    assert way_in.inputs == {"securityGroupId": "sg-b", "referencedSecurityGroupId": "sg-a", **common}
