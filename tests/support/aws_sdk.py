"""Loads the AWS SDK once, before warnings become errors: importing its ec2 and s3 modules warns about them."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from pulumi_aws import ec2, s3

    ec2.Vpc  # noqa: B018 - the module is lazy; touching it is what loads it
    s3.Bucket  # noqa: B018
