"""Importing the stacks imports SDKs of both clouds, which must not trip over warnings they give about themselves."""

from tests.support import aws_sdk as _aws_sdk  # noqa: F401
from tests.support import google_sdk as _google_sdk  # noqa: F401
