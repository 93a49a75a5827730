"""Whom an alert reaches, and how."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_gcp import monitoring

from components._common import PlainArguments, token

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class ChannelKind(StrEnum):
    """Kinds of channels: `type` of Cloud Monitoring's notification channels."""

    EMAIL = "email"
    """`address`: an e-mail address."""
    SMS = "sms"
    """`address`: a telephone number such as +82-10-0000-0000."""
    SLACK = "slack"
    """`address`: a channel such as #ion-alerts; `secret`: the token of Cloud Monitoring's Slack app."""
    GOOGLE_CHAT = "google_chat"
    """`address`: a space, spaces/<id>, that the Google Cloud Monitoring app was added to."""
    WEBHOOK = "webhook_tokenauth"
    """`secret`: the URL of a chat or another tool, which holds its token."""
    PAGERDUTY = "pagerduty"
    """`secret`: the integration key of the service in PagerDuty."""


class Tier(StrEnum):
    """Who is told, and after how long (R-B22)."""

    DEPLOY_TEAM = "deploy_team"
    """At once, to react within 5 minutes."""
    LEADS = "leads"
    """After 30 minutes."""
    MANAGEMENT = "management"
    """After an hour."""


URGENT = frozenset({ChannelKind.SMS, ChannelKind.PAGERDUTY})  # wake people up, so only for what cannot wait
LABEL_OF_ADDRESS = {
    ChannelKind.EMAIL: "email_address",
    ChannelKind.SMS: "number",
    ChannelKind.SLACK: "channel_name",
    ChannelKind.GOOGLE_CHAT: "space",
}
SECRET_FIELD = {ChannelKind.SLACK: "auth_token", ChannelKind.PAGERDUTY: "service_key"}
WITH_SECRET = frozenset({*SECRET_FIELD, ChannelKind.WEBHOOK})


class ChannelArgs(TypedDict):
    """One channel."""

    kind: ChannelKind
    """How the alert travels."""
    tier: NotRequired[Tier]
    """Whom it reaches. Default: the deploy team."""
    address: NotRequired[str]
    """Where to, in the kind's own form."""
    secret: NotRequired[pulumi.Input[str]]
    """Token, key or URL of the kinds that have one. It becomes a Pulumi secret."""


class NotificationChannelsArgs(TypedDict):
    """Arguments of `NotificationChannels`."""

    physical_name: str
    """Name of the service, for the channels' display names."""
    channels: Mapping[str, ChannelArgs]
    """Name of the channel -> the channel; at least one reaches the deploy team. A name replaces its channel."""
    labels: Mapping[str, str]
    """Labels of every child that can carry them."""


class NotificationChannels(pulumi.ComponentResource):
    """Channels of Cloud Monitoring, sorted by whom they reach and whether they wake people up.

    Creates: per channel a notification channel.

    Changes during a rollout: nothing.

    Replaces on: a channel's name or kind (that channel).
    """

    channels: dict[str, pulumi.Output[str]]
    """Full name of each channel, by its name."""
    watchers: list[pulumi.Output[str]]
    """The deploy team's channels that do not wake anybody; all of them when every one does."""
    deploy_team: list[pulumi.Output[str]]
    """All channels of the deploy team."""
    leads: list[pulumi.Output[str]]
    """Channels of the leads."""
    management: list[pulumi.Output[str]]
    """Channels of the management."""

    def __init__(self, name: str, args: NotificationChannelsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("NotificationChannels"), name, {}, opts)
        kinds, tiers = _resolve(name, args)

        self.channels = {}
        for key, channel in args["channels"].items():
            self.channels[key] = monitoring.NotificationChannel(
                f"{name}-{key}",
                display_name=f"{args['physical_name']} {key}",
                description=f"Alerts of {args['physical_name']} to {tiers[key].value.replace('_', ' ')}",
                type=kinds[key].value,
                labels=_labels(kinds[key], channel),
                sensitive_labels=_sensitive(kinds[key], channel),
                user_labels=args["labels"],
                opts=pulumi.ResourceOptions(
                    parent=self,
                    # A webhook's URL holds its token.
                    additional_secret_outputs=["labels"] if kinds[key] is ChannelKind.WEBHOOK else None,
                ),
            ).name
        self.deploy_team = self._of(Tier.DEPLOY_TEAM, tiers)
        self.leads = self._of(Tier.LEADS, tiers)
        self.management = self._of(Tier.MANAGEMENT, tiers)
        calm = [key for key, tier in tiers.items() if tier is Tier.DEPLOY_TEAM and kinds[key] not in URGENT]
        self.watchers = [self.channels[key] for key in calm] or self.deploy_team
        self.register_outputs(
            {
                "channels": self.channels,
                "watchers": self.watchers,
                "deploy_team": self.deploy_team,
                "leads": self.leads,
                "management": self.management,
            }
        )

    def _of(self, wanted: Tier, tiers: Mapping[str, Tier]) -> list[pulumi.Output[str]]:
        return [self.channels[key] for key, tier in tiers.items() if tier is wanted]


def _labels(kind: ChannelKind, channel: ChannelArgs) -> Any:
    if kind is ChannelKind.WEBHOOK:
        return {"url": pulumi.Output.secret(channel.get("secret"))}
    label = LABEL_OF_ADDRESS.get(kind)
    return {label: channel.get("address")} if label is not None else None


def _sensitive(kind: ChannelKind, channel: ChannelArgs) -> Any:
    field = SECRET_FIELD.get(kind)
    return {field: pulumi.Output.secret(channel.get("secret"))} if field is not None else None


def _resolve(name: str, args: NotificationChannelsArgs) -> tuple[Mapping[str, ChannelKind], Mapping[str, Tier]]:
    plain = PlainArguments("NotificationChannels", name)
    kinds: dict[str, ChannelKind] = {}
    tiers: dict[str, Tier] = {}
    for key, channel in args["channels"].items():
        place = f"channels.{key}"
        plain.expect(_NAME.fullmatch(key) is not None, "channels", key, "a name of a-z, 0-9 and single hyphens")
        kind = plain.one_of(ChannelKind, f"{place}.kind", channel["kind"])
        kinds[key] = kind
        tiers[key] = plain.one_of(Tier, f"{place}.tier", channel.get("tier", Tier.DEPLOY_TEAM))
        for field, wanted in (("address", kind in LABEL_OF_ADDRESS), ("secret", kind in WITH_SECRET)):
            plain.expect(
                (field in channel) == wanted,
                f"{place}.{field}",
                "something" if field in channel else "nothing",
                f"{'one' if wanted else 'none'} for the kind {kind.value}",
            )
    plain.expect(
        Tier.DEPLOY_TEAM in tiers.values(),
        "channels",
        list(args["channels"]),
        "at least one channel of the deploy team",
        "An alert that reaches nobody is none.",
    )
    plain.refuse()
    return kinds, tiers
