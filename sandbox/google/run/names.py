"""Names of Cloud Run: what they must look like, and the addresses that follow from them."""

import hashlib
import re
from dataclasses import dataclass

from sandbox.google.projects import number_of

_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
# The tag and the service's name make one DNS label, with the hash of the project behind them.
LONGEST_TAGGED = 46
_REGION_CODES = {"us-central1": "uc", "us-east1": "ue", "us-west1": "uw", "europe-west1": "ew", "europe-west3": "ey"}


@dataclass(frozen=True)
class ServiceName:
    """projects/P/locations/L/services/S."""

    project: str
    location: str
    service: str

    @classmethod
    def parse(cls, name: str) -> "ServiceName":
        parts = name.split("/")
        return cls(parts[1], parts[3], parts[5])

    def __str__(self) -> str:
        return f"{self.parent}/services/{self.service}"

    @property
    def parent(self) -> str:
        return f"projects/{self.project}/locations/{self.location}"

    def revision(self, short: str) -> str:
        return f"{self}/revisions/{short}"

    @property
    def host(self) -> str:
        digest = hashlib.sha256(f"{self.project}/{self.location}".encode()).hexdigest()
        return f"{self.service}-{digest[:10]}-{_REGION_CODES.get(self.location, self.location[:2])}.a.run.app"

    @property
    def uri(self) -> str:
        return f"https://{self.host}"

    @property
    def urls(self) -> list[str]:
        return [f"https://{self.service}-{number_of(self.project)}.{self.location}.run.app", self.uri]

    def tag_uri(self, tag: str) -> str:
        return f"https://{tag}---{self.host}"


def short(name: str) -> str:
    """The last part of a name."""
    return name.rpartition("/")[2]


def service_problem(service: str) -> str | None:
    """What is wrong with a serviceId (text: pulumi/pulumi-gcp#3167)."""
    if _LABEL.fullmatch(service) and len(service) < 50:
        return None
    return (
        f"found '{service}': only lowercase, digits, and hyphens; must begin with letter, and cannot end with hyphen; "
        "must be less than 50 characters."
    )


def revision_problem(revision: str, service: str) -> str | None:
    """What is wrong with the name that a template gives its revision (texts: pipe-cd/pipecd#5688, Knative)."""
    if not _LABEL.fullmatch(revision) or len(revision) > 63:
        return (
            f"found '{revision}': only lowercase, digits, and hyphens; must begin with letter, and may not end with "
            "hyphen; must be less than 64 characters."
        )
    if not revision.startswith(f"{service}-"):
        return f'"{revision}" must have prefix "{service}-"'
    return None


def tag_problem(tag: str, service: str) -> str | None:
    """What is wrong with a tag."""
    if not _LABEL.fullmatch(tag) or len(tag) < 3:
        return (
            f"found '{tag}': a traffic tag has at least three characters, only lowercase, digits and hyphens, begins "
            "with a letter and does not end with a hyphen"
        )
    if len(tag) + len(service) > LONGEST_TAGGED:
        return (
            f"traffic tag '{tag}' and service name '{service}' together are too long. "
            f"Combined traffic tag and service name cannot exceed {LONGEST_TAGGED} characters."
        )
    return None
