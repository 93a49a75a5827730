"""A whole rollout, rehearsed: plain `pulumi` commands on the sandbox, with real requests before, between and after.

project    the copy of the configuration that a rehearsal changes, and the `pulumi` commands on it
measure    the balancer's weights and the observed share, side by side
demo       the rehearsal that `make demo` runs
summary    its table and its JSON
"""
