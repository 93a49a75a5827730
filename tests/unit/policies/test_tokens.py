"""Types and inputs that rules name exist in the installed SDKs: an upgrade cannot silently turn a rule off."""

import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from headgate.changes import Role
from headgate.traffic.alarms import FIXED, SWITCH, TOLD
from headgate.traffic.kinds import KINDS
from policies import pack
from policies.model import Described
from policies.regions import EVERY_AWS, EVERY_GOOGLE
from policies.session import Session
from policies.tags import LABELLED, TAGGABLE


def _sdk(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


SDKS = (_sdk("pulumi_aws"), _sdk("pulumi_gcp"))

_RESOURCE = re.compile(r'^@pulumi\.type_token\("([^"]+)"\)\nclass (\w+)\(pulumi\.CustomResource\)', re.MULTILINE)
# A nested block may have taken the other name.
_CLASS = r"^class {}(?:Init)?Args:\n(.*?)(?=^@pulumi|^class |\Z)"
_GETTER = re.compile(
    r"    @_builtins\.property\n    @pulumi\.getter(?:\(name=\"(\w+)\"\))?\n    def (\w+)\(self\) -> (.*?):\n"
)
_LABELS = re.compile(r"\n +(user_labels|resource_labels|labels): [^\n]*Mapping\[str")
_TAGS = re.compile(r"\n +tags: [^\n]*Mapping\[str")


@cache
def resources() -> dict[str, tuple[Path, str]]:
    """Type token -> file and class."""
    return {
        token: (file, name)
        for sdk in SDKS
        for file in sdk.rglob("*.py")
        for token, name in _RESOURCE.findall(file.read_text(encoding="utf-8"))
    }


def inputs(file: Path, name: str) -> dict[str, str]:
    """Input -> type of the class `<name>Args` in `file`, by the names that the provider gets."""
    found = re.search(_CLASS.format(name), file.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found, f"{file}: no class {name}Args"
    return {renamed or getter: annotation for renamed, getter, annotation in _GETTER.findall(found[1])}


def exists(token: str, path: str) -> bool:
    """Whether the type has the input at `path`, through nested types of the same module."""
    file, name = resources()[token]
    known = inputs(file, name)
    for key in path.split("."):
        if key not in known:
            return False
        nested = re.search(r"'(\w+)Args'", known[key])
        known = inputs(file.parent / "_inputs.py", nested[1]) if nested else {}
    return True


RULES = pack.rules(Session())


def ours() -> Iterator[tuple[Described, list[str]]]:
    for rule in RULES:
        tokens = sorted(token for token in rule.types if token.startswith(("aws:", "gcp:")))
        if tokens and rule.id != "required-tags":
            yield rule, tokens


@pytest.mark.parametrize(("rule", "tokens"), list(ours()), ids=lambda value: getattr(value, "id", ""))
def test_the_sdks_know_every_type_and_input(rule: Described, tokens: list[str]) -> None:
    if set(tokens) == {EVERY_AWS, EVERY_GOOGLE}:
        tokens = SAMPLES
    assert set(tokens) <= resources().keys()
    rollout_inputs = {"previous", "unreadable", "proposed", "plan", "report"}
    for path in set(rule.reads) - rollout_inputs:
        assert any(exists(token, path) for token in tokens), f"none of {tokens} has {path}"


# For the rule on every type: some that have the inputs it reads.
SAMPLES = [
    "aws:sqs/queue:Queue",
    "gcp:cloudrunv2/service:Service",
    "gcp:compute/address:Address",
    "gcp:compute/instance:Instance",
    "gcp:secretmanager/secret:Secret",
]


def test_tokens_are_spelled_as_the_provider_spells_them() -> None:
    """Three of Google's types begin with a small letter where one expects a capital."""
    assert {"gcp:projects/iAMMember:IAMMember", "gcp:projects/iAMBinding:IAMBinding"} <= resources().keys()
    assert exists("gcp:cloudrunv2/service:Service", "template.containers.envs.valueSource.secretKeyRef.version")
    assert exists("gcp:cloudrunv2/service:Service", "traffics.percent")
    assert not exists("gcp:cloudrunv2/service:Service", "traffic.percent")


def test_the_sdks_know_every_type_that_changes_are_judged_by() -> None:
    tokens = {token for token in KINDS.roles if token.startswith(("aws:", "gcp:"))}
    assert tokens <= resources().keys()
    for role, keys in ((Role.CARRIER, KINDS.shares), (Role.CAPACITY, KINDS.counts)):
        carriers = [token for token in tokens if role in KINDS.roles[token]]
        assert all(any(exists(token, key) for token in carriers) for key in keys)
    for kind, fixed in FIXED.items():
        assert all(exists(kind, key) for key in (*fixed, SWITCH[kind], TOLD[kind]))


def test_the_check_itself_finds_what_is_wrong() -> None:
    assert exists("aws:lb/targetGroup:TargetGroup", "healthCheck.unhealthyThreshold")
    assert not exists("aws:lb/targetGroup:TargetGroup", "healthCheck.unhealthy")
    assert not exists("aws:lb/targetGroup:TargetGroup", "health_check")


def test_every_taggable_type_of_the_sdk_must_be_tagged() -> None:
    def taggable(file: Path, name: str) -> bool:
        source = file.read_text(encoding="utf-8")
        head = rf"^class {name}Args:\n    def __init__\(__self__,(.*?)\):\n"
        constructor = re.search(head, source, re.MULTILINE | re.DOTALL)
        return constructor is not None and _TAGS.search(constructor[1]) is not None

    aws = {token: place for token, place in resources().items() if token.startswith("aws:")}
    found = {token for token, (file, name) in aws.items() if taggable(file, name)}

    assert len(found) > 800
    assert found == TAGGABLE, (
        "policies/taggable_aws_types.txt differs from the installed pulumi_aws; write the set found into it, sorted: "
        f"added {sorted(found - TAGGABLE)}, gone {sorted(TAGGABLE - found)}"
    )


def test_every_type_of_google_with_labels_must_have_them() -> None:
    """Labels of the resource itself: the provider adds its own to them (`pulumiLabels`), or they are for users."""

    def labels(file: Path, name: str) -> str | None:
        source = file.read_text(encoding="utf-8")
        head = rf"^class {name}Args:\n    def __init__\(__self__,(.*?)\):\n"
        constructor = re.search(head, source, re.MULTILINE | re.DOTALL)
        found = set(_LABELS.findall(constructor[1])) if constructor else set()
        if "user_labels" in found:
            return "userLabels"
        if "pulumi_labels" not in source or not found:
            return None
        return "labels" if "labels" in found else "resourceLabels"

    listed = {token: labels(*place) for token, place in resources().items() if token.startswith("gcp:")}
    found = {token: key for token, key in listed.items() if key}

    assert len(found) > 300
    assert found == LABELLED, (
        "policies/labelled_google_types.txt differs from the installed pulumi_gcp; write what was found into it, "
        f"a type and its input per line, sorted: found {sorted(found.items() ^ LABELLED.items())}"
    )
