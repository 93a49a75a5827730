"""Where every call of the emulated API passes: it is logged, and a planted fault is carried out.

Hooked into moto's `BaseResponse.call_action`, which knows the service, the operation and the wire
protocol, so that a planted error is serialised as the service itself would. S3 and DynamoDB have ways of their
own in moto and do not pass here.
"""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

from moto.core.responses import ActionResult, BaseResponse, EmptyResult

from sandbox.aws.calls import CallLog
from sandbox.aws.faults import Fault, FaultBook
from sandbox.aws.refusals import Refusal

# Status, headers, body: what moto's dispatcher expects.
Answer = tuple[int, dict[str, str], Any]

# The answer of an ignored change, where AWS answers with the changed object: what a look at the
# unchanged object gives. Everything else ignored is answered with an empty success.
_UNCHANGED: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("elbv2", "ModifyListener"): lambda response: {
        "Listeners": response.elbv2_backend.describe_listeners(None, [response._get_param("ListenerArn")])
    },
    ("elbv2", "ModifyRule"): lambda response: {
        "Rules": response.elbv2_backend.describe_rules(None, [response._get_param("RuleArn")])
    },
}


def install(calls: CallLog, faults: FaultBook, sleep: Callable[[float], None] = time.sleep) -> Callable[[], None]:
    """Put the hook in place; returns what takes it out again."""
    original = BaseResponse.call_action

    def call_action(response: BaseResponse) -> Answer:
        service, operation = response.boto3_service_name, response._get_action() or ""
        number = calls.begin(service, operation, str(response.headers.get("User-Agent", "")))
        status = 500
        try:
            fault = faults.take(service, operation, _request_text(response))
            if fault is not None:
                calls.planted(number, f"{fault.mode} #{fault.number}")
            answer = _answer(response, fault, original, sleep)
            status = int(answer[0])
            return answer
        finally:
            calls.finish(number, status)

    setattr(BaseResponse, "call_action", call_action)  # noqa: B010 - mypy forbids assigning a method
    return lambda: setattr(BaseResponse, "call_action", original)


def _answer(
    response: BaseResponse, fault: Fault | None, original: Callable[[Any], Any], sleep: Callable[[float], None]
) -> Answer:
    if fault is None:
        return _honest(response, original)
    if fault.mode == "refuse":
        _, headers, body = response.serialized(ActionResult(Refusal(fault.code, fault.message)))
        headers["status"] = str(fault.status)
        return fault.status, headers, body
    if fault.mode == "ignore":
        look = _UNCHANGED.get((fault.service, fault.operation))
        return _plain(response.serialized(ActionResult(look(response)) if look else EmptyResult()))
    if fault.moment == "before":
        sleep(fault.seconds)
        return _honest(response, original)
    answer = _honest(response, original)
    sleep(fault.seconds)
    return answer


def _honest(response: BaseResponse, original: Callable[[Any], Any]) -> Answer:
    try:
        return _plain(original(response))
    except NotImplementedError:
        what = f"{response.boto3_service_name}:{response._get_action()}"
        error = Refusal(
            "NotImplemented", f"the emulator behind the sandbox has no {what}; a repair in sandbox/aws could add it"
        )
        _, headers, body = response.serialized(ActionResult(error))
        # Not a 5xx of the kind that clients retry.
        headers["status"] = "400"
        return 400, headers, body


def _plain(answer: Any) -> Answer:
    status, headers, body = answer
    return int(status), headers, body


def _request_text(response: BaseResponse) -> str:
    body = response.body
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body or "")
    return unquote_plus(f"{response.uri} {text} {response.querystring}")
