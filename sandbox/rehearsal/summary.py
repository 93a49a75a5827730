"""What a rehearsal found: rows for a table and for JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.table import Table

from sandbox.rehearsal.measure import Measurement
from sandbox.rehearsal.project import Holdings


@dataclass(frozen=True, slots=True)
class Row:
    """One update: what it was (`bootstrap`, `step`, `rollback`, `promotion`, `next`), what it is called, the weight it
    asked for, what was measured, and the seconds of `pulumi up`."""

    what: str
    step: str
    asked_weight: int
    measured: Measurement
    changes: str
    seconds: float

    @property
    def as_asked(self) -> bool:
        """Cloud, Headgate and users agree on the asked weight, and every request was answered."""
        found = self.measured
        return found.served == found.status == self.asked_weight and found.users.within and not found.users.lost

    def as_json(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "step": self.step,
            "asked_weight": self.asked_weight,
            "served": self.measured.served,
            "status": self.measured.status,
            **asdict(self.measured.users),
            "as_asked": self.as_asked,
            "changes": self.changes,
            "seconds": round(self.seconds, 2),
        }


@dataclass(slots=True)
class Outcome:
    """Everything a rehearsal found. `background_lost`: requests of the users who kept asking throughout.

    `holdings`: what the stack holds after its bootstrap; `second_up`: what an immediate second update changed.
    """

    stack: str
    clock: str
    holdings: Holdings = field(default_factory=lambda: Holdings(0, 0))
    second_up: str = ""
    rows: list[Row] = field(default_factory=list)
    refused: str = ""
    refused_rules: Sequence[str] = ()
    background_requests: int = 0
    background_lost: int = 0
    background_missing_writes: int = 0
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Every step as asked, the jump refused, and no request or stored item lost."""
        lost = self.background_lost or self.background_missing_writes
        return bool(self.rows) and all(row.as_asked for row in self.rows) and bool(self.refused_rules) and not lost

    def as_json(self) -> dict[str, Any]:
        return {
            "stack": self.stack,
            "clock": self.clock,
            "ok": self.ok,
            "resources": asdict(self.holdings),
            "second_up": self.second_up,
            "steps": [row.as_json() for row in self.rows],
            "refused_jump": {"asked": self.refused, "rules": list(self.refused_rules)},
            "background": {
                "requests": self.background_requests,
                "lost": self.background_lost,
                "missing_writes": self.background_missing_writes,
            },
            "seconds": round(self.seconds, 1),
        }

    def table(self) -> Table:
        """For people; every cell is text that survives a pipe."""
        table = Table(title=f"Rollout of {self.stack} on the sandbox")
        for heading in ("step", "asked", "served", "status", "observed", "99 % of", "users", "lost", "up", ""):
            table.add_column(heading, justify="left" if heading in ("step", "") else "right", no_wrap=True)
        for row in self.rows:
            found, users = row.measured, row.measured.users
            table.add_row(
                row.step,
                f"{row.asked_weight} %",
                f"{found.served:g} %",
                f"{found.status} %",
                f"{users.observed_share:.1f} %",
                f"{users.low:.1f}-{users.high:.1f}",
                str(users.requests),
                str(users.lost),
                f"{row.seconds:.1f} s",
                "as asked" if row.as_asked else "NOT AS ASKED",
            )
        return table
