"""What was observed before a transition: the live split and the results of the gates. Plain data, no reading here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from headgate.plan import whole


class Verdict(StrEnum):
    """Outcome of a gate. INCONCLUSIVE (no data, a source that does not answer) never lets a rollout advance."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class GateResult:
    """A gate that ran: for which rollout, step and candidate image, what it found, and when (`at`, epoch seconds)."""

    gate: str
    rollout_id: str
    step: str
    candidate_image: str
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    figures: tuple[tuple[str, float], ...] = ()
    at: int = 0


@dataclass(frozen=True, slots=True)
class Live:
    """The traffic carrier as the cloud reports it.

    `exists`: False before the first deployment. `split`: slot -> per cent of new users as routed now.
    `healthy`/`desired`: slot -> tasks that pass health checks / tasks asked for. `images`: slot -> image deployed.
    """

    exists: bool
    split: Mapping[str, int] = field(default_factory=dict)
    healthy: Mapping[str, int] = field(default_factory=dict)
    desired: Mapping[str, int] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything known before a transition. `live` is None when the cloud could not be read; `error` then says why."""

    live: Live | None = None
    results: tuple[GateResult, ...] = ()
    error: str = ""

    def result(self, gate: str, rollout_id: str, step: str, candidate_image: str) -> GateResult | None:
        """The newest result of `gate` for exactly this rollout, step and candidate image, or None."""
        matching = [
            result
            for result in self.results
            if (result.gate, result.rollout_id, result.step, result.candidate_image)
            == (gate, rollout_id, step, candidate_image)
        ]
        return max(matching, key=lambda result: result.at, default=None)


def to_dict(report: Report) -> dict[str, Any]:
    """`report` as plain JSON values; `from_dict` reads it back unchanged."""
    live = report.live
    return {
        "live": None
        if live is None
        else {
            "exists": live.exists,
            "split": dict(live.split),
            "healthy": dict(live.healthy),
            "desired": dict(live.desired),
            "images": dict(live.images),
        },
        "results": [
            {
                "gate": result.gate,
                "rolloutId": result.rollout_id,
                "step": result.step,
                "candidateImage": result.candidate_image,
                "verdict": str(result.verdict),
                "reasons": list(result.reasons),
                "figures": dict(result.figures),
                "at": result.at,
            }
            for result in report.results
        ],
        "error": report.error,
    }


def from_dict(raw: Mapping[str, Any] | None) -> Report:
    """A report from `to_dict`'s form; None is an empty report.

    Raises KeyError, TypeError or ValueError on another shape.
    """
    if raw is None:
        return Report()
    live = raw.get("live")
    return Report(
        live=None
        if live is None
        else Live(
            exists=bool(live["exists"]),
            split=_counts(live.get("split")),
            healthy=_counts(live.get("healthy")),
            desired=_counts(live.get("desired")),
            images={str(slot): str(image) for slot, image in (live.get("images") or {}).items()},
        ),
        results=tuple(
            GateResult(
                gate=str(result["gate"]),
                rollout_id=str(result["rolloutId"]),
                step=str(result["step"]),
                candidate_image=str(result["candidateImage"]),
                verdict=Verdict(result["verdict"]),
                reasons=tuple(str(reason) for reason in result.get("reasons") or ()),
                figures=tuple(
                    sorted((str(key), float(value)) for key, value in (result.get("figures") or {}).items())
                ),
                at=whole(result["at"]),
            )
            for result in raw.get("results") or ()
        ),
        error=str(raw.get("error") or ""),
    )


def _counts(raw: Mapping[str, Any] | None) -> dict[str, int]:
    return {str(slot): whole(count) for slot, count in (raw or {}).items()}
