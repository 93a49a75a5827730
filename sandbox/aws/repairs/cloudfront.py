"""Repairs of Amazon CloudFront. Reference: CloudFront API, version 2020-05-31.

moto keeps a part of a distribution and drops the rest, checks no reference and no version, and knows no policies.
Here a configuration is kept as it was sent, so that what is read is what was written.
"""

import copy
from collections.abc import Iterator
from typing import Any

from moto.acm.models import acm_backends
from moto.cloudfront import urls
from moto.cloudfront.models import CloudFrontBackend, CloudFrontFunction, OriginAccessControl, random_id
from moto.cloudfront.responses import CloudFrontResponse
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.wafv2.models import wafv2_backends

from sandbox.aws.repairs import Original, around
from sandbox.aws.repairs.cloudfront_policies import KINDS, Refused, policies_of, version_is

# moto's own table has no such path, so requests would get no further.
urls.url_paths["{0}/2020-05-31/function/(?P<function_name>[^/]+)/publish$"] = CloudFrontResponse.dispatch

_CERTIFICATE_REGION = "us-east-1"


class _Config(dict[str, Any]):
    """A configuration as it was sent, read by moto as an object."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def caller_reference(self) -> str:
        return str(self["CallerReference"])


@around(CloudFrontBackend, "create_distribution_with_tags")
def a_distribution_is_checked_and_kept_whole(
    original: Original, backend: CloudFrontBackend, distribution_config: dict[str, Any], tags: list[dict[str, str]]
) -> Any:
    """moto loses origin access control, functions, policies and more, and refers to whatever it is told;
    AWS keeps everything and refuses references to nothing (CreateDistribution, Errors)."""
    kept = _Config(copy.deepcopy(distribution_config))
    _references_exist(backend, kept)
    _names_are_free(backend, kept, None)
    made, location, etag = original(distribution_config, tags)
    made.distribution_config = kept
    return made, location, etag


@around(CloudFrontBackend, "update_distribution")
def a_changed_distribution_is_checked_and_kept_whole(
    original: Original, backend: CloudFrontBackend, dist_config: dict[str, Any], _id: str, if_match: str
) -> Any:
    """As for a new one; moto also takes any version, AWS only the last (UpdateDistribution, PreconditionFailed)."""
    kept = _Config(copy.deepcopy(dist_config))
    found, _ = backend.get_distribution(_id)
    version_is(found.etag, if_match)
    if kept.caller_reference != found.distribution_config.caller_reference:
        raise Refused("IllegalUpdate", "The update contains modifications that are not allowed: CallerReference")
    _references_exist(backend, kept)
    _names_are_free(backend, kept, _id)
    changed, location, _ = original(dist_config, _id, if_match)
    changed.distribution_config = kept
    changed.etag = random_id()
    return changed, location, changed.etag


@around(CloudFrontBackend, "delete_distribution")
def only_a_disabled_distribution_is_deleted(
    original: Original, backend: CloudFrontBackend, distribution_id: str, if_match: str
) -> Any:
    """moto deletes one that serves users; AWS refuses (DeleteDistribution, DistributionNotDisabled)."""
    found, etag = backend.get_distribution(distribution_id)
    version_is(etag, if_match)
    kept: Any = found.distribution_config
    if kept["Enabled"]:
        raise Refused("DistributionNotDisabled", "The distribution you are trying to delete has not been disabled.")
    return original(distribution_id, if_match)


@around(OriginAccessControl, "update")
def a_changed_access_control_is_another_version(original: Original, control: OriginAccessControl, config: Any) -> Any:
    """moto keeps the version; AWS gives a new one (UpdateOriginAccessControl)."""
    control.etag = random_id()
    return original(config)


@around(CloudFrontResponse, "delete_origin_access_control")
def an_access_control_in_use_stays(original: Original, response: CloudFrontResponse) -> Any:
    """moto fails on one that is gone and deletes one in use; AWS refuses both (DeleteOriginAccessControl)."""
    identity = response._get_param("Id")
    response.backend.get_origin_access_control(identity)
    for origin in _origins(response.backend):
        if origin.get("OriginAccessControlId") == identity:
            raise Refused("OriginAccessControlInUse", "The origin access control is used by a distribution.")
    return original()


@around(CloudFrontFunction, "__init__")
def a_new_function_is_not_live(original: Original, function: Any, *given: Any) -> Any:
    """moto has one stage, AWS two: DEVELOPMENT, and LIVE once published (PublishFunction)."""
    original(*given)
    function.live = None


@around(CloudFrontResponse, "update_function")
def a_function_can_be_changed(original: Original, response: CloudFrontResponse) -> Any:
    """moto has no UpdateFunction."""
    function: Any = response.backend.describe_function(response._get_param("Name"))
    version_is(function.etag, response._get_param("IfMatch"))
    function.config = response._get_param("FunctionConfig", {})
    function.code = response._get_param("FunctionCode")
    function.status = "UNPUBLISHED" if function.live is None else "UNASSOCIATED"
    function.last_modified_time = utcnow()
    function.etag = random_id()
    return ActionResult({"FunctionSummary": function.function_summary, "ETag": function.etag})


@around(CloudFrontResponse, "publish_function")
def a_function_can_be_published(original: Original, response: CloudFrontResponse) -> Any:
    """moto has no PublishFunction."""
    function: Any = response.backend.describe_function(response._get_param("Name"))
    version_is(function.etag, response._get_param("IfMatch"))
    function.live = function.code
    function.status = "UNASSOCIATED"
    return ActionResult({"FunctionSummary": function.function_summary})


@around(CloudFrontBackend, "delete_function")
def a_function_in_use_stays(original: Original, backend: CloudFrontBackend, name: str, if_match: str) -> Any:
    """moto deletes a function that a distribution runs; AWS refuses (DeleteFunction, FunctionInUse)."""
    function = backend.describe_function(name)
    for config in _configs(backend):
        for behavior in _behaviors(config):
            if any(each.get("FunctionARN") == function.arn for each in _items(behavior.get("FunctionAssociations"))):
                raise Refused("FunctionInUse", "The function is associated with a distribution.")
    return original(name, if_match)


@around(CloudFrontResponse, "get_function")
def the_code_of_a_stage_is_given(original: Original, response: CloudFrontResponse) -> Any:
    """moto gives the same code for every stage; AWS what was published for LIVE (GetFunction)."""
    function: Any = response.backend.describe_function(response._get_param("Name"))
    live = response._get_param("Stage") == "LIVE"
    code = function.live if live else function.code
    if code is None:
        raise Refused("NoSuchFunctionExists", "The specified function does not exist in that stage.")
    return ActionResult({"FunctionCode": code, "ETag": function.etag, "ContentType": "application/octet-stream"})


def _references_exist(backend: CloudFrontBackend, config: _Config) -> None:
    origins = _items(config["Origins"])
    for origin in origins:
        control = origin.get("OriginAccessControlId")
        if control and control not in backend.origin_access_controls:
            raise Refused("NoSuchOriginAccessControl", "The specified origin access control does not exist.")
        if "S3OriginConfig" not in origin and "CustomOriginConfig" not in origin:
            raise Refused("InvalidOrigin", "An origin needs either a custom origin or an S3 origin configuration.")
    for behavior in _behaviors(config):
        if behavior["TargetOriginId"] not in {origin["Id"] for origin in origins}:
            raise Refused("NoSuchOrigin", "One or more of your origins or origin groups do not exist.")
        for kind in KINDS:
            identity = behavior.get(f"{kind.name}Id")
            if identity and identity not in policies_of(backend, kind):
                raise Refused(f"NoSuch{kind.name}", f"The specified {kind.words} does not exist.")
        for each in _items(behavior.get("FunctionAssociations")):
            _function_is_live(backend, each["FunctionARN"])
    certificate = (config.get("ViewerCertificate") or {}).get("ACMCertificateArn")
    if certificate and certificate not in acm_backends[backend.account_id][_CERTIFICATE_REGION]._certificates:
        raise Refused("InvalidViewerCertificate", "The specified SSL certificate doesn't exist or isn't in us-east-1.")
    acl = config.get("WebACLId")
    if acl and acl not in {each.arn for each in wafv2_backends[backend.account_id]["global"].wacls.values()}:
        raise Refused("InvalidWebACLId", "Web ACL is not accessible by the requester.")


def _function_is_live(backend: CloudFrontBackend, arn: str) -> None:
    found: Any = next((each for each in backend.functions.values() if each.arn == arn), None)
    if found is None or found.live is None:
        raise Refused("InvalidFunctionAssociation", "The function does not exist or is not published.")


def _names_are_free(backend: CloudFrontBackend, config: _Config, own: str | None) -> None:
    for identity, other in backend.distributions.items():
        theirs: Any = other.distribution_config
        taken = set(_items(theirs.get("Aliases"))) & set(_items(config.get("Aliases")))
        if identity != own and taken:
            raise Refused("CNAMEAlreadyExists", "One or more of the CNAMEs you provided are already associated.")


def _configs(backend: CloudFrontBackend) -> Iterator[dict[str, Any]]:
    for each in backend.distributions.values():
        kept: Any = each.distribution_config
        yield kept


def _origins(backend: CloudFrontBackend) -> Iterator[dict[str, Any]]:
    for config in _configs(backend):
        yield from _items(config["Origins"])


def _behaviors(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield config["DefaultCacheBehavior"]
    yield from _items(config.get("CacheBehaviors"))


def _items(counted: dict[str, Any] | None) -> list[Any]:
    return list((counted or {}).get("Items") or ())


def _policy_operations() -> None:
    """Adds the operations on policies, which moto does not have, to what it answers."""
    for kind in KINDS:
        for path in kind.paths:
            urls.url_paths[path] = CloudFrontResponse.dispatch
        for name, operation in kind.operations().items():
            around(CloudFrontResponse, name)(operation)


_policy_operations()
