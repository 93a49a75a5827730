"""The registry of images: what runs, and what a rollback needs, stays in it."""

import re
from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
from pulumi_gcp import artifactregistry

from components._common import PlainArguments, token

DEFAULT_KEEP_COUNT = 10  # most recent versions of each image
LEAST_KEEP_COUNT = 3  # live, candidate and standby
DEFAULT_DELETE_AFTER_DAYS = 30
NAME_LIMIT = 63  # characters (Artifact Registry API, repositories.create)
DAY = 86_400  # seconds

_DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})")


class ImageRegistryArgs(TypedDict):
    """Arguments of `ImageRegistry`."""

    physical_name: str
    """Id of the repository. Replaces it, refused while `protect_data` is true."""
    project: str
    """Id of the project."""
    location: str
    """Region. Replaces the repository."""
    kms_key_name: pulumi.Input[str]
    """Key of the images. Replaces the repository."""
    images_in_use: Sequence[str]
    """Images by digest of every version of the release; they are kept whatever their age. Changed in place."""
    keep_count: NotRequired[int]
    """Most recent versions of each image that are kept, 3 or more. Default: 10."""
    delete_untagged_after_days: NotRequired[int]
    """Days after which an image without a tag goes, unless it is kept. Default: 30."""
    protect_data: NotRequired[bool]
    """Refuse to delete or replace the repository, keep it when the stack goes. Default: true."""
    labels: Mapping[str, str]
    """Labels of every child that can carry them."""


class ImageRegistry(pulumi.ComponentResource):
    """A Docker repository whose tags never move, scanned as the project is, and cleaned up without losing a rollback.

    A version that a keep policy names stays, whatever a delete policy says (Artifact Registry documentation, "Cleanup
    policy overview"). Cloud Run pulls with its own agent, which may read in the same project without a further right.

    Creates: repository.

    Changes during a rollout: `images_in_use`.

    Replaces on: `physical_name`, `location`, `kms_key_name`. While `protect_data` is true these are refused.
    """

    repository: artifactregistry.Repository
    """The repository, for what is not offered here."""
    repository_name: pulumi.Output[str]
    """Id of the repository."""
    registry_url: pulumi.Output[str]
    """`<region>-docker.pkg.dev/<project>/<repository>`: what an image's name begins with."""

    def __init__(self, name: str, args: ImageRegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("ImageRegistry"), name, {}, opts)
        keep_count = args.get("keep_count", DEFAULT_KEEP_COUNT)
        delete_after_days = args.get("delete_untagged_after_days", DEFAULT_DELETE_AFTER_DAYS)
        protect_data = args.get("protect_data", True)
        plain = PlainArguments("ImageRegistry", name)
        plain.name("physical_name", args["physical_name"], NAME_LIMIT)
        plain.between("keep_count", keep_count, LEAST_KEEP_COUNT, 1000, "versions")
        plain.between("delete_untagged_after_days", delete_after_days, 1, 3650, "days")
        for image in args["images_in_use"]:
            plain.expect(
                _DIGEST.search(image) is not None,
                "images_in_use",
                image,
                "an image by digest, <name>@sha256:<64 hex digits>",
                "A tag does not say which version must be kept.",
            )
        plain.refuse()

        self.repository = artifactregistry.Repository(
            f"{name}-repository",
            repository_id=args["physical_name"],
            project=args["project"],
            location=args["location"],
            format="DOCKER",
            mode="STANDARD_REPOSITORY",
            description=f"Images of {args['physical_name']}",
            kms_key_name=args["kms_key_name"],
            docker_config={"immutable_tags": True},
            vulnerability_scanning_config={"enablement_config": "INHERITED"},
            cleanup_policy_dry_run=False,
            cleanup_policies=cleanup_policies(args["images_in_use"], keep_count, delete_after_days),
            labels=args["labels"],
            opts=pulumi.ResourceOptions(parent=self, protect=protect_data, retain_on_delete=protect_data),
        )
        self.repository_name = self.repository.repository_id
        self.registry_url = pulumi.Output.concat(
            args["location"], "-docker.pkg.dev/", args["project"], "/", self.repository.repository_id
        )
        self.register_outputs(
            {
                "repository": self.repository,
                "repository_name": self.repository_name,
                "registry_url": self.registry_url,
            }
        )


def cleanup_policies(
    images_in_use: Sequence[str], keep_count: int, delete_after_days: int
) -> list[artifactregistry.RepositoryCleanupPolicyArgsDict]:
    """What is kept, and what goes. The version of a Docker image is its digest, so versions are kept by digest."""
    digests = sorted({match[1] for image in images_in_use if (match := _DIGEST.search(image))})
    policies: list[artifactregistry.RepositoryCleanupPolicyArgsDict] = [
        {"id": "keep-most-recent", "action": "KEEP", "most_recent_versions": {"keep_count": keep_count}},
        {
            "id": "delete-old-untagged",
            "action": "DELETE",
            "condition": {"tag_state": "UNTAGGED", "older_than": f"{delete_after_days * DAY}s"},
        },
    ]
    if digests:
        policies.insert(
            1,
            {
                "id": "keep-in-use",
                "action": "KEEP",
                "condition": {"tag_state": "ANY", "version_name_prefixes": digests},
            },
        )
    return policies
