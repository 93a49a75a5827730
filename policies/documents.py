"""Policy documents of AWS as rules read them: statements, their actions, resources, principals and conditions."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from policies.facts import Malformed, Node, in_turn

EVERYTHING = "*"
_ANYBODY = frozenset({"*", "arn:aws:iam::*:root"})


@dataclass(frozen=True)
class Statement:
    """One statement. `node` is where it stands in the resource."""

    node: Node

    @property
    def allows(self) -> bool:
        """Whether it gives rights; a statement that only takes them away is never too wide."""
        return self.node.text("Effect") != "Deny"

    @property
    def actions(self) -> tuple[str, ...]:
        """Its actions, in lower case: IAM does not tell `iam:passrole` from `iam:PassRole`."""
        return tuple(action.lower() for action in several(self.node, "Action"))

    @property
    def resources(self) -> tuple[str, ...]:
        """ARNs and patterns."""
        return several(self.node, "Resource")

    @property
    def conditions(self) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
        """Operator, key and values of every condition, the first two in lower case."""
        found = []
        operators = self.node.node("Condition")
        for operator in keys(operators):
            asked = operators.node(operator)
            found += [(operator.lower(), key.lower(), several(asked, key)) for key in keys(asked)]
        return tuple(found)

    def principals(self, kind: str) -> tuple[str, ...]:
        """Who is meant, of one kind (`AWS`, `Service`, `Federated`); a bare `*` is of every kind."""
        value = self.node.node("Principal").value
        if isinstance(value, str):
            return (value,)
        return several(self.node.node("Principal"), kind)

    @property
    def open_to_all(self) -> bool:
        """Whether it gives rights to everybody, without any condition."""
        named = {*self.principals("AWS"), *self.principals("Federated"), *self.principals("CanonicalUser")}
        return self.allows and (bool(named & _ANYBODY) or self.node.has("NotPrincipal")) and not self.conditions


def several(node: Node, key: str) -> tuple[str, ...]:
    """One text or a list of texts under `key`, which policy documents treat alike. Numbers and flags become texts."""
    value = node.node(key).value
    if isinstance(value, bool | int | float):
        return (str(value).lower(),)
    return (value,) if isinstance(value, str) else node.texts(key)


def keys(node: Node) -> tuple[str, ...]:
    """The keys of a mapping, which may be missing."""
    value = node.known()
    if value is None:
        return ()
    if not isinstance(value, Mapping):
        raise Malformed(node.path, "a mapping")
    return tuple(value)


def statements(document: Node) -> tuple[Statement, ...]:
    """The statements of a document. Raises Malformed when it has none."""
    listed = document.node("Statement")
    if listed.value is None:
        raise Malformed(document.path, "a policy document with at least one statement")
    nodes = (listed,) if not isinstance(listed.value, list) else listed.elements()
    return tuple(Statement(node) for node in nodes)


def each_statement(documents: Iterable[Node], judge: Callable[[Statement], Iterable[str]]) -> Iterator[str]:
    """What `judge` finds in every statement that allows something."""

    def of_one(document: Node) -> Iterator[str]:
        yield from in_turn(*(_judged(statement, judge) for statement in statements(document)))

    return in_turn(*(of_one(document) for document in documents))


def _judged(statement: Statement, judge: Callable[[Statement], Iterable[str]]) -> Iterator[str]:
    if statement.allows:
        yield from judge(statement)
