"""The edge: what it asks of whom, what it caches, and what it tells browsers."""

from typing import Any

import pytest

from components.aws.edge import Edge
from tests.contract.rows import row
from tests.support.drive import drive
from tests.support.mocks import Recorded, Secret

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
HEADERS = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"


def edge(**more: Any) -> Recorded:
    return drive(row(Edge).build(**more))


def distribution(**more: Any) -> dict[str, Any]:
    return dict(edge(**more).one(DISTRIBUTION).inputs)


def origin(name: str, **more: Any) -> dict[str, Any]:
    return next(each for each in distribution(**more)["origins"] if each["originId"] == name)


def headers(name: str, **more: Any) -> dict[str, Any]:
    return dict(edge(**more).one(HEADERS, f"unit-{name}-headers").inputs)


def test_the_api_is_asked_over_tls_by_its_own_name_and_nothing_is_kept() -> None:
    recorded = edge()
    made = recorded.one(DISTRIBUTION).inputs
    (behavior,) = made["orderedCacheBehaviors"]
    cache = recorded.one("CachePolicy", "unit-api-cache").inputs
    request = recorded.one("OriginRequestPolicy").inputs

    assert origin("api")["domainName"] == "origin.api.example.com"
    assert origin("api")["customOriginConfig"]["originProtocolPolicy"] == "https-only"
    assert origin("api")["customOriginConfig"]["originSslProtocols"] == ["TLSv1.2"]
    assert (behavior["pathPattern"], behavior["targetOriginId"]) == ("/api/*", "api")
    assert behavior["viewerProtocolPolicy"] == "https-only"
    assert behavior["cachePolicyId"] == "unit-api-cache-id"
    assert behavior["originRequestPolicyId"] == "unit-api-request-id"
    assert set(behavior["allowedMethods"]) == {"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"}
    assert (cache["minTtl"], cache["defaultTtl"], cache["maxTtl"]) == (0, 0, 0)
    assert cache["parametersInCacheKeyAndForwardedToOrigin"]["enableAcceptEncodingGzip"] is False
    assert request["headersConfig"] == {"headerBehavior": "allViewer"}


def test_the_static_site_is_cached_and_its_bucket_answers_this_distribution_only() -> None:
    recorded = edge()
    made = recorded.one(DISTRIBUTION).inputs
    access = recorded.one("OriginAccessControl").inputs

    assert origin("site")["originAccessControlId"] == "unit-site-access-id"
    assert "customOriginConfig" not in origin("site")
    assert (access["signingBehavior"], access["signingProtocol"]) == ("always", "sigv4")
    assert made["defaultCacheBehavior"]["targetOriginId"] == "site"
    assert made["defaultCacheBehavior"]["viewerProtocolPolicy"] == "redirect-to-https"
    assert made["defaultRootObject"] == "index.html"
    assert recorded.one("CachePolicy", "unit-site-cache").inputs["defaultTtl"] == 3600


def test_users_are_met_with_our_certificate_and_firewall() -> None:
    made = distribution()
    assert made["aliases"] == ["api.example.com"]
    assert made["viewerCertificate"] == {
        "acmCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1",
        "sslSupportMethod": "sni-only",
        "minimumProtocolVersion": "TLSv1.2_2021",
    }
    assert made["webAclId"] == "arn:aws:wafv2:us-east-1:123456789012:global/webacl/greenflow/1"


@pytest.mark.parametrize("name", ["api", "site"])
def test_every_answer_has_the_security_headers_whatever_the_origin_says(name: str) -> None:
    said = headers(name)["securityHeadersConfig"]
    assert said["strictTransportSecurity"] == {
        "accessControlMaxAgeSec": 31_536_000,
        "includeSubdomains": True,
        "override": True,
    }
    assert said["contentTypeOptions"] == {"override": True}
    assert said["frameOptions"] == {"frameOption": "DENY", "override": True}
    assert said["referrerPolicy"] == {"referrerPolicy": "strict-origin-when-cross-origin", "override": True}
    assert "frame-ancestors 'none'" in said["contentSecurityPolicy"]["contentSecurityPolicy"]
    behaviors = [distribution()["defaultCacheBehavior"], *distribution()["orderedCacheBehaviors"]]
    assert {each["responseHeadersPolicyId"] for each in behaviors} == {"unit-api-headers-id", "unit-site-headers-id"}


def removed(made: dict[str, Any]) -> set[str]:
    return {each["header"] for each in made["removeHeadersConfig"]["items"]}


@pytest.mark.parametrize("name", ["api", "site"])
def test_without_origins_no_page_of_others_may_call(name: str) -> None:
    made = headers(name)
    assert "corsConfig" not in made
    assert {"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials"} <= removed(made)


def test_pages_of_the_named_origins_may_call_the_api() -> None:
    named = ["https://app.example.com", "https://admin.example.com"]
    made = headers("api", cors_origins=named)

    assert made["corsConfig"]["accessControlAllowOrigins"] == {"items": named}
    assert made["corsConfig"]["originOverride"] is True
    assert made["corsConfig"]["accessControlAllowCredentials"] is False
    assert "Access-Control-Allow-Origin" not in removed(made)
    assert "corsConfig" not in headers("site", cors_origins=named)


def test_a_function_sees_requests_to_the_api_first() -> None:
    arn = "arn:aws:cloudfront::123456789012:function/cohorts"
    made = distribution(viewer_request_function_arn=arn)
    expected = [{"eventType": "viewer-request", "functionArn": arn}]
    assert made["orderedCacheBehaviors"][0]["functionAssociations"] == expected
    assert "functionAssociations" not in made["defaultCacheBehavior"]


def test_the_secret_for_the_balancer_is_a_secret() -> None:
    made = distribution(origin_secret="canary")
    # A secret anywhere makes the whole property one.
    origins = made["origins"].value if isinstance(made["origins"], Secret) else made["origins"]
    (header,) = next(each for each in origins if each["originId"] == "api")["customHeaders"]
    assert header["name"] == "X-Origin-Secret"
    assert isinstance(header["value"], Secret) or isinstance(made["origins"], Secret)
    assert origin("api").get("customHeaders", []) == []


def test_access_logs_go_to_the_log_bucket() -> None:
    recorded = edge()
    source = recorded.one("LogDeliverySource").inputs
    destination = recorded.one("LogDeliveryDestination").inputs
    delivery = recorded.one("LogDelivery").inputs

    assert source["logType"] == "ACCESS_LOGS"
    assert source["resourceArn"].endswith("distribution/unit-distribution")
    assert destination["deliveryDestinationConfiguration"] == {"destinationResourceArn": "arn:aws:s3:::greenflow-logs"}
    assert delivery["deliverySourceName"] == source["name"] == "greenflow-production-edge"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"domain": "API.example.com"}, "domain: found 'API.example.com'"),
        ({"api_path": "/*"}, "narrower than everything"),
        ({"api_path": "api"}, "a path pattern"),
        ({"cors_origins": ["*"]}, r"cors_origins\[0\]: found '\*'"),
        ({"cors_origins": ["https://a.example", "http://b.example"]}, r"cors_origins\[1\]"),
        ({"cors_origins": ["https://*.example.com"]}, "a pattern would let strangers' pages in"),
        ({"cors_origins": ["https://a.example/"]}, "without path"),
        ({"content_security_policy": "default-src *"}, "who may frame the pages"),
        ({"physical_name": "x" * 51}, "at most 50 characters"),
    ],
)
def test_what_is_refused(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        edge(**args)
