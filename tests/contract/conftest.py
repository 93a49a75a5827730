"""Importing components must not trip over a warning that the AWS SDK gives about itself."""

from tests.support import aws_sdk as _aws_sdk  # noqa: F401
