"""The resource types the stand-in carries, one module per service."""

from functools import lru_cache

from sandbox.plugins.aws.rows import Row


@lru_cache(maxsize=1)
def rows() -> dict[str, Row]:
    """Token -> row."""
    from sandbox.plugins.aws.tables import ec2, elb  # noqa: PLC0415 - imported once, when first needed

    listed = [*ec2.ROWS, *elb.ROWS]
    return {row.token: row for row in listed}
