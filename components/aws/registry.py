"""The registry of images: what runs, and what a rollback needs, stays in it."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import ecr

from components._common import PlainArguments, token

DEFAULT_KEEP_COUNT = 10  # newest tagged images
LEAST_KEEP_COUNT = 3  # live, candidate and standby
_MOST_RULES = 50  # rules of a lifecycle policy (Amazon ECR, service quotas)

_NAME = re.compile(r"[a-z0-9]+([._/-][a-z0-9]+)*")  # Amazon ECR API, CreateRepository
_NAME_LIMIT = 256
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")  # the OCI distribution specification, "Pulling manifests"


class ImageRepositoryArgs(TypedDict):
    """Arguments of `ImageRepository`."""

    repository_name: str
    """Name of the repository, as it stands in the images' names. Replaces it, refused while `protect_data` is true."""
    kms_key_arn: pulumi.Input[str]
    """Key of the images. Replaces the repository."""
    versions_in_use: Sequence[str]
    """Labels of every version of the release, which are the images' tags: kept whatever their age. Changed in place."""
    keep_count: NotRequired[int]
    """Newest tagged images that are kept besides, 3 or more. Default: 10."""
    protect_data: NotRequired[bool]
    """Refuse to delete or replace the repository, keep it when the stack goes. Default: true."""
    tags: Mapping[str, pulumi.Input[str]]
    """Tags of every taggable child."""


class ImageRepository(pulumi.ComponentResource):
    """A private repository whose tags never move, scanned at every push, tidied up without losing a rollback.

    Amazon ECR knows no rule that keeps. But a rule takes the images that it selects away from all later rules, also
    those that it leaves alone (its user guide, "Automate the cleanup of images"). So every version in use has a rule of
    its own that selects its tag and never expires it, and the rule that expires comes last. Images are therefore
    pushed with their version as a tag. Untagged images stay: among them are the parts of images for several
    architectures, and a version in use that somebody pushed by digest only.

    Creates: repository, lifecycle policy.

    Changes during a rollout: `versions_in_use`.

    Replaces on: `repository_name`, `kms_key_arn`. While `protect_data` is true these are refused.
    """

    repository: ecr.Repository
    """The repository, for what is not offered here."""
    repository_url: pulumi.Output[str]
    """`<account>.dkr.ecr.<region>.amazonaws.com/<name>`: what an image's name begins with."""
    repository_arn: pulumi.Output[str]
    """ARN of the repository."""

    def __init__(self, name: str, args: ImageRepositoryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("ImageRepository"), name, {}, opts)
        keep_count = args.get("keep_count", DEFAULT_KEEP_COUNT)
        protect_data = args.get("protect_data", True)
        plain = PlainArguments("ImageRepository", name)
        repository_name = args["repository_name"]
        plain.expect(
            _NAME.fullmatch(repository_name) is not None and 2 <= len(repository_name) <= _NAME_LIMIT,
            "repository_name",
            repository_name,
            "2 to 256 lower-case letters and digits with single dots, hyphens, underscores or slashes between them",
        )
        plain.between("keep_count", keep_count, LEAST_KEEP_COUNT, 1000, "images")
        for version in args["versions_in_use"]:
            plain.expect(
                _TAG.fullmatch(version) is not None,
                "versions_in_use",
                version,
                "a label that can be the tag of an image: letters, digits, dots, hyphens and underscores",
                "Images are kept by the tag that is their version's label.",
            )
        plain.expect(
            len(set(args["versions_in_use"])) < _MOST_RULES,
            "versions_in_use",
            len(args["versions_in_use"]),
            f"fewer than {_MOST_RULES} versions",
        )
        plain.refuse()

        self.repository = ecr.Repository(
            f"{name}-repository",
            name=repository_name,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": args["kms_key_arn"]}],
            force_delete=False,
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self, protect=protect_data, retain_on_delete=protect_data),
        )
        ecr.LifecyclePolicy(
            f"{name}-lifecycle",
            repository=self.repository.name,
            policy=lifecycle_policy(args["versions_in_use"], keep_count),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.repository_url = self.repository.repository_url
        self.repository_arn = self.repository.arn
        self.register_outputs(
            {
                "repository": self.repository,
                "repository_url": self.repository_url,
                "repository_arn": self.repository_arn,
            }
        )


def lifecycle_policy(versions_in_use: Sequence[str], keep_count: int) -> str:
    """The lifecycle policy as JSON: a rule for each version in use, and one for all other tagged images.

    Tags never move, so at most one image carries a version's label, and more than one is never there to expire. One
    rule for all would select images that carry every one of the labels (Amazon ECR, "Lifecycle policy properties").
    """
    versions = sorted(set(versions_in_use))
    rules = [
        _rule(position, f"Version {version} is in use", version, 1) for position, version in enumerate(versions, 1)
    ]
    rules.append(_rule(len(versions) + 1, f"The newest {keep_count} stay", "*", keep_count))
    return json.dumps({"rules": rules}, separators=(",", ":"))


def _rule(priority: int, description: str, pattern: str, count: int) -> Mapping[str, Any]:
    return {
        "rulePriority": priority,
        "description": description,
        "selection": {
            "tagStatus": "tagged",
            "tagPatternList": [pattern],
            "countType": "imageCountMoreThan",
            "countNumber": count,
        },
        "action": {"type": "expire"},
    }
