"""The thin edge around the `pulumi` executable: what a stack recorded, and the commands that change it. No SDK.

`port` says what there is, `cli` does it with the executable, `child` runs that so that Ctrl-C leaves a known state.
"""

from headgate.engine.cli import PulumiCli
from headgate.engine.port import Engine, EngineError, Operator, Run, Secret, Update, parse_update

__all__ = ["Engine", "EngineError", "Operator", "PulumiCli", "Run", "Secret", "Update", "parse_update"]
