"""The function at the edge that gives a user a cohort, played: its settings are read out of its source.

What it does with them is `headgate.assignment`; that the source does the same is tested under Node
(tests/unit/components/aws/test_cohort_function.py). Functions of other kinds are not played.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from multidict import CIMultiDict, MultiMapping

from headgate.assignment import cohort, cohort_text
from headgate.cohorts import HEADER

_SETTINGS = re.compile(r"^const SETTINGS = (\{.*\});", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class EdgeFunction:
    """Where the key of a user is found, the header first (an empty name is none), and what it is hashed with."""

    salt: str
    header: str = ""
    cookie: str = ""

    def headers(self, sent: MultiMapping[str], cookies: Mapping[str, str]) -> CIMultiDict[str]:
        """The headers that go on to the balancer: what the client says of its cohort is replaced, or taken out."""
        onward = CIMultiDict(sent)
        onward.popall(HEADER, None)
        user = (self.header and sent.get(self.header)) or (self.cookie and cookies.get(self.cookie))
        if user:
            onward[HEADER] = cohort_text(cohort(user, self.salt))
        return onward


def name_of(balancer: str) -> str:
    """What the function in front of `balancer` is called (components/aws/cohort_function.py)."""
    return f"{balancer}-cohort"


def read(code: str) -> EdgeFunction:
    """The function whose source is `code`. Raises ValueError when that is another one."""
    found = _SETTINGS.search(code)
    if found is None or f"'{HEADER}'" not in code:
        raise ValueError("the source of the edge function is not that of Headgate")
    settings = json.loads(found[1])
    return EdgeFunction(str(settings["salt"]), str(settings["header"]), str(settings["cookie"]))
