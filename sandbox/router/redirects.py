"""Where a redirect action points to.

Source: API reference of Elastic Load Balancing v2, RedirectActionConfig: a URI is
protocol://hostname:port/path?query, every part not changed keeps its value, and #{protocol}, #{host},
#{port}, #{path} (without its leading slash) and #{query} stand for the parts of the request. A balancer
writes the port out even where it is the usual one of the protocol.
"""

import re

from sandbox.router.model import Listener, Redirect
from sandbox.router.rules import Facts, host_name

_KEYWORD = re.compile(r"#\{(protocol|host|port|path|query)\}")


def location(action: Redirect, listener: Listener, facts: Facts) -> str:
    """The value of the Location header; protocol and port are those of the listener, not of the sandbox."""
    parts = {
        "protocol": listener.protocol.lower(),
        "host": host_name(facts.host),
        "port": str(listener.port),
        "path": facts.path.removeprefix("/"),
        "query": facts.query,
    }

    def filled(template: str) -> str:
        return _KEYWORD.sub(lambda keyword: parts[keyword[1]], template)

    query = filled(action.query)
    return f"{filled(action.protocol).lower()}://{filled(action.host)}:{filled(action.port)}{filled(action.path)}" + (
        f"?{query}" if query else ""
    )
