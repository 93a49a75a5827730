"""Importing the stacks imports the AWS SDK, which must not trip over a warning it gives about itself."""

from tests.support import aws_sdk as _aws_sdk  # noqa: F401
