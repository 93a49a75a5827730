"""The certificate that HTTPS listeners show."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
from pulumi_aws import acm

from components._common import PlainArguments, token


class CertificateArgs(TypedDict):
    """Arguments of `Certificate`: either `domain_name` or `existing_certificate_arn`."""

    domain_name: NotRequired[str]
    """Host name to request a certificate for. Replaces the certificate."""
    subject_alternative_names: NotRequired[Sequence[str]]
    """Further host names. Replaces the certificate."""
    existing_certificate_arn: NotRequired[pulumi.Input[str]]
    """A certificate that is already issued; nothing is created then."""
    tags: Mapping[str, pulumi.Input[str]]
    """Tags of every taggable child."""


class Certificate(pulumi.ComponentResource):
    """A certificate validated by DNS, or the one that is already there.

    AWS serves a requested certificate only once its validation records exist; until then name an existing
    one.

    Creates: certificate, unless an existing one is named.

    Changes during a rollout: nothing.

    Replaces on: `domain_name`, `subject_alternative_names`; the new certificate is made before the old one
    goes.
    """

    certificate_arn: pulumi.Output[str]
    """ARN, for listeners."""
    certificate: acm.Certificate | None
    """The requested certificate with its validation records; none when an existing one is used."""

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("Certificate"), name, {}, opts)
        existing = args.get("existing_certificate_arn")
        domain_name = args.get("domain_name")
        plain = PlainArguments("Certificate", name)
        plain.expect(
            (existing is None) != (domain_name is None),
            "domain_name, existing_certificate_arn",
            "both" if existing is not None else "neither",
            "exactly one of the two",
            "Name a domain to request a certificate, or the ARN of one that is issued.",
        )
        plain.refuse()

        self.certificate = None
        if existing is not None:
            self.certificate_arn = pulumi.Output.from_input(existing)
        else:
            self.certificate = acm.Certificate(
                f"{name}-certificate",
                domain_name=domain_name,
                subject_alternative_names=args.get("subject_alternative_names"),
                validation_method="DNS",
                key_algorithm="RSA_2048",
                tags=args["tags"],
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.certificate_arn = self.certificate.arn
        self.register_outputs({"certificate_arn": self.certificate_arn, "certificate": self.certificate})
