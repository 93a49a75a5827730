"""The service's secret settings."""

import re
from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
from pulumi_aws import secretsmanager

from components._common import PlainArguments, token

DEFAULT_RECOVERY_WINDOW_DAYS = 30
DEFAULT_ROTATION_DAYS = 30
MOST_ROTATION_DAYS = 90  # SecretsManager.4
DEFAULT_EXEMPT_REASON = "no function renews it"
_SETTING = re.compile(r"[A-Z][A-Z0-9_]*")
_TAG_VALUE = re.compile(r"[\w +=.:/@-]{1,256}")  # what Secrets Manager accepts (TagResource)


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
    rotators: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Setting -> ARN of the function that renews it. Secrets Manager must be allowed to call the function."""
    rotation_days: NotRequired[int]
    """Days from one renewal to the next, 1 to 90. Default: 30."""
    rotation_exempt_reason: NotRequired[str]
    """Why the other settings are not renewed; it becomes a tag. Default: no function renews it."""
    protect_data: NotRequired[bool]
    """Refuse deletion, keep the secrets when the stack goes. Default: true."""
    tags: Mapping[str, pulumi.Input[str]]
    """Tags of every taggable child."""


class AppSecrets(pulumi.ComponentResource):
    """One secret for each setting, so that changing one touches no other.

    Creates: per setting a secret and its value; a rotation where there is a function for it, else tags that say why
    there is none.

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
        rotators = args.get("rotators", {})
        rotation_days = args.get("rotation_days", DEFAULT_ROTATION_DAYS)
        reason = args.get("rotation_exempt_reason", DEFAULT_EXEMPT_REASON)
        plain.between("rotation_days", rotation_days, 1, MOST_ROTATION_DAYS, "days")
        plain.expect(
            _TAG_VALUE.fullmatch(reason) is not None,
            "rotation_exempt_reason",
            reason,
            "1 to 256 letters, digits, spaces and + = . : / @ _ -",
        )
        for setting in rotators:
            plain.expect(setting in args["settings"], "rotators", setting, "one of the settings")
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
                tags=args["tags"] if setting in rotators else {**args["tags"], **exempt_tags(reason)},
                opts=kept,
            )
            version = secretsmanager.SecretVersion(
                f"{name}-{slug}",
                secret_id=secret.id,
                secret_string=value,
                opts=pulumi.ResourceOptions(parent=self),
            )
            if setting in rotators:
                secretsmanager.SecretRotation(
                    f"{name}-{slug}",
                    secret_id=secret.id,
                    rotation_lambda_arn=rotators[setting],
                    rotation_rules={"automatically_after_days": rotation_days},
                    # The first renewal is of a value that exists.
                    opts=pulumi.ResourceOptions(parent=self, depends_on=[version]),
                )
            self.arns[setting] = version.secret_arn
        self.register_outputs({"arns": self.arns})


def exempt_tags(reason: str) -> dict[str, str]:
    """Tags of a secret that nothing renews; the policy pack asks for them."""
    return {"rotation": "exempt", "rotation-exempt-reason": reason}
