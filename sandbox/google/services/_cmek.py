"""Keys that customers manage: what has to be there before another product may encrypt with one."""

from sandbox.google import iam
from sandbox.google.api import Call
from sandbox.google.errors import ApiError
from sandbox.google.services import _projects

KEYS = "cryptoKeys"
_ROLE = "roles/cloudkms.cryptoKeyEncrypterDecrypter"


def check(call: Call, key: str, product: str) -> None:
    """Refuse a key that is not there, cannot encrypt, or that the product's service agent may not use.

    https://cloud.google.com/kms/docs/cmek: the product encrypts as its service agent, which needs the role on the
    key, its ring or its project. Raises ApiError FAILED_PRECONDITION, PERMISSION_DENIED.
    """
    exists(call, key)
    project = _projects.of(next(iter(call.path.values())))
    member = f"serviceAccount:{_projects.agent(project, product)}"
    above = (key, key.rpartition("/cryptoKeys/")[0], f"projects/{_projects.of(key)}")
    if not any(member in iam.members_of(call.cloud, resource, _ROLE) for resource in above):
        # The text: https://github.com/hashicorp/terraform-provider-google/issues/11913.
        raise ApiError(
            "PERMISSION_DENIED",
            f"Permission denied on Cloud KMS key {key}. Please ensure {member} may use it ({_ROLE}).",
        )


def exists(call: Call, key: str) -> None:
    """Refuse a key that is not there or cannot encrypt. Raises ApiError FAILED_PRECONDITION."""
    found = call.cloud.store.find(KEYS, key)
    if found is None:
        raise ApiError("FAILED_PRECONDITION", f"Cloud KMS key '{key}' was not found.")
    if found.get("primary", {}).get("state") != "ENABLED":
        raise ApiError("FAILED_PRECONDITION", f"Cloud KMS key '{key}' has no primary version that is enabled.")
