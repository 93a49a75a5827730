"""Repairs of Amazon SNS. Reference: SNS API, version 2010-03-31."""

from typing import Any

from moto.sns.responses import SNSResponse

from sandbox.aws.repairs import Original, around


@around(SNSResponse, "get_topic_attributes")
def the_signature_version_is_told(original: Original, response: SNSResponse) -> Any:
    """moto keeps the attribute and does not tell it; AWS does when it is not 1 (GetTopicAttributes)."""
    answer = original()
    topic = response.backend.get_topic(response._get_param("TopicArn"))
    version = getattr(topic, "signature_version", None)
    if version:
        answer.result["Attributes"]["SignatureVersion"] = str(version)
    return answer
