"""Rules of the form "every one of these has one of those that refers to it"."""

from collections.abc import Iterable, Iterator, Sequence

from policies.facts import Node, Resource, Unreadable


def without(
    resources: Sequence[Resource], wanted: Iterable[Resource], companion: str, key: str, *, by: Sequence[str]
) -> Iterator[Resource]:
    """Those of `wanted` that no resource of type `companion` refers to by its input `key`.

    A reference is one that the engine knows of, or the same text as one of the outputs `by`.
    """
    urns: set[str] = set()
    texts: set[str] = set()
    for each in resources:
        if each.type == companion:
            urns |= {*each.depends.get(key, ())}
            texts |= set(_texts(each.inputs, (key,)))
    return (each for each in wanted if each.urn not in urns and texts.isdisjoint(_texts(each.inputs, by)))


def _texts(inputs: Node, keys: Iterable[str]) -> Iterator[str]:
    for key in keys:
        try:
            found = inputs.text(key)
        except Unreadable:
            continue
        if found:
            yield found
