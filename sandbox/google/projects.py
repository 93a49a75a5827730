"""What a project has besides its id: a number, the same one wherever it is asked for."""

import hashlib


def number_of(project: str) -> int:
    """The number of a project: twelve digits that follow from its id; a number is its own."""
    if project.isdigit():
        return int(project)
    return 10**11 + int(hashlib.sha256(project.encode()).hexdigest(), 16) % (9 * 10**11)


def default_account(project: str) -> str:
    """The service account that computes for a project when no other is named."""
    return f"{number_of(project)}-compute@developer.gserviceaccount.com"
