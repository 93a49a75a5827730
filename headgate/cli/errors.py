"""How a command ends."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of every verb. HELD: a gate or a rule does not let the rollout go on."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    HELD = 3
    ROLLED_BACK = 4


class CommandFailed(Exception):
    """A command ends without success; the message is all the user sees, so it says what happened and what to do."""

    def __init__(self, message: str, code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.code = code
