"""Google resources that others need, made on demand through the provider; and one realistic case per type."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from tests.sandbox.standin.makes import Maker
from tests.sandbox.standin.provider import PROJECT, Provider, Resource

REGION = "us-central1"
LABELS = {"service": "ion", "environment": "test", "owner": "platform", "managed-by": "headgate"}
IMAGE = "us-central1-docker.pkg.dev/headgate-test/ion/api@sha256:" + "0" * 64
BY_REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"

SERVICE = "gcp:cloudrunv2/service:Service"


def traffic(*shares: tuple[str, int, str]) -> list[dict[str, Any]]:
    """Revision, percent and tag of each entry."""
    return [{"type": BY_REVISION, "revision": r, "percent": percent, "tag": tag} for r, percent, tag in shares]


def template(revision: str, image: str = IMAGE, **more: Any) -> dict[str, Any]:
    container = {
        "image": image,
        "ports": {"name": "http1", "containerPort": 8080},
        "envs": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}],
        "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "cpuIdle": True, "startupCpuBoost": True},
        "startupProbe": {
            "initialDelaySeconds": 0,
            "timeoutSeconds": 4,
            "periodSeconds": 5,
            "failureThreshold": 24,
            "httpGet": {"path": "/health", "port": 8080},
        },
        "livenessProbe": {"timeoutSeconds": 5, "periodSeconds": 10, "httpGet": {"path": "/health", "port": 8080}},
    }
    return {
        "revision": revision,
        "timeout": "60s",
        "executionEnvironment": "EXECUTION_ENVIRONMENT_GEN2",
        "maxInstanceRequestConcurrency": 80,
        "scaling": {"minInstanceCount": 0, "maxInstanceCount": 10},
        "sessionAffinity": True,
        "containers": [container],
        **more,
    }


def service(name: str, **more: Any) -> dict[str, Any]:
    """A service whose one revision `<name>-r1` has all the traffic."""
    return {
        "name": name,
        "location": REGION,
        "deletionProtection": False,
        "ingress": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
        "defaultUriDisabled": True,
        "description": "test",
        "labels": LABELS,
        "template": template(f"{name}-r1"),
        "traffics": traffic((f"{name}-r1", 100, "live")),
        **more,
    }


class World(Maker):
    """What the cases of Google stand on."""

    def account(self) -> Resource:
        return self.make("gcp:serviceaccount/account:Account", "account", accountId="ion-runtime")

    def member(self) -> str:
        return f"serviceAccount:{self.account().outputs['email']}"

    def service(self) -> Resource:
        return self.make(SERVICE, "service", **service("ion-base"))

    def secret(self) -> Resource:
        return self.make(
            "gcp:secretmanager/secret:Secret", "secret", secretId="base", replication={"auto": {}}, labels=LABELS
        )

    def ring(self) -> Resource:
        return self.make("gcp:kms/keyRing:KeyRing", "ring", name="base", location=REGION)

    def key(self) -> Resource:
        return self.make("gcp:kms/cryptoKey:CryptoKey", "key", name="base", keyRing=self.ring().id)

    def topic(self) -> Resource:
        return self.make("gcp:pubsub/topic:Topic", "topic", name="base")

    def repository(self) -> Resource:
        return self.make(
            "gcp:artifactregistry/repository:Repository",
            "repository",
            repositoryId="base",
            format="DOCKER",
            location=REGION,
        )

    def group(self, name: str) -> str:
        return self.make(
            "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup",
            f"group-{name}",
            name=name,
            region=REGION,
            cloudRun={"service": "ion-base"},
        ).id

    def backend(self, name: str = "base") -> str:
        return self.make(
            "gcp:compute/backendService:BackendService",
            f"backend-{name}",
            name=name,
            loadBalancingScheme="EXTERNAL_MANAGED",
            protocol="HTTPS",
            backends=[{"group": self.group(name)}],
        ).id

    def policy(self, name: str) -> str:
        return self.make("gcp:compute/securityPolicy:SecurityPolicy", f"policy-{name}", name=name).id

    def url_map(self, name: str = "base") -> str:
        return self.make("gcp:compute/uRLMap:URLMap", f"map-{name}", name=name, defaultService=self.backend()).id

    def certificate(self, name: str) -> str:
        return self.make(
            "gcp:compute/managedSslCertificate:ManagedSslCertificate",
            f"certificate-{name}",
            name=name,
            managed={"domains": [f"{name}.example.com"]},
        ).id

    def tls(self, name: str) -> str:
        return self.make("gcp:compute/sSLPolicy:SSLPolicy", f"tls-{name}", name=name, profile="MODERN").id

    def proxy(self, name: str) -> str:
        return self.make(
            "gcp:compute/targetHttpProxy:TargetHttpProxy", f"proxy-{name}", name=name, urlMap=self.url_map()
        ).id

    def channel(self) -> str:
        return self.make(
            "gcp:monitoring/notificationChannel:NotificationChannel",
            "channel",
            type="email",
            labels={"email_address": "oncall@example.com"},
        ).id


@contextmanager
def world(provider: Provider) -> Iterator[World]:
    with ExitStack() as stack:
        yield World(provider, stack)


@dataclass(frozen=True)
class Case:
    """A type: what it is created with, and what is changed then.

    leaves: a delete leaves the object in the cloud. given: it is in every empty cloud.
    unknown_to_imports: what an import by id cannot know.
    """

    token: str
    inputs: Callable[[World], dict[str, Any]]
    changes: Callable[[World], dict[str, Any]] = lambda w: {}
    leaves: bool = False
    given: bool = False
    unknown_to_imports: frozenset[str] = frozenset()
    importable: bool = True


_RELABELLED: dict[str, Any] = {"labels": {**LABELS, "owner": "payments"}}


def _moved(w: World) -> dict[str, Any]:
    """The next revision at 0 %, and new environment."""
    return {
        "template": template("ion-test-r2", IMAGE.replace("0" * 64, "1" * 64)),
        "traffics": traffic(("ion-test-r1", 100, "live"), ("ion-test-r2", 0, "candidate")),
        **_RELABELLED,
    }


def _alert(w: World, threshold: float) -> dict[str, Any]:
    return {
        "displayName": "too slow",
        "combiner": "OR",
        "severity": "CRITICAL",
        "userLabels": LABELS,
        "notificationChannels": [w.channel()],
        "alertStrategy": {"autoClose": "86400s"},
        "documentation": {"content": "look at it", "mimeType": "text/markdown"},
        "conditions": [
            {
                "displayName": "p95",
                "conditionThreshold": {
                    "filter": 'resource.type = "cloud_run_revision" AND '
                    'metric.type = "run.googleapis.com/request_latencies"',
                    "comparison": "COMPARISON_GT",
                    "duration": "0s",
                    "thresholdValue": threshold,
                    "aggregations": [
                        {
                            "alignmentPeriod": "60s",
                            "perSeriesAligner": "ALIGN_DELTA",
                            "crossSeriesReducer": "REDUCE_PERCENTILE_95",
                            "groupByFields": ["resource.label.revision_name"],
                        }
                    ],
                    "trigger": {"count": 1},
                },
            }
        ],
    }


def _check(w: World) -> dict[str, Any]:
    return {
        "displayName": "ion",
        "timeout": "10s",
        "period": "60s",
        "selectedRegions": ["USA_OREGON", "EUROPE", "ASIA_PACIFIC"],
        "userLabels": LABELS,
        "monitoredResource": {"type": "uptime_url", "labels": {"project_id": PROJECT, "host": "ion.example.com"}},
        "httpCheck": {
            "path": "/health",
            "port": 443,
            "useSsl": True,
            "validateSsl": True,
            "acceptedResponseStatusCodes": [{"statusClass": "STATUS_CLASS_2XX"}],
        },
        "contentMatchers": [{"content": "ok", "matcher": "CONTAINS_STRING"}],
    }


def _dashboard(title: str) -> str:
    widget = {"title": title, "text": {"content": title, "format": "MARKDOWN"}}
    return json.dumps(
        {"displayName": title, "mosaicLayout": {"columns": 48, "tiles": [{"width": 12, "height": 4, "widget": widget}]}}
    )


def _rule(priority: int, action: str, ranges: list[str], **more: Any) -> dict[str, Any]:
    match = {"versionedExpr": "SRC_IPS_V1", "config": {"srcIpRanges": ranges}}
    return {"action": action, "priority": priority, "match": match, "description": str(priority), **more}


_LIMIT = {
    "conformAction": "allow",
    "exceedAction": "deny(429)",
    "enforceOnKey": "IP",
    "rateLimitThreshold": {"count": 600, "intervalSec": 60},
}
_LAST = _rule(2147483647, "deny(403)", ["*"])

CASES: tuple[Case, ...] = (
    Case(
        SERVICE,
        lambda w: service("ion-test"),
        _moved,
        unknown_to_imports=frozenset({"deletionProtection"}),
    ),
    Case(
        "gcp:cloudrunv2/serviceIamMember:ServiceIamMember",
        lambda w: {
            "name": w.service().outputs["name"],
            "location": REGION,
            "role": "roles/run.invoker",
            "member": w.member(),
        },
    ),
    Case(
        "gcp:cloudrunv2/serviceIamBinding:ServiceIamBinding",
        lambda w: {
            "name": w.service().outputs["name"],
            "location": REGION,
            "role": "roles/run.viewer",
            "members": ["user:b@example.com", "user:a@example.com"],
        },
        lambda w: {"members": ["user:c@example.com"]},
    ),
    Case(
        "gcp:serviceaccount/account:Account",
        lambda w: {"accountId": "ion-test", "displayName": "ion", "description": "test"},
        lambda w: {"displayName": "ion at run time", "disabled": True},
    ),
    Case(
        "gcp:serviceaccount/iAMMember:IAMMember",
        lambda w: {
            "serviceAccountId": w.account().id,
            "role": "roles/iam.serviceAccountUser",
            "member": "user:a@example.com",
        },
    ),
    Case(
        "gcp:projects/iAMMember:IAMMember",
        lambda w: {
            "project": PROJECT,
            "role": "roles/monitoring.metricWriter",
            "member": w.member(),
            "condition": {"title": "soon", "expression": 'request.time < timestamp("2030-01-01T00:00:00Z")'},
        },
    ),
    Case(
        "gcp:projects/service:Service",
        lambda w: {"service": "run.googleapis.com", "disableOnDestroy": True},
        unknown_to_imports=frozenset({"disableOnDestroy"}),
        given=True,
    ),
    Case(
        "gcp:projects/serviceIdentity:ServiceIdentity",
        lambda w: {"service": "pubsub.googleapis.com"},
        leaves=True,
        importable=False,
    ),
    Case(
        "gcp:secretmanager/secret:Secret",
        lambda w: {
            "secretId": "test",
            "replication": {"userManaged": {"replicas": [{"location": REGION}]}},
            "labels": LABELS,
            "versionDestroyTtl": "86400s",
        },
        lambda w: {**_RELABELLED, "versionDestroyTtl": None},
    ),
    Case(
        "gcp:secretmanager/secretVersion:SecretVersion",
        lambda w: {"secret": w.secret().id, "secretData": "hunter2"},
        lambda w: {"enabled": False},
        unknown_to_imports=frozenset({"secretData"}),
    ),
    Case(
        "gcp:secretmanager/secretIamMember:SecretIamMember",
        lambda w: {
            "secretId": w.secret().id,
            "role": "roles/secretmanager.secretAccessor",
            "member": w.member(),
        },
    ),
    Case(
        "gcp:artifactregistry/repository:Repository",
        lambda w: {
            "repositoryId": "test",
            "format": "DOCKER",
            "location": REGION,
            "description": "images",
            "labels": LABELS,
            "dockerConfig": {"immutableTags": True},
            "cleanupPolicies": [
                {"id": "old", "action": "DELETE", "condition": {"tagState": "UNTAGGED", "olderThan": "2592000s"}},
                {"id": "keep", "action": "KEEP", "mostRecentVersions": {"keepCount": 10}},
            ],
        },
        lambda w: {
            "description": "more images",
            "cleanupPolicies": [{"id": "keep", "action": "KEEP", "mostRecentVersions": {"keepCount": 20}}],
        },
    ),
    Case(
        "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember",
        lambda w: {
            "repository": "base" if w.repository() else "",
            "location": REGION,
            "role": "roles/artifactregistry.reader",
            "member": w.member(),
        },
    ),
    Case("gcp:kms/keyRing:KeyRing", lambda w: {"name": "test", "location": REGION}, leaves=True),
    Case(
        "gcp:kms/cryptoKey:CryptoKey",
        lambda w: {"name": "test", "keyRing": w.ring().id, "rotationPeriod": "7776000s", "labels": LABELS},
        lambda w: {"rotationPeriod": "2592000s", **_RELABELLED},
        leaves=True,
    ),
    Case(
        "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember",
        lambda w: {
            "cryptoKeyId": w.key().id,
            "role": "roles/cloudkms.cryptoKeyEncrypterDecrypter",
            "member": w.member(),
        },
    ),
    Case(
        "gcp:pubsub/topic:Topic",
        lambda w: {"name": "test", "labels": LABELS, "messageRetentionDuration": "86400s"},
        lambda w: {**_RELABELLED, "messageRetentionDuration": "172800s"},
    ),
    Case(
        "gcp:pubsub/topicIAMMember:TopicIAMMember",
        lambda w: {"topic": w.topic().id, "role": "roles/pubsub.publisher", "member": w.member()},
    ),
    Case(
        "gcp:pubsub/subscription:Subscription",
        lambda w: {
            "name": "test",
            "topic": str(w.topic().outputs["name"]),
            "ackDeadlineSeconds": 20,
            "labels": LABELS,
            "expirationPolicy": {"ttl": ""},
            "retryPolicy": {"minimumBackoff": "10s", "maximumBackoff": "600s"},
        },
        lambda w: {"ackDeadlineSeconds": 30, "retryPolicy": None},
    ),
    Case(
        "gcp:cloudscheduler/job:Job",
        lambda w: {
            "name": "test",
            "region": REGION,
            "schedule": "*/5 * * * *",
            "timeZone": "UTC",
            "description": "every five minutes",
            "httpTarget": {
                "uri": "https://example.com/",
                "httpMethod": "POST",
                "oidcToken": {"serviceAccountEmail": w.account().outputs["email"]},
            },
        },
        lambda w: {"schedule": "*/10 * * * *", "paused": True},
    ),
    Case(
        "gcp:logging/metric:Metric",
        lambda w: {
            "name": "ion/errors",
            "filter": "severity>=ERROR",
            "description": "errors",
            "metricDescriptor": {
                "metricKind": "DELTA",
                "valueType": "INT64",
                "labels": [{"key": "revision", "valueType": "STRING"}],
            },
            "labelExtractors": {"revision": "EXTRACT(resource.labels.revision_name)"},
        },
        lambda w: {"filter": "severity>=WARNING"},
    ),
    Case(
        "gcp:logging/projectSink:ProjectSink",
        lambda w: {
            "name": "test",
            "destination": f"pubsub.googleapis.com/{w.topic().id}",
            "filter": 'resource.type="cloud_run_revision"',
            "exclusions": [{"name": "health", "filter": 'httpRequest.requestUrl:"/health"'}],
        },
        lambda w: {"filter": "severity>=ERROR", "exclusions": None},
    ),
    Case(
        "gcp:logging/projectBucketConfig:ProjectBucketConfig",
        lambda w: {"project": PROJECT, "location": REGION, "bucketId": "ion", "retentionDays": 90},
        lambda w: {"retentionDays": 400, "description": "audit"},
    ),
    Case(
        "gcp:monitoring/notificationChannel:NotificationChannel",
        lambda w: {
            "type": "slack",
            "displayName": "chat",
            "labels": {"channel_name": "#oncall"},
            "sensitiveLabels": {"authToken": "hunter2"},
            "userLabels": LABELS,
            "forceDelete": True,
        },
        lambda w: {"displayName": "the chat", "enabled": False},
        unknown_to_imports=frozenset({"forceDelete", "sensitiveLabels", "labels"}),
    ),
    Case(
        "gcp:monitoring/alertPolicy:AlertPolicy", lambda w: _alert(w, 800), lambda w: {**_alert(w, 0), "enabled": False}
    ),
    Case(
        "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig",
        _check,
        lambda w: {"displayName": "the ion", "contentMatchers": None},
    ),
    Case(
        "gcp:monitoring/dashboard:Dashboard",
        lambda w: {"dashboardJson": _dashboard("ion")},
        lambda w: {"dashboardJson": _dashboard("the ion")},
    ),
    Case(
        "gcp:compute/globalAddress:GlobalAddress",
        lambda w: {"name": "test", "labels": LABELS, "description": "the front door"},
        lambda w: _RELABELLED,
    ),
    Case(
        "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup",
        lambda w: {
            "name": "test",
            "region": REGION,
            "networkEndpointType": "SERVERLESS",
            "cloudRun": {"service": "ion-base", "tag": "candidate"},
        },
    ),
    Case(
        "gcp:compute/securityPolicy:SecurityPolicy",
        lambda w: {
            "name": "test",
            "description": "the wall",
            "labels": LABELS,
            "adaptiveProtectionConfig": {"layer7DdosDefenseConfig": {"enable": True}},
            "rules": [
                _rule(2000, "throttle", ["*"], rateLimitOptions=_LIMIT),
                _rule(1000, "deny(403)", ["192.0.2.0/24", "198.51.100.0/24"]),
                _LAST,
            ],
        },
        lambda w: {
            "description": "the high wall",
            "rules": [
                _rule(2000, "throttle", ["*"], rateLimitOptions=_LIMIT, preview=True),
                _rule(500, "allow", ["203.0.113.0/24"]),
                _LAST,
            ],
        },
    ),
    Case(
        "gcp:compute/backendService:BackendService",
        lambda w: {
            "name": "test",
            "loadBalancingScheme": "EXTERNAL_MANAGED",
            "protocol": "HTTPS",
            "backends": [{"group": w.group("test-a")}],
            "securityPolicy": w.policy("a"),
            "customResponseHeaders": ["X-Frame-Options: DENY", "A: b"],
            "logConfig": {"enable": True, "sampleRate": 1.0},
        },
        lambda w: {"logConfig": {"enable": True, "sampleRate": 0.5}, "securityPolicy": w.policy("b")},
    ),
    Case(
        "gcp:compute/uRLMap:URLMap",
        lambda w: {
            "name": "test",
            "defaultService": w.backend(),
            "hostRules": [{"hosts": ["canary.example.com"], "pathMatcher": "canary"}],
            "pathMatchers": [{"name": "canary", "defaultService": w.backend("other")}],
        },
        lambda w: {
            "defaultService": None,
            "hostRules": None,
            "pathMatchers": None,
            "defaultUrlRedirect": {"httpsRedirect": True, "stripQuery": False},
        },
    ),
    Case(
        "gcp:compute/managedSslCertificate:ManagedSslCertificate",
        lambda w: {"name": "test", "managed": {"domains": ["ion.example.com"]}},
    ),
    Case(
        "gcp:compute/sSLPolicy:SSLPolicy",
        lambda w: {"name": "test", "profile": "RESTRICTED", "minTlsVersion": "TLS_1_2"},
        lambda w: {"profile": "MODERN"},
    ),
    Case(
        "gcp:compute/targetHttpsProxy:TargetHttpsProxy",
        lambda w: {
            "name": "test",
            "urlMap": w.url_map(),
            "sslCertificates": [w.certificate("a")],
            "sslPolicy": w.tls("a"),
        },
        lambda w: {
            "urlMap": w.url_map("other"),
            "sslCertificates": [w.certificate("b")],
            "sslPolicy": w.tls("b"),
            "quicOverride": "ENABLE",
        },
    ),
    Case(
        "gcp:compute/targetHttpProxy:TargetHttpProxy",
        lambda w: {"name": "test", "urlMap": w.url_map()},
        lambda w: {"urlMap": w.url_map("other")},
    ),
    Case(
        "gcp:compute/globalForwardingRule:GlobalForwardingRule",
        lambda w: {
            "name": "test",
            "target": w.proxy("a"),
            "portRange": "80",
            "loadBalancingScheme": "EXTERNAL_MANAGED",
            "ipAddress": w.make("gcp:compute/globalAddress:GlobalAddress", "address", name="base").id,
            "labels": LABELS,
        },
        lambda w: {"target": w.proxy("b"), **_RELABELLED},
    ),
)
