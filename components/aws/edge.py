"""The edge: one distribution before the API and the static site, with what it tells browsers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import cloudfront, cloudwatch

from components._common import PlainArguments, token
from components.aws import edge_policies
from components.aws.host_names import EXPECTED, is_host_name

API_ORIGIN, SITE_ORIGIN = "api", "site"
DEFAULT_API_PATH = "/api/*"
ROOT_OBJECT = "index.html"
TLS_POLICY = "TLSv1.2_2021"  # the newest that all current browsers speak (CloudFront guide, "Supported protocols")
PRICE_CLASS = "PriceClass_All"  # every place; a cheaper class makes users far away wait
ORIGIN_HEADER = "X-Origin-Secret"

READ_METHODS = ["GET", "HEAD", "OPTIONS"]
ALL_METHODS = [*READ_METHODS, "DELETE", "PATCH", "POST", "PUT"]

READ_TIMEOUT = 30  # seconds the API may take; the balancer waits 60
KEEPALIVE_TIMEOUT = 5  # seconds


class EdgeArgs(TypedDict):
    """Arguments of `Edge`."""

    physical_name: str
    """Stem of every name. Replaces the policies."""
    domain: str
    """Host name that users call. Changed in place."""
    certificate_arn: pulumi.Input[str]
    """Issued certificate for `domain`, in us-east-1."""
    web_acl_arn: pulumi.Input[str]
    """Firewall of scope EDGE."""
    api_domain: pulumi.Input[str]
    """Host name of the balancer. Its certificate must be for this name or for `domain`."""
    site_bucket_domain: pulumi.Input[str]
    """Regional domain name of the static site's bucket, which lets this distribution read."""
    log_bucket_arn: pulumi.Input[str]
    """Bucket of the access logs, which lets AWS' log delivery write."""
    api_path: NotRequired[str]
    """Paths that the API answers, never cached. Default: /api/*."""
    cors_origins: NotRequired[Sequence[str]]
    """Origins whose pages may call the API, such as https://app.example.com. Default: none."""
    content_security_policy: NotRequired[str]
    """What the static site's pages may load. Default: from the site itself only."""
    viewer_request_function_arn: NotRequired[pulumi.Input[str]]
    """Published function that sees every request to the API first. Default: none."""
    origin_secret: NotRequired[pulumi.Input[str]]
    """Sent to the balancer as X-Origin-Secret, so that it can tell the edge from others. Default: nothing."""
    protect: NotRequired[bool]
    """Refuse to delete or replace the distribution. Default: true."""
    tags: Mapping[str, pulumi.Input[str]]
    """Tags of every taggable child."""


@dataclass(frozen=True, kw_only=True)
class _Settings:
    api_path: str
    cors_origins: Sequence[str]
    content_security_policy: str
    protect: bool


class Edge(pulumi.ComponentResource):
    """A distribution that serves the static site from its bucket and passes the API on to the balancer, over TLS only.

    Needs a provider of us-east-1: the delivery of the logs, the certificate and the firewall are there.

    Creates: origin access control of the bucket; cache, origin request and response headers policies; distribution;
    source, destination and delivery of its access logs.

    Changes during a rollout: nothing.

    Replaces on: `physical_name` (policies).
    """

    distribution_id: pulumi.Output[str]
    """Id of the distribution, by which its metrics are found."""
    distribution_arn: pulumi.Output[str]
    """ARN, for what the bucket of the static site allows."""
    domain_name: pulumi.Output[str]
    """Host name AWS gave the distribution, for the alias record."""

    def __init__(self, name: str, args: EdgeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("Edge"), name, {}, opts)
        settings = _resolve(name, args)
        self._args = args
        child = pulumi.ResourceOptions(parent=self)
        physical_name = args["physical_name"]

        access = cloudfront.OriginAccessControl(
            f"{name}-site-access",
            name=f"{physical_name}-site",
            description=f"Reads the static site of {physical_name}",
            origin_access_control_origin_type="s3",
            signing_behavior="always",
            signing_protocol="sigv4",
            opts=child,
        )
        policies = edge_policies.make(
            name,
            physical_name=physical_name,
            cors_origins=settings.cors_origins,
            content_security_policy=settings.content_security_policy,
            parent=self,
        )
        distribution = cloudfront.Distribution(
            f"{name}-distribution",
            enabled=True,
            comment=physical_name,
            aliases=[args["domain"]],
            default_root_object=ROOT_OBJECT,
            http_version="http2and3",
            is_ipv6_enabled=True,
            price_class=PRICE_CLASS,
            web_acl_id=args["web_acl_arn"],
            origins=[
                self._api_origin(),
                {
                    "origin_id": SITE_ORIGIN,
                    "domain_name": args["site_bucket_domain"],
                    "origin_access_control_id": access.id,
                },
            ],
            default_cache_behavior={
                "target_origin_id": SITE_ORIGIN,
                "viewer_protocol_policy": "redirect-to-https",
                "allowed_methods": READ_METHODS,
                "cached_methods": ["GET", "HEAD"],
                "compress": True,
                "cache_policy_id": policies.site_cache.id,
                "response_headers_policy_id": policies.site_headers.id,
            },
            ordered_cache_behaviors=[self._api_behavior(settings, policies)],
            restrictions={"geo_restriction": {"restriction_type": "none"}},
            viewer_certificate={
                "acm_certificate_arn": args["certificate_arn"],
                "ssl_support_method": "sni-only",
                "minimum_protocol_version": TLS_POLICY,
            },
            wait_for_deployment=True,
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self, protect=settings.protect),
        )
        self._logs(distribution)

        self.distribution_id = distribution.id
        self.distribution_arn = distribution.arn
        self.domain_name = distribution.domain_name
        self.register_outputs(
            {
                "distribution_id": self.distribution_id,
                "distribution_arn": self.distribution_arn,
                "domain_name": self.domain_name,
            }
        )

    def _api_origin(self) -> cloudfront.DistributionOriginArgsDict:
        secret = self._args.get("origin_secret")
        headers: list[cloudfront.DistributionOriginCustomHeaderArgsDict] = []
        if secret is not None:
            headers = [{"name": ORIGIN_HEADER, "value": pulumi.Output.secret(secret)}]
        return {
            "origin_id": API_ORIGIN,
            "domain_name": self._args["api_domain"],
            "custom_headers": headers,
            "custom_origin_config": {
                "http_port": 80,
                "https_port": 443,
                "origin_protocol_policy": "https-only",
                "origin_ssl_protocols": ["TLSv1.2"],
                "origin_read_timeout": READ_TIMEOUT,
                "origin_keepalive_timeout": KEEPALIVE_TIMEOUT,
            },
        }

    def _api_behavior(
        self, settings: _Settings, policies: edge_policies.EdgePolicies
    ) -> cloudfront.DistributionOrderedCacheBehaviorArgsDict:
        function = self._args.get("viewer_request_function_arn")
        associations: list[Any] = []
        if function is not None:
            associations = [{"event_type": "viewer-request", "function_arn": function}]
        return {
            "path_pattern": settings.api_path,
            "target_origin_id": API_ORIGIN,
            # A redirected POST arrives as a GET, so the API is told what is wrong instead.
            "viewer_protocol_policy": "https-only",
            "allowed_methods": ALL_METHODS,
            "cached_methods": ["GET", "HEAD"],
            "compress": True,
            "cache_policy_id": policies.api_cache.id,
            "origin_request_policy_id": policies.api_request.id,
            "response_headers_policy_id": policies.api_headers.id,
            "function_associations": associations,
        }

    def _logs(self, distribution: cloudfront.Distribution) -> None:
        """Standard logging, version 2: the first version needs a bucket with ACLs (CloudFront guide)."""
        name, physical_name, tags = self.pulumi_resource_name, self._args["physical_name"], self._args["tags"]
        child = pulumi.ResourceOptions(parent=self)
        source = cloudwatch.LogDeliverySource(
            f"{name}-access-log",
            name=f"{physical_name}-edge",
            log_type="ACCESS_LOGS",
            resource_arn=distribution.arn,
            tags=tags,
            opts=child,
        )
        destination = cloudwatch.LogDeliveryDestination(
            f"{name}-access-log",
            name=f"{physical_name}-edge",
            delivery_destination_configuration={"destination_resource_arn": self._args["log_bucket_arn"]},
            output_format="json",
            tags=tags,
            opts=child,
        )
        cloudwatch.LogDelivery(
            f"{name}-access-log",
            delivery_source_name=source.name,
            delivery_destination_arn=destination.arn,
            tags=tags,
            opts=child,
        )


def _resolve(name: str, args: EdgeArgs) -> _Settings:
    plain = PlainArguments("Edge", name)
    settings = _Settings(
        api_path=args.get("api_path", DEFAULT_API_PATH),
        cors_origins=args.get("cors_origins", ()),
        content_security_policy=args.get("content_security_policy", edge_policies.SITE_CONTENT),
        protect=args.get("protect", True),
    )
    plain.name("physical_name", args["physical_name"], 50)
    plain.expect(is_host_name(args["domain"]), "domain", args["domain"], EXPECTED)
    plain.expect(
        settings.api_path.startswith("/") and settings.api_path not in {"/", "/*"},
        "api_path",
        settings.api_path,
        "a path pattern such as /api/*, narrower than everything",
    )
    for position, origin in enumerate(settings.cors_origins):
        plain.expect(
            origin.startswith("https://") and is_host_name(origin.removeprefix("https://")),
            f"cors_origins[{position}]",
            origin,
            "https:// and one host name, without path, port or *",
            "Name every origin: a pattern would let strangers' pages in.",
        )
    plain.expect(
        "frame-ancestors" in settings.content_security_policy,
        "content_security_policy",
        "a policy without frame-ancestors",
        "one that says who may frame the pages",
    )
    plain.refuse()
    return settings
