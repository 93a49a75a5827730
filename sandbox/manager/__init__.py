"""Starts, watches and ends the processes of the sandbox.

layout       where everything lies: the work folder of the checkout
processes    detached processes, known by pid and start time
record       sandbox.json: what was started, and where it answers
lifecycle    up, down, status
engine       what Pulumi needs: plugins, a backend folder, the stacks in it
environment  the variables that make plain `pulumi` and boto3 speak to the sandbox
slots        keeps one application process per slot that the emulated ECS wants (pure logic)
watch        the process that does so: `python -m sandbox.manager watch`
"""

from sandbox.manager.environment import Exports, exports
from sandbox.manager.errors import SandboxError
from sandbox.manager.layout import Layout
from sandbox.manager.lifecycle import DEFAULT_STACK, Condition, Status, down, status, up

__all__ = [
    "DEFAULT_STACK",
    "Condition",
    "Exports",
    "Layout",
    "SandboxError",
    "Status",
    "down",
    "exports",
    "status",
    "up",
]
