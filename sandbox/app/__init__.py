"""The service under rollout in a rehearsal: small, real, one process per slot."""
