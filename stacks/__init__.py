"""What is deployed: one module per system, one YAML file per system and environment."""
