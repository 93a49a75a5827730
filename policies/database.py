"""Rules on PostgreSQL in RDS."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from policies.facts import Resource
from policies.model import Finding, Rule, Settings, Severity, StackRule, Where, number, switch

INSTANCE = "aws:rds/instance:Instance"
PARAMETER_GROUP = "aws:rds/parameterGroup:ParameterGroup"
SUBNET_GROUP = "aws:rds/subnetGroup:SubnetGroup"
SUBNET = "aws:ec2/subnet:Subnet"
ROUTE = "aws:ec2/route:Route"
ROUTE_TABLE = "aws:ec2/routeTable:RouteTable"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
INTERNET_GATEWAY = "aws:ec2/internetGateway:InternetGateway"


def _multi_az(resource: Resource, _: Settings) -> Iterable[str]:
    if not resource.inputs.flag("multiAz"):
        yield "multiAz must be true, found false or nothing."


def _storage_encrypted(resource: Resource, settings: Settings) -> Iterable[str]:
    if not resource.inputs.flag("storageEncrypted"):
        yield "storageEncrypted must be true, found false or nothing."
    if settings["requireOwnKey"] and not resource.inputs.has("kmsKeyId"):
        yield "kmsKeyId must be set, found nothing."


def _not_public(resource: Resource, _: Settings) -> Iterable[str]:
    if resource.inputs.flag("publiclyAccessible"):
        yield "publiclyAccessible must not be true, found true."


def _backup_retention(resource: Resource, settings: Settings) -> Iterable[str]:
    if resource.inputs.has("replicateSourceDb"):
        return
    days = resource.inputs.number("backupRetentionPeriod") or 0
    if days < settings["minimumDays"]:
        yield f"backupRetentionPeriod must be at least {settings['minimumDays']} days, found {days:g}."


def _deletion_protection(resource: Resource, _: Settings) -> Iterable[str]:
    if not resource.inputs.flag("deletionProtection"):
        yield "deletionProtection must be true, found false or nothing."


def _final_snapshot(resource: Resource, _: Settings) -> Iterable[str]:
    inputs = resource.inputs
    if inputs.flag("skipFinalSnapshot"):
        yield "skipFinalSnapshot must not be true, found true."
    if not inputs.has("finalSnapshotIdentifier"):
        yield "finalSnapshotIdentifier must be set, found nothing."
    if inputs.flag("deleteAutomatedBackups") is not False:
        yield "deleteAutomatedBackups must be false, found true or nothing."


def _managed_password(resource: Resource, _: Settings) -> Iterable[str]:
    inputs = resource.inputs
    if inputs.has("password"):
        yield "password must not be set, found a password in the program and in its state."
    if inputs.has("replicateSourceDb") or inputs.has("passwordWo"):
        return
    if not inputs.flag("manageMasterUserPassword"):
        yield "manageMasterUserPassword must be true, found false or nothing."


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
    """Follows references, not values: ids are unknown in the first preview, what they come from is not."""
    by_urn = {resource.urn: resource for resource in resources}
    public_tables = {urn for resource in resources for urn in _tables_to_internet(resource, by_urn)}
    tables_of: dict[str, list[str]] = {}
    for association in _of_type(resources, ASSOCIATION):
        for urn in association.depends.get("subnetId", ()):
            tables_of.setdefault(urn, []).extend(association.depends.get("routeTableId", ()))
    for group in _of_type(resources, SUBNET_GROUP):
        for position, subnet in enumerate(_subnets(group, by_urn)):
            if any(table in public_tables for table in tables_of.get(subnet.urn, ())):
                yield Finding(
                    group.urn,
                    f"subnetIds must have no route to an internet gateway, found one from subnet {position + 1} "
                    f"({subnet.name}).",
                )


def _subnets(group: Resource, by_urn: Mapping[str, Resource]) -> Iterator[Resource]:
    for urn in group.depends.get("subnetIds", ()):
        if urn in by_urn and by_urn[urn].type == SUBNET:
            yield by_urn[urn]


def _tables_to_internet(resource: Resource, by_urn: Mapping[str, Resource]) -> Iterator[str]:
    """URNs of the route tables that `resource` gives a way to an internet gateway."""
    if resource.type == ROUTE and _leads_out(resource.depends.get("gatewayId", ()), by_urn):
        yield from resource.depends.get("routeTableId", ())
    if resource.type == ROUTE_TABLE and _leads_out(resource.depends.get("routes", ()), by_urn):
        yield resource.urn


def _leads_out(urns: Iterable[str], by_urn: Mapping[str, Resource]) -> bool:
    return any(urn in by_urn and by_urn[urn].type == INTERNET_GATEWAY for urn in urns)


def _of_type(resources: Iterable[Resource], token: str) -> Iterator[Resource]:
    return (resource for resource in resources if resource.type == token)


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
        types=frozenset({SUBNET_GROUP, SUBNET, ROUTE, ROUTE_TABLE, ASSOCIATION, INTERNET_GATEWAY}),
        reads=(),
        check=_no_way_to_internet,
        remedy="Put the subnet group on subnets whose route tables have no route to an internet gateway.",
        severity=Severity.HIGH,
        source="FSBP RDS.18, RDS.46",
    ),
)
