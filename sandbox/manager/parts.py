"""The processes of a sandbox: their names, what they are started with, where they answer."""

from collections.abc import Mapping

from sandbox.manager.errors import SandboxError
from sandbox.manager.layout import Layout
from sandbox.manager.record import Record

DEFAULT_STACK = "greenflow-production"
DEFAULT_STACKS = (DEFAULT_STACK, "ion-production")
CLOUD, GOOGLE, ROUTER, RUN_ROUTER, WATCH = "cloud", "google", "router", "run-router", "watch"
SPOKEN = {
    CLOUD: "the emulated AWS",
    GOOGLE: "the emulated Google",
    ROUTER: "the router that plays the load balancer",
    RUN_ROUTER: "the router that plays the Cloud Run services",
    WATCH: "the watch over the applications",
}
CLOUDS = (CLOUD, GOOGLE)  # kept in memory: when one ends, everything in it is lost
STAGES = (CLOUDS, (ROUTER, RUN_ROUTER), (WATCH,))  # each needs the addresses of the one before
# Process -> name of an address in `Record.urls` -> its name in the ready file.
URLS = {
    CLOUD: {"aws": "url"},
    GOOGLE: {"google": "url"},
    ROUTER: {"traffic": "url", "test": "test_url", "http": "http_url"},
    RUN_ROUTER: {"run": "url"},
    WATCH: {},
}


def arguments(name: str, layout: Layout, known: Record) -> list[str]:
    """Module and arguments of a process; those of an earlier stage have their addresses in `known`."""
    urls, plays = known.urls, known.stacks
    match name:
        case "cloud":
            return ["sandbox.aws.server"]
        case "google":
            return ["sandbox.google"]
        case "router":
            given = ["sandbox.router", f"--aws-endpoint={urls['aws']}", f"--load-balancer={plays['greenflow']}"]
            given += [f"--backends={layout.backends}", f"--database={layout.requests}"]
            return [*given, *_ports({"traffic": "--port", "test": "--test-port", "http": "--http-port"}, urls)]
        case "run-router":
            given = ["sandbox.router.run", f"--google={urls['google']}", f"--service={plays['ion']}"]
            given += [f"--backends={layout.run_backends}", f"--database={layout.run_requests}"]
            return [*given, *_ports({"run": "--port"}, urls)]
    given = ["sandbox.manager", "watch", f"--home={layout.home}", f"--cluster={plays['greenflow']}"]
    given += [f"--aws-endpoint={urls['aws']}", f"--router={urls['traffic']}"]
    return [*given, f"--google={urls['google']}", f"--run-router={urls['run']}"]


def _ports(options: Mapping[str, str], urls: Mapping[str, str]) -> list[str]:
    """Started again, a router must be where shells with the sandbox's environment expect it."""
    return [f"{option}={_port(urls[name])}" for name, option in options.items() if name in urls]


def stacks(stack: str) -> dict[str, str]:
    """System -> the stack whose users a router plays."""
    return {system(each): each for each in (*DEFAULT_STACKS, stack)}


def system(stack: str) -> str:
    """`ion` of `ion-production`."""
    return stack.partition("-")[0]


def refuse_another(known: Record, stack: str) -> None:
    """Raises SandboxError when the running sandbox plays another stack of the same system."""
    plays = known.stacks.get(system(stack))
    if plays != stack:
        raise SandboxError(f"the sandbox runs for stack {plays!r}, not {stack!r}. End it first: headgate sandbox down")


def addresses(urls: Mapping[str, str]) -> list[str]:
    """What answers where, one line each; `urls` as in `Record`."""
    rows = [
        ("AWS API", urls["aws"], ""),
        ("Google API", urls["google"], ""),
        ("users", urls["traffic"], "the load balancer's port 443"),
        ("testers", urls["test"], "its port 8443"),
        ("plain HTTP", urls["http"], "its port 80"),
        ("users", urls["run"], "the Cloud Run services"),
    ]
    return [f"{who:<12} {url}{f'  ({what})' if what else ''}" for who, url, what in rows]


def _port(url: str) -> str:
    return url.rpartition(":")[2]
