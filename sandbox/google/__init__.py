"""The Google side of the sandbox: an emulator of Google's APIs on one loopback port, and its control endpoint.

Start it with `python -m sandbox.google`. Every request is checked against Google's own discovery
documents; the control endpoint answers under `/headgate-sandbox/` (see `control`).

| where | what |
|---|---|
| `api`, `cloud` | what a service is made of, and the world its handlers act on |
| `services/` | one module per API, found by itself; its docstring says how to add one |
| `run/` | Cloud Run Admin API v2: a model over dicts, and the handlers on top |
| `discovery`, `schema` | which method a request means, and whether its body may be so |
| `gateway` | the way of one request: route, fault, check, handler, check of the answer |
| `control`, `calls`, `faults`, `client` | what tests and the rehearsal steer it with |
| `endpoints` | the variables that lead the official provider and clients here |
"""
