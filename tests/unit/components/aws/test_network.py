"""The network: which subnet can reach what."""

import json
from typing import Any

import pytest

from components.aws.flow_logs import delivery_policy, flow_trust
from components.aws.network import NatGateways, Network, NetworkArgs
from tests.support.drive import drive
from tests.support.mocks import Recorded

ZONES = ["us-east-1a", "us-east-1b", "us-east-1c"]


ARGS: NetworkArgs = {
    "physical_name": "greenflow-staging",
    "account_id": "123456789012",
    "region": "us-east-1",
    "kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/1",
    "cidr": "10.0.0.0/16",
    "availability_zones": ZONES,
    "tags": {},
}


def network(**more: Any) -> Recorded:
    return drive(lambda: Network("net", NetworkArgs(**{**ARGS, **more})))  # type: ignore[typeddict-item]


def routes(recorded: Recorded) -> dict[str, dict[str, str]]:
    """Route table -> its routes, destination -> target."""
    tables: dict[str, dict[str, str]] = {table.name: {} for table in recorded.of_type("RouteTable")}
    for route in recorded.of_type("Route"):
        target = route.inputs.get("gatewayId") or route.inputs["natGatewayId"]
        tables[route.inputs["routeTableId"].removesuffix("-id")][route.inputs["destinationCidrBlock"]] = target
    return tables


def table_of(recorded: Recorded) -> dict[str, str]:
    """Subnet -> route table."""
    return {
        each.inputs["subnetId"].removesuffix("-id"): each.inputs["routeTableId"].removesuffix("-id")
        for each in recorded.of_type("RouteTableAssociation")
    }


def test_three_tiers_in_every_zone() -> None:
    subnets = network().of_type("Subnet")
    assert sorted((each.name, each.inputs["availabilityZone"]) for each in subnets) == sorted(
        (f"net-{tier}-{zone}", zone) for tier in ("public", "app", "data") for zone in ZONES
    )


def test_one_nat_gateway_per_zone_by_default() -> None:
    recorded = network()
    assert routes(recorded) == {
        "net-public": {"0.0.0.0/0": "net-internet-id"},
        "net-app-us-east-1a": {"0.0.0.0/0": "net-nat-us-east-1a-id"},
        "net-app-us-east-1b": {"0.0.0.0/0": "net-nat-us-east-1b-id"},
        "net-app-us-east-1c": {"0.0.0.0/0": "net-nat-us-east-1c-id"},
        "net-data": {},
    }
    gateways = {each.name: each.inputs["subnetId"] for each in recorded.of_type("NatGateway")}
    assert gateways == {f"net-nat-{zone}": f"net-public-{zone}-id" for zone in ZONES}


def test_a_single_nat_gateway_serves_all_zones() -> None:
    recorded = network(nat_gateways=NatGateways.SINGLE)
    assert [each.name for each in recorded.of_type("NatGateway")] == ["net-nat-us-east-1a"]
    assert [each.name for each in recorded.of_type("Eip")] == ["net-nat-us-east-1a"]
    tables = routes(recorded)
    assert {tables[f"net-app-{zone}"]["0.0.0.0/0"] for zone in ZONES} == {"net-nat-us-east-1a-id"}


def test_changing_the_number_of_nat_gateways_touches_no_subnet_or_table() -> None:
    kept = ("Subnet", "RouteTable", "Route", "RouteTableAssociation")
    names = [
        [[each.name for each in network(nat_gateways=choice).of_type(kind)] for kind in kept] for choice in NatGateways
    ]
    assert names[0] == names[1]


def test_every_subnet_has_the_table_of_its_tier() -> None:
    assert table_of(network()) == {
        **{f"net-public-{zone}": "net-public" for zone in ZONES},
        **{f"net-app-{zone}": f"net-app-{zone}" for zone in ZONES},
        **{f"net-data-{zone}": "net-data" for zone in ZONES},
    }


def test_data_subnets_have_no_way_out_at_all() -> None:
    recorded = network()
    tables = routes(recorded)
    assert {subnet: tables[table] for subnet, table in table_of(recorded).items() if "-data-" in subnet} == {
        f"net-data-{zone}": {} for zone in ZONES
    }


def test_a_subnet_is_handed_out_only_when_it_has_its_route() -> None:
    recorded = network()
    for association in recorded.of_type("RouteTableAssociation"):
        waits_for = {urn.rpartition("::")[2] for urn in association.dependencies if "ec2/route:Route" in urn}
        expected = {"net-public": {"net-public-internet"}, "net-data": set[str]()}
        table = association.inputs["routeTableId"].removesuffix("-id")
        assert waits_for == expected.get(table, {f"{table}-nat"}), association.name


def test_nat_gateways_wait_for_the_internet_gateway() -> None:
    recorded = network()
    internet = recorded.one("InternetGateway").urn
    for each in [*recorded.of_type("NatGateway"), *recorded.of_type("Eip")]:
        assert internet in each.dependencies, each.name


def test_a_preview_knows_how_many_subnets_there_will_be() -> None:
    outputs = drive(lambda: Network("net", ARGS), preview=True).outputs_of("Network")
    for key in ("public_subnet_ids", "app_subnet_ids", "data_subnet_ids"):
        assert len(outputs[key]) == 3


def test_addresses_of_the_way_out_are_known_to_the_caller() -> None:
    assert network().outputs_of("Network")["nat_public_ips"] == ["203.0.113.7"] * 3


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"cidr": "10.0.0.0/8"}, r"Network 'net': cidr: found '10.0.0.0/8'; expected an IPv4 network of /16 to /24"),
        ({"cidr": "everywhere"}, r"Network 'net': cidr: found 'everywhere'"),
        ({"availability_zones": ["a"]}, r"availability_zones: found \['a'\]; expected 2 to 4 different zones"),
        ({"availability_zones": ["a", "b", "a"]}, "availability_zones"),
        ({"availability_zones": list("abcde")}, "availability_zones"),
        ({"nat_gateways": "many"}, "nat_gateways: found 'many'; expected one of one-per-zone, single"),
    ],
)
def test_wrong_arguments_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        network(**more)


def test_choices_may_come_as_their_text() -> None:
    """A program in another language sends the value of an enum, not the member."""
    assert len(network(nat_gateways="single").of_type("NatGateway")) == 1


def test_all_traffic_is_logged_to_an_encrypted_group_of_its_own() -> None:
    recorded = network()
    log = recorded.one("FlowLog")
    assert {key: log.inputs[key] for key in ("vpcId", "trafficType", "logDestinationType")} == {
        "vpcId": "net-vpc-id",
        "trafficType": "ALL",
        "logDestinationType": "cloud-watch-logs",
    }
    group = recorded.one("LogGroup")
    assert log.inputs["logDestination"].endswith(":log-group:net-flow")
    assert group.inputs["name"] == "/aws/vpc/greenflow-staging/flow"
    assert (group.inputs["retentionInDays"], group.inputs["kmsKeyId"]) == (365, ARGS["kms_key_arn"])
    assert recorded.one("RolePolicy").urn in log.dependencies


def test_flow_logs_are_delivered_for_this_account_to_this_group_only() -> None:
    (trust,) = json.loads(flow_trust("123456789012", "us-east-1"))["Statement"]
    assert trust["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert trust["Condition"]["ArnLike"]["aws:SourceArn"] == "arn:aws:ec2:us-east-1:123456789012:vpc-flow-log/*"
    look, write = json.loads(delivery_policy("123456789012", "us-east-1", "/a"))["Statement"]
    assert look["Action"] == ["logs:DescribeLogGroups"]
    assert write["Resource"] == [
        "arn:aws:logs:us-east-1:123456789012:log-group:/a",
        "arn:aws:logs:us-east-1:123456789012:log-group:/a:*",
    ]
    assert "logs:CreateLogGroup" not in write["Action"], "the group exists, with its key and retention"


def test_s3_is_reached_from_the_tasks_without_a_nat_gateway_and_from_data_not_at_all() -> None:
    endpoint = network().one("VpcEndpoint").inputs
    assert endpoint["vpcEndpointType"] == "Gateway"
    assert endpoint["serviceName"] == "com.amazonaws.us-east-1.s3"
    assert endpoint["routeTableIds"] == [f"net-app-{zone}-id" for zone in ZONES]


def test_interface_endpoints_are_asked_for_and_reached_from_the_vpc_only() -> None:
    recorded = network(interface_endpoints=True)
    services = {
        each.inputs["serviceName"].removeprefix("com.amazonaws.us-east-1.")
        for each in recorded.of_type("VpcEndpoint")
        if each.inputs["vpcEndpointType"] == "Interface"
    }
    assert services == {"ecr.api", "ecr.dkr", "logs", "secretsmanager"}
    for each in recorded.of_type("VpcEndpoint"):
        if each.inputs["vpcEndpointType"] == "Interface":
            assert each.inputs["privateDnsEnabled"] is True
            assert len(each.inputs["subnetIds"]) == len(ZONES)
            assert each.inputs["securityGroupIds"] == ["net-endpoints-id"]
    rule = recorded.one("SecurityGroupIngressRule").inputs
    assert (rule["cidrIpv4"], rule["fromPort"], rule["toPort"]) == ("10.0.0.0/16", 443, 443)


@pytest.mark.parametrize("days", [0, 42])
def test_flow_logs_are_kept_for_days_that_cloudwatch_takes(days: int) -> None:
    with pytest.raises(ValueError, match="log_retention_days"):
        network(log_retention_days=days)
