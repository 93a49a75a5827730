"""Nothing may stop a rollback: while a run gives traffic back, rules that do not bind on that way only advise.

Which way a run goes is what its Rollout says, by the predicate that the rollout rules use (`headgate.moves`). It is
forward until a Rollout was seen, when there is more than one, and when its inputs cannot be read or are not known.
"""

from dataclasses import dataclass, field
from typing import Any

from google.protobuf import json_format
from pulumi.runtime import proto
from pulumi_policy.deserialize import deserialize_properties
from pulumi_policy.proxy import unknown_checking_proxy

from headgate.moves import Move, classify
from headgate.state import Recorded
from headgate.transition import Transition
from policies import rollout
from policies.facts import Node, plain

ADVICE = "Advice only, because this update gives traffic back. The next update that does not is stopped by this policy."


@dataclass
class Direction:
    """Which way the run goes. `since`: epoch seconds when it was opened; None when no clock may tell."""

    since: int | None = None
    _seen: dict[str, bool] = field(default_factory=dict)

    @property
    def back(self) -> bool:
        """Whether this run gives traffic back; False as long as nothing says so."""
        return list(self._seen.values()) == [True]

    def see(self, urn: str, properties: Any) -> None:
        """Takes note of a Rollout and its inputs, as the engine sends them. Never raises."""
        self._seen[urn] = False
        try:
            raw = deserialize_properties(json_format.MessageToDict(properties))
            inputs = Node(plain(unknown_checking_proxy(raw)))
            self._seen[urn] = self.since is not None and gives_back(inputs, self.since)
        except Exception:  # noqa: BLE001 - what cannot be read does not go back; the rollout rules say what is wrong
            return


def gives_back(inputs: Node, since: int) -> bool:
    """Whether a Rollout's inputs give traffic back by a transition that was made at `since` (epoch seconds) or later.

    An update without a change carries the last transition again. Were an old one to count, nothing but advice would
    stand after a rollback until the next start.
    """
    change = rollout.read(inputs)
    if not isinstance(change, Transition) or not isinstance(change.previous, Recorded):
        return False
    made_now = change.proposed.changed_at >= since
    return made_now and classify(change.previous.state, change.proposed) is Move.BACK


def advise(diagnostic: Any) -> None:
    """Turns a diagnostic that would stop the run into advice; it keeps its policy's id and what to do."""
    if diagnostic.enforcementLevel == proto.MANDATORY:
        diagnostic.enforcementLevel = proto.ADVISORY
        diagnostic.message = f"{diagnostic.message}\n{ADVICE}"
