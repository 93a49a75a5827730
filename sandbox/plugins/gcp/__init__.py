"""The stand-in for `pulumi-resource-gcp`: a table of resource types onto the REST APIs of the emulated Google Cloud."""
