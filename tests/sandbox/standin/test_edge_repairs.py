"""Where moto differs from AWS at the edge: what the repairs make of it, on the running server."""

from collections.abc import Callable
from typing import Any

import boto3
import grpc
import pytest
from botocore.exceptions import ClientError

from sandbox.plugins.values import UNKNOWN
from tests.sandbox.standin.edge_cases import (
    EDGE_CASES,
    acl,
    distributed,
    distribution,
    function,
    log_group,
    response_policy,
    validated,
    web_acl,
)
from tests.sandbox.standin.provider import CheckFailed, Provider, urn_of
from tests.sandbox.standin.world import TAGS, Case, World, world

pytestmark = pytest.mark.sandbox

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
Client = Callable[[str], Any]


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as error:
        call()
    return str(error.value.response["Error"]["Code"])


def said(error: pytest.ExceptionInfo[grpc.RpcError]) -> str:
    return str(error.value.details())  # type: ignore[attr-defined]


def test_a_distribution_is_read_as_it_was_written(provider: Provider, client: Client) -> None:
    with world(provider) as w:
        made = distributed(w)
        found = client("cloudfront").get_distribution(Id=made.id)["Distribution"]
        (api,) = found["DistributionConfig"]["CacheBehaviors"]["Items"]
        (_, site) = found["DistributionConfig"]["Origins"]["Items"]

        assert api["FunctionAssociations"]["Items"][0]["EventType"] == "viewer-request"
        assert site["OriginAccessControlId"] == w.made["access"].id
        assert site["S3OriginConfig"] == {"OriginAccessIdentity": ""}
        assert made.outputs["hostedZoneId"] == "Z2FDTNDATAQYW2"
        assert made.outputs["domainName"].endswith(".cloudfront.net")


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        (("defaultCacheBehavior", "cachePolicyId"), "x", "NoSuchCachePolicy"),
        (("defaultCacheBehavior", "originRequestPolicyId"), "x", "NoSuchOriginRequestPolicy"),
        (("defaultCacheBehavior", "responseHeadersPolicyId"), "x", "NoSuchResponseHeadersPolicy"),
        (("defaultCacheBehavior", "targetOriginId"), "x", "NoSuchOrigin"),
        (("origins", 1, "originAccessControlId"), "x", "NoSuchOriginAccessControl"),
        (("orderedCacheBehaviors", 0, "functionAssociations", 0, "functionArn"), "x", "InvalidFunctionAssociation"),
        (("viewerCertificate", "acmCertificateArn"), "arn:x", "InvalidViewerCertificate"),
        (("webAclId",), "arn:x", "InvalidWebACLId"),
    ],
)
def test_references_to_nothing_are_refused(provider: Provider, path: tuple[Any, ...], value: str, code: str) -> None:
    with world(provider) as w:
        inputs: Any = distribution(w)
        place = inputs
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        with pytest.raises(grpc.RpcError) as error:
            provider.create(DISTRIBUTION, "bad", inputs)
        assert code in said(error)


def test_a_firewall_of_a_balancer_is_none_for_the_edge(provider: Provider) -> None:
    with world(provider) as w:
        inputs = {**distribution(w), "webAclId": acl(w, "REGIONAL").outputs["arn"]}
        with pytest.raises(grpc.RpcError) as error:
            provider.create(DISTRIBUTION, "bad", inputs)
        assert "InvalidWebACLId" in said(error)


def test_a_name_belongs_to_one_distribution(provider: Provider) -> None:
    with world(provider) as w:
        distributed(w)
        with pytest.raises(grpc.RpcError) as error:
            provider.create(DISTRIBUTION, "second", distribution(w))
        assert "CNAMEAlreadyExists" in said(error)


def test_a_distribution_that_serves_users_stays(provider: Provider, client: Client) -> None:
    with world(provider) as w:
        made, cloudfront = distributed(w), client("cloudfront")
        found = cloudfront.get_distribution_config(Id=made.id)
        last, config = found["ETag"], found["DistributionConfig"]

        assert refused(lambda: cloudfront.delete_distribution(Id=made.id, IfMatch=last)) == "DistributionNotDisabled"
        assert refused(lambda: cloudfront.delete_distribution(Id=made.id, IfMatch="old")) == "PreconditionFailed"
        old = {"Id": made.id, "IfMatch": "old", "DistributionConfig": config}
        assert refused(lambda: cloudfront.update_distribution(**old)) == "PreconditionFailed"
        other = {**old, "IfMatch": last, "DistributionConfig": {**config, "CallerReference": "other"}}
        assert refused(lambda: cloudfront.update_distribution(**other)) == "IllegalUpdate"


def test_what_a_distribution_uses_stays(provider: Provider) -> None:
    with world(provider) as w:
        distributed(w)
        for name, code in {
            "cache": "CachePolicyInUse",
            "request": "OriginRequestPolicyInUse",
            "headers": "ResponseHeadersPolicyInUse",
            "access": "OriginAccessControlInUse",
            "function": "FunctionInUse",
        }.items():
            with pytest.raises(grpc.RpcError) as error:
                provider.delete(w.made[name])
            assert code in said(error)


def test_a_policy_s_name_is_taken_once(provider: Provider) -> None:
    token = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"
    with world(provider) as w:
        w.make(token, "first", **response_policy(w))
        with pytest.raises(grpc.RpcError) as error:
            provider.create(token, "second", response_policy(w))
        assert "ResponseHeadersPolicyAlreadyExists" in said(error)


def test_a_function_runs_once_it_is_published(provider: Provider, client: Client) -> None:
    token, cloudfront = "aws:cloudfront/function:Function", client("cloudfront")
    with world(provider) as w:
        name = w.named("quiet")
        given = {"name": name, "runtime": "cloudfront-js-2.0", "code": "1", "publish": False}
        quiet = w.make(token, "quiet", **given)
        live = {"Name": name, "Stage": "LIVE"}
        assert refused(lambda: cloudfront.get_function(**live)) == "NoSuchFunctionExists"
        inputs = distribution(w)
        inputs["orderedCacheBehaviors"][0]["functionAssociations"][0]["functionArn"] = quiet.outputs["arn"]
        with pytest.raises(grpc.RpcError) as error:
            provider.create(DISTRIBUTION, "bad", inputs)
        assert "InvalidFunctionAssociation" in said(error)

        changed = provider.update(quiet, {**given, "publish": True})
        assert cloudfront.get_function(**live)["FunctionCode"].read() == b"1"
        again = provider.update(changed, {**given, "publish": True, "code": "2"})
        assert cloudfront.get_function(**live)["FunctionCode"].read() == b"2"
        assert again.outputs["publish"] is True
        assert function(w).outputs["arn"].endswith(w.named("function/cohorts").rpartition("/")[2])


def test_a_firewall_for_the_edge_is_made_in_one_region(provider: Provider, aws: str) -> None:
    keys = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
    waf = boto3.client("wafv2", endpoint_url=aws, region_name="eu-west-1", **keys)
    given = {
        "Name": "x",
        "Scope": "CLOUDFRONT",
        "DefaultAction": {"Allow": {}},
        "VisibilityConfig": {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "m"},
    }
    assert refused(lambda: waf.create_web_acl(**given)) == "WAFInvalidParameterException"
    waf.close()


def test_a_firewall_logs_to_the_right_names_only(provider: Provider) -> None:
    token = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
    with world(provider) as w:
        given = {"resourceArn": acl(w).outputs["arn"], "logDestinationConfigs": [log_group(w, w.named("other"))]}
        with pytest.raises(grpc.RpcError) as error:
            provider.create(token, "bad", given)
        assert "WAFInvalidParameterException" in said(error)


def test_a_rule_that_the_table_does_not_know_is_refused(provider: Provider) -> None:
    with world(provider) as w:
        given = web_acl(w, "REGIONAL")
        given["rules"][0]["statement"] = {"geoMatchStatement": {"countryCodes": ["NL"]}}
        with pytest.raises(CheckFailed, match="geoMatchStatement: not known to the stand-in"):
            provider.create("aws:wafv2/webAcl:WebAcl", "acl", given)


def test_a_certificate_waits_for_its_record(provider: Provider, client: Client) -> None:
    token = "aws:acm/certificateValidation:CertificateValidation"
    with world(provider) as w:
        bare = w.make(
            "aws:acm/certificate:Certificate", "bare", domainName=f"bare.{w.suffix}.example.com", validationMethod="DNS"
        )
        with pytest.raises(grpc.RpcError) as error:
            provider.create(token, "early", {"certificateArn": bare.id})
        assert "CertificateNotIssued" in said(error)
        assert "no record validates bare." in said(error)

        made = w.make(token, "waited", **validated(w))
        assert made.outputs["certificateArn"] == w.made["validated"].id
        options = client("acm").describe_certificate(CertificateArn=made.id)["Certificate"]["DomainValidationOptions"]
        assert {each["ValidationStatus"] for each in options} == {"SUCCESS"}


def test_a_secret_of_an_origin_is_not_told_in_a_refusal(provider: Provider) -> None:
    with world(provider) as w:
        inputs: Any = distribution(w)
        inputs["origins"][0]["customHeaders"][0]["value"] = ["canary-7"]
        with pytest.raises(CheckFailed) as error:
            provider.check("urn:pulumi:test::headgate::" + DISTRIBUTION + "::bad", inputs)
        assert "canary-7" not in str(error.value)


def test_tags_of_a_distribution_can_be_taken_away(provider: Provider) -> None:
    with world(provider) as w:
        made = distributed(w)
        wanted = {**made.inputs, "tags": {"service": TAGS["service"]}}
        assert provider.update(made, wanted).outputs["tagsAll"] == {"service": TAGS["service"]}
        # So that the world can take it down as it was.
        assert isinstance(w, World)


def unknown_leaves(value: Any) -> Any:
    """`value` as a preview has it when nothing of it is known."""
    if isinstance(value, dict):
        return {key: unknown_leaves(each) for key, each in value.items()}
    if isinstance(value, list):
        return [unknown_leaves(each) for each in value]
    return UNKNOWN if isinstance(value, str) else value


@pytest.mark.parametrize("case", EDGE_CASES, ids=lambda case: case.token)
def test_a_preview_that_knows_little_is_taken(provider: Provider, case: Case) -> None:
    with world(provider) as w:
        given = case.inputs(w)
        urn = urn_of(case.token, "preview")
        provider.check(urn, unknown_leaves(given))
        for key in given:
            provider.check(urn, {**given, key: UNKNOWN})
            provider.check(urn, {**given, key: UNKNOWN}, given)
