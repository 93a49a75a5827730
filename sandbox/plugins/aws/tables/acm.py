"""AWS Certificate Manager. Reference: ACM API, version 2015-12-08."""

from sandbox.plugins.aws.codecs import List, Via
from sandbox.plugins.aws.rows import Call, Field, Row, described, new, row
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

ROWS: tuple[Row, ...] = (_CERTIFICATE,)
