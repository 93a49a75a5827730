"""Amazon Q Developer in chat applications. Reference: AWS Chatbot API, version 2017-10-11."""

from sandbox.plugins.aws.codecs import List
from sandbox.plugins.aws.rows import Call, Field, Row, described, new, row
from sandbox.plugins.aws.tags import TagStyle

_SLACK = row(
    "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration",
    "chatbot",
    {
        "configurationName": new("ConfigurationName"),
        "slackTeamId": new("SlackTeamId"),
        "slackChannelId": "SlackChannelId",
        "iamRoleArn": "IamRoleArn",
        "guardrailPolicyArns": Field("GuardrailPolicyArns", List()),
        "snsTopicArns": Field("SnsTopicArns", List(), default=[]),
        "loggingLevel": Field("LoggingLevel", default="NONE"),
        "userAuthorizationRequired": Field("UserAuthorizationRequired", default=False),
    },
    create="CreateSlackChannelConfiguration",
    made="ChannelConfiguration",
    identity=lambda found, _: found["ChatConfigurationArn"],
    find=described(
        "DescribeSlackChannelConfigurations",
        lambda t: {"ChatConfigurationArn": t.id},
        "SlackChannelConfigurations[0]",
    ),
    update="UpdateSlackChannelConfiguration",
    key=lambda t: {"ChatConfigurationArn": t.id},
    always=frozenset({"slackChannelId"}),
    delete=lambda t: [Call("DeleteSlackChannelConfiguration", {"ChatConfigurationArn": t.id})],
    outputs={"chatConfigurationArn": "ChatConfigurationArn"},
    missing=("ResourceNotFoundException",),
    tags=TagStyle(
        member="Tags",
        who=lambda target: target.id,
        add=("TagResource", lambda arn, tags: {"ResourceARN": arn, "Tags": tags}),
        remove=("UntagResource", lambda arn, keys: {"ResourceARN": arn, "TagKeys": keys}),
        inline="Tags",
        names=("TagKey", "TagValue"),
    ),
    support="record-only",
    note="nothing is sent to a chat",
)

ROWS: tuple[Row, ...] = (_SLACK,)
