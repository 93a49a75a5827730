"""The command that signs in to a cloud."""

_COMMANDS = ("aws sso login", "gcloud auth application-default login")


def command_in(error: str) -> str:
    """The one that a TrafficError's text `error` names; empty when credentials are not what is missing."""
    return next((command for command in _COMMANDS if command in error), "")
