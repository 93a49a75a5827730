"""Starts, watches and ends the processes of the sandbox.

layout       where everything lies: the work folder of the checkout
processes    detached processes, known by pid and start time
parts        which processes there are, and what they are started with
record       sandbox.json: what was started, and where it answers
lifecycle    up, down, status
engine       what Pulumi needs: plugins, a backend folder, the stacks in it
environment  the variables that make plain `pulumi` and the cloud libraries speak to the sandbox
slots        keeps one application process per slot that an emulated cloud wants (pure logic)
clouds       what the clouds want, and where the routers send requests
watch        the process that watches both: `python -m sandbox.manager watch`
"""

from sandbox.manager.environment import Exports, exports
from sandbox.manager.errors import SandboxError
from sandbox.manager.layout import Layout
from sandbox.manager.lifecycle import Condition, Status, down, status, up
from sandbox.manager.parts import DEFAULT_STACK, DEFAULT_STACKS, addresses

__all__ = [
    "DEFAULT_STACK",
    "DEFAULT_STACKS",
    "Condition",
    "Exports",
    "Layout",
    "SandboxError",
    "Status",
    "addresses",
    "down",
    "exports",
    "status",
    "up",
]
