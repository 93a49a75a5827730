"""Our side of the engine's protocol, and what it takes for granted of the SDK's."""

import json

import pytest
from pulumi.runtime import proto
from pulumi_policy import EnforcementLevel, PolicyPack
from pulumi_policy import policy as sdk

from policies import dispatch, pack
from policies.adapter import RulePolicy, resource_policy
from policies.dispatch import Dispatcher
from policies.facts import Resource
from policies.housekeeping import STACK
from policies.model import Rule, Severity
from policies.session import Session
from tests.support.policy_cases import CASES, changed
from tests.support.servicer import UNKNOWN, Declared, FixedSession, Pack, of

DATABASE = next(case for case in CASES if case.rule == "rds-multi-az")
LISTENER = next(case for case in CASES if case.rule == "alb-listener-modern-tls")


def test_the_engine_is_told_everything_about_every_policy() -> None:
    listed = {policy.name: policy for policy in Pack().info.policies}

    for rule in pack.rules(Session()):
        told = listed[rule.id]
        assert told.description == rule.description
        assert told.displayName == rule.title
        assert told.remediation_steps == rule.remedy
        assert told.url
        assert told.framework.name
        assert told.framework.reference
        assert told.severity != proto.POLICY_SEVERITY_UNSPECIFIED
        assert told.configSchema.properties.keys() == rule.settings.keys()
    assert listed.keys() == {rule.id for rule in pack.rules(Session())}


def test_pages_of_aws_controls_are_named() -> None:
    listed = {policy.name: policy for policy in Pack().info.policies}
    guide = "https://docs.aws.amazon.com/securityhub/latest/userguide"
    assert listed["rds-multi-az"].url == f"{guide}/rds-controls.html#rds-5"
    assert listed["redis-auth"].url == f"{guide}/elasticache-controls.html#elasticache-6"
    assert listed["rollout-no-step-skip"].url == "docs/policies.md#rollout-no-step-skip"


def test_severities_reach_the_diagnostics() -> None:
    one_zone = Declared(DATABASE.type, "db", changed(DATABASE.good, {"multiAz": False}))
    request = proto.AnalyzeRequest(type=one_zone.type, urn=one_zone.urn, name="db")
    response = Pack().dispatcher.Analyze(request, None)
    assert {each.severity for each in response.diagnostics} >= {
        proto.POLICY_SEVERITY_HIGH,
        proto.POLICY_SEVERITY_CRITICAL,
    }


def test_a_type_without_rules_is_not_even_read() -> None:
    request = proto.AnalyzeRequest(type="random:index/id:Id")
    request.properties.update({"4dabf18193072939515e22adb298388d": "no signature"})
    assert list(Pack().dispatcher.Analyze(request, None).diagnostics) == []


def test_a_resource_that_the_sdk_cannot_read_blocks_with_a_sentence() -> None:
    broken = {"x": {"4dabf18193072939515e22adb298388d": "no signature", "value": "hunter2"}}
    found = Pack("staging").analyze(Declared(DATABASE.type, "db", broken))

    assert [each.level for each in found] == ["mandatory"]
    assert found[0].policy == "policy-error"
    assert DATABASE.type in found[0].message
    assert "hunter2" not in found[0].message


def _pack_with(check: object) -> Dispatcher:
    rule = Rule(
        id="broken-rule",
        row="0",
        title="Title",
        description="Checks whether.",
        types=frozenset({DATABASE.type}),
        reads=(),
        check=check,
        remedy="Mend it.",
        severity=Severity.LOW,
        source="project",
    )
    session = FixedSession()
    rules = {each.id: each for each in (*pack.rules(session), rule)}
    policies = [*pack.policies(session), resource_policy(rule, session)]
    return Dispatcher(session, rules, "headgate", "0.1.0", policies, EnforcementLevel.MANDATORY, None, *[None] * 6)


@pytest.mark.parametrize("level", [proto.ADVISORY, proto.MANDATORY])
def test_a_broken_rule_blocks_at_whatever_level_it_is(level: int) -> None:
    def check(resource: Resource, _: object) -> list[str]:
        raise ValueError(f"cannot read {resource.inputs.value}")

    broken = _pack_with(check)
    request = proto.ConfigureAnalyzerRequest()
    request.policyConfig["broken-rule"].enforcementLevel = level
    broken.Configure(request, None)
    analyze = proto.AnalyzeRequest(type=DATABASE.type, urn="urn", name="db")
    analyze.properties.update({**DATABASE.good, "password": "hunter2"})

    found = {each.policyName: each for each in broken.Analyze(analyze, None).diagnostics}

    assert found["broken-rule"].enforcementLevel == proto.MANDATORY
    assert "policy error broken-rule: ValueError in check, line " in found["broken-rule"].message
    assert "rds-managed-password" in found
    assert all("hunter2" not in each.message for each in found.values())


def test_a_disabled_policy_is_silent() -> None:
    off = Pack("production", policy_config={"rds-multi-az": "disabled"})
    assert (
        of(off.analyze(Declared(DATABASE.type, "db", changed(DATABASE.good, {"multiAz": False}))), "rds-multi-az") == []
    )


def test_waiting_for_the_update_is_said_at_the_policy_that_waits() -> None:
    task = next(case for case in CASES if case.rule == "ecs-task-image-digest")
    found = of(
        Pack().analyze(Declared(task.type, "task", changed(task.good, {"containerDefinitions": UNKNOWN}))), task.rule
    )
    assert [each.level for each in found] == ["advisory"]
    assert "containerDefinitions not known yet; checked again during the update" in found[0].message
    assert f"headgate@v{pack.VERSION}" in found[0].message


def test_tags_of_the_provider_count() -> None:
    bare = {key: value for key, value in LISTENER.good.items() if key != "tags"}
    tags = LISTENER.good["tags"]
    for written in ({"tags": tags}, '{"tags": {"service": "a", "environment": "b", "owner": "c", "managed-by": "d"}}'):
        listener = Declared(LISTENER.type, "l", bare, provider={"region": "us-east-1", "defaultTags": written})
        assert of(Pack().analyze(listener), "required-tags") == []
    assert of(Pack().analyze(Declared(LISTENER.type, "l", bare, provider={"region": "x"})), "required-tags")
    assert of(Pack().analyze(Declared(LISTENER.type, "l", bare)), "required-tags")


def test_every_type_meets_only_its_own_rules() -> None:
    dispatcher = Pack().dispatcher
    by_type = dispatcher._by_type
    untouched = by_type["aws:sqs/queue:Queue"]
    assert [each.name for each in untouched.GetAnalyzerInfo(None, None).policies] == [
        "required-tags",
        "allowed-regions",
    ]
    untagged = by_type["aws:*"]
    assert [each.name for each in untagged.GetAnalyzerInfo(None, None).policies] == ["allowed-regions"]
    assert len(set(map(id, by_type.values()))) < len(by_type) / 10


def test_rules_on_every_type_of_a_cloud_are_judged_on_types_that_nobody_named() -> None:
    for token, wrong in (("aws:new/thing:Thing", {"region": "eu-west-1"}), ("gcp:new/thing:Thing", {"location": "eu"})):
        assert [each.policy for each in Pack().analyze(Declared(token, "it", wrong))] == ["allowed-regions"]


def test_labels_of_the_provider_count() -> None:
    labels = {"service": "a", "environment": "b", "owner": "c", "managed-by": "d"}
    for written in (labels, json.dumps(labels)):
        provider = {"project": "ion-production", "defaultLabels": written}
        service = Declared("gcp:cloudrunv2/service:Service", "s", {}, provider=provider)
        alert = Declared("gcp:monitoring/alertPolicy:AlertPolicy", "a", {}, provider=provider)
        assert of(Pack().analyze(service), "required-tags") == []
        assert of(Pack().analyze(alert), "required-tags"), "the provider adds nothing to userLabels"


def test_nothing_is_remediated() -> None:
    assert Pack().dispatcher.Remediate(proto.AnalyzeRequest(type=DATABASE.type), None) == proto.RemediateResponse()


def test_the_sdk_still_takes_its_servicer_from_where_we_put_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """PolicyPack blocks in its constructor, so the last thing it does before serving is made to end it."""
    own = sdk._PolicyAnalyzerServicer
    served = []

    class Served(Exception):
        pass

    def serve(servicer: object, _: object) -> None:
        served.append(servicer)
        raise Served

    monkeypatch.setattr(sdk.analyzer_pb2_grpc, "add_AnalyzerServicer_to_server", serve)
    session = Session()
    dispatch.install(session, pack.rules(session))
    with pytest.raises(Served):
        PolicyPack(pack.NAME, pack.policies(session), EnforcementLevel.MANDATORY, description=pack.DESCRIPTION)

    assert isinstance(served[0], Dispatcher)
    assert served[0].GetAnalyzerInfo(None, None).description == pack.DESCRIPTION
    # The SDK refers to its servicer by this name while it judges stacks.
    assert sdk._PolicyAnalyzerServicer is own


def test_the_stack_is_judged_once_and_early() -> None:
    assert [policy.name for policy in _of_type(STACK)] == ["policy-configuration"]


def _of_type(token: str) -> list[RulePolicy]:
    return [each for each in pack.policies(Session()) if isinstance(each, RulePolicy) and token in each.types]
