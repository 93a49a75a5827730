"""The front door: a global HTTPS load balancer with a firewall, the only way in to the service."""

import hashlib
import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

import pulumi
from pulumi_gcp import compute

from components._common import PlainArguments, token
from components.gcp import firewall

SCHEME = "EXTERNAL_MANAGED"  # the global external Application Load Balancer, not the classic one
TRAFFIC_PORT = "443"
REDIRECT_PORT = "80"
CANDIDATE_TAG = "candidate"

DEFAULT_REQUESTS_PER_MINUTE = 600  # of one address
NAME_LIMIT = 50  # of Compute Engine's 63 characters, the rest for what is added to it
LEAST_TEST_PREFIX = 8  # a test client range wider than /8 is a good part of the internet

# What an API that no browser renders tells browsers (OWASP HTTP Headers Cheat Sheet).
SECURITY_HEADERS = (
    "Strict-Transport-Security: max-age=31536000; includeSubDomains",
    "X-Content-Type-Options: nosniff",
    "X-Frame-Options: DENY",
    "Referrer-Policy: no-referrer",
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
)

_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")


class FrontDoorArgs(TypedDict):
    """Arguments of `FrontDoor`."""

    physical_name: str
    """Stem of every name. Replaces everything."""
    location: str
    """Region of the service. Replaces the endpoint group."""
    service_name: pulumi.Input[str]
    """The Cloud Run service behind it. Replaces the endpoint group."""
    domain: str
    """Host name that users call; its address record points to `address`. Replaces the certificate."""
    candidate_domain: NotRequired[str]
    """Host name that reaches the candidate alone, for tests before it gets traffic. Default: none."""
    test_client_cidrs: NotRequired[Sequence[str]]
    """Address ranges that may use `candidate_domain`, IPv4 /8 or narrower."""
    requests_per_minute: NotRequired[int]
    """Most requests a minute from one address, 10 to 10000. Default: 600."""
    adaptive_protection: NotRequired[bool]
    """Watch for floods of requests and report them. Default: true."""
    protect: NotRequired[bool]
    """Refuse to delete or replace the address, the backend and the traffic rule. Default: true."""
    labels: Mapping[str, str]
    """Labels of every child that can carry them."""


@dataclass(frozen=True, kw_only=True)
class _Settings:
    candidate_domain: str | None
    test_client_cidrs: Sequence[str]
    requests_per_minute: int
    adaptive_protection: bool
    protect: bool


class FrontDoor(pulumi.ComponentResource):
    """A load balancer that takes HTTPS on one address, filters it and passes it to the Cloud Run service.

    It does not split traffic: the service does. With `candidate_domain` a second host name reaches the revision
    tagged `candidate` for the named clients only, as the run.app addresses of tags are off with the service's own.

    Creates: address; certificate; TLS policy; firewall; endpoint group; backend; URL map; HTTPS proxy and forwarding
    rule 443; URL map, proxy and forwarding rule 80, which redirect to it; for `candidate_domain` a further endpoint
    group, firewall and backend.

    Changes during a rollout: nothing.

    Replaces on: `physical_name` (everything), `domain` and `candidate_domain` (certificate, the new one first),
    `location`, `service_name` (endpoint group).
    """

    address: pulumi.Output[str]
    """IPv4 address, for the domain's address record."""
    url: pulumi.Output[str]
    """What users call."""
    backend_name: pulumi.Output[str]
    """Name of the backend, by which its logs and metrics are found."""
    firewall_name: pulumi.Output[str]
    """Name of the firewall."""

    def __init__(self, name: str, args: FrontDoorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("FrontDoor"), name, {}, opts)
        settings = _resolve(name, args)
        self._args = args
        self._settings = settings
        physical_name = args["physical_name"]
        child = pulumi.ResourceOptions(parent=self)
        protected = pulumi.ResourceOptions(parent=self, protect=settings.protect)

        address = compute.GlobalAddress(
            f"{name}-address",
            name=physical_name,
            address_type="EXTERNAL",
            ip_version="IPV4",
            description=f"Front door of {physical_name}",
            labels=args["labels"],
            opts=protected,
        )
        wall = self._firewall("firewall", physical_name, firewall.public_rules(settings.requests_per_minute))
        backend = self._backend("backend", physical_name, wall, tag=None)
        url_map = self._url_map(backend)
        domains = [args["domain"], *([settings.candidate_domain] if settings.candidate_domain else [])]
        proxy = compute.TargetHttpsProxy(
            f"{name}-https",
            name=f"{physical_name}-https",
            url_map=url_map.id,
            ssl_certificates=[self._certificate(domains).id],
            ssl_policy=self._tls_policy().id,
            opts=child,
        )
        compute.GlobalForwardingRule(
            f"{name}-traffic",
            name=f"{physical_name}-https",
            load_balancing_scheme=SCHEME,
            ip_address=address.id,
            ip_protocol="TCP",
            port_range=TRAFFIC_PORT,
            target=proxy.id,
            labels=args["labels"],
            opts=protected,
        )
        self._redirect(address)

        self.address = address.address
        self.url = pulumi.Output.from_input(f"https://{args['domain']}")
        self.backend_name = backend.name
        self.firewall_name = wall.name
        self.register_outputs(
            {
                "address": self.address,
                "url": self.url,
                "backend_name": self.backend_name,
                "firewall_name": self.firewall_name,
            }
        )

    def _child(self, *, protect: bool | None = None) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, protect=protect)

    def _firewall(
        self, role: str, physical_name: str, rules: Sequence[compute.SecurityPolicyRuleArgsDict]
    ) -> compute.SecurityPolicy:
        watched = self._settings.adaptive_protection
        return compute.SecurityPolicy(
            f"{self.pulumi_resource_name}-{role}",
            name=physical_name,
            description=f"Firewall of {physical_name}",
            type="CLOUD_ARMOR",
            rules=list(rules),
            adaptive_protection_config=(
                {"layer7_ddos_defense_config": {"enable": True, "rule_visibility": "STANDARD"}} if watched else None
            ),
            advanced_options_config={"json_parsing": "STANDARD", "log_level": "NORMAL"},
            labels=self._args["labels"],
            opts=self._child(),
        )

    def _backend(
        self, role: str, physical_name: str, wall: compute.SecurityPolicy, *, tag: str | None
    ) -> compute.BackendService:
        """The service, or one tag of it. A serverless endpoint group takes no health check, timeout or affinity."""
        endpoints = compute.RegionNetworkEndpointGroup(
            f"{self.pulumi_resource_name}-{role}",
            name=physical_name,
            region=self._args["location"],
            network_endpoint_type="SERVERLESS",
            cloud_run={"service": self._args["service_name"], **({"tag": tag} if tag else {})},
            opts=self._child(),
        )
        return compute.BackendService(
            f"{self.pulumi_resource_name}-{role}",
            name=physical_name,
            description=f"Cloud Run service behind {physical_name}",
            load_balancing_scheme=SCHEME,
            protocol="HTTPS",
            backends=[{"group": endpoints.id}],
            security_policy=wall.id,
            custom_response_headers=list(SECURITY_HEADERS),
            log_config={"enable": True, "sample_rate": 1.0},
            opts=self._child(protect=self._settings.protect),
        )

    def _url_map(self, backend: compute.BackendService) -> compute.URLMap:
        physical_name = self._args["physical_name"]
        hosts: list[compute.URLMapHostRuleArgsDict] = []
        matchers: list[compute.URLMapPathMatcherArgsDict] = []
        if self._settings.candidate_domain is not None:
            of_tests = f"{physical_name}-candidate"
            wall = self._firewall(
                "candidate-firewall", of_tests, firewall.named_clients_rules(self._settings.test_client_cidrs)
            )
            candidate = self._backend("candidate", of_tests, wall, tag=CANDIDATE_TAG)
            hosts = [{"hosts": [self._settings.candidate_domain], "path_matcher": CANDIDATE_TAG}]
            matchers = [{"name": CANDIDATE_TAG, "default_service": candidate.id}]
        return compute.URLMap(
            f"{self.pulumi_resource_name}-routes",
            name=physical_name,
            description=f"Routes of {physical_name}",
            default_service=backend.id,
            host_rules=hosts,
            path_matchers=matchers,
            opts=self._child(),
        )

    def _tls_policy(self) -> compute.SSLPolicy:
        return compute.SSLPolicy(
            f"{self.pulumi_resource_name}-tls",
            name=self._args["physical_name"],
            min_tls_version="TLS_1_2",
            profile="RESTRICTED",  # forward secrecy and authenticated ciphers only
            opts=self._child(),
        )

    def _certificate(self, domains: Sequence[str]) -> compute.ManagedSslCertificate:
        """Google issues and renews it once the address records point here. Other domains make another certificate."""
        return compute.ManagedSslCertificate(
            f"{self.pulumi_resource_name}-certificate",
            name=certificate_name(self._args["physical_name"], domains),
            managed={"domains": list(domains)},
            opts=self._child(),
        )

    def _redirect(self, address: compute.GlobalAddress) -> None:
        name, physical_name = self.pulumi_resource_name, self._args["physical_name"]
        to_https = compute.URLMap(
            f"{name}-redirect",
            name=f"{physical_name}-redirect",
            description=f"Sends clients of {physical_name} to HTTPS",
            default_url_redirect={
                "https_redirect": True,
                "redirect_response_code": "MOVED_PERMANENTLY_DEFAULT",
                "strip_query": False,
            },
            opts=self._child(),
        )
        proxy = compute.TargetHttpProxy(
            f"{name}-redirect", name=f"{physical_name}-redirect", url_map=to_https.id, opts=self._child()
        )
        compute.GlobalForwardingRule(
            f"{name}-redirect",
            name=f"{physical_name}-redirect",
            load_balancing_scheme=SCHEME,
            ip_address=address.id,
            ip_protocol="TCP",
            port_range=REDIRECT_PORT,
            target=proxy.id,
            labels=self._args["labels"],
            opts=self._child(),
        )


def certificate_name(physical_name: str, domains: Sequence[str]) -> str:
    """A name that changes with the domains, so that the new certificate can be made before the old one goes."""
    return f"{physical_name}-{hashlib.sha256(' '.join(sorted(domains)).encode()).hexdigest()[:8]}"


def _resolve(name: str, args: FrontDoorArgs) -> _Settings:
    plain = PlainArguments("FrontDoor", name)
    settings = _Settings(
        candidate_domain=args.get("candidate_domain"),
        test_client_cidrs=args.get("test_client_cidrs", ()),
        requests_per_minute=args.get("requests_per_minute", DEFAULT_REQUESTS_PER_MINUTE),
        adaptive_protection=args.get("adaptive_protection", True),
        protect=args.get("protect", True),
    )
    plain.name("physical_name", args["physical_name"], NAME_LIMIT)
    plain.between("requests_per_minute", settings.requests_per_minute, 10, 10_000, "requests")
    for field, domain in (("domain", args["domain"]), ("candidate_domain", settings.candidate_domain)):
        if domain is not None:
            plain.expect(
                _DOMAIN.fullmatch(domain) is not None,
                field,
                domain,
                "a host name in lower case such as api.example.com",
            )
    plain.expect(
        settings.candidate_domain != args["domain"], "candidate_domain", args["domain"], "another one than `domain`"
    )
    plain.expect(
        (settings.candidate_domain is None) == (not settings.test_client_cidrs),
        "candidate_domain, test_client_cidrs",
        "one without the other",
        "both, or neither",
        "The candidate's own host name is for named clients: users must not see it yet.",
    )
    for position, cidr in enumerate(settings.test_client_cidrs):
        found = _network(cidr)
        plain.expect(
            found is not None and found.prefixlen >= LEAST_TEST_PREFIX,
            f"test_client_cidrs[{position}]",
            cidr,
            f"an IPv4 range of /{LEAST_TEST_PREFIX} or narrower",
        )
    plain.refuse()
    return settings


def _network(cidr: str) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(cidr)
    except ValueError:
        return None
