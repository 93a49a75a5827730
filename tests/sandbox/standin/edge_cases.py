"""One realistic case per type of the edge, the firewall, names and the delivery of logs."""

from typing import Any

from tests.sandbox.standin.provider import Resource
from tests.sandbox.standin.world import TAGS, Case, World, policy

_DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
_HEADERS = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"
_VISIBLE = {"cloudwatchMetricsEnabled": True, "metricName": "m", "sampledRequestsEnabled": True}


def zone(w: World) -> str:
    return w.make("aws:route53/zone:Zone", "zone", name=f"{w.suffix}.example.com", comment="test", tags=TAGS).id


def record(w: World) -> dict[str, Any]:
    return {
        "zoneId": zone(w),
        "name": f"a.{w.suffix}.example.com",
        "type": "A",
        "aliases": [{"name": "b-1.elb.amazonaws.com", "zoneId": "Z35SXDOTRQ7X7K", "evaluateTargetHealth": True}],
    }


def validated(w: World) -> dict[str, Any]:
    host = f"v.{w.suffix}.example.com"
    made = w.make("aws:acm/certificate:Certificate", "validated", domainName=host, validationMethod="DNS")
    (asked,) = made.outputs["domainValidationOptions"]
    put = w.make(
        "aws:route53/record:Record",
        "validation",
        zoneId=zone(w),
        name=asked["resourceRecordName"],
        type=asked["resourceRecordType"],
        records=[asked["resourceRecordValue"]],
        ttl=60,
    )
    return {"certificateArn": made.id, "validationRecordFqdns": [put.outputs["fqdn"]]}


def log_group(w: World, name: str) -> str:
    return str(w.make("aws:cloudwatch/logGroup:LogGroup", f"group-{name}", name=name).outputs["arn"])


def acl(w: World, scope: str = "CLOUDFRONT") -> Resource:
    return w.make("aws:wafv2/webAcl:WebAcl", f"acl-{scope}", **web_acl(w, scope))


def web_acl(w: World, scope: str) -> dict[str, Any]:
    managed = {
        "vendorName": "AWS",
        "name": "AWSManagedRulesCommonRuleSet",
        "ruleActionOverrides": [{"name": "SizeRestrictions_BODY", "actionToUse": {"count": {}}}],
    }
    rate = {
        "limit": 2000,
        "evaluationWindowSec": 300,
        "aggregateKeyType": "FORWARDED_IP",
        "forwardedIpConfig": {"headerName": "X-Forwarded-For", "fallbackBehavior": "NO_MATCH"},
    }
    return {
        "name": w.named(f"acl-{scope.lower()}"),
        "scope": scope,
        "description": "test",
        "defaultAction": {"allow": {}},
        "rules": [
            {
                "name": "rate-limit",
                "priority": 0,
                "action": {"block": {}},
                "statement": {"rateBasedStatement": rate},
                "visibilityConfig": _VISIBLE,
            },
            {
                "name": "common",
                "priority": 1,
                "overrideAction": {"none": {}},
                "statement": {"managedRuleGroupStatement": managed},
                "visibilityConfig": _VISIBLE,
            },
        ],
        "visibilityConfig": _VISIBLE,
        "tags": TAGS,
    }


def key_of_cache(compressed: bool) -> dict[str, Any]:
    return {
        "cookiesConfig": {"cookieBehavior": "none"},
        "headersConfig": {"headerBehavior": "whitelist", "headers": {"items": ["Origin"]}},
        "queryStringsConfig": {"queryStringBehavior": "none"},
        "enableAcceptEncodingBrotli": compressed,
        "enableAcceptEncodingGzip": compressed,
    }


def cache_policy(w: World) -> dict[str, Any]:
    return {
        "name": w.named("cache"),
        "comment": "test",
        "defaultTtl": 60,
        "maxTtl": 600,
        "minTtl": 0,
        "parametersInCacheKeyAndForwardedToOrigin": key_of_cache(True),
    }


def request_policy(w: World) -> dict[str, Any]:
    return {
        "name": w.named("request"),
        "comment": "test",
        "cookiesConfig": {"cookieBehavior": "all"},
        "headersConfig": {"headerBehavior": "allViewer"},
        "queryStringsConfig": {"queryStringBehavior": "all"},
    }


def response_policy(w: World, origins: tuple[str, ...] = ("https://app.example.com",)) -> dict[str, Any]:
    return {
        "name": w.named("headers"),
        "comment": "test",
        "securityHeadersConfig": {
            "strictTransportSecurity": {
                "accessControlMaxAgeSec": 31536000,
                "includeSubdomains": True,
                "override": True,
            },
            "contentTypeOptions": {"override": True},
            "frameOptions": {"frameOption": "DENY", "override": True},
            "referrerPolicy": {"referrerPolicy": "strict-origin-when-cross-origin", "override": True},
            "contentSecurityPolicy": {"contentSecurityPolicy": "default-src 'none'", "override": True},
        },
        "corsConfig": {
            "accessControlAllowCredentials": False,
            "accessControlAllowHeaders": {"items": ["Authorization"]},
            "accessControlAllowMethods": {"items": ["GET", "PUT"]},
            "accessControlAllowOrigins": {"items": list(origins)},
            "accessControlExposeHeaders": {"items": ["X-Request-Id"]},
            "accessControlMaxAgeSec": 600,
            "originOverride": True,
        },
        "removeHeadersConfig": {"items": [{"header": "Server"}]},
    }


def function(w: World) -> Resource:
    return w.make(
        "aws:cloudfront/function:Function",
        "function",
        name=w.named("cohorts"),
        runtime="cloudfront-js-2.0",
        code="function handler(event) { return event.request; }",
    )


def distribution(w: World) -> dict[str, Any]:
    cache = w.make("aws:cloudfront/cachePolicy:CachePolicy", "cache", **cache_policy(w)).id
    request = w.make("aws:cloudfront/originRequestPolicy:OriginRequestPolicy", "request", **request_policy(w)).id
    headers = w.make(_HEADERS, "headers", **response_policy(w)).id
    access = w.make(
        "aws:cloudfront/originAccessControl:OriginAccessControl",
        "access",
        name=w.named("site"),
        originAccessControlOriginType="s3",
        signingBehavior="always",
        signingProtocol="sigv4",
    ).id
    return {
        "enabled": True,
        "comment": "test",
        "aliases": [f"{w.suffix}.example.com"],
        "defaultRootObject": "index.html",
        "httpVersion": "http2and3",
        "isIpv6Enabled": True,
        "priceClass": "PriceClass_All",
        "webAclId": acl(w).outputs["arn"],
        "origins": [
            {
                "originId": "api",
                "domainName": "origin.api.example.com",
                "customHeaders": [{"name": "X-Origin-Secret", "value": "canary"}],
                "customOriginConfig": {
                    "httpPort": 80,
                    "httpsPort": 443,
                    "originProtocolPolicy": "https-only",
                    "originSslProtocols": ["TLSv1.2"],
                    "originReadTimeout": 30,
                    "originKeepaliveTimeout": 5,
                },
            },
            {
                "originId": "site",
                "domainName": "site.s3.us-east-1.amazonaws.com",
                "originAccessControlId": access,
            },
        ],
        "defaultCacheBehavior": {
            "targetOriginId": "site",
            "viewerProtocolPolicy": "redirect-to-https",
            "allowedMethods": ["GET", "HEAD", "OPTIONS"],
            "cachedMethods": ["GET", "HEAD"],
            "compress": True,
            "cachePolicyId": cache,
            "responseHeadersPolicyId": headers,
        },
        "orderedCacheBehaviors": [
            {
                "pathPattern": "/api/*",
                "targetOriginId": "api",
                "viewerProtocolPolicy": "https-only",
                "allowedMethods": ["GET", "HEAD", "OPTIONS", "DELETE", "PATCH", "POST", "PUT"],
                "cachedMethods": ["GET", "HEAD"],
                "compress": True,
                "cachePolicyId": cache,
                "originRequestPolicyId": request,
                "responseHeadersPolicyId": headers,
                "functionAssociations": [{"eventType": "viewer-request", "functionArn": function(w).outputs["arn"]}],
            }
        ],
        "restrictions": {"geoRestriction": {"restrictionType": "none"}},
        "viewerCertificate": {
            "acmCertificateArn": w.certificate(),
            "sslSupportMethod": "sni-only",
            "minimumProtocolVersion": "TLSv1.2_2021",
        },
        "waitForDeployment": True,
        "tags": TAGS,
    }


def distributed(w: World) -> Resource:
    return w.make(_DISTRIBUTION, "distribution", **distribution(w))


def source(w: World) -> Resource:
    arn = distributed(w).outputs["arn"]
    return w.make(
        "aws:cloudwatch/logDeliverySource:LogDeliverySource",
        "source",
        name=w.named("source"),
        logType="ACCESS_LOGS",
        resourceArn=arn,
    )


def destination(w: World) -> dict[str, Any]:
    return {
        "name": w.named("destination"),
        "outputFormat": "json",
        "deliveryDestinationConfiguration": {"destinationResourceArn": "arn:aws:s3:::logs"},
    }


EDGE_CASES = (
    Case(
        "aws:acm/certificateValidation:CertificateValidation",
        validated,
        lambda w: {},
        leaves=True,
    ),
    Case(
        "aws:route53/zone:Zone",
        lambda w: {"name": f"z.{w.suffix}.example.com", "comment": "test", "forceDestroy": False, "tags": TAGS},
        lambda w: {"comment": "changed", "tags": {**TAGS, "owner": "payments"}},
    ),
    Case("aws:route53/record:Record", record, lambda w: {"aliases": None, "records": ["192.0.2.1"], "ttl": 60}),
    Case(
        "aws:route53/healthCheck:HealthCheck",
        lambda w: {
            "type": "HTTPS",
            "fqdn": "api.example.com",
            "port": 443,
            "resourcePath": "/api/v2/health",
            "requestInterval": 30,
            "failureThreshold": 3,
            "measureLatency": True,
            "enableSni": True,
            "tags": TAGS,
        },
        lambda w: {"resourcePath": "/health", "failureThreshold": 5},
    ),
    Case(
        "aws:route53/queryLog:QueryLog",
        lambda w: {
            "zoneId": zone(w),
            "cloudwatchLogGroupArn": log_group(w, f"/aws/route53/{w.suffix}.example.com"),
        },
        lambda w: {},
    ),
    Case(
        "aws:wafv2/webAcl:WebAcl",
        lambda w: web_acl(w, "CLOUDFRONT"),
        lambda w: {"description": "changed", "rules": web_acl(w, "CLOUDFRONT")["rules"][:1]},
    ),
    Case(
        "aws:wafv2/webAclAssociation:WebAclAssociation",
        lambda w: {"webAclArn": acl(w, "REGIONAL").outputs["arn"], "resourceArn": w.balancer()},
        lambda w: {},
    ),
    Case(
        "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
        lambda w: {
            "resourceArn": acl(w).outputs["arn"],
            "logDestinationConfigs": [log_group(w, f"aws-waf-logs-{w.suffix}")],
            "redactedFields": [{"singleHeader": {"name": "authorization"}}, {"singleHeader": {"name": "cookie"}}],
        },
        lambda w: {"redactedFields": [{"singleHeader": {"name": "authorization"}}]},
    ),
    Case(_DISTRIBUTION, distribution, lambda w: {"comment": "changed", "orderedCacheBehaviors": None}),
    Case(
        "aws:cloudfront/originAccessControl:OriginAccessControl",
        lambda w: {
            "name": w.named("access"),
            "description": "test",
            "originAccessControlOriginType": "s3",
            "signingBehavior": "always",
            "signingProtocol": "sigv4",
        },
        lambda w: {"description": "changed", "signingBehavior": "no-override"},
    ),
    Case(
        "aws:cloudfront/function:Function",
        lambda w: {
            "name": w.named("function"),
            "runtime": "cloudfront-js-2.0",
            "comment": "test",
            "code": "function handler(event) { return event.request; }",
            "publish": True,
            "tags": TAGS,
        },
        lambda w: {"code": "function handler(event) { event.request.x = 1; return event.request; }"},
    ),
    Case(
        "aws:cloudfront/cachePolicy:CachePolicy",
        cache_policy,
        lambda w: {"defaultTtl": 0, "parametersInCacheKeyAndForwardedToOrigin": key_of_cache(False)},
    ),
    Case(
        "aws:cloudfront/originRequestPolicy:OriginRequestPolicy",
        request_policy,
        lambda w: {"headersConfig": {"headerBehavior": "none"}},
    ),
    Case(_HEADERS, response_policy, lambda w: {"corsConfig": None, "comment": "changed"}),
    Case(
        "aws:cloudwatch/logDeliverySource:LogDeliverySource",
        lambda w: {
            "name": w.named("of-edge"),
            "logType": "ACCESS_LOGS",
            "resourceArn": distributed(w).outputs["arn"],
            "tags": TAGS,
        },
    ),
    Case(
        "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination",
        lambda w: {**destination(w), "tags": TAGS},
    ),
    Case(
        "aws:cloudwatch/logDelivery:LogDelivery",
        lambda w: {
            "deliverySourceName": source(w).id,
            "deliveryDestinationArn": w.make(
                "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination", "destination", **destination(w)
            ).outputs["arn"],
            "tags": TAGS,
        },
    ),
    Case(
        "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
        lambda w: {
            "policyName": w.named("writer"),
            "policyDocument": policy("logs:PutLogEvents"),
        },
        lambda w: {"policyDocument": policy("logs:CreateLogStream")},
    ),
)
