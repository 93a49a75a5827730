"""R-19: in production, what holds data can neither be deleted nor replaced.

A policy sees inputs as they will be, never as they were, so it cannot tell that a change replaces a resource. What it
sees is whether the engine will refuse that: the engine replaces or deletes nothing that is protected, before as well
as after. Both can be given up in one update, so this rule does not let the protection go.
"""

from collections.abc import Iterator
from typing import Protocol

from headgate.traffic.kinds import DATA
from policies.facts import Resource
from policies.model import Rule, Settings, Severity
from policies.rollout import PRODUCTION


class Surroundings(Protocol):
    """What the engine tells about the run, beside the resources."""

    @property
    def environment(self) -> str:
        """The environment whose configuration is in force."""


def rules(surroundings: Surroundings) -> tuple[Rule, ...]:
    """The rule, for the environment of `surroundings`."""

    def check(resource: Resource, _: Settings) -> Iterator[str]:
        if surroundings.environment == PRODUCTION and not resource.protected:
            kind = resource.type.rpartition(":")[2]
            yield f"the option protect of this {kind} must be true, found false: it could be deleted or replaced."

    return (
        Rule(
            id="data-protected",
            row="R-19",
            title="Data is neither deleted nor replaced",
            description="Checks whether the engine refuses, in production, to delete or replace what holds data.",
            types=DATA,
            reads=(),
            check=check,
            remedy="Leave protect_data of the component true. To move data, create the new resource beside the old one,"
            " copy (for a database: restore a snapshot), switch the readers, and retire the old one by hand.",
            binds_going_back=True,
            severity=Severity.CRITICAL,
            source="project",
            exemptible=False,
        ),
    )
