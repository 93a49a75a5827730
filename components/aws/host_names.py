"""Host names, as DNS, certificates and the edge accept them."""

import re

EXPECTED = "a host name in lower case such as api.example.com"

_HOST_NAME = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")


def is_host_name(text: str) -> bool:
    """Whether `text` is a full host name in lower case, without a dot at its end."""
    return _HOST_NAME.fullmatch(text) is not None
