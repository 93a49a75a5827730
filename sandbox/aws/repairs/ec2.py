"""Repairs of Amazon EC2. Reference: Amazon EC2 API, version 2016-11-15."""

from typing import Any

from moto.ec2.models.security_groups import SecurityGroupBackend, SecurityGroupRule
from moto.ec2.models.vpcs import VPCBackend

from sandbox.aws.repairs import Original, around, around_property

_SAID = "headgate_description"


@around_property(SecurityGroupRule, "description")
def a_rule_about_a_group_has_a_description(original: Any, rule: SecurityGroupRule) -> Any:
    """moto tells the description of rules about addresses only; AWS that of every rule
    (SecurityGroupRule)."""
    return original or (rule.source_group or {}).get("Description") or getattr(rule, _SAID, None)


@around(SecurityGroupRule, "__init__")
def a_rule_about_a_prefix_list_has_a_description(original: Original, rule: Any, *args: Any, **named: Any) -> None:
    """moto drops what is said of a prefix list; AWS keeps it (PrefixListId)."""
    original(*args, **named)
    listed = next((each for each in (*args, *named.values()) if isinstance(each, dict) and "PrefixListId" in each), {})
    setattr(rule, _SAID, listed.get("Description"))


@around(SecurityGroupBackend, "modify_security_group_rules")
def a_rule_about_a_group_can_change(
    original: Original, backend: SecurityGroupBackend, group_id: str, rules: dict[str, dict[str, Any]]
) -> Any:
    """moto keeps group and description of a changed rule as they were; AWS changes them
    (ModifySecurityGroupRules)."""
    answer = original(group_id, rules)
    group = backend.get_security_group_by_name_or_id(group_id)
    for identity, asked in rules.items():
        rule = group.get_rule(identity) if group else None
        if rule is not None and rule.source_group:
            rule.ip_range.pop("Description", None)
            changed = {"GroupId": asked.get("ReferencedGroupId"), "Description": asked.get("Description")}
            rule.source_group.update({key: value for key, value in changed.items() if value is not None})
    return answer


@around(VPCBackend, "delete_vpc_endpoints")
def an_endpoint_that_is_gone_stays_gone(original: Original, backend: VPCBackend, vpce_ids: list[str]) -> Any:
    """moto looks for the routes of an endpoint that it deleted already, and fails; AWS says that there is none
    (DeleteVpcEndpoints)."""
    known = backend.vpc_end_points
    return original([each for each in vpce_ids if each not in known or known[each].state != "deleted"])
