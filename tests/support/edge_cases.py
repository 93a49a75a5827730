"""What each policy on the edge, the firewall and names says of good and bad inputs; as in policy_cases."""

from typing import Any

from tests.support.policy_cases import DEFERS, GONE, PASSES, TAGS, VIOLATES, Case

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
HEADERS = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"
LOG_SOURCE = "aws:cloudwatch/logDeliverySource:LogDeliverySource"
WEB_ACL = "aws:wafv2/webAcl:WebAcl"
ASSOCIATION = "aws:wafv2/webAclAssociation:WebAclAssociation"
WAF_LOGGING = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
CERTIFICATE = "aws:acm/certificate:Certificate"
RECORD = "aws:route53/record:Record"
ZONE = "aws:route53/zone:Zone"
QUERY_LOG = "aws:route53/queryLog:QueryLog"

EDGE_ZONE, BALANCER_ZONE = "Z2FDTNDATAQYW2", "Z35SXDOTRQ7X7K"

_VISIBLE = {"cloudwatchMetricsEnabled": True, "sampledRequestsEnabled": True, "metricName": "m"}
DISTRIBUTED: dict[str, Any] = {
    "enabled": True,
    "aliases": ["api.example.com"],
    "defaultRootObject": "index.html",
    "webAclId": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/greenflow/1",
    "origins": [
        {
            "originId": "api",
            "domainName": "origin.api.example.com",
            "customOriginConfig": {
                "httpPort": 80,
                "httpsPort": 443,
                "originProtocolPolicy": "https-only",
                "originSslProtocols": ["TLSv1.2"],
            },
        },
        {"originId": "site", "domainName": "site.s3.us-east-1.amazonaws.com", "originAccessControlId": "E1"},
    ],
    "defaultCacheBehavior": {
        "targetOriginId": "site",
        "viewerProtocolPolicy": "redirect-to-https",
        "responseHeadersPolicyId": "1",
    },
    "orderedCacheBehaviors": [
        {
            "pathPattern": "/api/*",
            "targetOriginId": "api",
            "viewerProtocolPolicy": "https-only",
            "responseHeadersPolicyId": "2",
        }
    ],
    "viewerCertificate": {
        "acmCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1",
        "sslSupportMethod": "sni-only",
        "minimumProtocolVersion": "TLSv1.2_2021",
    },
    "tags": TAGS,
}
_HEADERS: dict[str, Any] = {
    "name": "greenflow-production-api",
    "securityHeadersConfig": {
        "strictTransportSecurity": {"accessControlMaxAgeSec": 31536000, "includeSubdomains": True, "override": True},
        "contentTypeOptions": {"override": True},
        "frameOptions": {"frameOption": "DENY", "override": True},
        "referrerPolicy": {"referrerPolicy": "strict-origin-when-cross-origin", "override": True},
        "contentSecurityPolicy": {"contentSecurityPolicy": "frame-ancestors 'none'", "override": True},
    },
    "corsConfig": {"accessControlAllowOrigins": {"items": ["https://app.example.com"]}, "originOverride": True},
}
_GROUPS = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesSQLiRuleSet",
)


def _rate(limit: int, action: str = "block") -> dict[str, Any]:
    return {
        "name": "rate-limit",
        "priority": 0,
        "action": {action: {}},
        "statement": {"rateBasedStatement": {"limit": limit, "aggregateKeyType": "IP"}},
        "visibilityConfig": _VISIBLE,
    }


def _group(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "overrideAction": {"none": {}},
        "statement": {"managedRuleGroupStatement": {"vendorName": "AWS", "name": name}},
        "visibilityConfig": _VISIBLE,
    }


_ACL: dict[str, Any] = {
    "name": "greenflow-production",
    "scope": "CLOUDFRONT",
    "rules": [_rate(2000), *(_group(name) for name in _GROUPS)],
    "visibilityConfig": _VISIBLE,
    "tags": TAGS,
}
_CERTIFICATE: dict[str, Any] = {
    "domainName": "api.example.com",
    "validationMethod": "DNS",
    "keyAlgorithm": "RSA_2048",
    "tags": TAGS,
}


def _alias(zone: str, healthy: bool) -> dict[str, Any]:
    return {"name": "b.elb.amazonaws.com", "zoneId": zone, "evaluateTargetHealth": healthy}


_RECORD: dict[str, Any] = {
    "zoneId": "Z1",
    "name": "origin.api.example.com",
    "type": "A",
    "aliases": [_alias(BALANCER_ZONE, healthy=True)],
    "allowOverwrite": False,
}
_API = "orderedCacheBehaviors.0"
_ORIGIN = "origins.0.customOriginConfig"
_SAID = "securityHeadersConfig"

EDGE_CASES: tuple[Case, ...] = (
    Case(
        "cloudfront-https-viewer",
        DISTRIBUTION,
        DISTRIBUTED,
        bad={
            "plain by default": {"defaultCacheBehavior.viewerProtocolPolicy": "allow-all"},
            "nothing by default": {"defaultCacheBehavior.viewerProtocolPolicy": GONE},
            "plain for the api": {f"{_API}.viewerProtocolPolicy": "allow-all"},
        },
        fine={"https only": {"defaultCacheBehavior.viewerProtocolPolicy": "https-only"}},
        missing={"defaultCacheBehavior": VIOLATES, "orderedCacheBehaviors": PASSES},
        unknown={"defaultCacheBehavior": VIOLATES, "orderedCacheBehaviors": VIOLATES},
    ),
    Case(
        "cloudfront-modern-tls-and-cert",
        DISTRIBUTION,
        DISTRIBUTED,
        bad={
            "no certificate": {"viewerCertificate.acmCertificateArn": GONE},
            "empty certificate": {"viewerCertificate.acmCertificateArn": ""},
            "CloudFront's own": {"viewerCertificate": {"cloudfrontDefaultCertificate": True}},
            "address of its own": {"viewerCertificate.sslSupportMethod": "vip"},
            "no method": {"viewerCertificate.sslSupportMethod": GONE},
            "TLS 1.0": {"viewerCertificate.minimumProtocolVersion": "TLSv1"},
            "TLS 1.2 of 2019": {"viewerCertificate.minimumProtocolVersion": "TLSv1.2_2019"},
            "no version": {"viewerCertificate.minimumProtocolVersion": GONE},
        },
        fine={"newer": {"viewerCertificate.minimumProtocolVersion": "TLSv1.2_2025"}},
        missing={"viewerCertificate": VIOLATES},
        unknown={"viewerCertificate": VIOLATES},
    ),
    Case(
        "cloudfront-origin-tls",
        DISTRIBUTION,
        DISTRIBUTED,
        bad={
            "plain": {f"{_ORIGIN}.originProtocolPolicy": "http-only"},
            "as the viewer": {f"{_ORIGIN}.originProtocolPolicy": "match-viewer"},
            "no policy": {f"{_ORIGIN}.originProtocolPolicy": GONE},
            "TLS 1.1 too": {f"{_ORIGIN}.originSslProtocols": ["TLSv1.1", "TLSv1.2"]},
            "no version": {f"{_ORIGIN}.originSslProtocols": GONE},
        },
        missing={"origins": PASSES},
        unknown={"origins": DEFERS},
    ),
    Case(
        "cloudfront-waf",
        DISTRIBUTION,
        DISTRIBUTED,
        bad={"none": {"webAclId": GONE}, "empty": {"webAclId": ""}},
        missing={"webAclId": VIOLATES},
        unknown={"webAclId": PASSES},
    ),
    Case(
        "cloudfront-oac-and-root",
        DISTRIBUTION,
        DISTRIBUTED,
        bad={
            "open bucket": {"origins.1.originAccessControlId": GONE},
            "empty access control": {"origins.1.originAccessControlId": ""},
            "list at /": {"defaultRootObject": GONE},
            "empty root": {"defaultRootObject": ""},
        },
        fine={
            "no bucket, no root": {"origins.1": DISTRIBUTED["origins"][0], "defaultRootObject": GONE},
            "inside a VPC": {
                "origins.1": {"originId": "x", "vpcOriginConfig": {"vpcOriginId": "1"}},
                "defaultRootObject": GONE,
            },
        },
        missing={"origins": PASSES, "defaultRootObject": VIOLATES},
        unknown={"origins": DEFERS, "defaultRootObject": PASSES},
    ),
    Case(
        "cloudfront-security-headers",
        DISTRIBUTION,
        DISTRIBUTED,
        bad={
            "none by default": {"defaultCacheBehavior.responseHeadersPolicyId": GONE},
            "none for the api": {f"{_API}.responseHeadersPolicyId": GONE},
            "empty": {f"{_API}.responseHeadersPolicyId": ""},
        },
        missing={"defaultCacheBehavior": VIOLATES, "orderedCacheBehaviors": PASSES},
        unknown={"defaultCacheBehavior": VIOLATES, "orderedCacheBehaviors": VIOLATES},
    ),
    Case(
        "cloudfront-security-headers",
        HEADERS,
        _HEADERS,
        bad={
            "no HSTS": {f"{_SAID}.strictTransportSecurity": GONE},
            "short HSTS": {f"{_SAID}.strictTransportSecurity.accessControlMaxAgeSec": 86400},
            "HSTS of the origin": {f"{_SAID}.strictTransportSecurity.override": False},
            "sniffing": {f"{_SAID}.contentTypeOptions": GONE},
            "sniffing as the origin likes": {f"{_SAID}.contentTypeOptions.override": False},
            "framed by anybody": {f"{_SAID}.frameOptions": GONE, f"{_SAID}.contentSecurityPolicy": GONE},
            "strange frames": {
                f"{_SAID}.frameOptions.frameOption": "ALLOWALL",
                f"{_SAID}.contentSecurityPolicy.contentSecurityPolicy": "default-src 'self'",
            },
            "no referrer policy": {f"{_SAID}.referrerPolicy": GONE},
            "whole address told": {f"{_SAID}.referrerPolicy.referrerPolicy": "unsafe-url"},
            "every origin": {"corsConfig.accessControlAllowOrigins.items": ["*"]},
            "every subdomain": {"corsConfig.accessControlAllowOrigins.items": ["https://*.example.com"]},
            "plain origin": {"corsConfig.accessControlAllowOrigins.items": ["http://app.example.com"]},
            "CORS of the origin": {"corsConfig.originOverride": False},
        },
        fine={
            "frame-ancestors alone": {f"{_SAID}.frameOptions": GONE},
            "frame options alone": {f"{_SAID}.contentSecurityPolicy": GONE},
            "no CORS": {"corsConfig": GONE},
        },
        missing={"securityHeadersConfig": VIOLATES, "corsConfig": PASSES},
        unknown={"securityHeadersConfig": VIOLATES, "corsConfig": VIOLATES},
    ),
    Case(
        "waf-has-rules-and-metrics",
        WEB_ACL,
        _ACL,
        bad={
            **{
                f"without {name}": {"rules": [each for each in _ACL["rules"] if each["name"] != name]}
                for name in _GROUPS
            },
            "without rate limit": {"rules": _ACL["rules"][1:]},
            "rate limit that counts": {"rules.0": _rate(2000, "count")},
            "rate limit out of reach": {"rules.0": _rate(1_000_000)},
            "group that counts": {"rules.2.overrideAction": {"count": {}}},
            "group of somebody else": {"rules.2.statement.managedRuleGroupStatement.vendorName": "Other"},
            "no metrics": {"visibilityConfig.cloudwatchMetricsEnabled": False},
            "no metrics of a rule": {"rules.1.visibilityConfig": GONE},
            "as a text": {"ruleJson": "[]"},
        },
        fine={
            "one rule counted": {
                "rules.2.statement.managedRuleGroupStatement.ruleActionOverrides": [
                    {"name": "SizeRestrictions_BODY", "actionToUse": {"count": {}}}
                ]
            },
            "one more": {"rules": [*_ACL["rules"], _group("AWSManagedRulesLinuxRuleSet")]},
        },
        missing={"rules": VIOLATES, "ruleJson": PASSES, "visibilityConfig": VIOLATES},
        unknown={"rules": VIOLATES, "ruleJson": VIOLATES, "visibilityConfig": VIOLATES},
    ),
    Case(
        "acm-strong-dns-validated",
        CERTIFICATE,
        _CERTIFICATE,
        bad={
            "short key": {"keyAlgorithm": "RSA_1024"},
            "by mail": {"validationMethod": "EMAIL"},
            "imported": {"privateKey": "x"},
            "imported, not kept": {"privateKeyWo": "x"},
        },
        fine={
            "elliptic curve": {"keyAlgorithm": "EC_prime256v1"},
            "of our own authority": {
                "certificateAuthorityArn": "arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/1",
                "validationMethod": GONE,
            },
        },
        missing={
            "keyAlgorithm": PASSES,
            "validationMethod": VIOLATES,
            "privateKey": PASSES,
            "privateKeyWo": PASSES,
            "certificateAuthorityArn": PASSES,
        },
        unknown={
            "keyAlgorithm": VIOLATES,
            "validationMethod": VIOLATES,
            "privateKey": VIOLATES,
            "privateKeyWo": VIOLATES,
            "certificateAuthorityArn": PASSES,
        },
    ),
    Case(
        "route53-alias-health",
        RECORD,
        _RECORD,
        bad={
            "blind": {"aliases": [_alias(BALANCER_ZONE, healthy=False)]},
            "nothing": {"aliases.0.evaluateTargetHealth": GONE},
            "overwrites": {"allowOverwrite": True},
        },
        fine={
            "edge": {"aliases": [_alias(EDGE_ZONE, healthy=False)]},
            "no alias": {"aliases": GONE, "records": ["192.0.2.1"], "ttl": 60},
        },
        missing={"aliases": PASSES, "allowOverwrite": PASSES},
        unknown={"aliases": DEFERS, "allowOverwrite": VIOLATES},
    ),
)
