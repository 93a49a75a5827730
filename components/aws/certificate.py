"""The certificate that HTTPS listeners show."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
from pulumi_aws import acm, route53

from components._common import PlainArguments, token

VALIDATION_TTL = 300  # seconds


class CertificateArgs(TypedDict):
    """Arguments of `Certificate`: either `domain_name` or `existing_certificate_arn`."""

    domain_name: NotRequired[str]
    """Host name to request a certificate for. Replaces the certificate."""
    subject_alternative_names: NotRequired[Sequence[str]]
    """Further host names. Replaces the certificate."""
    existing_certificate_arn: NotRequired[pulumi.Input[str]]
    """A certificate that is already issued; nothing is created then."""
    zone_id: NotRequired[pulumi.Input[str]]
    """Zone of the host names: puts the validation records there and waits until the certificate is issued."""
    validation_record_names: NotRequired[Sequence[pulumi.Input[str]]]
    """Records of another certificate for the same host names, in another region: waits for those instead."""
    tags: Mapping[str, pulumi.Input[str]]
    """Tags of every taggable child."""


class Certificate(pulumi.ComponentResource):
    """A certificate validated by DNS, or the one that is already there.

    AWS serves a requested certificate only once its validation records exist. ACM asks for the same records in every
    region of an account (ACM guide, "DNS validation"), so only one of several certificates for a host name may make
    them.

    Creates: certificate, unless an existing one is named; with `zone_id` its validation records; with those or
    `validation_record_names` the wait until it is issued.

    Changes during a rollout: nothing.

    Replaces on: `domain_name`, `subject_alternative_names`; the new certificate is made before the old one
    goes.
    """

    certificate_arn: pulumi.Output[str]
    """ARN, for listeners and the edge; with validation, available only once the certificate is issued."""
    certificate: acm.Certificate | None
    """The requested certificate with its validation records; none when an existing one is used."""
    validation_record_names: pulumi.Output[Sequence[str]] | None
    """Names of the records made, for a certificate of the same host names in another region."""

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
        zone_id, shared = args.get("zone_id"), args.get("validation_record_names")
        plain.expect(
            zone_id is None or shared is None,
            "zone_id, validation_record_names",
            "both",
            "one of the two at most",
            "The records of a host name are made once.",
        )
        plain.expect(
            existing is None or (zone_id is None and shared is None),
            "existing_certificate_arn",
            "one, with validation",
            "no validation, as it is issued already",
        )
        plain.refuse()

        self.certificate = None
        self.validation_record_names = None
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
            if zone_id is not None:
                made = [
                    self._record(self.certificate, zone_id, position, host)
                    for position, host in enumerate(_hosts(domain_name, args.get("subject_alternative_names", ())))
                ]
                self.validation_record_names = pulumi.Output.all(*[record.fqdn for record in made])
                shared = [record.fqdn for record in made]
            if shared is not None:
                self.certificate_arn = acm.CertificateValidation(
                    f"{name}-validation",
                    certificate_arn=self.certificate.arn,
                    validation_record_fqdns=list(shared),
                    opts=pulumi.ResourceOptions(parent=self),
                ).certificate_arn
        self.register_outputs(
            {
                "certificate_arn": self.certificate_arn,
                "certificate": self.certificate,
                "validation_record_names": self.validation_record_names,
            }
        )

    def _record(
        self, certificate: acm.Certificate, zone_id: pulumi.Input[str], position: int, host: str
    ) -> route53.Record:
        """The record by which AWS sees that `host` is ours. It stays: renewals look at it too."""
        asked = certificate.domain_validation_options.apply(
            lambda options: next(each for each in options if (each.domain_name or "").removeprefix("*.") == host)
        )
        return route53.Record(
            f"{self.pulumi_resource_name}-validation-{position}",
            zone_id=zone_id,
            name=asked.apply(lambda each: (each.resource_record_name or "").removesuffix(".")),
            type=asked.apply(lambda each: each.resource_record_type or ""),
            records=[asked.apply(lambda each: each.resource_record_value or "")],
            ttl=VALIDATION_TTL,
            opts=pulumi.ResourceOptions(parent=self),
        )


def _hosts(domain_name: str | None, others: Sequence[str]) -> list[str]:
    """Host names that need a record each; a wildcard has the record of its parent."""
    return list(dict.fromkeys(host.removeprefix("*.") for host in [*([domain_name] if domain_name else []), *others]))
