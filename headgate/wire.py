"""Values as they arrive from outside, and as a message quotes them."""

MOMENT_DIGITS = 11  # of a time in epoch seconds; more is beyond what a calendar can show


def whole(value: object) -> int:
    """`value` as an int; 10 and 10.0 are 10, for Pulumi sends every number as a float.

    Raises ValueError on a fraction or a number without end, TypeError on anything but a number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(f"{value!r} is not a whole number")
    return int(value)


def moment(value: object) -> int:
    """`value` as epoch seconds that a calendar can show. Raises ValueError or TypeError on anything else."""
    seconds = whole(value)
    if not 0 <= seconds < 10**MOMENT_DIGITS:
        raise ValueError(f"{seconds} is not a time")
    return seconds


def text(value: object) -> str:
    """`value`, which must be a text. Raises TypeError."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def known_schema(value: object, schema: int) -> None:
    """Raises ValueError or TypeError when a record's schema is another than `schema`."""
    if whole(value) != schema:
        raise ValueError(f"schema {value!r} is not {schema}")


def show(value: object) -> str:
    """`value` as a message quotes it, at most 80 characters."""
    if value is None:
        return "nothing"
    quoted = repr(value)
    return quoted if len(quoted) <= 80 else quoted[:77] + "..."
