"""The reference of the stack configuration, docs/configuration.md, made from the code that reads the configuration."""
