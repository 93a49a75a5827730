"""Headgate: a rollout runbook as Pulumi stack configuration.

The modules `plan`, `limits`, `state`, `report`, `transition`, `carrier` and the small helpers beside them (`problems`,
`duration`, `wire`) are the pure core: standard library only, no clock, no input or output.
"""
