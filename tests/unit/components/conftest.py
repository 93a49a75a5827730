"""Importing components must not trip over the warnings that the SDKs give about themselves."""

from tests.support import aws_sdk as _aws_sdk  # noqa: F401
from tests.support import google_sdk as _google_sdk  # noqa: F401
