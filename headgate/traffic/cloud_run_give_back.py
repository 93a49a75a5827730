"""Gives everything back to one revision of a Cloud Run service: look, write, read back, write again what was lost."""

from collections.abc import Mapping
from dataclasses import replace
from enum import Enum, auto
from typing import Any

from headgate.traffic import cloud_run_answers as answers
from headgate.traffic.cloud_run_errors import Place, failures, line, means_absent
from headgate.traffic.port import GivenBack, TrafficError
from headgate.traffic.retrying import Patience, Retrying

PATIENCE = Patience(total=60.0)  # with the time that a change of the traffic takes to be in force
ROUNDS = 5  # of writing, while somebody else changes the service or a write is acknowledged and not applied
AGAIN_S = 0.5  # between two of them
POLL_S, LONGEST_POLL_S = 0.2, 2.0  # between two looks at an operation; doubled from one to the other


class _Outcome(Enum):
    """What came of one write."""

    ACCEPTED = auto()
    LATE = auto()  # accepted, and not carried out as long as there was patience
    CONFLICT = auto()  # the service is not the one that was read
    NOT_SERVED = auto()  # accepted, and the operation failed
    NOT_SO = auto()  # refused in this form
    REFUSED = auto()


class GiveBack:
    """One give-back of the service at `place`. `services`: Google's client; `timeout_s`: for one answer."""

    def __init__(self, services: Any, retrying: Retrying, place: Place, *, timeout_s: float) -> None:
        self._services = services
        self._retrying = retrying
        self._place = place
        self._timeout_s = timeout_s
        self._trouble: list[str] = []
        self._failed: list[str] = []
        self._sent = self._arrived = 0

    def run(self, to: str) -> GivenBack:
        """See `TrafficPort.give_back`.

        A tag of a revision that is not ready may hold the whole traffic back. So entries at 0 % go when their revision
        was never ready, and all of them when a write with them is not carried out.
        """
        service = self._look("the split before the write; the write is without condition, and tags are lost")
        before = after = _served(service)
        if service is not None and answers.all_with(service, to):
            return GivenBack(to, before, after, 0, needed=False)
        alone = False
        for number in range(ROUNDS):
            if number and not self._retrying.wait(AGAIN_S):
                break
            # The last write goes to users before it goes by the rules: without condition.
            etag = str(service["etag"]) if service is not None and number < ROUNDS - 1 else ""
            outcome = self._write(answers.given_back(service, to, alone=alone), etag)
            service = self._look("the split after the write")
            after = _served(service)
            if service is None and outcome is not _Outcome.CONFLICT:
                break
            if service is not None and answers.all_with(service, to):
                break
            in_vain = outcome in {_Outcome.NOT_SERVED, _Outcome.NOT_SO}
            if outcome in {_Outcome.REFUSED, _Outcome.LATE} or (in_vain and alone):
                break
            alone = alone or in_vain
        return self._result(GivenBack(to, before, after, self._sent, needed=True))

    def _result(self, plain: GivenBack) -> GivenBack:
        if not self._arrived and not plain.done:
            why = "; ".join(dict.fromkeys(self._failed or self._trouble))
            raise TrafficError(f"the traffic of {self._place.service!r} cannot be given back: {why}")
        # A write whose answer was lost has arrived when everything is where it should be.
        failed = [] if plain.done else self._failed
        return replace(plain, trouble=tuple(dict.fromkeys([*self._trouble, *failed])))

    def _look(self, what: str) -> dict[str, Any] | None:
        """The service; None when it cannot be read. Raises TrafficError when it does not exist."""
        from google.api_core.exceptions import NotFound
        from google.cloud.run_v2 import Service

        try:
            found = self._retrying(
                lambda: self._services.get_service(name=self._place.path, timeout=self._timeout_s, retry=None)
            )
            service: dict[str, Any] = Service.to_dict(found, use_integers_for_enums=False)
            answers.served(service)
        except failures() as error:
            if isinstance(error, NotFound) and means_absent(error, self._place.service):
                raise self._place.absent() from error
            self._trouble.append(f"could not read {what}: {line(error, self._place)}")
            return None
        return service

    def _write(self, traffic: list[dict[str, Any]], etag: str) -> _Outcome:
        from google.api_core.exceptions import BadRequest, Conflict, PreconditionFailed
        from google.cloud.run_v2 import UpdateServiceRequest

        body = {"name": self._place.path, "traffic": traffic, **({"etag": etag} if etag else {})}
        request = UpdateServiceRequest(service=body, update_mask={"paths": ["traffic"]})

        def once() -> Any:
            self._sent += 1
            return self._services.update_service(request=request, timeout=self._timeout_s, retry=None)

        try:
            operation = self._retrying(once)
        except (Conflict, PreconditionFailed) as error:
            self._failed.append(line(error, self._place))
            return _Outcome.CONFLICT
        except failures() as error:
            self._failed.append(line(error, self._place))
            return _Outcome.NOT_SO if isinstance(error, BadRequest) else _Outcome.REFUSED
        return self._settled(operation)

    def _settled(self, operation: Any) -> _Outcome:
        pause = POLL_S
        try:
            while not self._retrying(operation.done):
                if not self._retrying.wait(pause):
                    self._arrived += 1
                    self._trouble.append(
                        f"the change was accepted but is not in force after {PATIENCE.total:g} s; look at what is "
                        "served (headgate status)"
                    )
                    return _Outcome.LATE
                pause = min(2 * pause, LONGEST_POLL_S)
            failed = str(operation.operation.error.message)
        except failures():
            failed = ""  # the split that is read back tells
        if failed:
            self._failed.append(failed.splitlines()[0])
            return _Outcome.NOT_SERVED
        self._arrived += 1
        return _Outcome.ACCEPTED


def _served(service: Mapping[str, Any] | None) -> dict[str, int] | None:
    return None if service is None else answers.served(service)
