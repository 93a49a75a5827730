"""The rule on places: resources are in the regions and projects of their environment."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TypeAlias

from policies.facts import Node, Resource, Unknown, in_turn
from policies.model import Rule, Settings, Severity, texts

EVERY_AWS = "aws:*"
EVERY_GOOGLE = "gcp:*"

US_EAST_1 = "us-east-1"  # where CloudFront takes its certificates and web ACLs from (Amazon CloudFront guide)

_Judge: TypeAlias = Callable[[str, str], Iterable[str]]


def _allowed_place(resource: Resource, settings: Settings) -> Iterable[str]:
    return (_on_aws if resource.type.startswith("aws:") else _on_google)(resource, settings)


def _on_aws(resource: Resource, settings: Settings) -> Iterator[str]:
    allowed = set(settings["awsRegions"])
    if any(fnmatchcase(resource.type, pattern) for pattern in settings["usEast1Types"]):
        allowed.add(US_EAST_1)
    inputs, provider = resource.inputs, resource.provider

    def judge(path: str, place: str) -> Iterator[str]:
        return _within(path, place, allowed)

    own = inputs if inputs.has("region") else provider
    return in_turn(_required(own) if own is provider else (), _read(own, "region", judge))


def _required(provider: Node) -> Iterator[str]:
    """A provider without a region takes whatever the machine has. (None: the engine did not say which provider.)"""
    if provider.value is not None and not provider.has("region"):
        yield f"{provider.at('region')} must be set, found nothing."


def _on_google(resource: Resource, settings: Settings) -> Iterator[str]:
    allowed = {place.lower() for place in settings["googleLocations"]}
    inputs, provider = resource.inputs, resource.provider

    def place(path: str, found: str) -> Iterator[str]:
        return _within(path, _last(found).lower(), allowed)

    def zone(path: str, found: str) -> Iterator[str]:
        return place(path, _last(found).rpartition("-")[0])

    def project(path: str, found: str) -> Iterator[str]:
        patterns = settings["googleProjects"]
        if not any(fnmatchcase(_last(found), pattern) for pattern in patterns):
            yield f"{path} must be {_either(patterns)}, found another project."

    parts = [_read(inputs, "location", lambda path, found: _location(path, found, place, zone, allowed))]
    for node in (inputs, provider):
        parts += [_read(node, "region", place), _read(node, "zone", zone), _read(node, "project", project)]
    return in_turn(*parts, _replicas(inputs, place))


def _location(path: str, found: str, place: _Judge, zone: _Judge, allowed: set[str]) -> Iterable[str]:
    """`location` is a region, a zone of one, a multi-region or global."""
    in_zone = _last(found).lower().rpartition("-")[0] in allowed
    return zone(path, found) if in_zone else place(path, found)


def _replicas(inputs: Node, place: _Judge) -> Iterator[str]:
    """Places of the copies of a secret (`replication`), and of a service in several regions.

    Other types have inputs of the same names and other kinds; those are not about places.
    """
    parts: list[Iterable[str]] = []
    if _is_mapping(inputs, "replication") and _is_mapping(inputs.node("replication"), "userManaged"):
        copies = inputs.node("replication").node("userManaged").items("replicas")
        parts += [_read(copy, "location", place) for copy in copies]
    if _is_mapping(inputs, "multiRegionSettings"):
        several = inputs.node("multiRegionSettings")
        parts += [place(several.at("regions"), name) for name in several.texts("regions")]
    return in_turn(*parts)


def _is_mapping(node: Node, key: str) -> bool:
    return isinstance(node.node(key).value, Mapping | Unknown)


def _read(node: Node, key: str, judge: _Judge) -> Iterator[str]:
    """What `judge` finds in the text under `key`, if there is one."""
    found = node.text(key)
    if found:
        yield from judge(node.at(key), found)


def _within(path: str, place: str, allowed: set[str]) -> Iterator[str]:
    if place not in allowed:
        yield f"{path} must be {_either(sorted(allowed))}, found another place."


def _either(names: Sequence[str]) -> str:
    return " or ".join(names) or "left out"


def _last(name: str) -> str:
    """`us-central1` of `projects/p/regions/us-central1`."""
    return name.rpartition("/")[2]


RULES = (
    Rule(
        id="allowed-regions",
        row="113",
        title="Resources are where their environment is",
        description="Checks whether every resource is in a region and project of its environment.",
        types=frozenset({EVERY_AWS, EVERY_GOOGLE}),
        reads=("region", "location", "zone", "project", "replication", "multiRegionSettings"),
        check=_allowed_place,
        defers=frozenset({"region", "location", "zone", "project", "replication", "multiRegionSettings"}),
        remedy="Use the environment's own region and project, or add another to the setting of this policy.",
        severity=Severity.HIGH,
        source="project",
        settings={
            "awsRegions": texts((US_EAST_1,), "AWS regions that resources may be in."),
            "usEast1Types": texts(
                ("aws:acm/*", "aws:cloudfront/*", "aws:wafv2/*"),
                f"Types that may be in {US_EAST_1} besides, because CloudFront uses no others; * stands for any text.",
            ),
            "googleLocations": texts(
                ("us-central1", "global"),
                "Google regions that resources and their zones may be in, and multi-regions such as us.",
            ),
            "googleProjects": texts(
                ("*-production",), "Google projects that resources may be in; * stands for any text."
            ),
        },
    ),
)
