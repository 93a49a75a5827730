"""Where the official provider and the official clients find the emulator: custom endpoints, by variable.

The forms are what the provider demands (cloud-run-notes 5): each ends in a slash, and only some carry a version.
"""

from collections.abc import Mapping

# The variable and what is put behind the emulator's address.
PATHS: Mapping[str, str] = {
    "GOOGLE_CLOUD_RUN_V2_CUSTOM_ENDPOINT": "/run/v2/",
    "GOOGLE_MONITORING_CUSTOM_ENDPOINT": "/monitoring/",
    "GOOGLE_LOGGING_CUSTOM_ENDPOINT": "/logging/v2/",
    "GOOGLE_PUBSUB_CUSTOM_ENDPOINT": "/pubsub/v1/",
    "GOOGLE_CLOUD_SCHEDULER_CUSTOM_ENDPOINT": "/cloudscheduler/v1/",
    "GOOGLE_SECRET_MANAGER_CUSTOM_ENDPOINT": "/secretmanager/v1/",
    "GOOGLE_ARTIFACT_REGISTRY_CUSTOM_ENDPOINT": "/artifactregistry/v1/",
    "GOOGLE_IAM_BETA_CUSTOM_ENDPOINT": "/iam/v1/",
    "GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT": "/cloudresourcemanager/v1/",
    "GOOGLE_COMPUTE_CUSTOM_ENDPOINT": "/compute/v1/",
    "GOOGLE_KMS_CUSTOM_ENDPOINT": "/cloudkms/v1/",
    "GOOGLE_SERVICE_USAGE_CUSTOM_ENDPOINT": "/serviceusage/v1beta1/",
}

# Without it the provider and the client look for credentials of this machine. It opens nothing.
TOKEN = {"GOOGLE_OAUTH_ACCESS_TOKEN": "sandbox"}


def environment(url: str) -> dict[str, str]:
    """The variables for a process that is to talk to the emulator at `url` ("http://127.0.0.1:8080")."""
    return {**{variable: f"{url}{path}" for variable, path in PATHS.items()}, **TOKEN}
