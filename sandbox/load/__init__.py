"""Traffic for a rehearsal: users that read and write, and a count of what they got.

    from sandbox.load import Load, run, within_binomial_interval
    summary = await run(Load(url, users=2000, requests=2000, fresh=True))

To compare a split with its weights, ask *fresh* users once each. Stickiness keeps a user where the first
request went, so the requests of returning users are not independent draws: the share over all requests is
not binomial, and a user who sends more than others counts for more. `Summary.first_by_slot` counts first
requests only and is right in both modes.
"""

from sandbox.load.binomial import binomial_interval, within_binomial_interval
from sandbox.load.generator import Load, run
from sandbox.load.summary import Summary

__all__ = ["Load", "Summary", "binomial_interval", "run", "within_binomial_interval"]
