"""What users see from outside: a check of the public address, from several continents."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
from pulumi_gcp import monitoring

from components._common import PlainArguments, token
from components.gcp.revision import DEFAULT_HEALTH_PATH

# Regions of Cloud Monitoring's checkers (Monitoring API, UptimeCheckConfig.selectedRegions).
REGIONS = ("USA_OREGON", "USA_IOWA", "USA_VIRGINIA", "EUROPE", "SOUTH_AMERICA", "ASIA_PACIFIC")
DEFAULT_REGIONS = ("USA_IOWA", "EUROPE", "ASIA_PACIFIC", "SOUTH_AMERICA")
LEAST_REGIONS = 3  # Cloud Monitoring's least, and enough to tell an outage from one bad line

PERIOD = 60  # seconds (R-B6)
TIMEOUT = 10  # seconds


class UptimeCheckArgs(TypedDict):
    """Arguments of `UptimeCheck`."""

    physical_name: str
    """Name of the service, for the check's display name."""
    project: str
    """Id of the project. Replaces the check."""
    host: str
    """Host name to check, that of the front door. Replaces the check."""
    path: NotRequired[str]
    """Path that answers 2xx when the service works. Default: /api/v2/phase4/health."""
    regions: NotRequired[Sequence[str]]
    """At least three of Cloud Monitoring's regions. Default: USA_IOWA, EUROPE, ASIA_PACIFIC, SOUTH_AMERICA."""
    authenticated: NotRequired[bool]
    """Check with an ID token of Monitoring's agent, which then must be an invoker of the service. Default: false."""
    labels: Mapping[str, str]
    """Labels of every child that can carry them."""


class UptimeCheck(pulumi.ComponentResource):
    """A request over HTTPS every minute from at least three regions, with the certificate validated.

    Creates: uptime check.

    Changes during a rollout: nothing.

    Replaces on: `project`, `host`.
    """

    check_id: pulumi.Output[str]
    """Id of the check, for the alert on it."""

    def __init__(self, name: str, args: UptimeCheckArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(token("UptimeCheck"), name, {}, opts)
        path = args.get("path", DEFAULT_HEALTH_PATH)
        regions = args.get("regions", DEFAULT_REGIONS)
        plain = PlainArguments("UptimeCheck", name)
        plain.expect(path.startswith("/"), "path", path, "a path that starts with /")
        plain.expect("/" not in args["host"] and "." in args["host"], "host", args["host"], "a host name")
        plain.expect(len(set(regions)) >= LEAST_REGIONS, "regions", list(regions), f"at least {LEAST_REGIONS} regions")
        for region in regions:
            plain.expect(region in REGIONS, "regions", region, f"one of {', '.join(REGIONS)}")
        plain.refuse()

        check = monitoring.UptimeCheckConfig(
            f"{name}-https",
            display_name=f"{args['physical_name']} {path}",
            project=args["project"],
            checker_type="STATIC_IP_CHECKERS",
            period=f"{PERIOD}s",
            timeout=f"{TIMEOUT}s",
            selected_regions=list(regions),
            log_check_failures=True,
            monitored_resource={
                "type": "uptime_url",
                "labels": {"project_id": args["project"], "host": args["host"]},
            },
            http_check={
                "path": path,
                "port": 443,
                "request_method": "GET",
                "use_ssl": True,
                "validate_ssl": True,
                "accepted_response_status_codes": [{"status_class": "STATUS_CLASS_2XX"}],
                **(
                    {"service_agent_authentication": {"type": "OIDC_TOKEN"}} if args.get("authenticated", False) else {}
                ),
            },
            user_labels=args["labels"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.check_id = check.uptime_check_id
        self.register_outputs({"check_id": self.check_id})
