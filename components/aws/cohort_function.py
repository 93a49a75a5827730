"""The function at the edge that says which cohort a user belongs to."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import pulumi
from pulumi_aws import cloudfront

from components._common import PlainArguments, token
from headgate import assignment, cohorts

SOURCE = Path(__file__).parent / "edge_function" / "cohort.js"
RUNTIME = "cloudfront-js-2.0"

_PLACE = re.compile(r"^const SETTINGS = \{.*\}; // filled in$", re.MULTILINE)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}")  # a token of RFC 9110, as names of headers and cookies are


class CohortFunctionArgs(TypedDict):
    """Arguments of `CohortFunction`. A header or a cookie is needed; with both, the header comes first."""

    physical_name: str
    """Stem of the function's name in AWS. Replaces it."""
    salt: str
    """Constant of the system, printable ASCII. Another one sends users to other cohorts."""
    header: str
    """Request header with the user key; empty for none."""
    cookie: str
    """Cookie with the user key; empty for none."""
    tags: Mapping[str, pulumi.Input[str]]
    """Tags of the function."""


class CohortFunction(pulumi.ComponentResource):
    """A function that hashes the user key of a request to a cohort and puts it into the header `x-headgate-cohort`.

    Creates: CloudFront function, published.

    Changes during a rollout: nothing; the hooks of the stack refuse it.

    Replaces on: `physical_name`.
    """

    function_arn: pulumi.Output[str]
    """ARN for the viewer-request event of a distribution's behaviours."""
    function_name: pulumi.Output[str]
    """Name of the function in AWS."""

    def __init__(
        self,
        name: str,
        args: CohortFunctionArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        hooks: pulumi.ResourceHookBinding | None = None,
    ) -> None:
        """`hooks` go to the function; they exist in Python programs only."""
        super().__init__(token("CohortFunction"), name, {}, opts)
        key = UserKey(args["salt"], args["header"], args["cookie"])
        _refuse(name, args, key)
        function = cloudfront.Function(
            f"{name}-function",
            name=function_name(args["physical_name"]),
            comment="Cohort of a user, for the traffic listener",
            runtime=RUNTIME,
            code=code(key),
            publish=True,
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self, hooks=hooks),
        )
        self.function_arn = function.arn
        self.function_name = function.name
        self.register_outputs({"function_arn": self.function_arn, "function_name": self.function_name})


@dataclass(frozen=True)
class UserKey:
    """Where the key of a user is found, and what it is hashed with; an empty name is none."""

    salt: str
    header: str = ""
    cookie: str = ""


def function_name(physical_name: str) -> str:
    """Name in AWS: 1 to 64 letters, digits, hyphens and underscores."""
    return f"{physical_name}-cohort"


def code(key: UserKey) -> str:
    """The source of the function for `key`. Names of headers arrive there in small letters."""
    settings = json.dumps({"salt": key.salt, "header": key.header.lower(), "cookie": key.cookie})
    made, filled = _PLACE.subn(lambda _: f"const SETTINGS = {settings};", SOURCE.read_text())
    if filled != 1:
        raise ValueError(f"{SOURCE.name}: found {filled} places for the settings, expected 1")
    return made


def _refuse(name: str, args: CohortFunctionArgs, key: UserKey) -> None:
    plain = PlainArguments("CohortFunction", name)
    plain.name("physical_name", args["physical_name"])
    try:
        assignment.check_salt(key.salt)
    except ValueError:
        plain.expect(False, "salt", key.salt, "printable ASCII", "Use the name of the system.")
    plain.expect(bool(key.header or key.cookie), "header", "", "the name of a header or a cookie with the user key")
    for role, found in (("header", key.header), ("cookie", key.cookie)):
        plain.expect(not found or _NAME.fullmatch(found) is not None, role, found, f"the name of a {role}")
    plain.expect(key.header.lower() != cohorts.HEADER, "header", key.header, "a header of the user, not of the cohort")
    plain.refuse()
