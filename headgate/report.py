"""What was observed before a transition: the live split and the results of the gates. Plain data, no reading here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from headgate.wire import whole


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
    raw = _mapping(raw)
    return Report(
        live=None if raw.get("live") is None else _live_from_dict(_mapping(raw["live"])),
        results=tuple(
            GateResult(
                gate=str(result["gate"]),
                rollout_id=str(result["rolloutId"]),
                step=str(result["step"]),
                candidate_image=str(result["candidateImage"]),
                verdict=Verdict(result["verdict"]),
                reasons=tuple(str(reason) for reason in result.get("reasons") or ()),
                figures=tuple(sorted((key, _figure(value)) for key, value in _mapping(result.get("figures")).items())),
                at=whole(result["at"]),
            )
            for result in map(_mapping, raw.get("results") or ())
        ),
        error=str(raw.get("error") or ""),
    )


def _live_from_dict(raw: Mapping[str, Any]) -> Live:
    return Live(
        exists=bool(raw["exists"]),
        split=_counts(raw.get("split")),
        healthy=_counts(raw.get("healthy")),
        desired=_counts(raw.get("desired")),
        images={slot: str(image) for slot, image in _mapping(raw.get("images")).items()},
    )


def _counts(raw: object) -> dict[str, int]:
    return {slot: whole(count) for slot, count in _mapping(raw).items()}


def _mapping(raw: object) -> Mapping[str, Any]:
    """`raw` with keys as texts; None is empty. Raises TypeError on anything but a mapping."""
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        raise TypeError(f"{raw!r} is not a mapping")
    return {str(key): value for key, value in raw.items()}


def _figure(value: Any) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError(f"{value!r} is not a figure") from error
