"""The verbs that move a rollout, as plain functions over `edges.Edges`; none of them prints or asks by itself.

`change.carry_out` is the way that every change takes: judged, written, previewed, judged again, agreed to, applied,
read back, told. `start`, `advance`, `promote` and `retire` only say what is to change.
"""
