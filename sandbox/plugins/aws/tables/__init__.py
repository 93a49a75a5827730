"""The resource types the stand-in carries, one module per service."""

from functools import lru_cache

from sandbox.plugins.aws.rows import Row


@lru_cache(maxsize=1)
def rows() -> dict[str, Row]:
    """Token -> row."""
    from sandbox.plugins.aws.tables import (
        acm,
        backup,
        chatbot,
        cloudfront,
        cloudfront_policies,
        cloudwatch,
        ec2,
        ecr,
        ecs,
        elasticache,
        elb,
        endpoints,
        iam,
        kms,
        log_delivery,
        logs,
        rds,
        route53,
        s3,
        scaling,
        secretsmanager,
        security_groups,
        sns,
        wafv2,
    )

    modules = (
        acm,
        backup,
        chatbot,
        cloudfront,
        cloudfront_policies,
        cloudwatch,
        ec2,
        ecr,
        ecs,
        elasticache,
        elb,
        endpoints,
        iam,
        kms,
        log_delivery,
        logs,
        rds,
        route53,
        s3,
        scaling,
        secretsmanager,
        security_groups,
        sns,
        wafv2,
    )
    listed: list[Row] = [row for module in modules for row in module.ROWS]
    return {row.token: row for row in listed}
