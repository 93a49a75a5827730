"""What the rules on Google's resources depend on besides inputs: settings, the environment, the provider, the stack."""

import json
from typing import Any

import pytest

from policies.cloud_run import FIRST_GRANTS, GRANTS
from tests.support.google_cases import ACCOUNT, ALERT, GOOGLE_CASES, QUEUE_POLICY, RUN, SERVICE, UPTIME
from tests.support.policy_cases import GONE, changed
from tests.support.servicer import UNKNOWN, Declared, Diagnostic, Pack, of

INVOKER = "cloudrun-no-public-invoker"
MEMBER = "gcp:cloudrunv2/serviceIamMember:ServiceIamMember"
OPEN = Pack("production", policy_config={INVOKER: {"publicServices": ["ion-production"]}})
CLOSED = Pack("production", policy_config={INVOKER: {"publicServices": []}})


def granting(name: object, *, role: str = "roles/run.invoker", token: str = MEMBER) -> Declared:
    """A grant to everybody on a service."""
    scope = {"service" if token in FIRST_GRANTS else "name": name}
    given: dict[str, Any] = {"role": role, "member": "allUsers"}
    if token.endswith("Binding"):
        given = {"role": role, "members": ["allUsers"]}
    elif token.endswith("Policy"):
        given = {"policyData": json.dumps({"bindings": [{"role": role, "members": ["allUsers"]}]})}
    return Declared(token, "it", {**scope, **given})


@pytest.mark.parametrize("token", sorted(GRANTS | FIRST_GRANTS))
def test_a_public_service_is_one_that_the_configuration_lists(token: str) -> None:
    link = "projects/p/locations/us-central1/services/ion-production"

    assert of(OPEN.analyze(granting("ion-production", token=token)), INVOKER) == []
    assert of(OPEN.analyze(granting(link, token=token)), INVOKER) == []
    assert of(OPEN.analyze(granting("ion-other", token=token)), INVOKER)
    assert of(OPEN.analyze(granting(None, token=token)), INVOKER)
    assert of(CLOSED.analyze(granting("ion-production", token=token)), INVOKER)


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_only_ion_s_own_service_is_listed(environment: str) -> None:
    pack = Pack(environment)
    assert of(pack.analyze(granting(f"ion-{environment}")), INVOKER) == []
    assert of(pack.analyze(granting("ion-backoffice")), INVOKER)


def test_everybody_gets_no_other_role_on_a_public_service() -> None:
    assert of(OPEN.analyze(granting("ion-production", role="roles/run.admin")), INVOKER)


def test_a_service_whose_name_is_not_known_waits() -> None:
    found = of(OPEN.analyze(granting(UNKNOWN)), INVOKER)
    assert [each.deferred for each in found] == [True]
    closed = of(CLOSED.analyze(granting(UNKNOWN)), INVOKER)
    assert [each.level for each in closed] == ["mandatory"]


def test_a_public_service_may_leave_the_question_out() -> None:
    unasked = Declared(RUN, "it", changed(SERVICE, {"invokerIamDisabled": True}))
    assert of(OPEN.analyze(unasked), INVOKER) == []
    other = Declared(RUN, "it", changed(SERVICE, {"invokerIamDisabled": True, "name": "ion-other"}))
    assert of(OPEN.analyze(other), INVOKER)


def test_an_exemption_opens_one_service_and_says_so() -> None:
    exemption = {
        "policy": INVOKER,
        "urnPattern": "*::it",
        "reason": "public API",
        "owner": "ion-team",
        "expires": "2026-06-30",
    }
    exempting = Pack("production", policy_config={"policy-configuration": {"exemptions": [exemption]}})
    assert of(Pack("production").analyze(granting("ion-other")), INVOKER)
    found = exempting.run([granting("ion-other")])

    assert of(found, INVOKER) == []
    assert "public API" in of(found, "exemption-used")[0].message


@pytest.mark.parametrize("kept", [None, "latest", GONE])
def test_staging_may_follow_the_latest_version_of_a_secret(kept: object) -> None:
    rule = "cloudrun-no-plaintext-secrets"
    path = "template.containers.0.envs.2.valueSource.secretKeyRef.version"
    following = Declared(RUN, "it", changed(SERVICE, {path: kept, "template.volumes.0.secret.items": GONE}))

    assert of(Pack("staging").analyze(following), rule) == []
    assert len(of(Pack("production").analyze(following), rule)) == 2


def test_staging_still_refuses_secrets_in_plain_text() -> None:
    written = Declared(RUN, "it", changed(SERVICE, {"template.containers.0.envs.0.name": "DB_PASSWORD"}))
    found = of(Pack("staging").analyze(written), "cloudrun-no-plaintext-secrets")
    assert [each.level for each in found] == ["mandatory"]


def test_a_repository_can_be_asked_for_besides_the_host() -> None:
    rule = "cloudrun-image-digest"
    given = {rule: {"allowedRegistries": ["us-central1-docker.pkg.dev/ion-production/*"]}}
    narrow = Pack("production", policy_config=given)
    other = f"us-central1-docker.pkg.dev/somebody/ion/app@sha256:{'a' * 64}"

    assert of(narrow.analyze(Declared(RUN, "it", SERVICE)), rule) == []
    assert of(narrow.analyze(Declared(RUN, "it", changed(SERVICE, {"template.containers.0.image": other}))), rule)


def test_a_sidecar_can_do_without_probes() -> None:
    rule = "cloudrun-probes-limits-scaling"
    containers = [*SERVICE["template"]["containers"], {"name": "proxy"}]
    service = Declared(RUN, "it", changed(SERVICE, {"template.containers": containers}))

    assert of(Pack("production").analyze(service), rule)
    given = {rule: {"exemptContainers": ["proxy"]}}
    assert of(Pack("production", policy_config=given).analyze(service), rule) == []


def test_every_finding_is_made_although_one_value_is_not_known() -> None:
    """An unknown member would else hide everybody after it."""
    token = "gcp:cloudrunv2/serviceIamBinding:ServiceIamBinding"
    inputs = {"name": "ion", "role": "roles/run.invoker", "members": [UNKNOWN, "allUsers", ACCOUNT]}
    found = of(Pack("production").analyze(Declared(token, "it", inputs)), INVOKER)

    assert {(each.level, each.deferred) for each in found} == {("mandatory", False), ("advisory", True)}
    assert "members[1] must be somebody" in found[0].message


def alerts(found: list[Diagnostic]) -> list[str]:
    return [each.urn.rpartition("::")[2] for each in of(found, "gcp-uptime-alerted")]


CHECK = Declared(UPTIME, "check", {"uptimeCheckId": UNKNOWN})
NAMED = Declared(UPTIME, "check", {"uptimeCheckId": "ion-x1"})


def alert(inputs: dict[str, Any], *checks: str) -> Declared:
    return Declared(ALERT, "alert", inputs, depends={"conditions": list(checks)})


@pytest.mark.parametrize(
    "resources",
    [
        pytest.param([CHECK, alert({"conditions": UNKNOWN}, "check")], id="by reference"),
        pytest.param(
            [NAMED, alert({"conditions": [{"conditionThreshold": {"filter": 'check_id = "ion-x1"'}}]})], id="by filter"
        ),
        pytest.param(
            [NAMED, alert({"conditions": [{"conditionPrometheusQueryLanguage": {"query": 'up{id="ion-x1"}'}}]})],
            id="by query",
        ),
        pytest.param([alert({"conditions": []})], id="no check"),
    ],
)
def test_an_uptime_check_that_alerts(resources: list[Declared]) -> None:
    assert alerts(Pack("production").analyze_stack(resources)) == []


@pytest.mark.parametrize(
    "resources",
    [
        pytest.param([CHECK], id="no alert"),
        pytest.param([NAMED, alert({"conditions": [{"conditionThreshold": {"filter": "other"}}]})], id="another"),
        pytest.param([CHECK, alert({"conditions": UNKNOWN})], id="unknown"),
        pytest.param([CHECK, alert({"conditions": [UNKNOWN, None, "x"]})], id="strange"),
        pytest.param([Declared(UPTIME, "check", {}), alert({})], id="missing"),
    ],
)
def test_an_uptime_check_without_alert_is_found(resources: list[Declared]) -> None:
    assert alerts(Pack("production").analyze_stack(resources)) == ["check"]
    assert {each.level for each in Pack("staging").analyze_stack(resources)} == {"advisory"}


REGIONS = "allowed-regions"


def placed(token: str, inputs: dict[str, Any], provider: dict[str, Any] | None, pack: Pack | None = None) -> list[str]:
    declared = Declared(token, "it", inputs, provider=provider)
    return [each.message.partition("\n")[2] for each in of((pack or Pack("production")).analyze(declared), REGIONS)]


@pytest.mark.parametrize(
    ("token", "inputs", "provider", "said"),
    [
        (QUEUE_POLICY, {}, {"region": "eu-west-1"}, ["provider.region must be us-east-1"]),
        (QUEUE_POLICY, {}, {}, ["provider.region must be set"]),
        (QUEUE_POLICY, {}, {"region": UNKNOWN}, ["provider.region must be known"]),
        (QUEUE_POLICY, {"region": "eu-west-1"}, {"region": "us-east-1"}, ["region must be us-east-1"]),
        ("gcp:compute/backendService:BackendService", {}, {"project": "ion-staging"}, ["provider.project must be"]),
        ("gcp:compute/backendService:BackendService", {}, {"region": "us-east1"}, ["provider.region must be"]),
        ("gcp:compute/backendService:BackendService", {}, {"zone": "us-east1-b"}, ["provider.zone must be"]),
        (RUN, {"location": "us", "project": "x"}, {"project": "y"}, ["location must", "project must", "provider.proj"]),
    ],
)
def test_places_of_a_resource_and_of_its_provider(
    token: str, inputs: dict[str, Any], provider: dict[str, Any], said: list[str]
) -> None:
    found = placed(token, inputs, provider)
    assert len(found) == len(said)
    assert all(f"{REGIONS}: {start}" in text for start, text in zip(said, found, strict=True))


@pytest.mark.parametrize(
    ("token", "inputs", "provider"),
    [
        (QUEUE_POLICY, {}, None),
        (QUEUE_POLICY, {}, {"region": "us-east-1"}),
        (QUEUE_POLICY, {"region": "us-east-1"}, {"region": "eu-west-1"}),
        ("gcp:compute/globalAddress:GlobalAddress", {}, {"project": "ion-production"}),
        (RUN, SERVICE, {"project": "ion-production", "region": "us-central1", "zone": "us-central1-a"}),
        ("random:index/id:Id", {"location": "eu"}, {"region": "eu-west-1"}),
    ],
)
def test_places_that_are_allowed(token: str, inputs: dict[str, Any], provider: dict[str, Any] | None) -> None:
    assert placed(token, inputs, provider) == []


@pytest.mark.parametrize(
    "token",
    [
        "aws:acm/certificate:Certificate",
        "aws:cloudfront/distribution:Distribution",
        "aws:wafv2/webAcl:WebAcl",
    ],
)
def test_cloudfront_and_what_it_takes_may_be_in_its_own_region(token: str) -> None:
    abroad = Pack("production", policy_config={REGIONS: {"awsRegions": ["eu-west-1"]}})

    assert placed(token, {}, {"region": "us-east-1"}, abroad) == []
    assert placed(token, {"region": "us-east-1"}, None, abroad) == []
    assert placed(token, {}, {"region": "ap-south-1"}, abroad)
    assert placed("aws:s3/bucket:Bucket", {}, {"region": "us-east-1"}, abroad)


def test_a_multi_region_can_be_listed() -> None:
    listed = Pack("production", policy_config={REGIONS: {"googleLocations": ["us", "us-central1"]}})
    assert placed("gcp:storage/bucket:Bucket", {"location": "US"}, None, listed) == []
    assert placed("gcp:storage/bucket:Bucket", {"location": "US"}, None)


def test_each_environment_has_projects_of_its_own() -> None:
    inputs = {"project": "ion-staging"}
    assert placed(RUN, inputs, None, Pack("staging")) == []
    assert placed(RUN, {"project": "ion-production"}, None, Pack("staging"))


def test_frameworks_of_google_are_named() -> None:
    listed = {policy.name: policy for policy in Pack().info.policies}
    assert listed["gcp-iam-no-basic-roles"].framework.name.startswith("CIS Google Cloud Platform")
    assert listed["gcp-iam-no-basic-roles"].framework.reference == "1.5"
    assert listed["cloudrun-no-public-invoker"].framework.name == "checkov"


def test_every_google_rule_of_the_catalogue_is_there() -> None:
    rows = {tag.removeprefix("row:") for policy in Pack().info.policies for tag in policy.tags}
    assert {str(row) for row in range(93, 114)} <= rows
    assert {case.rule for case in GOOGLE_CASES} <= {policy.name for policy in Pack().info.policies}
