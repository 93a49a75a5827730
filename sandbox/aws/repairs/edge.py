"""Repairs of what stands around the edge: AWS WAF, Certificate Manager. References: the services' API references."""

from typing import Any

from moto.acm.models import CertBundle
from moto.core.exceptions import JsonRESTError
from moto.route53.models import route53_backends
from moto.wafv2.models import WAFV2Backend
from moto.wafv2.responses import WAFV2Response

from sandbox.aws.repairs import Original, around


@around(WAFV2Response, "create_web_acl")
def the_edge_has_its_firewall_in_one_region(original: Original, response: WAFV2Response) -> Any:
    """moto makes web ACLs for CloudFront anywhere; AWS in us-east-1 only (CreateWebACL, Scope)."""
    if response._get_param("Scope") == "CLOUDFRONT" and response.region != "us-east-1":
        raise JsonRESTError("WAFInvalidParameterException", "The scope is not valid: CLOUDFRONT needs us-east-1.")
    return original()


@around(WAFV2Backend, "put_logging_configuration")
def a_log_has_the_name_that_is_asked_for(
    original: Original, backend: WAFV2Backend, arn: str, destinations: list[str], *rest: Any
) -> Any:
    """moto writes anywhere; AWS to names that begin with aws-waf-logs- only (PutLoggingConfiguration)."""
    for destination in destinations:
        if not destination.split(":log-group:")[-1].split(":")[-1].split("/")[-1].startswith("aws-waf-logs-"):
            raise JsonRESTError(
                "WAFInvalidParameterException", "The ARN isn't valid: the name must start with aws-waf-logs-."
            )
    return original(arn, destinations, *rest)


@around(CertBundle, "describe")
def a_host_is_validated_by_its_record(original: Original, certificate: CertBundle) -> Any:
    """moto validates every host after a while; AWS when the record it asks for exists (ACM guide, "DNS validation").

    The certificate itself stays what moto says, so that listeners can be made without a zone."""
    answer = original()
    for option in answer["Certificate"].get("DomainValidationOptions", ()):
        if option["ValidationMethod"] == "DNS" and not _exists(certificate, option["ResourceRecord"]):
            option["ValidationStatus"] = "PENDING_VALIDATION"
    return answer


def _exists(certificate: CertBundle, wanted: dict[str, str]) -> bool:
    account = certificate.arn.split(":")[4]
    for zone in route53_backends[account]["aws"].zones.values():
        for record in zone.rrsets:
            named = record.name.rstrip(".") == wanted["Name"].rstrip(".")
            if named and record.type == wanted["Type"] and wanted["Value"].rstrip(".") in _values(record):
                return True
    return False


def _values(record: Any) -> set[str]:
    return {str(value).rstrip(".") for value in record.records or ()}
