"""Rules of the firewall (Cloud Armor) in front of the load balancer."""

from collections.abc import Sequence

from pulumi_gcp import compute

# Cloud Armor's ready-made rule sets, OWASP CRS 3.3 (documentation, "preconfigured WAF rules"). Sensitivity 1 keeps to
# the signatures with the fewest false alarms.
WAF_RULE_SETS = (
    "sqli-v33-stable",
    "xss-v33-stable",
    "lfi-v33-stable",
    "rfi-v33-stable",
    "rce-v33-stable",
    "scannerdetection-v33-stable",
    "protocolattack-v33-stable",
    "cve-canary",
)
WAF_PRIORITY = 1000  # and up, one a rule set; evaluated first because the rate limit ends the evaluation
RATE_LIMIT_PRIORITY = 2000
TEST_CLIENTS_PRIORITY = 1000
DEFAULT_PRIORITY = 2_147_483_647  # Cloud Armor's last rule, which every policy has
RANGES_PER_RULE = 10  # the most a rule takes (Cloud Armor documentation, "Quotas and limits")

EVERY_ADDRESS: compute.SecurityPolicyRuleMatchArgsDict = {
    "versioned_expr": "SRC_IPS_V1",
    "config": {"src_ip_ranges": ["*"]},
}


def public_rules(requests_per_minute: int) -> list[compute.SecurityPolicyRuleArgsDict]:
    """Everybody may call: after the attack signatures, and each address only so often."""
    rules: list[compute.SecurityPolicyRuleArgsDict] = [
        {
            "priority": WAF_PRIORITY + position,
            "action": "deny(403)",
            "description": f"Requests that look like an attack: {rule_set}",
            "match": {"expr": {"expression": f"evaluatePreconfiguredWaf('{rule_set}', {{'sensitivity': 1}})"}},
        }
        for position, rule_set in enumerate(WAF_RULE_SETS)
    ]
    return [
        *rules,
        {
            "priority": RATE_LIMIT_PRIORITY,
            "action": "throttle",
            "description": f"At most {requests_per_minute} requests a minute from one address",
            "match": EVERY_ADDRESS,
            "rate_limit_options": {
                "conform_action": "allow",
                "exceed_action": "deny(429)",
                "enforce_on_key": "IP",
                "rate_limit_threshold": {"count": requests_per_minute, "interval_sec": 60},
            },
        },
        {"priority": DEFAULT_PRIORITY, "action": "allow", "description": "Everybody else", "match": EVERY_ADDRESS},
    ]


def named_clients_rules(client_cidrs: Sequence[str]) -> list[compute.SecurityPolicyRuleArgsDict]:
    """Nobody but the test clients."""
    groups = [client_cidrs[start : start + RANGES_PER_RULE] for start in range(0, len(client_cidrs), RANGES_PER_RULE)]
    rules: list[compute.SecurityPolicyRuleArgsDict] = [
        {
            "priority": TEST_CLIENTS_PRIORITY + position,
            "action": "allow",
            "description": "Test clients",
            "match": {"versioned_expr": "SRC_IPS_V1", "config": {"src_ip_ranges": list(ranges)}},
        }
        for position, ranges in enumerate(groups)
    ]
    return [
        *rules,
        {"priority": DEFAULT_PRIORITY, "action": "deny(403)", "description": "Nobody else", "match": EVERY_ADDRESS},
    ]
