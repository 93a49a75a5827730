"""Cloud Scheduler API v1. Whether a job is paused is no member of it, but a state that two requests change."""

from sandbox.plugins.gcp.fields import Field, members, one, outside, own, value
from sandbox.plugins.gcp.rest import Request
from sandbox.plugins.gcp.rows import Action, Row, Target

_JOB = "projects/{project}/locations/{region}/jobs/{name}"
_ACCOUNT = "serviceAccountEmail!"


def _paused(target: Target) -> list[Request]:
    verb = "pause" if target.inputs.get("paused") else "resume"
    return [Request("POST", target.path(f"{_JOB}:{verb}"), {}, {})]


ROWS: tuple[Row, ...] = (
    Row(
        token="gcp:cloudscheduler/job:Job",
        api="cloudscheduler",
        fields={
            **outside("name^ region~^ project~^"),
            "deletionPolicy": own(),
            "paused": Field("_paused", marks="~"),
            **members(
                "description schedule attemptDeadline~",
                timeZone=value(default="Etc/UTC"),
                retryConfig=one(
                    "retryCount~ maxRetryDuration~ minBackoffDuration~ maxBackoffDuration~ maxDoublings~", marks="~"
                ),
                pubsubTarget=one("topicName! data attributes"),
                httpTarget=one(
                    "uri! httpMethod~ body headers~",
                    oidcToken=one(f"{_ACCOUNT} audience~"),
                    oauthToken=one(f"{_ACCOUNT} scope~"),
                ),
            ),
        },
        outputs=members("state"),
        collection="projects/{project}/locations/{region}/jobs",
        path=_JOB,
        named=_JOB,
        actions=(Action(frozenset({"paused"}), _paused),),
        # On every create. Source: cloud-run-notes 5 (measured).
        after=_paused,
        seen=lambda found, target: {**found, "_paused": found.get("state") == "PAUSED"},
        auto="name",
        longest=500,
    ),
)
