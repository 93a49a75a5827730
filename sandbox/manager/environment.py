"""The variables that make plain `pulumi` and the cloud libraries speak to the sandbox, and to no account at all."""

import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.manager.layout import VARIABLE, Layout

REGION = "us-east-1"
ACCOUNT = "123456789012"  # moto's
PASSPHRASE = "sandbox"

# Whatever chooses another account, endpoint, backend or policy has no say in a rehearsal.
_FOREIGN = re.compile(r"(TF_)?AWS_\w+|BOTO_\w+|GOOGLE_\w+|CLOUDSDK_\w+|GCP_\w+|GCLOUD_\w+|PULUMI_\w+")
_CLOCK = "HEADGATE_REHEARSAL_CLOCK"


@dataclass(frozen=True, slots=True)
class Exports:
    """Variables to set, and those of the caller to take away."""

    variables: Mapping[str, str]
    removed: tuple[str, ...]

    @property
    def shell(self) -> str:
        """Lines for `eval` in bash or any POSIX shell."""
        lines = [f"unset {name}" for name in self.removed]
        lines += [f"export {name}={_quoted(value)}" for name, value in self.variables.items()]
        return "\n".join(lines)

    def applied_to(self, environ: Mapping[str, str]) -> dict[str, str]:
        """A whole environment for a child process."""
        kept = {name: value for name, value in environ.items() if name not in self.removed}
        return {**kept, **self.variables}


def cloud_variables(aws_url: str) -> dict[str, str]:
    """What boto3 and the provider plugins need to speak to the emulated AWS."""
    return {
        "AWS_ENDPOINT_URL": aws_url,
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


# Variable of the official provider -> what follows the emulator's address, in the form that the provider wants.
_GOOGLE_ENDPOINTS = {
    "GOOGLE_CLOUD_RUN_V2_CUSTOM_ENDPOINT": "run/v2/",
    "GOOGLE_MONITORING_CUSTOM_ENDPOINT": "monitoring/",
    "GOOGLE_LOGGING_CUSTOM_ENDPOINT": "logging/v2/",
    "GOOGLE_PUBSUB_CUSTOM_ENDPOINT": "pubsub/v1/",
    "GOOGLE_CLOUD_SCHEDULER_CUSTOM_ENDPOINT": "cloudscheduler/v1/",
    "GOOGLE_SECRET_MANAGER_CUSTOM_ENDPOINT": "secretmanager/v1/",
    "GOOGLE_ARTIFACT_REGISTRY_CUSTOM_ENDPOINT": "artifactregistry/v1/",
    "GOOGLE_IAM_BETA_CUSTOM_ENDPOINT": "iam/v1/",
    "GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT": "cloudresourcemanager/v1/",
    "GOOGLE_COMPUTE_CUSTOM_ENDPOINT": "compute/v1/",
    "GOOGLE_KMS_CUSTOM_ENDPOINT": "cloudkms/v1/",
    "GOOGLE_SERVICE_USAGE_CUSTOM_ENDPOINT": "serviceusage/v1beta1/",
}


def google_variables(google_url: str) -> dict[str, str]:
    """What the provider plugins and Headgate need to speak to the emulated Google."""
    endpoints = {variable: f"{google_url}/{path}" for variable, path in _GOOGLE_ENDPOINTS.items()}
    return {**endpoints, "GOOGLE_OAUTH_ACCESS_TOKEN": "sandbox"}


def official_google_variables(path: str) -> dict[str, str]:
    """What the official provider needs besides, if it is on `path`.

    Without a network it hangs for ten minutes over a call that no endpoint redirects, unless that is refused at once;
    nothing on this machine listens on port 9. It also asks the real cloud for its regions unless told not to.
    """
    if shutil.which("pulumi-resource-gcp", path=path) is None:
        return {}
    return {"PULUMI_GCP_SKIP_REGION_VALIDATION": "true", "HTTPS_PROXY": "http://127.0.0.1:9"}


def engine_variables(layout: Layout) -> dict[str, str]:
    """What the Pulumi engine needs: backend, plugins and policy pack of this sandbox.

    The fallback makes Pulumi take the encryption salt from the stack's state instead of inventing one for each copy
    of a stack file.
    """
    return {
        "PULUMI_HOME": str(layout.pulumi_home),
        "PULUMI_BACKEND_URL": f"file://{layout.state}",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_OPTION_POLICY_PACK": str(layout.policy_pack),
    }


def exports(layout: Layout, urls: Mapping[str, str], toolchain: str, environ: Mapping[str, str]) -> Exports:
    """Everything for a shell or a child process. `urls` as in `record.Record`; `environ` is the caller's."""
    path = _path([toolchain, str(Path(sys.executable).parent)], environ)
    variables = {
        **cloud_variables(urls["aws"]),
        **google_variables(urls["google"]),
        **official_google_variables(path),
        **engine_variables(layout),
        "HEADGATE_SANDBOX": "1",
        VARIABLE: str(layout.home),
        "HEADGATE_ROUTER_URL": urls["traffic"],
        "HEADGATE_ROUTER_TEST_URL": urls["test"],
        "HEADGATE_ROUTER_HTTP_URL": urls["http"],
        "HEADGATE_ROUTER_RUN_URL": urls["run"],
        **_not_through_a_proxy(environ),
        "VIRTUAL_ENV": sys.prefix,
        "PATH": path,
    }
    foreign = [name for name in environ if _FOREIGN.fullmatch(name) and name not in variables]
    return Exports(variables, tuple(sorted(foreign)))


def for_processes(environ: Mapping[str, str], aws_url: str | None = None) -> dict[str, str]:
    """The environment of the sandbox's own processes: no account, no proxy and no rehearsal clock of the caller."""
    kept = {
        name: value
        for name, value in environ.items()
        if not _FOREIGN.fullmatch(name) and name != _CLOCK and not name.lower().endswith("_proxy")
    }
    cloud = cloud_variables(aws_url) if aws_url else {}
    return {**kept, **cloud, "PYTHONUNBUFFERED": "1"}


def _not_through_a_proxy(environ: Mapping[str, str]) -> dict[str, str]:
    """Libraries disagree on the spelling of the variable."""
    there = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    hosts = [host for host in there.split(",") if host]
    value = ",".join(dict.fromkeys([*hosts, "127.0.0.1", "localhost"]))
    return {"NO_PROXY": value, "no_proxy": value}


def _path(first: list[str], environ: Mapping[str, str]) -> str:
    entries = [entry for entry in environ.get("PATH", os.defpath).split(os.pathsep) if entry not in first]
    return os.pathsep.join([*first, *entries])


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"
