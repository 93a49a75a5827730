"""What can go wrong with the sandbox on a user's machine."""


class SandboxError(Exception):
    """The message says what happened and what to do; it is shown as it is, without a traceback."""
