"""A balancer takes ratios; Headgate speaks of per cent."""

from collections.abc import Mapping

from headgate.traffic.port import TrafficError


def per_cent(weights: Mapping[str, int]) -> dict[str, int]:
    """Whole per cents, together 100, of ratio `weights` (1 and 1 are 50 and 50); all 0 stays all 0.

    Rounded by largest remainder. What has any weight never shows as 0, hence nothing else as 100: 999 and 1
    are 99 and 1, for a share that is too small to round up still reaches users.
    """
    total = sum(weights.values())
    if total == 0:
        return dict.fromkeys(weights, 0)
    shares = {name: max(weight * 100 // total, min(weight, 1)) for name, weight in weights.items()}
    missing = 100 - sum(shares.values())
    by_remainder = sorted(weights, key=lambda name: weights[name] * 100 % total, reverse=True)
    for name in by_remainder[: max(missing, 0)]:
        shares[name] += 1
    for _ in range(max(-missing, 0)):
        shares[max(shares, key=lambda name: shares[name])] -= 1
    return shares


def refuse_impossible(split: Mapping[str, int]) -> None:
    """Raises TrafficError unless `split` is whole per cents from 0 to 100, together 100."""
    if sum(split.values()) != 100 or not all(0 <= share <= 100 for share in split.values()):
        shown = ", ".join(f"{slot} {share}" for slot, share in sorted(split.items())) or "nothing"
        raise TrafficError(f"a split must be whole per cents from 0 to 100, together 100; found {shown}")
