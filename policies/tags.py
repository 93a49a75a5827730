"""The rule on tags: every resource says whose it is."""

from collections.abc import Iterable
from pathlib import Path

from policies.facts import Malformed, Node, Resource
from policies.model import Rule, Settings, Severity, texts

TAGGABLE = frozenset((Path(__file__).parent / "taggable_aws_types.txt").read_text(encoding="utf-8").split())
"""Every type of the AWS provider with tags; tests/unit/policies/test_tokens.py holds the file to the installed SDK."""


def _tagged(resource: Resource, settings: Settings) -> Iterable[str]:
    tags = resource.inputs.node("tags")
    missing = [tag for tag in settings["tags"] if not _has_text(tags, tag)]
    if missing:
        by_default = _provider_tags(resource)
        missing = [tag for tag in missing if not _has_text(by_default, tag)]
    if missing:
        yield f"tags must hold {', '.join(settings['tags'])}, found no {', no '.join(missing)}."


def _has_text(tags: Node, tag: str) -> bool:
    """Whether `tag` is set to something; a value that is not known yet is something."""
    return tags.has(tag) and tags.node(tag).value != ""


def _provider_tags(resource: Resource) -> Node:
    """Tags that the provider adds to everything. Its configuration reaches the engine as JSON texts."""
    provider = resource.provider
    try:
        return provider.document("defaultTags").node("tags")
    except Malformed:
        return provider.node("defaultTags").node("tags")


RULES = (
    Rule(
        id="required-tags",
        row="112",
        title="Resources say whose they are",
        description="Checks whether every taggable resource has the tags by which it is found, owned and paid for.",
        types=TAGGABLE,
        reads=("tags",),
        check=_tagged,
        defers=frozenset({"tags"}),
        remedy="Pass the standard tags of the stack to the resource.",
        severity=Severity.LOW,
        source="project",
        settings={"tags": texts(("service", "environment", "owner", "managed-by"), "Tags that must be set.")},
    ),
)
