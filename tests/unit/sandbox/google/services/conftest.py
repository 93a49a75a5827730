"""The emulated Google for the tests of its services."""

from collections.abc import Callable

import pytest

from tests.support.google_api import Api


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def key(api: Api) -> Callable[[str], str]:
    """Makes a key that the service agent of a product may use, and answers its name."""

    def make(product: str) -> str:
        ring = "/cloudkms/v1/projects/p/locations/us-central1/keyRings"
        api.post(f"{ring}?keyRingId=ion", {})
        made = api.post(f"{ring}/ion/cryptoKeys?cryptoKeyId={product}", {"purpose": "ENCRYPT_DECRYPT"})
        agent = api.post(f"/serviceusage/v1beta1/projects/p/services/{product}.googleapis.com:generateServiceIdentity")
        member = f"serviceAccount:{agent['response']['email']}"
        binding = {"role": "roles/cloudkms.cryptoKeyEncrypterDecrypter", "members": [member]}
        api.post(f"/cloudkms/v1/{made['name']}:setIamPolicy", {"policy": {"bindings": [binding]}})
        return str(made["name"])

    return make
