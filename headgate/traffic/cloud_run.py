"""A Cloud Run service whose revisions are the slots, through Google's own client over REST.

The slot is the revision's name. The client's import takes about half a second, so it waits for the first reading.
"""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any, TypeVar

from headgate.traffic import cloud_run_answers as answers
from headgate.traffic.cloud_run_errors import (
    ENDPOINT_KEY,
    ENDPOINT_VARIABLE,
    TOKEN_VARIABLE,
    Place,
    means_absent,
    passing,
    said,
)
from headgate.traffic.cloud_run_give_back import PATIENCE, GiveBack
from headgate.traffic.endpoints import is_loopback
from headgate.traffic.port import GivenBack, Reading, TrafficError
from headgate.traffic.retrying import Retrying
from headgate.traffic.shares import refuse_impossible

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
HOST = "https://run.googleapis.com"

TIMEOUT_S = 5.0  # for one answer; a rollback must not wait for a dead endpoint
RETRY_S = 20.0  # for all tries of one call, on 429, 5xx and ABORTED
MOST_LOST = 2  # connections lost or refused in one call, before it counts as failed
SETTLE_S = 120.0  # until a change of the traffic is in force; Google says it is not instantaneous
WRITES = 3  # tries of a conditional write, while what changed meanwhile was not the traffic
WRITE_AGAIN_S = 0.5  # between two of them

T = TypeVar("T")


class CloudRunTraffic:
    """`TrafficPort` of `service` in `project` and `region`.

    `endpoint`: a custom one as the provider wants it, ending in `/v2/`; None leaves it to the environment. `sleep`,
    `monotonic`: for the waits of `give_back`.
    """

    def __init__(
        self,
        service: str,
        project: str,
        region: str,
        endpoint: str | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = service
        self._project = project
        self._region = region
        self._endpoint = endpoint
        self._sleep = sleep
        self._monotonic = monotonic
        self._path = self._place("").path

    def read_live(self) -> Reading:
        """What is really served, and how the revisions behind it stand; see `TrafficPort.read_live`."""
        with self._said("cannot be read", "roles/run.viewer"):
            service = self._service()
            if service is None:
                return Reading(exists=False, split={}, healthy={}, desired={}, images={})
            found = {name: self._revision(name) for name in answers.revisions(service)}
            there = {name: revision for name, revision in found.items() if revision is not None}
            images = {name: answers.image(revision) for name, revision in there.items()}
            desired = {name: answers.instances(revision) for name, revision in there.items()}
            healthy = {name: desired[name] if answers.ready(there[name]) else 0 for name in there}
            return Reading(
                exists=True,
                split=answers.served(service),
                healthy=healthy,
                desired=desired,
                images={name: image for name, image in images.items() if image is not None},
                running=healthy,
                unsteady=_unsteady(service, found),
            )

    def read_split(self) -> dict[str, int]:
        """What is really served, with one call; see `TrafficPort.read_split`."""
        with self._said("cannot be read", "roles/run.viewer"):
            service = self._service()
            return {} if service is None else answers.served(service)

    def write_split(
        self,
        split: Mapping[str, int],
        stickiness: int,
        candidate: str | None = None,  # noqa: ARG002 - no rules for cohorts
    ) -> None:
        """One PATCH of the traffic alone, on condition that nobody else changed it; see `TrafficPort.write_split`.

        The template is not touched, so no revision can come of it: the mask names what is updated, and without
        `forceNewRevision` a revision is only made when the template changed (API reference, services.patch). Users are
        not split by cohort here, so `candidate` is not looked at.
        """
        refuse_impossible(split)
        if stickiness:
            raise TrafficError(
                f"service {self.name!r} cannot hold users for {stickiness} s: session affinity is part of a revision, "
                "not of the traffic. Set headgate:plan.stickiness to 0."
            )
        with self._said("cannot be written", "roles/run.developer"):
            self._write(split)

    def give_back(self, to: str) -> GivenBack:
        """One PATCH of the traffic alone, on condition of the etag; tags stay. See `TrafficPort.give_back`."""
        with self._said("cannot be given back", "roles/run.developer"):
            retrying = Retrying(passing, self._sleep, self._monotonic, PATIENCE)
            place = self._place("roles/run.developer")
            return GiveBack(self._services, retrying, place, timeout_s=TIMEOUT_S).run(to)

    def _write(self, split: Mapping[str, int]) -> None:
        from google.api_core.exceptions import Conflict

        service = self._service()
        if service is None:
            raise self._place("").absent()
        wanted = answers.rewritten(service, split)
        self._refuse_unknown(split, service)
        for tries_left in reversed(range(WRITES)):
            try:
                self._patch(wanted, str(service["etag"]))
                return
            except Conflict as conflict:
                # AIP-154: an etag that is not the current one is answered with ABORTED, which is 409. It also comes
                # when a try whose answer was lost had arrived.
                before, service = service["traffic"], self._service()
                if service is not None and _same(service["traffic"], wanted):
                    return
                if service is None or service["traffic"] != before or tries_left == 0:
                    raise TrafficError(
                        f"the traffic of {self.name!r} was changed by somebody else meanwhile; nothing was written. "
                        "Look at what is served (headgate status), then run the command again."
                    ) from conflict
                time.sleep(WRITE_AGAIN_S)

    def _patch(self, traffic: list[dict[str, Any]], etag: str) -> None:
        from google.api_core.future.polling import DEFAULT_POLLING
        from google.cloud.run_v2 import UpdateServiceRequest

        request = UpdateServiceRequest(
            service={"name": self._path, "traffic": traffic, "etag": etag}, update_mask={"paths": ["traffic"]}
        )
        operation = self._call(lambda: self._services.update_service(request=request, timeout=TIMEOUT_S, retry=None))
        patience = DEFAULT_POLLING.with_delay(initial=0.2, maximum=3.0, multiplier=1.5).with_timeout(SETTLE_S)
        operation.result(polling=patience)

    def _refuse_unknown(self, split: Mapping[str, int], service: Mapping[str, Any]) -> None:
        named = answers.revisions(service)
        for slot, share in split.items():
            if share > 0 and slot not in named and self._revision(slot) is None:
                raise TrafficError(
                    f"service {self.name!r} has no revision {slot!r} to send {share} % to (in its traffic: "
                    f"{', '.join(named) or 'none'}). Deploy it at 0 % first."
                )

    def _service(self) -> dict[str, Any] | None:
        from google.cloud.run_v2 import Service

        found = self._get(lambda: self._services.get_service(name=self._path, timeout=TIMEOUT_S, retry=None), self.name)
        return None if found is None else Service.to_dict(found, use_integers_for_enums=False)

    def _revision(self, name: str) -> dict[str, Any] | None:
        from google.cloud.run_v2 import Revision

        path = f"{self._path}/revisions/{name}"
        found = self._get(lambda: self._revisions.get_revision(name=path, timeout=TIMEOUT_S, retry=None), name)
        return None if found is None else Revision.to_dict(found, use_integers_for_enums=False)

    def _get(self, call: Callable[[], T], name: str) -> T | None:
        """The answer, or None when `name` does not exist; a 404 that means anything else is passed on."""
        from google.api_core.exceptions import NotFound

        try:
            return self._call(call)
        except NotFound as error:
            if not means_absent(error, name):
                raise
            return None

    def _call(self, call: Callable[[], T]) -> T:
        """`call` with backoff on what passes by itself."""
        from google.api_core.retry import Retry

        return Retry(predicate=_transient(), initial=0.2, maximum=3.0, multiplier=2.0, timeout=RETRY_S)(call)()

    @cached_property
    def _services(self) -> Any:
        from google.cloud.run_v2 import ServicesClient

        return ServicesClient(**self._how)

    @cached_property
    def _revisions(self) -> Any:
        from google.cloud.run_v2 import RevisionsClient

        return RevisionsClient(**self._how)

    @cached_property
    def _how(self) -> dict[str, Any]:
        where = {"api_endpoint": endpoint_host(self._endpoint, os.environ)}
        return {"credentials": _credentials(os.environ), "transport": "rest", "client_options": where}

    def _said(self, what: str, role: str) -> AbstractContextManager[None]:
        return said(f"the traffic of {self.name!r} {what}", self._place(role), tried_s=RETRY_S, settle_s=SETTLE_S)

    def _place(self, role: str) -> Place:
        return Place(self.name, self._project, self._region, role)


def endpoint_host(endpoint: str | None, environ: Mapping[str, str]) -> str:
    """What the client needs of the provider's custom endpoint: the address before `/v2/`, which it adds itself.

    Raises TrafficError when it has another form, or is plain HTTP to another machine.
    """
    where = ENDPOINT_KEY if endpoint else ENDPOINT_VARIABLE
    given = endpoint or environ.get(ENDPOINT_VARIABLE) or f"{HOST}/v2/"
    if not given.endswith("/v2/"):
        raise TrafficError(f"{where}: found {given!r}, expected an address that ends in /v2/, such as {HOST}/v2/")
    if not given.startswith("https://") and not is_loopback(given):
        raise TrafficError(f"{where}: found {given!r}, expected https:// (http:// only on this machine)")
    return given.removesuffix("/v2/")


def _credentials(environ: Mapping[str, str]) -> Any:
    """As the official provider chooses: a token in the environment, or else the application default."""
    import google.auth
    from google.oauth2.credentials import Credentials

    token = environ.get(TOKEN_VARIABLE)
    if token:
        return Credentials(token)  # type: ignore[no-untyped-call]
    found, _project = google.auth.default(scopes=[SCOPE])
    return found


def _transient() -> Callable[[BaseException], bool]:
    """Whether one call may be tried again: 429, 5xx and ABORTED always, a lost connection a few times."""
    from google.api_core import exceptions as api
    from requests.exceptions import ConnectionError as Lost

    lost = 0

    def passes(error: BaseException) -> bool:
        nonlocal lost
        if isinstance(error, Lost):
            lost += 1
            return lost < MOST_LOST
        return isinstance(error, (api.TooManyRequests, api.ServerError))

    return passes


def _unsteady(service: Mapping[str, Any], found: Mapping[str, Mapping[str, Any] | None]) -> dict[str, str]:
    """Slot -> why: its own revision first, then its share, then the service as a whole."""
    whole, shares = answers.service_unsteady(service), answers.traffic_unsteady(service)
    why = {}
    for slot in {**found, **answers.served(service)}:
        revision = found.get(slot)
        own = answers.revision_unsteady(revision) if revision is not None else "there is no such revision"
        why[slot] = own or shares.get(slot, "") or whole
    return {slot: reason for slot, reason in why.items() if reason}


def _same(traffic: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> bool:
    keys = ("type_", "revision", "percent", "tag")
    plain = [
        {**{key: entry.get(key) for key in keys}, "revision": answers.short(entry["revision"])} for entry in traffic
    ]
    return plain == wanted
