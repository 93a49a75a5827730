"""AWS Certificate Manager. Reference: ACM API, version 2015-12-08."""

from typing import Any

from sandbox.plugins.aws.clients import CloudError
from sandbox.plugins.aws.codecs import List, Via
from sandbox.plugins.aws.rows import Call, Cloud, Field, Row, Target, described, new, row
from sandbox.plugins.aws.tags import TagStyle

_VALIDATIONS = """DomainValidationOptions[].{
    domainName: DomainName,
    resourceRecordName: ResourceRecord.Name,
    resourceRecordType: ResourceRecord.Type,
    resourceRecordValue: ResourceRecord.Value
}"""

_CERTIFICATE = row(
    "aws:acm/certificate:Certificate",
    "acm",
    {
        "domainName": new("DomainName"),
        # AWS lists the domain itself among its alternative names.
        "subjectAlternativeNames": Field(
            "SubjectAlternativeNames", List(), read="SubjectAlternativeNames", force_new=True
        ),
        "validationMethod": new("ValidationMethod", read="DomainValidationOptions[0].ValidationMethod"),
        # RequestCertificate writes RSA_2048, DescribeCertificate RSA-2048.
        "keyAlgorithm": new("KeyAlgorithm", Via(lambda v: v, lambda v: str(v).replace("-", "_"))),
    },
    create="RequestCertificate",
    made="@",
    identity=lambda found, _: found["CertificateArn"],
    find=described(
        "DescribeCertificate",
        lambda t: {"CertificateArn": t.id},
        "Certificate",
        more=lambda _, t, found: {
            "SubjectAlternativeNames": [
                name
                for name in found.get("SubjectAlternativeNames", ())
                if name != found["DomainName"] or name in (t.inputs.get("subjectAlternativeNames") or ())
            ]
        },
    ),
    delete=lambda t: [Call("DeleteCertificate", {"CertificateArn": t.id})],
    outputs={"arn": "CertificateArn", "status": "Status", "domainValidationOptions": _VALIDATIONS},
    missing=("ResourceNotFoundException",),
    tags=TagStyle(
        member="Tags",
        who=lambda target: target.id,
        add=("AddTagsToCertificate", lambda who, tags: {"CertificateArn": who, "Tags": tags}),
        remove=(
            "RemoveTagsFromCertificate",
            lambda who, keys: {"CertificateArn": who, "Tags": [{"Key": key} for key in keys]},
        ),
        listing=("ListTagsForCertificate", lambda who: {"CertificateArn": who}, "Tags"),
    ),
)


def _find_validated(cloud: Cloud, target: Target) -> Any:
    found = cloud("DescribeCertificate", CertificateArn=target.id)["Certificate"]
    waiting = [
        option["DomainName"]
        for option in found.get("DomainValidationOptions", ())
        if option.get("ValidationStatus") != "SUCCESS"
    ]
    if waiting or found["Status"] != "ISSUED":
        raise CloudError(
            "DescribeCertificate",
            "CertificateNotIssued",
            f"no record validates {', '.join(sorted(waiting)) or target.id}; AWS would wait for it for 75 minutes",
        )
    return found


_VALIDATION = row(
    "aws:acm/certificateValidation:CertificateValidation",
    "acm",
    {"certificateArn": new("CertificateArn"), "validationRecordFqdns": new(None, List(), read=None)},
    # There is nothing to create: the provider looks until the certificate is issued.
    create="DescribeCertificate",
    made="Certificate",
    identity=lambda found, _: found["CertificateArn"],
    find=_find_validated,
    delete=lambda t: [],
    missing=("ResourceNotFoundException",),
    support="repaired",
    note="a certificate is issued when its validation records exist; there is no waiting",
)

ROWS: tuple[Row, ...] = (_CERTIFICATE, _VALIDATION)
