"""Loads modules of the Google SDK once, before warnings become errors: importing these warns about itself."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from pulumi_gcp import compute, monitoring

    # The modules are lazy; touching them is what loads them.
    compute.GlobalAddress  # noqa: B018
    monitoring.AlertPolicy  # noqa: B018
