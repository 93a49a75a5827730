"""Cloud Run: see `sandbox.google.run`."""

from sandbox.google.run.handlers import SERVICE

__all__ = ["SERVICE"]
