"""How each piece is built: Pulumi components that read no configuration and call no cloud."""
