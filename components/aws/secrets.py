"""The service's secret settings."""

import re
from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
from pulumi_aws import secretsmanager

from components._common import PlainArguments, token

DEFAULT_RECOVERY_WINDOW_DAYS = 30
_SETTING = re.compile(r"[A-Z][A-Z0-9_]*")


class AppSecretsArgs(TypedDict):
    """Arguments of `AppSecrets`."""

    physical_name: str
    """First part of the secrets' names. Replaces all of them."""
    kms_key_arn: pulumi.Input[str]
    """Key of the values."""
    settings: Mapping[str, pulumi.Input[str]]
    """Name in the environment -> value, given as a Pulumi secret. A task reads a new value when it starts."""
    recovery_window_days: NotRequired[int]
    """Days to bring a deleted secret back: 7 to 30, or 0 for none. Default: 30; 0 without `protect_data`."""
    protect_data: NotRequired[bool]
    """Refuse deletion, keep the secrets when the stack goes. Default: true."""
    tags: Mapping[str, pulumi.Input[str]]
    """Tags of every taggable child."""


class AppSecrets(pulumi.ComponentResource):
    """One secret for each setting, so that changing one touches no other.

    Creates: per setting a secret and its value.

    Changes during a rollout: nothing.

    Replaces on: `physical_name`, a setting's name (the secret).
    """

    arns: dict[str, pulumi.Output[str]]
    """ARN by name in the environment, as `BlueGreenService` takes them. Known once the value is there."""

    def __init__(self, name: str, args: AppSecretsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("AppSecrets"), name, {}, opts)
        protect_data = args.get("protect_data", True)
        window = args.get("recovery_window_days", DEFAULT_RECOVERY_WINDOW_DAYS if protect_data else 0)
        plain = PlainArguments("AppSecrets", name)
        plain.name("physical_name", args["physical_name"])
        plain.expect(window == 0 or 7 <= window <= 30, "recovery_window_days", window, "7 to 30 days, or 0 for none")
        for setting in args["settings"]:
            plain.expect(
                _SETTING.fullmatch(setting) is not None,
                "settings",
                setting,
                "a name for the environment: upper-case letters, digits and underscores, a letter first",
            )
        plain.refuse()

        kept = pulumi.ResourceOptions(parent=self, protect=protect_data, retain_on_delete=protect_data)
        self.arns = {}
        for setting, value in args["settings"].items():
            slug = setting.lower().replace("_", "-")
            secret = secretsmanager.Secret(
                f"{name}-{slug}",
                name=f"{args['physical_name']}/{setting}",
                description=f"{setting} of {args['physical_name']}",
                kms_key_id=args["kms_key_arn"],
                recovery_window_in_days=window,
                tags=args["tags"],
                opts=kept,
            )
            version = secretsmanager.SecretVersion(
                f"{name}-{slug}",
                secret_id=secret.id,
                secret_string=value,
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.arns[setting] = version.secret_arn
        self.register_outputs({"arns": self.arns})
