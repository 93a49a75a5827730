"""The rule on tags and labels: every resource says whose it is."""

from collections.abc import Iterable
from pathlib import Path

from policies.facts import Malformed, Node, Resource
from policies.model import Rule, Settings, Severity, texts

_FOLDER = Path(__file__).parent

TAGGABLE = frozenset((_FOLDER / "taggable_aws_types.txt").read_text(encoding="utf-8").split())
"""Every type of the AWS provider with tags; tests/unit/policies/test_tokens.py holds the file to the installed SDK."""

LABELLED = dict(
    line.split() for line in (_FOLDER / "labelled_google_types.txt").read_text(encoding="utf-8").splitlines()
)
"""Every type of the Google provider with labels -> the input that holds them; the same test holds it to the SDK."""


# Input of a resource -> input of its provider with what is added to it.
_BY_DEFAULT = {"tags": "defaultTags", "labels": "defaultLabels", "resourceLabels": "defaultLabels"}


def _tagged(resource: Resource, settings: Settings) -> Iterable[str]:
    key = LABELLED.get(resource.type, "tags")
    tags = resource.inputs.node(key)
    missing = [tag for tag in settings["tags"] if not _has_text(tags, tag)]
    if missing:
        by_default = _provider_tags(resource)
        missing = [tag for tag in missing if not _has_text(by_default, tag)]
    if missing:
        yield f"{key} must hold {', '.join(settings['tags'])}, found no {', no '.join(missing)}."


def _has_text(tags: Node, tag: str) -> bool:
    """Whether `tag` is set to something; a value that is not known yet is something."""
    return tags.has(tag) and tags.node(tag).value != ""


def _provider_tags(resource: Resource) -> Node:
    """Tags or labels that the provider adds to what has tags or `labels`. They reach the engine as JSON texts."""
    by_default = _BY_DEFAULT.get(LABELLED.get(resource.type, "tags"))
    if by_default is None:
        return Node(None)
    provider = resource.provider
    try:
        written = provider.document(by_default)
    except Malformed:
        written = provider.node(by_default)
    return written.node("tags") if by_default == "defaultTags" else written


_INPUTS = tuple(sorted(set(LABELLED.values())))

RULES = (
    Rule(
        id="required-tags",
        row="112",
        title="Resources say whose they are",
        description="Checks whether every resource has the tags or labels by which it is found, owned and paid for.",
        types=TAGGABLE | LABELLED.keys(),
        reads=("tags", *_INPUTS),
        check=_tagged,
        defers=frozenset({"tags", *_INPUTS}),
        remedy="Pass the standard tags or labels of the stack to the resource.",
        severity=Severity.LOW,
        source="project",
        settings={"tags": texts(("service", "environment", "owner", "managed-by"), "Tags or labels that must be set.")},
    ),
)
