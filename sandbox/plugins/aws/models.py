"""botocore's service models: every call is checked against them, at preview too."""

import re
from functools import lru_cache
from typing import Any

from sandbox.plugins.aws.rows import Asked, Call
from sandbox.plugins.values import UNKNOWN, contains_unknown


@lru_cache(maxsize=1)
def session() -> Any:
    """A botocore session that reads no file, profile or credential of this machine."""
    from botocore.session import Session

    chain = {"profile": None, "config_file": "/dev/null", "credentials_file": "/dev/null"}
    made = Session()
    for name, value in chain.items():
        made.set_config_variable(name, value)
    return made


@lru_cache(maxsize=64)
def _operations(service: str) -> Any:
    return session().get_service_model(service)


@lru_cache(maxsize=512)
def _input_shape(service: str, operation: str) -> Any:
    return _operations(service).operation_model(operation).input_shape


def problems(service: str, call: Call) -> list[str]:
    """What botocore has against a call; unknown values are taken as valid. Values are not quoted."""
    from botocore.validate import ParamValidator

    shape = _input_shape(service, call.operation)
    given = {name: UNKNOWN if isinstance(value, Asked) else value for name, value in call.params.items()}
    params = filled(shape, given) if contains_unknown(given) else given
    report = ParamValidator().validate(params, shape)
    if not report.has_errors():
        return []
    return [f"{call.operation}: {without_values(line)}" for line in report.generate_report().splitlines()]


def without_values(text: str) -> str:
    """The complaint without the value, which may be a secret."""
    return re.sub(r"value: .*?, type: <class '([^']*)'>", r"found \1", text, flags=re.DOTALL)


def filled(shape: Any, value: Any) -> Any:
    """`value` with every unknown part replaced by something that the shape allows."""
    if value is UNKNOWN:
        return _example(shape)
    if isinstance(value, dict) and shape.type_name == "structure":
        return {key: filled(shape.members[key], item) if key in shape.members else item for key, item in value.items()}
    if isinstance(value, dict) and shape.type_name == "map":
        return {key: filled(shape.value, item) for key, item in value.items()}
    if isinstance(value, list) and shape.type_name == "list":
        return [filled(shape.member, item) for item in value]
    return value


def _example(shape: Any) -> Any:
    if shape.type_name == "structure":
        return {name: _example(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "list":
        return [_example(shape.member)] * int(shape.metadata.get("min", 0))
    if shape.type_name == "string":
        return "x" * max(int(shape.metadata.get("min", 1)), 1)
    if shape.type_name in {"integer", "long"}:
        return int(shape.metadata.get("min", 1))
    if shape.type_name in {"float", "double"}:
        return float(shape.metadata.get("min", 1))
    return {"map": {}, "boolean": False, "blob": b"", "timestamp": 0}.get(shape.type_name, "x")
