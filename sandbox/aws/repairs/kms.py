"""Repairs of AWS KMS. Reference: KMS API, version 2014-11-01."""

import json
from typing import Any

from moto.kms.responses import KmsResponse

from sandbox.aws.repairs import Original, around

# The default that EnableKeyRotation documents.
_DEFAULT_PERIOD_DAYS = 365


@around(KmsResponse, "enable_key_rotation")
def the_rotation_period_is_kept(original: Original, response: KmsResponse) -> Any:
    """moto drops RotationPeriodInDays; AWS keeps it (EnableKeyRotation)."""
    answer = original()
    key = _key(response)
    given = response._get_param("RotationPeriodInDays")
    if given is not None or not hasattr(key, "rotation_period"):
        key.rotation_period = int(given or _DEFAULT_PERIOD_DAYS)
    return answer


@around(KmsResponse, "get_key_rotation_status")
def the_rotation_period_is_told(original: Original, response: KmsResponse) -> Any:
    """moto tells whether a key is rotated, AWS also how often (GetKeyRotationStatus)."""
    status = json.loads(original())
    if status["KeyRotationEnabled"]:
        status["RotationPeriodInDays"] = getattr(_key(response), "rotation_period", _DEFAULT_PERIOD_DAYS)
    return json.dumps(status)


def _key(response: KmsResponse) -> Any:
    backend = response.kms_backend
    return backend.keys[backend.get_key_id(response._get_param("KeyId"))]
