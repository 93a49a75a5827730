"""What each key of the stack configuration means, and what a rollout under way makes of a change to it.

Everything else in the reference is read off the code. A test changes each key during a rollout and compares.
"""

from collections.abc import Mapping
from types import MappingProxyType

from components.gcp.revision import MOST_INSTANCES
from headgate.settings import MOST_TASKS
from stacks import greenflow_settings, ion_settings
from stacks.docs.entry import During, Entry
from stacks.docs.gate_keys import GATES
from stacks.notifications import Kinds

_WITH_CANDIDATE = "with a candidate"
_WITH_STANDBY = "with a standby"
_METRIC = "plan.limits.<metric>"
_SLOT = "GreenFlow: required; ION: derived"

COMMON = (
    Entry("system", During.FIXED, "R-14"),
    Entry("environment", During.FIXED, "R-14"),
    Entry("owner", During.FREE),
    Entry("domain", During.FREE),
    Entry("release", During.FIXED),
    Entry("release.live.version", During.FIXED, "R-08", "Label of the version that users get outside a rollout."),
    Entry(
        "release.live.slot",
        During.FIXED,
        "R-08",
        "Where it runs: see [slots](#slots). The live slot changes only by promotion.",
        default=_SLOT,
    ),
    Entry("release.live.image", During.FIXED, "R-08", "Its image, by digest: `name@sha256:` and 64 hex digits (R-10)."),
    Entry(
        "release.candidate.version",
        During.FIXED,
        "R-11",
        "Label of the version that is rolled out.",
        default=_WITH_CANDIDATE,
    ),
    Entry("release.candidate.slot", During.FIXED, "R-09", "Another slot than the live one's.", default=_SLOT),
    Entry(
        "release.candidate.image",
        During.FIXED,
        "R-09",
        "Its image, by digest, another than the live one (R-10).",
        default=_WITH_CANDIDATE,
    ),
    Entry(
        "release.standby.version",
        During.KEPT,
        "R-16",
        "Label of the former live version; written when the candidate is promoted.",
        default=_WITH_STANDBY,
    ),
    Entry("release.standby.slot", During.KEPT, "R-16", "The slot it had.", default=_SLOT),
    Entry("release.standby.image", During.KEPT, "R-16", "The image it had.", default=_WITH_STANDBY),
    Entry(
        "release.rollout",
        During.FIXED,
        "R-11",
        "Id of the rollout. Left out, it is the candidate's version. A rollout that was taken back starts again only "
        "under a new id (R-13).",
    ),
    Entry("step", During.THE_STEP, "R-03", form="`idle` or the name of a step"),
    Entry("plan", During.STRICTER, "R-15"),
    Entry("plan.steps[].name", During.FIXED, "R-15", "What `headgate:step` says; any text but `idle`."),
    Entry(
        "plan.steps[].weight",
        During.FIXED,
        "R-15",
        "Per cent of users on the candidate. Weights rise, the last is 100 (R-01), and the first is 0: a candidate is "
        "deployed before it gets traffic (R-18).",
    ),
    Entry("plan.steps[].bake", During.STRICTER, "R-15", "Least time to stay before the next step (R-06)."),
    Entry("plan.steps[].gates", During.STRICTER, "R-15", "What must pass before it is left: [gates](#gates) (R-07)."),
    Entry("plan.retention", During.STRICTER, "R-15", "How long the former live version is kept after promotion."),
    Entry("plan.max_first_weight", During.STRICTER, "R-15", "Most that the first step with traffic may have (R-01)."),
    Entry("plan.max_increment", During.STRICTER, "R-15", "Most that one step may add (R-01, R-04)."),
    Entry("plan.min_bake", During.STRICTER, "R-15", "Least bake of every step but the last (R-01)."),
    Entry(
        "plan.stickiness",
        During.STRICTER,
        "R-15",
        "How long the balancer's cookie holds a user to a version while both get traffic, cut to the step's bake "
        "(R-27); 0 is off. Not for ION, where a version holds its users by itself.",
    ),
    Entry(
        "plan.windows.start[].days",
        During.STRICTER,
        "R-15",
        "Days on which a rollout may start: its first step (R-28). Without any window it may start at any time.",
        default="every day",
    ),
    Entry("plan.windows.start[].from", During.STRICTER, "R-15", "When the window opens."),
    Entry("plan.windows.start[].for", During.STRICTER, "R-15", "How long it is open; it may go on past midnight."),
    Entry(
        "plan.windows.advance[].days",
        During.STRICTER,
        "R-15",
        "Days on which a rollout may go on to its next steps. Promotion needs no window.",
        default="every day",
    ),
    Entry("plan.windows.advance[].from", During.STRICTER, "R-15", "When the window opens."),
    Entry("plan.windows.advance[].for", During.STRICTER, "R-15", "How long it is open."),
    Entry(
        "plan.freezes[].from",
        During.STRICTER,
        "R-15",
        "From then on nothing moves forward: no start, no step, no promotion (R-28). Going back always may.",
    ),
    Entry("plan.freezes[].until", During.STRICTER, "R-15", "The first moment at which it may again."),
    Entry("plan.freezes[].reason", During.FREE, "", "What a refusal says."),
    Entry("plan.limits.preset", During.STRICTER, "R-15", "The [preset](#presets) to start from."),
    Entry("plan.limits.min_requests", During.STRICTER, "R-15", "With fewer requests in a window there is no verdict."),
    Entry("plan.limits.interval", During.STRICTER, "R-15", "Time between two readings."),
    Entry(
        f"{_METRIC}.hold",
        During.STRICTER,
        "R-15",
        "Never advance from here on. `<metric>`: see [limits](#limits).",
        form="a value with its unit",
    ),
    Entry(f"{_METRIC}.rollback", During.STRICTER, "R-15", "Go back from here on.", form="a value with its unit"),
    Entry(
        f"{_METRIC}.readings",
        During.STRICTER,
        "R-15",
        "Readings in a row beyond `rollback` that end the rollout.",
        form="a whole number from 1",
        default="`1`",
    ),
    Entry("capacity", During.MORE, "R-17"),
    Entry("capacity.tasks", During.MORE, "R-17", "Tasks of a version that has all traffic.", system="greenflow"),
    Entry(
        "capacity.minimum_tasks",
        During.FREE,
        "",
        "Least tasks of a candidate at any step.",
        form="a whole number from 1 to `tasks`",
        system="greenflow",
    ),
    Entry(
        "capacity.maximum_tasks",
        During.FREE,
        "",
        "Most tasks that autoscaling may run per slot.",
        form=f"a whole number from `tasks` to {MOST_TASKS}",
        system="greenflow",
    ),
    Entry(
        "capacity.minimum_tasks",
        During.CREATED,
        "R-09",
        "Instances of a version that are always there.",
        form=f"a whole number from 1 to {MOST_INSTANCES}",
        system="ion",
    ),
    Entry(
        "capacity.maximum_tasks",
        During.CREATED,
        "R-09",
        "Most instances of a version.",
        form=f"a whole number from `minimum_tasks` to {MOST_INSTANCES}",
        system="ion",
    ),
    *GATES,
    Entry(
        "migration",
        During.FREE,
        meaning="The schema of the database and who works with it. `headgate preview` and `headgate advance` hold an "
        "update after which a version runs, or is kept, that does not (R-21).",
    ),
    Entry("migration.schema", During.FREE, "", "Number of the schema in force when the update is made."),
    Entry(
        "migration.reads",
        During.FREE,
        "",
        'By version, the schemas that it works with: `{"2026.01.28": 7-8, "2026.02.11": 8-9}`.',
        form="versions with a number or a range of numbers",
    ),
    Entry(
        "notify",
        During.FREE,
        meaning="Who is told by [Headgate's messages](runbooks/notify-and-record.md): tiers, each with names of "
        "environment variables that hold [Apprise](https://github.com/caronc/apprise) addresses. An address is a key, "
        "so it is refused here.",
    ),
    Entry("notify.team", During.FREE, "", "Hears of every change, and again of an incident after 5 minutes."),
    Entry("notify.on-call", During.FREE, "", "Hears of rollbacks and failures, and again after 5 minutes."),
    Entry("notify.leads", During.FREE, "", "Hears of an incident that nobody acknowledged for 30 minutes."),
    Entry("notify.management", During.FREE, "", "Hears of an incident that nobody acknowledged for an hour."),
)


def _notifications(kinds: Kinds) -> tuple[Entry, ...]:
    """The channels of a system that knows these kinds."""
    secret = [f"`{name}`" for name, kind in sorted(kinds.items()) if kind.secret]
    bare = [f"`{name}`" for name, kind in kinds.items() if kind.address is None]
    return (
        Entry("notifications", During.FREE, meaning="Who is told of alerts, by a name of your own; at least one."),
        Entry("notifications.<name>.kind", During.FREE, "", "How."),
        Entry(
            "notifications.<name>.tier",
            During.FREE,
            "",
            "When: the deploy team at once, leads after 30 minutes, management after an hour.",
        ),
        Entry(
            "notifications.<name>.address",
            During.FREE,
            "",
            f"Who. No address for {' and '.join(bare)}, where the secret says it.",
            form=", ".join(f"`{name}`: {kind.words}" for name, kind in kinds.items() if kind.address),
            default="by kind",
        ),
        Entry(
            "notifications.<name>.secret",
            During.FREE,
            "",
            "Token, key or URL. Write it with `pulumi config set --secret --path 'notifications.<name>.secret'`.",
            form=f"a text, for {', '.join(secret)} alone",
            default="by kind",
        ),
    )


GREENFLOW = (
    Entry(
        "certificate_arn",
        During.FREE,
        meaning="The balancer's certificate, one that exists. Left out, one for `domain` is made; the zone of `edge` "
        "validates it, or else you do in DNS.",
    ),
    Entry("network", During.FREE, meaning="The network everything runs in."),
    Entry("network.cidr", During.FREE, "", "Address range of the VPC."),
    Entry("network.availability_zones", During.FREE, "", "Where subnets are made: public, application, data."),
    Entry("network.nat_per_zone", During.FREE, "", "One NAT gateway per zone; `false` shares one, which is cheaper."),
    Entry("database", During.FREE, meaning="PostgreSQL."),
    Entry("database.instance_class", During.FREE, "", "Size of the PostgreSQL instance."),
    Entry("database.allocated_storage", During.FREE, "", "GiB; grows by itself to twice that."),
    Entry("database.multi_az", During.FREE, "", "A standby in another zone; in production a policy demands it."),
    Entry("database.backup_retention_days", During.FREE, "", "Days that automatic backups are kept."),
    Entry("cache", During.FREE, meaning="Redis."),
    Entry("cache.node_type", During.FREE, "", "Size of the Redis nodes."),
    Entry("cache.nodes", During.FREE, "", "A primary and its replicas, with automatic failover."),
    Entry(
        "edge",
        During.FREE,
        meaning="CloudFront, the firewalls, the static site and the names in front of the balancer, which then takes "
        "traffic from CloudFront's addresses alone. Left out, there is the balancer, open to everybody.",
    ),
    Entry(
        "edge.zone", During.FREE, "", "A DNS zone to be made; or else `zone_id`.", default="required without `zone_id`"
    ),
    Entry("edge.zone_id", During.FREE, "", "A DNS zone that exists.", default="required without `zone`"),
    Entry(
        "edge.cors_origins",
        During.FREE,
        "",
        "Web origins whose pages may call the API. Left out, there are none.",
    ),
    Entry(
        "cohorts",
        During.FIXED,
        "R-15",
        "Who is a user, so that a user has one version on every device; `edge` looks. Left out, users are split by "
        "chance and held by a cookie.",
    ),
    Entry(
        "cohorts.salt",
        During.FIXED,
        "R-15",
        "A constant of the system; another one is another draw of users.",
        default="required",
    ),
    Entry(
        "cohorts.header",
        During.FIXED,
        "R-15",
        "Request header with the user's id. It comes before the cookie.",
        default="required without `cookie`",
    ),
    Entry(
        "cohorts.cookie",
        During.FIXED,
        "R-15",
        "Cookie with the user's id.",
        default="required without `header`",
    ),
    *_notifications(greenflow_settings.CHANNELS),
)

ION = (
    Entry("service", During.CREATED, "R-09", "What every instance gets."),
    Entry("service.cpu", During.CREATED, "R-09", "CPUs."),
    Entry("service.memory", During.CREATED, "R-09", "Memory; how much goes with the CPUs is Cloud Run's rule."),
    Entry("service.port", During.CREATED, "R-09", "Where the application listens."),
    Entry("service.concurrency", During.CREATED, "R-09", "Requests of one instance at the same time."),
    Entry("service.timeout", During.CREATED, "R-09", "Longest time for an answer."),
    Entry("service.health_path", During.CREATED, "R-09", "Answers for startup, liveness and the uptime check."),
    Entry("variables", During.CREATED, "R-09", "Environment variables of the application, in the open."),
    Entry(
        "variables.<NAME>",
        During.CREATED,
        "R-09",
        "Value of the variable. Names are capital letters, digits and `_`; `HEADGATE_...` are Headgate's own.",
    ),
    Entry(
        "secrets",
        During.CREATED,
        "R-09",
        "Environment variables that come from Secret Manager, where an entry `<stack>-<name>` is made for each, "
        "in small letters with `-`. A value is never written here.",
    ),
    Entry(
        "secrets.<NAME>.version",
        During.CREATED,
        "R-09",
        "Number of the version that a new revision reads; `latest` is none. Left out, the entry is made and nobody "
        "reads it yet, so that a first version can be put there.",
    ),
    *_notifications(ion_settings.CHANNELS),
    Entry("front_door", During.FREE, meaning="How users reach the service."),
    Entry("front_door.public", During.FREE, "", "Anybody may call it, through the front door alone."),
    Entry("front_door.requests_per_minute", During.FREE, "", "Most from one address."),
    Entry(
        "front_door.candidate_domain",
        During.FREE,
        "",
        "Host name that reaches the candidate alone, for `test_client_cidrs`. Left out, there is no such way.",
    ),
    Entry(
        "front_door.test_client_cidrs",
        During.FREE,
        "",
        "Who may use `candidate_domain`.",
        default="required with `candidate_domain`",
    ),
)

OWN: Mapping[str, tuple[Entry, ...]] = MappingProxyType({"greenflow": GREENFLOW, "ion": ION})


def of(system: str) -> tuple[Entry, ...]:
    """Every key that a stack of `system` may have."""
    return tuple(entry for entry in (*COMMON, *OWN[system]) if entry.system in ("", system))
