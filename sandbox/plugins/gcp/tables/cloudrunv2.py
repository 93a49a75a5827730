"""Cloud Run Admin API v2.

What is sent is that of the official provider (cloud-run-notes 2, measured): an update is a PATCH without updateMask
whose body is the whole service, with what the server chose on the last look.
"""

from sandbox.plugins.gcp.fields import Field, many, members, one, outside, own
from sandbox.plugins.gcp.iam import grant, under
from sandbox.plugins.gcp.rows import Row

_SERVICE = "projects/{project}/locations/{location}/services/{name}"

_HEADERS = many("name! value+")
_HTTP = one("path~ port~", marks="+-", httpHeaders=_HEADERS)
_GRPC = one("port~ service", marks="+-")


def _probe(tcp: Field, marks: str = "", headers: bool = True) -> Field:
    """A probe; its times have defaults of their own."""
    http = _HTTP if headers else one("path~ port~", marks="+-")
    return one(
        "initialDelaySeconds~ timeoutSeconds~ periodSeconds~ failureThreshold~",
        marks=marks,
        httpGet=http,
        grpc=_GRPC,
        tcpSocket=tcp,
    )


_ENVIRONMENT = many(
    "name! value",
    api="env",
    marks="?",
    valueSource=one(secretKeyRef=one("secret! version")),
)
_CONTAINER = many(
    "name image! commands=command args workingDir dependsOns=dependsOn baseImageUri",
    envs=_ENVIRONMENT,
    # Not `~` within: with a `resources` block, false means false. Source: cloud-run-notes 3, row 6 (measured).
    resources=one("limits~ cpuIdle startupCpuBoost", marks="~"),
    ports=one("name~ containerPort", marks="~", wrapped=True),
    volumeMounts=many("name! mountPath! subPath"),
    livenessProbe=_probe(one("port!")),
    startupProbe=_probe(one("port~", marks="+-"), marks="~"),
    readinessProbe=one("timeoutSeconds~ periodSeconds~ failureThreshold~", httpGet=one("path~ port~"), grpc=_GRPC),
)
_VOLUME = many(
    "name!",
    secret=one("secret! defaultMode", items=many("path! version mode")),
    cloudSqlInstance=one("instances?"),
    emptyDir=one("medium sizeLimit"),
    gcs=one("bucket! readOnly mountOptions"),
    nfs=one("server! path! readOnly"),
)
_TEMPLATE = one(
    "revision labels annotations timeout~ serviceAccount~ executionEnvironment encryptionKey "
    "maxInstanceRequestConcurrency~ sessionAffinity healthCheckDisabled gpuZonalRedundancyDisabled",
    marks="!",
    scaling=one("minInstanceCount maxInstanceCount", marks="~"),
    vpcAccess=one("connector egress~", networkInterfaces=many("network~ subnetwork~ tags")),
    containers=_CONTAINER,
    volumes=_VOLUME,
    nodeSelector=one("accelerator!"),
    serviceMesh=one("mesh"),
)
_CONDITION = "type state message lastTransitionTime severity reason revisionReason executionReason"

_SERVICE_ROW = Row(
    token="gcp:cloudrunv2/service:Service",
    api="run",
    fields={
        **outside("location!^ name^ project~^"),
        "deletionProtection": own(True),
        "deletionPolicy": own(),
        **members(
            "description labels% annotations% client clientVersion ingress~ launchStage~ customAudiences "
            "defaultUriDisabled invokerIamDisabled iapEnabled",
            template=_TEMPLATE,
            traffics=many("type revision percent~ tag", api="traffic", marks="~"),
            scaling=one("minInstanceCount maxInstanceCount manualInstanceCount scalingMode~", marks="~"),
            binaryAuthorization=one("useDefault policy breakglassJustification"),
        ),
    },
    outputs=members(
        "uid generation createTime updateTime deleteTime expireTime creator lastModifier observedGeneration "
        "latestReadyRevision latestCreatedRevision uri urls reconciling etag",
        terminalConditions=many(_CONDITION, api="terminalCondition", wrapped=True),
        conditions=many(_CONDITION),
        trafficStatuses=many("type revision percent tag uri"),
    ),
    collection="projects/{project}/locations/{location}/services",
    path=_SERVICE,
    create_query={"serviceId": "{name}"},
    operations="long",
    taints=True,
    guard="deletionProtection",
    auto="name",
    longest=49,
    note="a failed update is recorded as it was wanted: the next plain update only looks",
)

ROWS: tuple[Row, ...] = (
    _SERVICE_ROW,
    *(
        grant(
            f"gcp:cloudrunv2/service{kind}:Service{kind}",
            "run",
            where="name^@ location~^ project~^",
            path=_SERVICE,
            resource=under("name", _SERVICE),
            whole=whole,
        )
        for kind, whole in (("IamMember", False), ("IamBinding", True))
    ),
)
