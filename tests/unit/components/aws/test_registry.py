"""The registry: what its lifecycle policy expires, played as Amazon ECR plays it."""

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.aws.registry import ImageRepository, lifecycle_policy
from tests.support.drive import drive
from tests.support.mocks import Recorded

ARGS: dict[str, Any] = {
    "repository_name": "greenflow-api",
    "kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/1",
    "versions_in_use": ["2026.01.28", "2026.02.11"],
    "tags": {},
}


def registry(**more: Any) -> Recorded:
    args: Any = {**ARGS, **more}
    return drive(lambda: ImageRepository("images", args))


@dataclass(frozen=True)
class Image:
    """An image by age (0 is the newest) with its tags."""

    age: int
    tags: frozenset[str]


def expired(policy: str, images: list[Image]) -> list[Image]:
    """What ECR expires: a rule selects images with all its patterns, and takes them away from later rules."""
    taken: set[Image] = set()
    gone: list[Image] = []
    for rule in sorted(json.loads(policy)["rules"], key=lambda rule: rule["rulePriority"]):
        wanted = rule["selection"]
        found = [
            image
            for image in sorted(images, key=lambda image: image.age)
            if image.tags and all(any(fnmatchcase(tag, p) for tag in image.tags) for p in wanted["tagPatternList"])
        ]
        gone += [image for image in found[wanted["countNumber"] :] if image not in taken]
        taken |= set(found)
    return gone


@given(
    in_use=st.sets(st.integers(0, 60), max_size=3),
    keep=st.integers(3, 20),
    count=st.integers(0, 61),
)
def test_versions_in_use_and_the_newest_stay_whatever_their_age(in_use: set[int], keep: int, count: int) -> None:
    images = [Image(age, frozenset({f"v{age}"} if age % 7 else {f"v{age}", "release"})) for age in range(count)]
    gone = {image.age for image in expired(lifecycle_policy([f"v{each}" for each in in_use], keep), images)}

    assert not gone & in_use
    assert not gone & set(range(keep))
    assert gone == set(range(keep, count)) - in_use


def test_what_carries_no_tag_stays() -> None:
    assert expired(lifecycle_policy([], 3), [Image(age, frozenset()) for age in range(50)]) == []


def test_tags_never_move_and_every_push_is_scanned() -> None:
    made = registry().one("Repository").inputs
    assert made["imageTagMutability"] == "IMMUTABLE"
    assert made["imageScanningConfiguration"] == {"scanOnPush": True}
    assert made["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": ARGS["kms_key_arn"]}]
    assert made["forceDelete"] is False


def test_a_new_release_changes_the_lifecycle_policy_only() -> None:
    before, after = registry(), registry(versions_in_use=["2026.02.11", "2026.03.01"])
    assert before.changed(after) == {("LifecyclePolicy", "images-lifecycle")}


def test_the_order_of_versions_means_nothing() -> None:
    assert lifecycle_policy(["b", "a", "b"], 10) == lifecycle_policy(["a", "b"], 10)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"keep_count": 2}, "keep_count"),
        ({"repository_name": "Greenflow"}, "repository_name"),
        ({"versions_in_use": ["2026*"]}, r"versions_in_use: found '2026\*'"),
        ({"versions_in_use": [f"v{each}" for each in range(50)]}, "fewer than 50 versions"),
    ],
)
def test_wrong_arguments_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        registry(**more)
