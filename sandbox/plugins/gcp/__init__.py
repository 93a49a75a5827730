"""The stand-in for `pulumi-resource-gcp`: it starts, and refuses every resource."""
