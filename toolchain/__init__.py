"""How the pinned tools get onto a machine: the virtual environment and the Pulumi engine.

Standard library only (Rich is used for the progress line when it is installed), because
`python -m toolchain venv` runs before anything is installed.
"""

from toolchain.choice import Toolchain, ensure
from toolchain.errors import BuildFailed, PrerequisiteMissing, ToolchainError

__all__ = ["BuildFailed", "PrerequisiteMissing", "Toolchain", "ToolchainError", "ensure"]
