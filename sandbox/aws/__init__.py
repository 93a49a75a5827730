"""The AWS side of the sandbox: moto's server with the repairs and the control endpoint a rehearsal needs.

Start it with `python -m sandbox.aws.server`. Besides the AWS API it answers under `/headgate-sandbox/`
(see `control`): planted faults, the log of calls, target health, service health, and an inventory.
"""
