"""The registry: what a rollback needs is never cleaned up."""

from typing import Any

import pytest

from components.gcp.registry import ImageRegistry, ImageRegistryArgs, cleanup_policies
from tests.support.drive import drive
from tests.support.mocks import Recorded

ONE, TWO = ("us-central1-docker.pkg.dev/acme-ion/ion/ion-api@sha256:" + digit * 64 for digit in "12")
ARGS: ImageRegistryArgs = {
    "physical_name": "ion-production",
    "project": "acme-ion",
    "location": "us-central1",
    "kms_key_name": "key",
    "images_in_use": [TWO, ONE],
    "labels": {},
}


def registry(**more: Any) -> Recorded:
    args: Any = {**ARGS, **more}
    return drive(lambda: ImageRegistry("registry", args))


def test_images_in_use_and_the_most_recent_ones_stay_and_old_untagged_ones_go() -> None:
    assert registry().one("Repository").inputs["cleanupPolicies"] == [
        {"id": "keep-most-recent", "action": "KEEP", "mostRecentVersions": {"keepCount": 10}},
        {
            "id": "keep-in-use",
            "action": "KEEP",
            "condition": {
                "tagState": "ANY",
                "versionNamePrefixes": ["sha256:" + "1" * 64, "sha256:" + "2" * 64],
            },
        },
        {
            "id": "delete-old-untagged",
            "action": "DELETE",
            "condition": {"tagState": "UNTAGGED", "olderThan": "2592000s"},
        },
    ]


def test_the_order_and_number_of_mentions_of_an_image_change_nothing() -> None:
    assert cleanup_policies([ONE, TWO, ONE], 10, 30) == cleanup_policies([TWO, ONE], 10, 30)


def test_nothing_in_use_yet() -> None:
    assert [policy["id"] for policy in cleanup_policies([], 10, 30)] == ["keep-most-recent", "delete-old-untagged"]


def test_tags_never_move_and_scanning_is_the_projects() -> None:
    inputs = registry().one("Repository").inputs
    assert inputs["dockerConfig"] == {"immutableTags": True}
    assert inputs["vulnerabilityScanningConfig"] == {"enablementConfig": "INHERITED"}
    assert inputs["kmsKeyName"] == "key"


def test_outputs() -> None:
    outputs = registry().outputs_of("ImageRegistry")
    assert outputs["registry_url"] == "us-central1-docker.pkg.dev/acme-ion/ion-production"
    assert outputs["repository_name"] == "ion-production"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"physical_name": "Ion"}, "physical_name: found 'Ion'"),
        ({"keep_count": 2}, "keep_count: found 2; expected a whole number from 3 to 1000 versions"),
        ({"delete_untagged_after_days": 0}, "delete_untagged_after_days: found 0"),
        ({"images_in_use": ["r/ion:1"]}, "images_in_use: found 'r/ion:1'; expected an image by digest"),
    ],
)
def test_wrong_arguments_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"ImageRegistry 'registry': {message}"):
        registry(**more)
