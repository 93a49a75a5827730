"""What can go wrong on a user's machine, with the exit code of `python -m toolchain`."""


class ToolchainError(Exception):
    """A problem a user can solve; its text says what is missing and what to do."""

    exit_code = 1


class PrerequisiteMissing(ToolchainError):
    """The machine lacks Pulumi, Go or Python in the version that is needed."""

    exit_code = 2


class BuildFailed(ToolchainError):
    """Everything needed is there, but a build or an installation did not succeed."""
