"""The policies of CloudFront, which moto does not have: cache, origin request, response headers."""

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.cloudfront.models import CloudFrontBackend, random_id
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow


class Refused(ServiceException):
    """An answer that AWS gives and moto does not: code and message."""


def version_is(etag: str, given: str | None) -> None:
    """Only the last version may be changed (CloudFront guide, If-Match)."""
    if not given:
        raise Refused("InvalidIfMatchVersion", "The If-Match version is missing or not valid for the resource.")
    if given != etag:
        raise Refused("PreconditionFailed", "The precondition in one or more of the request fields was false.")


@dataclass
class Policy:
    """A policy as it is kept: its configuration as it was sent, and its version."""

    id: str
    config: dict[str, Any]
    etag: str


@dataclass(frozen=True)
class Kind:
    """One kind of policy. name: as the API spells it; path: its collection."""

    name: str
    path: str

    @property
    def words(self) -> str:
        return self.path.replace("-", " ")

    @property
    def paths(self) -> tuple[str, ...]:
        base = f"{{0}}/2020-05-31/{self.path}"
        return f"{base}$", f"{base}/(?P<policy_id>[^/]+)$", f"{base}/(?P<policy_id>[^/]+)/config$"

    def operations(self) -> dict[str, Callable[..., Any]]:
        """Method of moto's response -> the operation."""
        plural = re.sub("y$", "ies", self.name)

        def create(original: Any, response: Any) -> ActionResult:
            kept = policies_of(response.backend, self)
            config = copy.deepcopy(response._get_param(f"{self.name}Config"))
            self._check_name(kept, config, None)
            made = Policy(random_id(uppercase=False), config, random_id())
            kept[made.id] = made
            return self._answer(made)

        def get(original: Any, response: Any) -> ActionResult:
            return self._answer(self._found(response))

        def update(original: Any, response: Any) -> ActionResult:
            found = self._found(response)
            version_is(found.etag, response._get_param("IfMatch"))
            config = copy.deepcopy(response._get_param(f"{self.name}Config"))
            self._check_name(policies_of(response.backend, self), config, found.id)
            found.config, found.etag = config, random_id()
            return self._answer(found)

        def delete(original: Any, response: Any) -> ActionResult:
            found = self._found(response)
            version_is(found.etag, response._get_param("IfMatch"))
            if any(
                found.id in _policy_ids(each.distribution_config) for each in response.backend.distributions.values()
            ):
                raise Refused(f"{self.name}InUse", f"The {self.words} is attached to a cache behavior.")
            del policies_of(response.backend, self)[found.id]
            return EmptyResult()

        def listing(original: Any, response: Any) -> ActionResult:
            items = [
                {"Type": "custom", self.name: self._inner(each)}
                for each in policies_of(response.backend, self).values()
            ]
            return ActionResult({f"{self.name}List": {"MaxItems": 100, "Quantity": len(items), "Items": items}})

        stem = re.sub(r"(?<!^)(?=[A-Z])", "_", self.name).lower()
        stems = re.sub(r"(?<!^)(?=[A-Z])", "_", plural).lower()
        return {
            f"create_{stem}": create,
            f"get_{stem}": get,
            f"update_{stem}": update,
            f"delete_{stem}": delete,
            f"list_{stems}": listing,
        }

    def _inner(self, policy: Policy) -> dict[str, Any]:
        return {"Id": policy.id, "LastModifiedTime": utcnow(), f"{self.name}Config": policy.config}

    def _answer(self, policy: Policy) -> ActionResult:
        return ActionResult({self.name: self._inner(policy), "ETag": policy.etag})

    def _found(self, response: Any) -> Policy:
        found = policies_of(response.backend, self).get(response._get_param("Id"))
        if found is None:
            raise Refused(f"NoSuch{self.name}", f"The specified {self.words} does not exist.")
        return found

    def _check_name(self, kept: dict[str, Policy], config: dict[str, Any], own: str | None) -> None:
        if any(each.config["Name"] == config["Name"] and each.id != own for each in kept.values()):
            raise Refused(f"{self.name}AlreadyExists", f"A {self.words} with this name already exists.")


KINDS = (
    Kind("CachePolicy", "cache-policy"),
    Kind("OriginRequestPolicy", "origin-request-policy"),
    Kind("ResponseHeadersPolicy", "response-headers-policy"),
)


def policies_of(backend: CloudFrontBackend, kind: Kind) -> dict[str, Policy]:
    """The policies of a kind by id; they live and die with the backend, as everything else of moto."""
    every: dict[str, dict[str, Policy]] = backend.__dict__.setdefault("headgate_policies", {})
    return every.setdefault(kind.name, {})


def _policy_ids(config: Any) -> set[str]:
    behaviors = [config["DefaultCacheBehavior"], *((config.get("CacheBehaviors") or {}).get("Items") or ())]
    return {behavior.get(f"{kind.name}Id") or "" for behavior in behaviors for kind in KINDS}
