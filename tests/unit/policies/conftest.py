"""Rules are also held against what components declare, which loads the SDK: see tests/support/aws_sdk.py."""

from tests.support import aws_sdk as _aws_sdk  # noqa: F401
from tests.support import google_sdk as _google_sdk  # noqa: F401
