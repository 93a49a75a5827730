"""Whether a count fits a probability: the exact binomial test, two-sided.

A count k out of n fits p at confidence c when neither P(X <= k) nor P(X >= k) is below (1 - c) / 2. That is
the same as: p lies in the Clopper-Pearson interval of k out of n (Clopper and Pearson, Biometrika 26, 1934).
"""

import math


def within_binomial_interval(successes: int, n: int, p: float, confidence: float = 0.99) -> bool:
    """Whether `successes` out of `n` independent draws fit the probability `p`.

    A correct split is called wrong in at most 1 - confidence of the cases. Raises ValueError on numbers
    that are not of this form.
    """
    _check(n, p, confidence)
    if not 0 <= successes <= n:
        raise ValueError(f"successes: found {successes}, expected 0 to n = {n}")
    tail = (1 - confidence) / 2
    return _at_most(successes, n, p) >= tail and _at_most(n - successes, n, 1 - p) >= tail


def binomial_interval(n: int, p: float, confidence: float = 0.99) -> tuple[int, int]:
    """The smallest and the largest count that fits. Raises ValueError on numbers not of this form."""
    _check(n, p, confidence)
    tail = (1 - confidence) / 2
    return _fewest(n, p, tail), n - _fewest(n, 1 - p, tail)


def _check(n: int, p: float, confidence: float) -> None:
    if n < 0:
        raise ValueError(f"n: found {n}, expected 0 or more")
    if not 0 <= p <= 1:
        raise ValueError(f"p: found {p}, expected a probability from 0 to 1")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: found {confidence}, expected a number between 0 and 1")


def _fewest(n: int, p: float, tail: float) -> int:
    """The smallest k with P(X <= k) >= tail. By bisection: the probability grows with k."""
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if _at_most(middle, n, p) >= tail:
            high = middle
        else:
            low = middle + 1
    return low


def _at_most(k: int, n: int, p: float) -> float:
    """P(X <= k) for X binomial(n, p), summed over the shorter side."""
    if p in {0.0, 1.0}:
        return 1.0 if p == 0.0 or k == n else 0.0
    if 2 * k > n:
        return 1.0 - math.fsum(_exactly(i, n, p) for i in range(k + 1, n + 1))
    return math.fsum(_exactly(i, n, p) for i in range(k + 1))


def _exactly(k: int, n: int, p: float) -> float:
    """P(X = k), through logarithms so that neither factorials nor powers leave the range of a float."""
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(ways + k * math.log(p) + (n - k) * math.log1p(-p))
