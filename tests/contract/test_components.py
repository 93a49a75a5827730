"""Contracts that every component keeps, one run for each row of `tests.contract.rows`."""

import ast
import inspect
import re
import typing
from typing import Any

import pulumi
import pulumi_aws
import pulumi_gcp
import pytest
from pulumi.provider.experimental.analyzer import Analyzer

from tests.contract.rows import CLOUDS, LABELS, NAME, ROWS, TAGS, Row, component_classes, modules
from tests.support.drive import drive
from tests.support.mocks import UNKNOWN, Recorded, Registered

# Types whose loss is a loss of data: deleting or replacing one must be refused.
DATA = {
    "aws:backup/vault:Vault",
    "aws:ecr/repository:Repository",
    "aws:elasticache/replicationGroup:ReplicationGroup",
    "aws:elasticache/subnetGroup:SubnetGroup",
    "aws:kms/key:Key",
    "aws:rds/instance:Instance",
    "aws:rds/subnetGroup:SubnetGroup",
    "aws:s3/bucket:Bucket",
    "aws:secretsmanager/secret:Secret",
    "gcp:artifactregistry/repository:Repository",
    "gcp:kms/cryptoKey:CryptoKey",
    "gcp:kms/keyRing:KeyRing",
    "gcp:logging/projectBucketConfig:ProjectBucketConfig",
    "gcp:secretmanager/secret:Secret",
}
# Types whose loss is an outage: traffic has nowhere to go.
TRAFFIC = {
    "aws:cloudfront/distribution:Distribution",
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:lb/targetGroup:TargetGroup",
    "aws:route53/zone:Zone",
    "gcp:cloudrunv2/service:Service",
    "gcp:compute/backendService:BackendService",
    "gcp:compute/globalAddress:GlobalAddress",
}
# Inputs whose changes are ignored, by type. Secret Manager moves this time on, and refuses one that has passed.
IGNORED = {"gcp:secretmanager/secret:Secret": ("rotation.nextRotationTime",)}
# Components of which no child can be tagged.
NOTHING_TO_TAG = {"LogMetrics", "PublicName", "RolloutDashboard", "ServiceDashboard", "ServiceLogs", "SiteAccess"}

every_component = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
in_preview_and_update = pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])


def sdk_class(token: str) -> type[pulumi.Resource]:
    """The SDK's class of a type token: aws:ec2/vpc:Vpc -> pulumi_aws.ec2.Vpc."""
    found = re.fullmatch(r"(aws|gcp):(\w+)/\w+:(\w+)", token)
    assert found, token
    sdk = {"aws": pulumi_aws, "gcp": pulumi_gcp}[found[1]]
    resource: type[pulumi.Resource] = getattr(getattr(sdk, found[2]), found[3])
    return resource


def tags_key(child: Registered) -> str | None:
    """The input that holds tags. `labels` of a notification channel are something else, so `userLabels` goes first."""
    kind = sdk_class(child.type)
    keys = {"tags": "tags"} if child.type.startswith("aws:") else {"user_labels": "userLabels", "labels": "labels"}
    return next((key for attribute, key in keys.items() if hasattr(kind, attribute)), None)


def children(recorded: Recorded) -> list[Registered]:
    made = list(recorded.custom())
    assert made
    return made


def component_of(recorded: Recorded, row: Row) -> Registered:
    return recorded.one(f"headgate:index:{row.name}")


def test_every_component_has_a_row() -> None:
    assert component_classes() == {row.component for row in ROWS}


@every_component
@in_preview_and_update
def test_every_taggable_child_carries_the_tags(row: Row, preview: bool) -> None:
    wanted = LABELS if row.google else TAGS
    made = children(drive(row.build(), preview=preview))
    taggable = [(child, key) for child in made if (key := tags_key(child)) is not None]
    assert bool(taggable) != (row.name in NOTHING_TO_TAG)
    missing = {
        f"{child.type} {child.name}": child.inputs.get(key)
        for child, key in taggable
        if not wanted.items() <= child.inputs.get(key, {}).items()
    }
    assert missing == {}


@every_component
def test_required_tags_are_the_four_of_the_tagging_rule(row: Row) -> None:
    for child in children(drive(row.build())):
        key = tags_key(child)
        if key is not None:
            assert {"service", "environment", "owner", "managed-by"} <= child.inputs[key].keys()


@every_component
def test_children_of_a_slot_say_which_one(row: Row) -> None:
    for child in children(drive(row.build())):
        slot = re.search(r"-(blue|green)(-|$)", child.name)
        if slot and hasattr(sdk_class(child.type), "tags"):
            assert child.inputs["tags"]["slot"] == slot[1], child.name


@every_component
@in_preview_and_update
def test_every_child_has_the_component_as_its_parent(row: Row, preview: bool) -> None:
    recorded = drive(row.build(), preview=preview)
    component = component_of(recorded, row)
    assert {child.parent for child in children(recorded)} == {component.urn}


@every_component
def test_every_child_is_named_after_its_component(row: Row) -> None:
    recorded = drive(row.build())
    assert [child.name for child in children(recorded) if not child.name.startswith(f"{NAME}-")] == []


@every_component
def test_no_logical_name_carries_what_changes(row: Row) -> None:
    """A version, digest, weight or environment in a logical name would turn an update into a replacement."""
    for child in children(drive(row.build())):
        assert not re.search(r"2026|sha256|production|\b(10|90)\b", child.name), child.name


@every_component
@in_preview_and_update
def test_data_is_protected_and_kept_unless_given_up(row: Row, preview: bool) -> None:
    for child in children(drive(row.build(), preview=preview)):
        if child.type in DATA:
            assert (child.protect, child.retain_on_delete) == (True, True), child.name
        if child.type in TRAFFIC:
            assert child.protect is True, child.name


@every_component
def test_giving_up_protection_leaves_nothing_that_a_destroy_would_trip_over(row: Row) -> None:
    recorded = drive(row.build(**(row.unprotected or {})))
    assert [child.name for child in children(recorded) if child.protect or child.retain_on_delete] == []
    kept_in_the_cloud = {
        "deletionProtection": True,
        "enableDeletionProtection": True,
        "finalSnapshotIdentifier": ...,
        "skipFinalSnapshot": False,
    }
    for child in children(recorded):
        for key, value in kept_in_the_cloud.items():
            assert child.inputs.get(key, None) in ([None] if value is ... else [None, not value]), child.name


@every_component
def test_only_what_holds_data_or_traffic_can_be_protected(row: Row) -> None:
    """A component without a switch protects and keeps nothing, else it could never be taken away."""
    protected = {child.type for child in children(drive(row.build())) if child.protect or child.retain_on_delete}
    assert bool(protected) == (row.unprotected is not None)


@every_component
def test_no_child_ignores_changes(row: Row) -> None:
    """Policies see inputs after `ignore_changes`: an ignored weight or task count would be judged by its old value."""
    for child in children(drive(row.build())):
        assert child.ignore_changes == IGNORED.get(child.type, ()), child.name


@every_component
@in_preview_and_update
def test_registered_outputs_are_the_documented_attributes(row: Row, preview: bool) -> None:
    recorded = drive(row.build(), preview=preview)
    documented = [each for each in inspect.get_annotations(row.component) if not each.startswith("_")]
    assert documented
    # An output that is None is not sent at all.
    sent = recorded.outputs[component_of(recorded, row).urn]
    assert set(sent) <= set(documented)
    assert set(documented) - set(sent) <= {"certificate", "health_check_id", "validation_record_names"}


@every_component
def test_outputs_are_known_after_an_update(row: Row) -> None:
    recorded = drive(row.build())
    assert UNKNOWN not in _leaves(recorded.outputs[component_of(recorded, row).urn])


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


@every_component
def test_token_is_the_class_name(row: Row) -> None:
    assert component_of(drive(row.build()), row).type == f"headgate:index:{row.name}"


@every_component
def test_constructor_takes_name_args_opts(row: Row) -> None:
    parameters = list(inspect.signature(row.component).parameters.values())
    assert [each.name for each in parameters[:3]] == ["name", "args", "opts"]
    assert typing.is_typeddict(inspect.get_annotations(row.component.__init__)["args"])
    for extra in parameters[3:]:
        assert extra.kind is inspect.Parameter.KEYWORD_ONLY, extra.name
        assert extra.default is not inspect.Parameter.empty, extra.name


@every_component
def test_docstring_says_what_is_created_changed_and_replaced(row: Row) -> None:
    doc = inspect.getdoc(row.component) or ""
    assert doc.splitlines()[0].endswith((".", ",")), "begins with one sentence"
    positions = [doc.find(section) for section in ("Creates:", "Changes during a rollout:", "Replaces on:")]
    assert -1 not in positions
    assert positions == sorted(positions)


# The analyzer leaves a file of the SDK open.
analyses_the_package = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


@every_component
@analyses_the_package
def test_args_and_outputs_are_documented_and_can_be_published(row: Row) -> None:
    """Pulumi's own analyzer reads the package schema off the class: what it rejects, no other language can use."""
    definition = Analyzer("headgate").analyze([row.component])
    component = definition["component_definitions"][row.name]
    types = {
        f"{each.name}.{key}": value
        for each in definition["type_definitions"].values()
        for key, value in each.properties.items()
    }
    undocumented = [
        key for key, value in {**component.inputs, **component.outputs, **types}.items() if not value.description
    ]
    assert undocumented == []


@analyses_the_package
def test_all_components_form_one_package() -> None:
    """Types with one name and two shapes would collide in the package."""
    definition = Analyzer("headgate").analyze(sorted(component_classes(), key=lambda each: each.__name__))
    assert len(definition["component_definitions"]) == len(ROWS)


@every_component
def test_required_arguments_are_those_without_a_default(row: Row) -> None:
    args = inspect.get_annotations(row.component.__init__)["args"]
    # One of two alternatives: of a certificate, and who reaches a balancer.
    optional = args.__optional_keys__ & {"domain_name", "client_cidrs"}
    assert args.__required_keys__ == row.args.keys() - optional


FORBIDDEN_IMPORTS = {"__future__", "boto3", "botocore", "os", "subprocess", "socket", "httpx", "requests"}
FORBIDDEN_NAMES = {"Literal", "Union"}
FORBIDDEN_CALLS = {"Config", "get_stack", "get_project", "get_organization", "StackReference", "merge", "get_provider"}


@pytest.mark.parametrize(
    "module",
    [each for each in modules() if f"{each.__name__}.".startswith(CLOUDS)],
    ids=lambda each: each.__name__,
)
def test_source_keeps_to_what_a_component_may_do(module: Any) -> None:
    """No configuration, no cloud call, nothing that stops the package from being published or children from moving."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] not in FORBIDDEN_IMPORTS
            assert FORBIDDEN_NAMES.isdisjoint(alias.name for alias in node.names)
        if isinstance(node, ast.Import):
            assert FORBIDDEN_IMPORTS.isdisjoint(alias.name.split(".")[0] for alias in node.names)
        if isinstance(node, ast.Attribute):
            assert node.attr not in FORBIDDEN_CALLS | FORBIDDEN_NAMES
