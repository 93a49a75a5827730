"""Whom an alarm reaches, and how."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import chatbot, iam, kms, sns

from components._common import PlainArguments, token
from components.aws.documents import partition, trust
from components.aws.encryption import DEFAULT_DELETION_WINDOW_DAYS, ROTATION_DAYS
from components.aws.topic_policies import key_policy, topic_policy

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_SLACK = re.compile(r"(T[A-Z0-9]+)/([CG][A-Z0-9]+)")
CONFIRMATION_MINUTES = 5  # that a pager has to answer the question whether it wants the messages
# What members of the channel may do at most through it, whatever roles they have: look. Without one AWS takes
# AdministratorAccess (Amazon Q Developer in chat applications, "Channel guardrail policies").
GUARDRAIL = "iam::aws:policy/CloudWatchReadOnlyAccess"


class TopicChannelKind(StrEnum):
    """Kinds of channels."""

    EMAIL = "email"
    """`address`: an e-mail address. AWS asks it for its consent once per topic."""
    SMS = "sms"
    """`address`: a telephone number in the form +14155550123."""
    HTTPS = "https"
    """`secret`: the URL of a pager's integration for SNS, which holds its key; it confirms by itself."""
    SLACK = "slack"
    """`address`: ids of workspace and channel, T0123ABCD/C0456EFGH. Somebody has let the AWS app into the workspace."""


class TopicTier(StrEnum):
    """Who is told, and after how long (R-B22)."""

    DEPLOY_TEAM = "deploy_team"
    """At once, to react within 5 minutes."""
    LEADS = "leads"
    """After 30 minutes."""
    MANAGEMENT = "management"
    """After an hour."""


class TopicChannelArgs(TypedDict):
    """One channel."""

    kind: TopicChannelKind
    """How the alarm travels."""
    tier: NotRequired[TopicTier]
    """Whom it reaches. Default: the deploy team."""
    address: NotRequired[str]
    """Where to, in the kind's own form."""
    secret: NotRequired[pulumi.Input[str]]
    """URL of the kind https. It becomes a Pulumi secret."""


class AlarmTopicsArgs(TypedDict):
    """Arguments of `AlarmTopics`."""

    physical_name: str
    """Name of the service, stem of the topics' names. Replaces the topics."""
    account_id: pulumi.Input[str]
    """The account whose alarms may publish."""
    region: str
    """The region whose alarms may publish."""
    channels: Mapping[str, TopicChannelArgs]
    """Name of the channel -> the channel; at least one reaches the deploy team. A name replaces its channel."""
    protect_data: NotRequired[bool]
    """Keep the key when the stack goes. Default: true."""
    tags: Mapping[str, pulumi.Input[str]]
    """Tags of every taggable child."""


WATCHERS = "watchers"
URGENT = frozenset({TopicChannelKind.SMS, TopicChannelKind.HTTPS})  # wake people up, so only for what cannot wait
WITH_ADDRESS = frozenset({TopicChannelKind.EMAIL, TopicChannelKind.SMS, TopicChannelKind.SLACK})


@dataclass(frozen=True, kw_only=True)
class _Channel:
    kind: TopicChannelKind
    topics: tuple[str, ...]
    address: pulumi.Input[str]


class AlarmTopics(pulumi.ComponentResource):
    """A topic for each tier of people, encrypted, to which only this account's alarms publish, and its subscribers.

    The deploy team has two: `watchers` does not wake anybody, `deploy_team` reaches all of its channels. CloudWatch
    cannot use SNS' own key, and a grant to it is nothing for the key of the data, so the topics have a key of theirs.

    Creates: key, alias; per tier that somebody is in a topic with its policy, and its subscriptions; for a chat a
    role that can do nothing, and the channel's configuration.

    Changes during a rollout: nothing.

    Replaces on: `physical_name` (topics, subscriptions); a channel's name, kind or address (that channel).
    """

    key_arn: pulumi.Output[str]
    """ARN of the topics' key."""
    topic_arns: dict[str, pulumi.Output[str]]
    """ARN of each topic: watchers, deploy_team, and leads and management where somebody is told."""
    watchers_arn: pulumi.Output[str]
    """Topic for what can wait: the deploy team's channels that do not wake anybody; all when every one does."""
    deploy_team_arn: pulumi.Output[str]
    """Topic of all channels of the deploy team."""
    leads_arn: pulumi.Output[str] | None
    """Topic of the leads; none when nobody is told."""
    management_arn: pulumi.Output[str] | None
    """Topic of the management; none when nobody is told."""

    def __init__(self, name: str, args: AlarmTopicsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("AlarmTopics"), name, {}, opts)
        channels = _resolve(name, args)
        self._args = args
        self._account = pulumi.Output.from_input(args["account_id"])

        key = self._key()
        self.key_arn = key.arn
        used = {topic for channel in channels.values() for topic in channel.topics}
        self.topic_arns = {each: self._topic(each, key) for each in (WATCHERS, *TopicTier) if each in used}
        for channel_name, channel in channels.items():
            if channel.kind is TopicChannelKind.SLACK:
                self._chat(channel_name, channel)
            else:
                self._subscribe(channel_name, channel)
        self.watchers_arn = self.topic_arns[WATCHERS]
        self.deploy_team_arn = self.topic_arns[TopicTier.DEPLOY_TEAM.value]
        self.leads_arn = self.topic_arns.get(TopicTier.LEADS.value)
        self.management_arn = self.topic_arns.get(TopicTier.MANAGEMENT.value)
        self.register_outputs(
            {
                "key_arn": self.key_arn,
                "topic_arns": self.topic_arns,
                "watchers_arn": self.watchers_arn,
                "deploy_team_arn": self.deploy_team_arn,
                "leads_arn": self.leads_arn,
                "management_arn": self.management_arn,
            }
        )

    def _key(self) -> kms.Key:
        args, region = self._args, self._args["region"]
        protect = args.get("protect_data", True)
        key = kms.Key(
            f"{self.pulumi_resource_name}-key",
            description=f"Encrypts the alarms of {args['physical_name']} on their way",
            enable_key_rotation=True,
            rotation_period_in_days=ROTATION_DAYS,
            deletion_window_in_days=DEFAULT_DELETION_WINDOW_DAYS,
            policy=self._account.apply(lambda account: key_policy(account, region, args["physical_name"])),
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self, protect=protect, retain_on_delete=protect),
        )
        kms.Alias(
            f"{self.pulumi_resource_name}-alias",
            name=f"alias/{args['physical_name']}-alarms",
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return key

    def _topic(self, purpose: str, key: kms.Key) -> pulumi.Output[str]:
        args, region = self._args, self._args["region"]
        hyphenated = purpose.replace("_", "-")
        topic = sns.Topic(
            f"{self.pulumi_resource_name}-{hyphenated}",
            name=f"{args['physical_name']}-{hyphenated}",
            display_name=f"{args['physical_name']} {purpose.replace('_', ' ')}",
            kms_master_key_id=key.arn,
            signature_version=2,
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        policy = sns.TopicPolicy(
            f"{self.pulumi_resource_name}-{hyphenated}",
            arn=topic.arn,
            policy=pulumi.Output.all(topic.arn, self._account).apply(
                lambda known: topic_policy(known[0], known[1], region, args["physical_name"])
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        # The policy's copy: an alarm that has it has a topic to which it may publish.
        return policy.arn

    def _subscribe(self, name: str, channel: _Channel) -> None:
        confirms = channel.kind is TopicChannelKind.HTTPS
        for topic in channel.topics:
            sns.TopicSubscription(
                f"{self.pulumi_resource_name}-{name}-{topic.replace('_', '-')}",
                topic=self.topic_arns[topic],
                protocol=channel.kind.value,
                endpoint=channel.address,
                endpoint_auto_confirms=confirms,
                confirmation_timeout_in_minutes=CONFIRMATION_MINUTES if confirms else None,
                opts=pulumi.ResourceOptions(parent=self),
            )

    def _chat(self, name: str, channel: _Channel) -> None:
        args = self._args
        found = _SLACK.fullmatch(str(channel.address))
        team, room = found.groups() if found else ("", "")
        role = iam.Role(
            f"{self.pulumi_resource_name}-{name}",
            description=f"The chat {name} of {args['physical_name']}: shows alarms and can do nothing",
            assume_role_policy=self._account.apply(lambda account: trust("chatbot.amazonaws.com", account)),
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        chatbot.SlackChannelConfiguration(
            f"{self.pulumi_resource_name}-{name}",
            configuration_name=f"{args['physical_name']}-{name}",
            slack_team_id=team,
            slack_channel_id=room,
            iam_role_arn=role.arn,
            guardrail_policy_arns=[f"arn:{partition(args['region'])}:{GUARDRAIL}"],
            sns_topic_arns=[self.topic_arns[topic] for topic in channel.topics],
            logging_level="ERROR",
            user_authorization_required=True,
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self),
        )


def _resolve(name: str, args: AlarmTopicsArgs) -> dict[str, _Channel]:
    plain = PlainArguments("AlarmTopics", name)
    plain.name("physical_name", args["physical_name"])
    kinds: dict[str, tuple[TopicChannelKind, TopicTier]] = {}
    for key, channel in args["channels"].items():
        place = f"channels.{key}"
        plain.expect(_NAME.fullmatch(key) is not None, "channels", key, "a name of a-z, 0-9 and single hyphens")
        kind = plain.one_of(TopicChannelKind, f"{place}.kind", channel["kind"])
        tier = plain.one_of(TopicTier, f"{place}.tier", channel.get("tier", TopicTier.DEPLOY_TEAM))
        kinds[key] = kind, tier
        addressed = kind in WITH_ADDRESS
        for field, wanted in (("address", addressed), ("secret", not addressed)):
            plain.expect(
                (field in channel) == wanted,
                f"{place}.{field}",
                "something" if field in channel else "nothing",
                f"{'one' if wanted else 'none'} for the kind {kind.value}",
            )
        if kind is TopicChannelKind.SLACK:
            found = channel.get("address", "")
            plain.expect(_SLACK.fullmatch(found) is not None, f"{place}.address", found, "ids such as T0123/C0456")
    team = [kind for kind, tier in kinds.values() if tier is TopicTier.DEPLOY_TEAM]
    plain.expect(
        len(team) > 0,
        "channels",
        list(args["channels"]),
        "at least one channel of the deploy team",
        "An alarm that reaches nobody is none.",
    )
    plain.refuse()
    all_urgent = all(kind in URGENT for kind in team)
    return {
        key: _Channel(kind=kind, topics=_topics(kind, tier, all_urgent), address=_address(args["channels"][key]))
        for key, (kind, tier) in kinds.items()
    }


def _topics(kind: TopicChannelKind, tier: TopicTier, all_urgent: bool) -> tuple[str, ...]:
    calm = tier is TopicTier.DEPLOY_TEAM and (all_urgent or kind not in URGENT)
    return (WATCHERS, tier.value) if calm else (tier.value,)


def _address(channel: TopicChannelArgs) -> Any:
    address = channel.get("address")
    return address if address is not None else pulumi.Output.secret(channel.get("secret"))
