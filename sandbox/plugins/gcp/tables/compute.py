"""Compute Engine API v1: addresses, endpoint groups and what TLS needs. Writes start operations.

Source for which request changes what: mmv1/products/compute (update_url of a property is a request of its own).
"""

from collections.abc import Callable
from typing import Any

from sandbox.plugins.gcp.fields import Field, members, one, outside, own, value
from sandbox.plugins.gcp.rest import Request
from sandbox.plugins.gcp.rows import Action, Row, Target

GLOBAL = "projects/{project}/global"


def general(where: str = "name^ project~^") -> dict[str, Field]:
    """What every type of this API has."""
    return {**outside(where), "deletionPolicy": own()}


def setter(
    names: str, path: str, verb: str, body: Callable[[Target], dict[str, Any]], *, on_create: bool = False
) -> Action:
    """Properties that a request of their own changes; what is removed from the program is not in its body."""

    def requests(target: Target) -> list[Request]:
        given = {name: value for name, value in body(target).items() if value is not None}
        return [Request("POST", f"{target.path(path)}/{verb}", {}, given)]

    return Action(frozenset(names.split()), requests, on_create)


def labelled(row_path: str) -> Action:
    """Labels are changed with the fingerprint of the ones that are there."""

    def requests(target: Target) -> list[Request]:
        mine, every = target.state.get("labels") or {}, target.state.get("effectiveLabels") or {}
        labels = {key: label for key, label in every.items() if key not in mine} | (target.inputs.get("labels") or {})
        body = {"labels": labels, "labelFingerprint": target.state.get("labelFingerprint", "")}
        return [Request("POST", f"{target.path(row_path)}/setLabels", {}, body)]

    return Action(frozenset({"labels"}), requests)


_ADDRESS = f"{GLOBAL}/addresses/{{name}}"

ROWS: tuple[Row, ...] = (
    Row(
        token="gcp:compute/globalAddress:GlobalAddress",
        api="compute",
        fields={
            **general(),
            **members(
                "address~^ description^ ipVersion~^ prefixLength~^ purpose~^ network^@ labels%",
                addressType=value(marks="^", default="EXTERNAL"),
            ),
        },
        outputs=members("creationTimestamp labelFingerprint selfLink"),
        collection=f"{GLOBAL}/addresses",
        path=_ADDRESS,
        named="{name}",
        update_method="",
        actions=(labelled(_ADDRESS),),
        operations="compute",
        auto="name",
    ),
    Row(
        token="gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup",
        api="compute",
        fields={
            **general("name^ region!^ project~^"),
            **members(
                "description^ network^@ subnetwork^@ pscTargetService^",
                networkEndpointType=value(marks="^", default="SERVERLESS"),
                cloudRun=one("service tag urlMask", marks="^"),
            ),
        },
        outputs=members("selfLink"),
        collection="projects/{project}/regions/{region}/networkEndpointGroups",
        path="projects/{project}/regions/{region}/networkEndpointGroups/{name}",
        named="{name}",
        update_method="",
        operations="compute",
        auto="name",
    ),
    Row(
        token="gcp:compute/managedSslCertificate:ManagedSslCertificate",
        api="compute",
        fields={
            **general(),
            **members("description^", type=value(marks="^", default="MANAGED"), managed=one("domains!", marks="^")),
        },
        outputs=members("certificateId#=id creationTimestamp expireTime selfLink subjectAlternativeNames"),
        collection=f"{GLOBAL}/sslCertificates",
        path=f"{GLOBAL}/sslCertificates/{{name}}",
        named="{name}",
        update_method="",
        operations="compute",
        auto="name",
    ),
    Row(
        token="gcp:compute/sSLPolicy:SSLPolicy",
        api="compute",
        fields={
            **general(),
            **members(
                "description^ customFeatures?",
                profile=value(default="COMPATIBLE"),
                minTlsVersion=value(default="TLS_1_0"),
            ),
        },
        outputs=members("creationTimestamp enabledFeatures fingerprint selfLink"),
        collection=f"{GLOBAL}/sslPolicies",
        path=f"{GLOBAL}/sslPolicies/{{name}}",
        named="{name}",
        echoes=("fingerprint",),
        operations="compute",
        auto="name",
    ),
)
