"""What the components declare on AWS passes the whole pack of production; with a default switched off it does not."""

from collections.abc import Mapping
from typing import Any

import pytest

from policies import protection
from tests.contract import mutants
from tests.contract.mutants import Mutant
from tests.contract.rows import ROWS, Row
from tests.contract.test_components import DATA
from tests.contract.test_secure_defaults import DEFAULTS
from tests.support import stack_files
from tests.support.drive import drive
from tests.support.judged import everything, mandatory
from tests.support.servicer import FixedSession, Pack
from tests.support.stack_program import Stack

PACK = Pack("production")
AWS = [each for each in ROWS if not each.google]


@pytest.mark.parametrize("each", AWS, ids=lambda each: each.name)
def test_a_bare_component_passes_every_rule_and_nothing_is_put_off(each: Row) -> None:
    updated = everything(drive(each.build()))
    assert [found for one in updated for found in PACK.analyze(one)] == []


@pytest.mark.parametrize("each", AWS, ids=lambda each: each.name)
def test_in_a_preview_rules_wait_only_for_what_they_may(each: Row) -> None:
    previewed = everything(drive(each.build(), preview=True))
    assert mandatory([found for one in previewed for found in PACK.analyze(one)]) == []


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
def test_the_whole_of_production_passes_every_rule(preview: bool) -> None:
    """Also the rules over several resources, which a component by itself may not satisfy."""
    stack = Stack.of("greenflow-production")
    settings = stack_files.configured("greenflow-production").settings
    recorded = (stack.preview(settings) if preview else stack.up(settings)).recorded
    pack = Pack("production", session=FixedSession(moment=stack.clock.time))
    found = pack.run(everything(recorded))
    assert (mandatory(found) if preview else found) == []


@pytest.mark.parametrize("mutant", mutants.every(), ids=lambda each: each.name)
def test_a_default_switched_off_is_refused(mutant: Mutant) -> None:
    assert mutant.rule in mutants.refused_by(mutant)


def test_the_kill_rate_is_whole(record_property: Any) -> None:
    rate = mutants.rate()
    record_property("kill_rate", rate)
    assert rate["survived"] == []


def test_every_mutant_is_one_of_a_kind() -> None:
    names = [each.name for each in mutants.every()]
    assert len(names) == len(set(names))


# Defaults that are no safety, or are held by something else than a rule.
NO_SAFETY: Mapping[tuple[str, str], str] = {
    ("Network", "Vpc"): "names inside the network",
    ("LoadBalancer", "LoadBalancer.internal"): "what a public balancer needs, alb-waf-associated asks for",
    ("LoadBalancer", "TargetGroup.targetType"): "another type does not start on Fargate",
    ("BlueGreenService", "Service.deploymentMaximumPercent"): "how fast, not how safe",
    ("BlueGreenService", "TaskDefinition.requiresCompatibilities"): "another one does not start on Fargate",
    ("BlueGreenService", "TaskDefinition.ipcMode"): "refused with pidMode",
    ("Cache", "ReplicationGroup.authToken"): "AWS refuses it beside user groups",
    ("Cache", "User.engine"): "another engine does not fit the group",
    ("Certificate", "Certificate.privateKey"): "excludes validationMethod",
    ("AppSecrets", "Secret.forceOverwriteReplicaSecret"): "there are no replicas",
    ("Database", "LogGroup"): "as in the service, of which the log groups are tried",
}


@pytest.mark.parametrize(("each", "kind", "expected"), DEFAULTS)
def test_every_secure_default_is_tried(each: Row, kind: str, expected: Mapping[str, Any]) -> None:
    if each.google or (each.name, kind) in NO_SAFETY:
        return
    tried = {
        key.partition(".")[0]
        for mutant in mutants.every()
        if (mutant.component, mutant.kind) == (each.name, kind)
        for key in mutant.change
    }
    excused = {name.partition(".")[2] for component, name in NO_SAFETY if component == each.name and "." in name}
    assert set(expected) - tried - excused == set()


def test_what_holds_data_is_the_same_for_the_rule_and_for_the_components() -> None:
    made = {child.type for each in ROWS for child in drive(each.build()).custom()}
    assert made & protection.DATA == made & DATA - {
        # These go with what is in them, which is protected.
        "aws:elasticache/subnetGroup:SubnetGroup",
        "gcp:kms/keyRing:KeyRing",
        "gcp:logging/projectBucketConfig:ProjectBucketConfig",
    }
