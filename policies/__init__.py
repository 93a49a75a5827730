"""What must never happen: the rules, and the policy pack that makes the engine enforce them."""
