"""What there is in the emulated account that is ours (tag managed-by=headgate), by kind.

A destroyed stack must leave nothing here; a test reads it to prove that.
"""


def of_this_server() -> dict[str, list[str]]:
    return {}
