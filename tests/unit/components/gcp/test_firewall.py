"""Rules of the firewall: each request meets the attack signatures before the rate limit lets it in."""

from typing import Any

import pytest

from components.gcp.firewall import DEFAULT_PRIORITY, RANGES_PER_RULE, WAF_RULE_SETS, named_clients_rules, public_rules


def by_priority(rules: Any) -> list[Any]:
    return sorted(rules, key=lambda rule: rule["priority"])


def test_signatures_first_then_the_rate_limit_then_everybody() -> None:
    rules = by_priority(public_rules(600))
    assert [rule["action"] for rule in rules] == ["deny(403)"] * len(WAF_RULE_SETS) + ["throttle", "allow"]
    for rule, rule_set in zip(rules, WAF_RULE_SETS, strict=False):
        assert rule["match"]["expr"]["expression"] == f"evaluatePreconfiguredWaf('{rule_set}', {{'sensitivity': 1}})"


def test_the_rate_limit_counts_each_address() -> None:
    (limit,) = [rule for rule in public_rules(600) if rule["action"] == "throttle"]
    assert limit["rate_limit_options"] == {
        "conform_action": "allow",
        "exceed_action": "deny(429)",
        "enforce_on_key": "IP",
        "rate_limit_threshold": {"count": 600, "interval_sec": 60},
    }


@pytest.mark.parametrize("rules", [public_rules(600), named_clients_rules(["10.0.0.0/8"])])
def test_priorities_are_unique_and_end_with_the_default_rule(rules: Any) -> None:
    priorities = [rule["priority"] for rule in rules]
    assert len(priorities) == len(set(priorities))
    assert max(priorities) == DEFAULT_PRIORITY
    assert all(rule["description"] for rule in rules)


def test_the_candidate_is_for_the_named_clients() -> None:
    ranges = [f"10.{number}.0.0/16" for number in range(RANGES_PER_RULE + 1)]
    first, second, rest = by_priority(named_clients_rules(ranges))
    assert [*first["match"]["config"]["src_ip_ranges"], *second["match"]["config"]["src_ip_ranges"]] == ranges
    assert len(first["match"]["config"]["src_ip_ranges"]) == RANGES_PER_RULE
    assert (first["action"], second["action"], rest["action"]) == ("allow", "allow", "deny(403)")
