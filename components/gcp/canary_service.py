"""The service on Cloud Run: one revision for each version, and the split between them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_gcp import cloudrunv2, secretmanager, serviceaccount

from components._common import ROLE_TAG, PlainArguments, registered_after, token
from components.gcp.revision import RevisionArgs, RevisionTemplate, resolve, template_inputs

BY_REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
EVERYBODY = "allUsers"

# The service's account has the service's name as its id: 6 to 30 characters (IAM API, projects.serviceAccounts.create).
ACCOUNT_ID_LIMIT = 30
LEAST_ACCOUNT_ID = 6

# A tag and the service's name share one DNS label. Cloud Run refuses a tag of under 3 characters, and more than 46
# for both (seen by PolicyEngine: policyengine-sim-api#656 and policyengine-api#3729).
LEAST_TAG = 3
TAG_AND_SERVICE_LIMIT = 46

_TAG = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
_MEMBER = re.compile(r"(serviceAccount|user|group|domain|principal|principalSet):\S+")


class TrafficArgs(TypedDict):
    """What one revision gets of the traffic."""

    revision: str
    """Name of the revision. It exists already, or is the one that this update makes."""
    percent: int
    """Per cent of the requests, 0 to 100."""
    tag: str
    """Name that reaches this revision alone: live, candidate or standby."""


class CanaryServiceArgs(TypedDict):
    """Arguments of `CanaryService`."""

    physical_name: str
    """Name of the service and id of its account, 6 to 30 characters. Replaces everything."""
    project: str
    """Id of the project; with the name it gives the account's e-mail address before the account exists."""
    location: str
    """Region. Replaces the service."""
    revision: RevisionArgs
    """The revision that the template makes: the candidate's during a rollout, else the live one."""
    traffics: Sequence[TrafficArgs]
    """The split by named revision, 100 per cent together. Plain: policies judge it in a preview. Changed in place."""
    secret_ids: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Name in the environment -> id of the secret, for all that any revision in `traffics` reads."""
    invokers: NotRequired[Sequence[str]]
    """Members that may call the service, such as serviceAccount:<e-mail>. Default: none."""
    public: NotRequired[bool]
    """Let everybody call it, through the load balancer only. Default: false."""
    custom_audiences: NotRequired[Sequence[str]]
    """URLs that a caller's ID token may be made out to: that of the load balancer. Default: none."""
    binary_authorization: NotRequired[bool]
    """Run only images that the project's Binary Authorization policy admits. Default: true."""
    protect: NotRequired[bool]
    """Refuse to delete or replace the service. Default: true."""
    labels: Mapping[str, str]
    """Labels of every child that can carry them."""


@dataclass(frozen=True, kw_only=True)
class _Settings:
    template: RevisionTemplate
    members: Mapping[str, str]
    protect: bool


class CanaryService(pulumi.ComponentResource):
    """A Cloud Run service that only load balancers reach, with the traffic split by named revisions.

    The load balancer does not sign in at Cloud Run: what may call the service is decided by IAM from the client's
    own token (Cloud Run documentation, "Restrict network ingress"). So there are two honest set-ups. Callers with a
    Google identity: name them in `invokers` and the balancer's URL in `custom_audiences`. A public API: `public`,
    which gives the invoker role to allUsers, while ingress and the disabled run.app address leave the balancer, with
    its firewall, as the only way in. `invokerIamDisabled` would do the same unseen by IAM policies, and is not offered.

    Creates: service account; per secret the right to read it; service; per invoker its right.

    Changes during a rollout: `traffics`; `revision`, when a rollout starts or a candidate is promoted.

    Replaces on: `physical_name` (everything), `location` (service). While `protect` is true these are refused.
    """

    service: cloudrunv2.Service
    """The service: what else must wait for a shift depends on it."""
    service_name: pulumi.Output[str]
    """Name of the service."""
    uri: pulumi.Output[str]
    """The service's run.app address, which does not resolve publicly: the audience of internal callers."""
    service_account_email: pulumi.Output[str]
    """The account that the application runs as."""
    traffics: pulumi.Output[Sequence[Any]]
    """The split as the provider last reported it, not as it was asked for."""
    traffic_statuses: pulumi.Output[Sequence[Any]]
    """What Cloud Run says it does."""

    def __init__(
        self,
        name: str,
        args: CanaryServiceArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        carrier_hooks: pulumi.ResourceHookBinding | None = None,
        carrier_depends_on: Sequence[pulumi.Resource] = (),
        keep_template: bool = False,
    ) -> None:
        """`carrier_hooks` and `carrier_depends_on` go to the service, which carries the traffic.

        `keep_template` leaves the template as it is, whatever `revision` says: giving traffic back then makes no
        revision. All three exist in Python programs only. The service is not registered when a resource it depends
        on is refused, also when that is a component without children.
        """
        super().__init__(token("CanaryService"), name, {}, opts)
        settings = _resolve(name, args)
        physical_name = args["physical_name"]
        template: Any = template_inputs(settings.template)

        account = serviceaccount.Account(
            f"{name}-runtime",
            account_id=physical_name,
            project=args["project"],
            display_name=f"{physical_name} at run time",
            description=f"What the application {physical_name} runs as",
            opts=pulumi.ResourceOptions(parent=self),
        )
        readers = [
            secretmanager.SecretIamMember(
                f"{name}-reads-{_slug(setting)}",
                project=args["project"],
                secret_id=secret_id,
                role="roles/secretmanager.secretAccessor",
                member=account.member,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for setting, secret_id in args.get("secret_ids", {}).items()
        ]
        self.service = cloudrunv2.Service(
            f"{name}-service",
            name=registered_after(pulumi.Output.from_input(physical_name), carrier_depends_on),
            project=args["project"],
            location=args["location"],
            description=f"{physical_name}, rolled out by Headgate",
            ingress="INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
            default_uri_disabled=True,
            custom_audiences=args.get("custom_audiences"),
            binary_authorization={"use_default": True} if args.get("binary_authorization", True) else None,
            deletion_protection=settings.protect,
            template=template,
            traffics=[traffic(each) for each in args["traffics"]],
            labels={**args["labels"], ROLE_TAG: "traffic"},
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=settings.protect,
                hooks=carrier_hooks,
                depends_on=[account, *readers, *carrier_depends_on],
                ignore_changes=["template"] if keep_template else None,
            ),
        )
        for logical, member in settings.members.items():
            cloudrunv2.ServiceIamMember(
                f"{name}-{logical}",
                project=args["project"],
                location=args["location"],
                name=self.service.name,
                role="roles/run.invoker",
                member=member,
                opts=pulumi.ResourceOptions(parent=self),
            )

        self.service_name = self.service.name
        self.uri = self.service.uri
        self.service_account_email = account.email
        self.traffics = self.service.traffics
        self.traffic_statuses = self.service.traffic_statuses
        self.register_outputs(
            {
                "service": self.service,
                "service_name": self.service_name,
                "uri": self.uri,
                "service_account_email": self.service_account_email,
                "traffics": self.traffics,
                "traffic_statuses": self.traffic_statuses,
            }
        )


def traffic(entry: TrafficArgs) -> cloudrunv2.ServiceTrafficArgsDict:
    """One entry of the service's traffic, by revision: LATEST would send users to whatever was deployed last."""
    return {"type": BY_REVISION, "revision": entry["revision"], "percent": entry["percent"], "tag": entry["tag"]}


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _resolve(name: str, args: CanaryServiceArgs) -> _Settings:
    plain = PlainArguments("CanaryService", name)
    physical_name = args["physical_name"]
    plain.name("physical_name", physical_name, ACCOUNT_ID_LIMIT)
    plain.expect(
        len(physical_name) >= LEAST_ACCOUNT_ID,
        "physical_name",
        physical_name,
        f"at least {LEAST_ACCOUNT_ID} characters, as for the service's account",
    )
    _check_traffics(plain, physical_name, args["traffics"])
    members = {f"invoker-{_slug(member)}": member for member in args.get("invokers", ())}
    for member in members.values():
        plain.expect(
            _MEMBER.fullmatch(member) is not None,
            "invokers",
            member,
            "serviceAccount:, group:, user:, domain:, principal: or principalSet: and who",
            "For everybody set `public`.",
        )
    if args.get("public", False):
        members["invoker-public"] = EVERYBODY
    for setting in sorted(args["revision"].get("secrets", {}).keys() - args.get("secret_ids", {}).keys()):
        plain.expect(
            False,
            "secret_ids",
            f"nothing for {setting}",
            "the id of every secret that the revision reads",
            "Without it the service's account may not read the secret and the revision does not start.",
        )
    plain.refuse()
    return _Settings(
        template=resolve(physical_name, args["project"], args["revision"]),
        members=members,
        protect=args.get("protect", True),
    )


def _check_traffics(plain: PlainArguments, service: str, traffics: Sequence[Mapping[str, Any]]) -> None:
    for position, given in enumerate(traffics):
        place = f"traffics[{position}]"
        revision, percent, tag = (given.get(key) for key in ("revision", "percent", "tag"))
        plain.expect(
            given.get("type", BY_REVISION) == BY_REVISION and bool(revision),
            place,
            given.get("type", dict(given)),
            "a named revision",
            "LATEST sends users to whatever was deployed last: name the revision.",
        )
        plain.expect(
            isinstance(revision, str) and revision.startswith(f"{service}-") and len(revision) > len(service) + 1,
            f"{place}.revision",
            revision,
            f"the name of a revision of this service, `{service}-...`",
        )
        plain.expect(
            isinstance(percent, int) and not isinstance(percent, bool) and 0 <= percent <= 100,
            f"{place}.percent",
            percent,
            "a whole number from 0 to 100",
        )
        plain.expect(
            isinstance(tag, str)
            and _TAG.fullmatch(tag) is not None
            and len(tag) >= LEAST_TAG
            and len(tag) + len(service) <= TAG_AND_SERVICE_LIMIT,
            f"{place}.tag",
            tag,
            f"{LEAST_TAG} or more of a-z, 0-9 and -, with the service's name at most {TAG_AND_SERVICE_LIMIT}",
        )
    for key in ("revision", "tag"):
        values = [entry.get(key) for entry in traffics]
        plain.expect(len(values) == len(set(values)), "traffics", values, f"every {key} once")
    percents = [entry.get("percent") for entry in traffics]
    total = sum(percent for percent in percents if isinstance(percent, int))
    plain.expect(total == 100, "traffics", percents, "percentages that are 100 together")
