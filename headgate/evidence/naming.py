"""Names of files for texts that anybody may have written. Pure."""

import re
from hashlib import sha256


def part(text: str) -> str:
    """`text` as one part of a path: itself where that is safe, else with a hash that keeps two texts apart."""
    if _SAFE.fullmatch(text):
        return text
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', text)[:40]}~{sha256(text.encode()).hexdigest()[:12]}"


_SAFE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}")
