"""The resource types the stand-in carries, one module per service."""

from functools import lru_cache

from sandbox.plugins.aws.rows import Row


@lru_cache(maxsize=1)
def rows() -> dict[str, Row]:
    """Token -> row."""
    from sandbox.plugins.aws.tables import (
        acm,
        ec2,
        ecs,
        elasticache,
        elb,
        iam,
        kms,
        logs,
        rds,
        scaling,
        secretsmanager,
        security_groups,
    )

    modules = (acm, ec2, ecs, elasticache, elb, iam, kms, logs, rds, scaling, secretsmanager, security_groups)
    listed: list[Row] = [row for module in modules for row in module.ROWS]
    return {row.token: row for row in listed}
