"""Errors of the emulated API that are ours, not moto's."""

from moto.core.exceptions import ServiceException


class Refusal(ServiceException):
    """An error with a code of the service's own: Refusal(code, message).

    moto takes the service of an exception from the package of its class, and knows no service "core".
    """
