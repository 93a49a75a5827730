"""The resource types the stand-in carries, one module per service. References: Google's discovery documents."""

from functools import lru_cache

from sandbox.plugins.gcp.rows import Row


@lru_cache(maxsize=1)
def rows() -> dict[str, Row]:
    """Token -> row."""
    from sandbox.plugins.gcp.tables import (
        artifactregistry,
        cloudrunv2,
        cloudscheduler,
        compute,
        kms,
        load_balancing,
        logging,
        monitoring,
        projects,
        pubsub,
        secretmanager,
        security_policy,
        serviceaccount,
    )

    modules = (
        artifactregistry,
        cloudrunv2,
        cloudscheduler,
        compute,
        kms,
        load_balancing,
        logging,
        monitoring,
        projects,
        pubsub,
        secretmanager,
        security_policy,
        serviceaccount,
    )
    listed: list[Row] = [row for module in modules for row in module.ROWS]
    return {row.token: row for row in listed}
