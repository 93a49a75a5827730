"""What a project has besides its id: a number, the same one wherever it is asked for."""

import zlib


def number_of(project: str) -> str:
    """The number of a project, the same for the same id; a number given as a project stays as it is."""
    return project if project.isdigit() else str(100_000_000_000 + zlib.crc32(project.encode()))


def default_account(project: str) -> str:
    """The service account that computes for a project when no other is named."""
    return f"{number_of(project)}-compute@developer.gserviceaccount.com"
