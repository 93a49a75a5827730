"""Rules on PostgreSQL in RDS."""

from collections.abc import Iterable, Mapping, Sequence

from policies.facts import Resource, must_be, must_not_be_true
from policies.model import Finding, Rule, Settings, Severity, StackRule, Where, number, switch

INSTANCE = "aws:rds/instance:Instance"
PARAMETER_GROUP = "aws:rds/parameterGroup:ParameterGroup"
SUBNET_GROUP = "aws:rds/subnetGroup:SubnetGroup"
ROUTE = "aws:ec2/route:Route"
ROUTE_TABLE = "aws:ec2/routeTable:RouteTable"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
SUBNET = "aws:ec2/subnet:Subnet"
INTERNET_GATEWAY = "aws:ec2/internetGateway:InternetGateway"


def _multi_az(resource: Resource, _: Settings) -> Iterable[str]:
    yield from must_be(resource.inputs, "multiAz", True)


def _storage_encrypted(resource: Resource, settings: Settings) -> Iterable[str]:
    yield from must_be(resource.inputs, "storageEncrypted", True)
    if settings["requireOwnKey"] and not resource.inputs.has("kmsKeyId"):
        yield "kmsKeyId must be set, found nothing."


def _not_public(resource: Resource, _: Settings) -> Iterable[str]:
    yield from must_not_be_true(resource.inputs, "publiclyAccessible")


def _backup_retention(resource: Resource, settings: Settings) -> Iterable[str]:
    if resource.inputs.has("replicateSourceDb"):
        return
    days = resource.inputs.number("backupRetentionPeriod") or 0
    if days < settings["minimumDays"]:
        yield f"backupRetentionPeriod must be at least {settings['minimumDays']} days, found {days:g}."


def _deletion_protection(resource: Resource, _: Settings) -> Iterable[str]:
    yield from must_be(resource.inputs, "deletionProtection", True)


def _final_snapshot(resource: Resource, _: Settings) -> Iterable[str]:
    inputs = resource.inputs
    yield from must_not_be_true(inputs, "skipFinalSnapshot")
    if not inputs.has("finalSnapshotIdentifier"):
        yield "finalSnapshotIdentifier must be set, found nothing."
    yield from must_be(inputs, "deleteAutomatedBackups", False)


def _managed_password(resource: Resource, _: Settings) -> Iterable[str]:
    inputs = resource.inputs
    if inputs.has("password"):
        yield "password must not be set, found a password in the program and in its state."
    if inputs.has("replicateSourceDb") or inputs.has("passwordWo"):
        return
    yield from must_be(inputs, "manageMasterUserPassword", True)


def _force_ssl(resource: Resource, _: Settings) -> Iterable[str]:
    if not (resource.inputs.text("family") or "postgres").startswith("postgres"):
        return
    for parameter in resource.inputs.items("parameters"):
        if parameter.text("name") == "rds.force_ssl":
            if str(parameter.get("value")) != "1":
                yield f"{parameter.path}.value of rds.force_ssl must be 1, found another value."
            return
    yield "parameters must hold rds.force_ssl with value 1, found no such parameter."


def _in_subnet_group(resource: Resource, _: Settings) -> Iterable[str]:
    inputs = resource.inputs
    if not inputs.has("dbSubnetGroupName") and not inputs.has("replicateSourceDb"):
        yield "dbSubnetGroupName must be set, found nothing, which is the default network."


def _no_way_to_internet(resources: Sequence[Resource], _: Settings) -> Iterable[Finding]:
    """Follows references as well as ids: ids are unknown in the first preview, what they come from is not."""
    by_type: dict[str, list[Resource]] = {}
    for resource in resources:
        by_type.setdefault(resource.type, []).append(resource)
    gateways = {gateway.urn for gateway in by_type.get(INTERNET_GATEWAY, ())}
    tables = {table.urn for table in by_type.get(ROUTE_TABLE, ()) if _routed_inline(table, gateways)}
    for route in by_type.get(ROUTE, ()):
        if _leads_out(_named(route, "gatewayId"), gateways):
            tables |= _named(route, "routeTableId")
    exposed: set[str] = set()
    for association in by_type.get(ASSOCIATION, ()):
        if _named(association, "routeTableId") & tables:
            # A component may hand out a subnet's id by its association, so that nothing starts before it has routes.
            exposed |= {association.urn, *_named(association, "subnetId")}
    for group in by_type.get(SUBNET_GROUP, ()):
        found = _named(group, "subnetIds") & exposed
        if found:
            names = sorted(urn.rpartition("::")[2] for urn in found if urn.startswith("urn:"))
            which = f" ({', '.join(names)})" if names else ""
            yield Finding(group.urn, f"subnetIds must have no route to an internet gateway, found one{which}.")


def _named(resource: Resource, key: str) -> set[str]:
    """What an input names: URNs of the resources it comes from, and the ids in it that are known."""
    value = resource.inputs.node(key).value
    texts = value if isinstance(value, list) else [value]
    return {*resource.depends.get(key, ()), *(text for text in texts if isinstance(text, str))}


def _leads_out(named: set[str], gateways: set[str]) -> bool:
    return bool(named & gateways) or any(each.startswith("igw-") for each in named)


def _routed_inline(table: Resource, gateways: set[str]) -> bool:
    routes = table.inputs.node("routes").value
    inline = (
        [route.get("gatewayId") for route in routes if isinstance(route, Mapping)] if isinstance(routes, list) else []
    )
    return _leads_out({*table.depends.get("routes", ()), *(each for each in inline if isinstance(each, str))}, gateways)


_SOURCE_PROJECT = "project"

RULES = (
    Rule(
        id="rds-multi-az",
        row="33",
        title="Databases survive the loss of a zone",
        description="Checks whether database instances keep a standby in another availability zone.",
        types=frozenset({INSTANCE}),
        reads=("multiAz",),
        check=_multi_az,
        remedy="Set multiAz to true (headgate:database.multi_az).",
        severity=Severity.HIGH,
        source="FSBP RDS.5",
        where=Where.PRODUCTION,
    ),
    Rule(
        id="rds-storage-encrypted",
        row="34",
        title="Databases are encrypted",
        description="Checks whether the storage of database instances is encrypted, in production with our own key.",
        types=frozenset({INSTANCE}),
        reads=("storageEncrypted", "kmsKeyId"),
        check=_storage_encrypted,
        remedy="Set storageEncrypted to true and kmsKeyId to a key of this stack. Both replace an existing instance.",
        severity=Severity.CRITICAL,
        source="FSBP RDS.3",
        settings={"requireOwnKey": switch(True, "Whether kmsKeyId must be set.")},
    ),
    Rule(
        id="rds-not-public",
        row="35",
        title="Databases are private",
        description="Checks whether database instances have no public address.",
        types=frozenset({INSTANCE}),
        reads=("publiclyAccessible",),
        check=_not_public,
        remedy="Set publiclyAccessible to false.",
        severity=Severity.CRITICAL,
        source="FSBP RDS.2",
    ),
    Rule(
        id="rds-backup-retention",
        row="36",
        title="Databases are backed up",
        description="Checks whether automated backups of database instances are kept long enough.",
        types=frozenset({INSTANCE}),
        reads=("replicateSourceDb", "backupRetentionPeriod"),
        check=_backup_retention,
        remedy="Raise backupRetentionPeriod (headgate:database.backup_retention_days).",
        binds_going_back=True,
        severity=Severity.HIGH,
        source="FSBP RDS.11",
        settings={"minimumDays": number(7, "Least days to keep backups.", minimum=1)},
    ),
    Rule(
        id="rds-deletion-protection",
        row="37",
        title="Databases are protected from deletion",
        description="Checks whether database instances refuse deletion.",
        types=frozenset({INSTANCE}),
        reads=("deletionProtection",),
        check=_deletion_protection,
        remedy="Set deletionProtection to true.",
        binds_going_back=True,
        severity=Severity.CRITICAL,
        source="FSBP RDS.8",
        where=Where.PRODUCTION,
    ),
    Rule(
        id="rds-final-snapshot",
        row="38",
        title="A deleted database leaves a snapshot",
        description="Checks whether database instances leave a snapshot and their backups when they are deleted.",
        types=frozenset({INSTANCE}),
        reads=("skipFinalSnapshot", "finalSnapshotIdentifier", "deleteAutomatedBackups"),
        check=_final_snapshot,
        remedy="Set skipFinalSnapshot and deleteAutomatedBackups to false, and name the snapshot.",
        binds_going_back=True,
        severity=Severity.HIGH,
        source=_SOURCE_PROJECT,
        where=Where.PRODUCTION,
    ),
    Rule(
        id="rds-managed-password",
        row="40",
        title="RDS keeps the password",
        description="Checks whether the master password is made and rotated by RDS, not written in the program.",
        types=frozenset({INSTANCE}),
        reads=("password", "passwordWo", "replicateSourceDb", "manageMasterUserPassword"),
        check=_managed_password,
        remedy="Set manageMasterUserPassword to true and remove password.",
        severity=Severity.CRITICAL,
        source="project (cfn-guard RDS_MASTER_USER_PASSWORD_NO_PLAINTEXT_PASSWORD)",
    ),
    Rule(
        id="rds-force-ssl",
        row="41",
        title="Databases refuse connections without TLS",
        description="Checks whether PostgreSQL parameter groups refuse connections without TLS.",
        types=frozenset({PARAMETER_GROUP}),
        reads=("family", "parameters.name", "parameters.value"),
        check=_force_ssl,
        remedy="Add the parameter rds.force_ssl with value 1.",
        severity=Severity.HIGH,
        source="FSBP RDS.38",
    ),
    Rule(
        id="rds-private-subnets",
        row="46",
        title="Databases are in subnets of their own",
        description="Checks whether database instances name a subnet group.",
        types=frozenset({INSTANCE}),
        reads=("dbSubnetGroupName", "replicateSourceDb"),
        check=_in_subnet_group,
        remedy="Set dbSubnetGroupName to a group of isolated subnets.",
        severity=Severity.HIGH,
        source="FSBP RDS.46",
    ),
)

STACK_RULES = (
    StackRule(
        id="rds-subnets-without-internet-route",
        row="46",
        title="Subnets of databases do not reach the internet gateway",
        description="Checks whether no subnet of a database's subnet group is routed to an internet gateway.",
        # Subnets are only referred to; the SDK leaves out references to what a rule does not get to see.
        types=frozenset({SUBNET_GROUP, SUBNET, ROUTE, ROUTE_TABLE, ASSOCIATION, INTERNET_GATEWAY}),
        reads=("subnetIds", "subnetId", "routeTableId", "gatewayId", "routes.gatewayId"),
        check=_no_way_to_internet,
        remedy="Put the subnet group on subnets whose route tables have no route to an internet gateway.",
        severity=Severity.HIGH,
        source="FSBP RDS.18, RDS.46",
    ),
)
