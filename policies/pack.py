"""The pack: all rules in order, and the policies made of them."""

from collections import Counter
from collections.abc import Sequence

from pulumi_policy import Policy

from policies import (
    alarms,
    cache,
    carrier_agreement,
    cloud_run,
    database,
    database_care,
    ecs,
    edge,
    firewall,
    functions,
    google_encryption,
    google_iam,
    google_monitoring,
    google_registry,
    google_secrets,
    housekeeping,
    iam,
    ignored_changes,
    image_repository,
    kms,
    load_balancer,
    log_groups,
    names,
    network,
    protection,
    regions,
    rollout,
    secrets_manager,
    storage,
    tags,
    task_definition,
    vpc,
)
from policies.adapter import resource_policy, stack_policy
from policies.model import Described, Rule, StackRule
from policies.session import Session

NAME = "headgate"
VERSION = "0.1.0"  # also in PulumiPolicy.yaml, from which the engine takes it
DESCRIPTION = "Refuses rollouts that skip what makes them safe, and infrastructure that breaks its environment's rules."


def rules(session: Session) -> tuple[Rule | StackRule, ...]:
    """Every rule, in the order in which they are listed and judged. Raises ValueError when two have one id."""
    listed: tuple[Rule | StackRule, ...] = (
        housekeeping.configuration(session),
        *rollout.rules(session),
        *ignored_changes.RULES,
        *protection.rules(session),
        *carrier_agreement.STACK_RULES,
        *network.RULES,
        *vpc.RULES,
        *vpc.STACK_RULES,
        *load_balancer.RULES,
        *edge.RULES,
        *edge.STACK_RULES,
        *firewall.RULES,
        *firewall.STACK_RULES,
        *names.RULES,
        *names.STACK_RULES,
        *ecs.RULES,
        *task_definition.RULES,
        *database.RULES,
        *database.STACK_RULES,
        *database_care.RULES,
        *cache.RULES,
        *storage.RULES,
        *storage.STACK_RULES,
        *image_repository.RULES,
        *image_repository.STACK_RULES,
        *log_groups.RULES,
        *secrets_manager.RULES,
        *secrets_manager.STACK_RULES,
        *kms.RULES,
        *kms.STACK_RULES,
        *iam.RULES,
        *alarms.RULES,
        *alarms.STACK_RULES,
        *functions.RULES,
        *cloud_run.RULES,
        *google_secrets.RULES,
        *google_registry.RULES,
        *google_iam.RULES,
        *google_monitoring.RULES,
        *google_monitoring.STACK_RULES,
        *google_encryption.RULES,
        *tags.RULES,
        *regions.RULES,
        housekeeping.exemption_used(session),
    )
    refuse_duplicates(listed)
    return listed


def refuse_duplicates(listed: Sequence[Described]) -> None:
    """Raises ValueError with every id that more than one rule has."""
    twice = [name for name, count in Counter(rule.id for rule in listed).items() if count > 1]
    if twice:
        raise ValueError(f"policies with the same id: {', '.join(sorted(twice))}; rename one of each")


def policies(session: Session) -> list[Policy]:
    """Every rule as a policy of the SDK."""
    return [
        resource_policy(rule, session) if isinstance(rule, Rule) else stack_policy(rule, session)
        for rule in rules(session)
    ]
