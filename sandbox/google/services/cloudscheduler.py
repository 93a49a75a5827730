"""Cloud Scheduler v1: jobs. None is ever run by itself."""

import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

from sandbox.google.api import Call, Service
from sandbox.google.errors import bad_field
from sandbox.google.services._collection import Collection, target
from sandbox.google.store import Resource

_TARGETS = ("httpTarget", "pubsubTarget", "appEngineHttpTarget")
_CRON = re.compile(r"(\S+\s+){4}\S+")


def _name(call: Call) -> str:
    """The whole name is in the body; without one, the server makes it up."""
    parent = target(call)
    name = str(call.body.get("name") or f"{parent}/jobs/{call.cloud.serial() + 10**15}")
    if not re.fullmatch(re.escape(parent) + r"/jobs/[A-Za-z0-9_-]{1,500}", name):
        raise bad_field("job.name", f"Job name must be formatted: '{parent}/jobs/<JOB_ID>'; found '{name}'")
    return name


def _born(call: Call, job: Resource) -> None:
    job["state"] = "ENABLED"


def _shaped(call: Call, job: Resource) -> None:
    if sum(key in job for key in _TARGETS) != 1:
        raise bad_field("job.target", f"exactly one of {', '.join(_TARGETS)} is needed")
    schedule = job.get("schedule", "")
    # https://cloud.google.com/scheduler/docs/configuring/cron-job-schedules: cron, or App Engine's English.
    if not (_CRON.fullmatch(schedule) or schedule.startswith("every ")):
        raise bad_field("job.schedule", f"Schedule or timezone is invalid: '{schedule}'")
    job.setdefault("timeZone", "UTC")
    if job["timeZone"] not in available_timezones():
        raise bad_field("job.time_zone", f"Schedule or timezone is invalid: '{job['timeZone']}'")
    if "httpTarget" in job:
        http = job["httpTarget"] = {"httpMethod": "POST", **job["httpTarget"]}
        if not re.match(r"https?://", http.get("uri", "")):
            raise bad_field("job.http_target.uri", "must be a URL that begins with http:// or https://")
        # `Job.attemptDeadline`: 3 minutes for HTTP targets when it is left out.
        job.setdefault("attemptDeadline", "180s")
    job["userUpdateTime"] = call.cloud.now()


JOBS = Collection(
    api="cloudscheduler.projects.locations.jobs",
    kind="jobs",
    plural="jobs",
    name=_name,
    born=_born,
    shaped=_shaped,
    kept=("state", "lastAttemptTime"),
)


def _becomes(state: str) -> Any:
    # Of `resume` the document says that the job must be PAUSED; the official provider calls it after every creation
    # (cloud-run-notes 5), so an enabled job cannot be refused.
    def handler(call: Call) -> Mapping[str, Any]:
        return JOBS.write(call, target(call), lambda _, job: job.update(state=state))

    return handler


def _run(call: Call) -> Mapping[str, Any]:
    return JOBS.write(call, target(call), lambda _, job: job.update(lastAttemptTime=call.cloud.now()))


SERVICE = Service(
    name="cloudscheduler",
    documents=("cloudscheduler.v1",),
    mounts={"/cloudscheduler/": ""},
    handlers={
        **JOBS.handlers(),
        f"{JOBS.api}.pause": _becomes("PAUSED"),
        f"{JOBS.api}.resume": _becomes("ENABLED"),
        f"{JOBS.api}.run": _run,
    },
)
