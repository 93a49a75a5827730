"""Where a rule comes from: the framework that asks for it, and the page that explains it."""

import re
from dataclasses import dataclass

from policies.model import Described

_FSBP = "FSBP "
_CIS = "CIS GCP "
_CONTROL = re.compile(r"([A-Za-z0-9]+)\.(\d+)")


@dataclass(frozen=True)
class Framework:
    """Name of a framework and its reference for a rule."""

    name: str
    reference: str


def framework(source: str) -> Framework:
    """The framework behind a rule's `source`, such as `FSBP RDS.5`, `CKV_AWS_249` or `project`."""
    if source.startswith(_FSBP):
        return Framework("AWS Foundational Security Best Practices", source.removeprefix(_FSBP))
    if source.startswith(_CIS):
        return Framework("CIS Google Cloud Platform Foundation Benchmark", source.removeprefix(_CIS))
    if source.startswith("CKV"):
        return Framework("checkov", source)
    return Framework("Headgate", source)


def url(rule: Described) -> str:
    """The page on a rule: that of its first control in AWS's standard, else its line in our own reference."""
    control = _CONTROL.match(rule.source.removeprefix(_FSBP)) if rule.source.startswith(_FSBP) else None
    if control is None:
        return f"docs/policies.md#{rule.id}"
    service, number = control[1].lower(), control[2]
    guide = "https://docs.aws.amazon.com/securityhub/latest/userguide"
    return f"{guide}/{service}-controls.html#{service}-{number}"
