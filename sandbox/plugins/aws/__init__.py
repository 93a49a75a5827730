"""The stand-in for `pulumi-resource-aws`: a table of resource types over botocore.

`tables` says per type which API operations carry it; `codecs` turns property values into API parameters and
back; `engine` runs the operations; `servicer` speaks the provider protocol.
"""
