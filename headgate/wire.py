"""Values as they arrive from outside, and as a message quotes them."""


def whole(value: object) -> int:
    """`value` as an int; 10 and 10.0 are 10, for Pulumi sends every number as a float.

    Raises ValueError on a fraction or a number without end, TypeError on anything but a number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(f"{value!r} is not a whole number")
    return int(value)


def show(value: object) -> str:
    """`value` as a message quotes it, at most 80 characters."""
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
