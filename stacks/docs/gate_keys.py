"""Keys of every stack that gates and their evidence need; all may be left out."""

from stacks.docs.entry import During, Entry

_CHECKS = "Left out, there is one, `api`: the health check."

GATES = (
    Entry("evidence", During.FREE, meaning="What gates that ran [beforehand](#evidence) found, and what of it counts."),
    Entry(
        "evidence.url",
        During.FREE,
        "",
        "Where it is kept: a folder, relative to `Pulumi.yaml`, or a bucket such as `s3://name/path` or "
        "`gcs://name/path`. A folder of one machine is not seen by another.",
    ),
    Entry(
        "evidence.max_age", During.FREE, "", "Older records do not count. Approvals say themselves when they expire."
    ),
    Entry(
        "evidence.signed",
        During.FREE,
        "",
        "Only records that were signed with the key in `HEADGATE_EVIDENCE_KEY` count.",
    ),
    Entry("smoke", During.FREE, meaning="What the gate `smoke` asks the candidate, before or beside its users."),
    Entry(
        "smoke.address",
        During.FREE,
        "",
        "What reaches the candidate alone. Left out, the cloud is asked: the balancer's test listener, or the "
        "candidate's own address.",
    ),
    Entry("smoke.timeout", During.FREE, "", "Longest time for one answer."),
    Entry(
        "smoke.version_header",
        During.FREE,
        "",
        "The header in which every answer must name the candidate's version; `''` does not look.",
    ),
    Entry("smoke.checks[].name", During.FREE, "", "What is checked: `api`, `database`, `cache`. " + _CHECKS),
    Entry("smoke.checks[].path", During.FREE, "", "What is asked, with GET."),
    Entry(
        "smoke.checks[].status", During.FREE, "", "What it must answer; redirects are not followed.", default="`200`"
    ),
    Entry(
        "smoke.checks[].json",
        During.FREE,
        "",
        "Fields the answer must have: `{status: ok, cache.primary: up}`; a dot goes into an object.",
        default="none",
    ),
    Entry("security", During.FREE, meaning="What the gate `security` looks at."),
    Entry(
        "security.address",
        During.FREE,
        "",
        "What is looked at. Left out: `https://<domain>` where the stack has an edge, which adds the headers, else "
        "as in `smoke`.",
    ),
    Entry(
        "security.plain",
        During.FREE,
        "",
        "The same over plain HTTP: it must lead to HTTPS, or nobody may answer. Left out, port 80 of `address`.",
    ),
    Entry("security.path", During.FREE, "", "What is asked.", default="the health check"),
    Entry("security.timeout", During.FREE, "", "Longest time for one answer."),
    Entry(
        "security.headers",
        During.FREE,
        "",
        "Headers that must be there, each with a text that it must contain.",
        default="`Strict-Transport-Security: max-age=`, `X-Content-Type-Options: nosniff`",
    ),
    Entry(
        "security.cors_origins",
        During.FREE,
        "",
        "Web origins that must be let in. Any other must not be.",
        default="those of `edge`",
    ),
    Entry(
        "commands",
        During.FREE,
        meaning="Programs that are gates, by a name of your own; a plan names one as `command:<name>`.",
    ),
    Entry(
        "commands.<name>.run",
        During.FREE,
        "",
        "Program and arguments; no shell, in the folder of `Pulumi.yaml`. Exit code 0 passes, 3 is inconclusive, any "
        "other fails. The facts of the rollout are in `HEADGATE_...` variables ([command](#gates-that-run-a-command)).",
    ),
    Entry("commands.<name>.timeout", During.FREE, "", "Then it is ended, and inconclusive.", default="`10m`"),
)
