"""Planted faults: what the emulated API is told to do wrong, where, and how often."""

from dataclasses import dataclass

from sandbox.emulator.faults import MOMENTS, Book, described

MODES = ("refuse", "ignore", "delay")


@dataclass(frozen=True)
class Fault:
    """One planted fault.

    service, operation: as boto3 and the API reference spell them ("elbv2", "ModifyListener").
    match: a text the decoded request must contain, "" for any request; an ARN or a name, usually.
    mode: "refuse" answers with an error; "ignore" answers success and changes nothing; "delay" waits.
    times: how many calls meet it before it is spent; None for every call until it is cleared.
    code, message, status: the error of "refuse". A code or status that AWS clients retry (Throttling,
    5xx) is met once per attempt.
    seconds, moment: how long "delay" waits, and whether before or after the change is applied.
    """

    service: str
    operation: str
    mode: str
    match: str = ""
    times: int | None = 1
    code: str = "OperationNotPermitted"
    message: str = "a fault planted in the sandbox refuses this call"
    status: int = 400
    seconds: float = 0.0
    moment: str = "before"
    number: int = 0

    def meets(self, service: str, operation: str, request: str) -> bool:
        return self.service == service and self.operation == operation and self.match in request


_TYPES: dict[str, tuple[type, ...]] = {
    "service": (str,),
    "operation": (str,),
    "mode": (str,),
    "match": (str,),
    "times": (int, type(None)),
    "code": (str,),
    "message": (str,),
    "status": (int,),
    "seconds": (int, float),
    "moment": (str,),
}


def parse(document: object) -> Fault:
    """A Fault from what a request carried; raises UnusableFault with all problems at once."""
    return Fault(
        **described(
            document,
            _TYPES,
            required=("service", "operation", "mode"),
            choices={"mode": MODES, "moment": MOMENTS},
        )
    )


class FaultBook(Book[Fault]):
    """The faults in force."""

    def take(self, service: str, operation: str, request: str) -> Fault | None:
        """The fault this call meets, used up by one; None when the call is to be answered honestly."""
        return self.first(lambda fault: fault.meets(service, operation, request))
