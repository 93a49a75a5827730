"""The part of the page on gates that run beforehand, and on what their evidence proves."""

TEXT = """\
### Evidence

Some gates cannot run inside an update. `headgate gate --record` runs them and keeps what they found, `headgate
approve` keeps an approval, and the update reads these records (R-07). A record counts only when its digest is right,
when it is about this stack, rollout, step and candidate image, when it was made in this stay at the step with today's
settings of the gate, and when it is not older than `evidence.max_age` (an approval: not expired) nor from the future.
The newest one that counts decides. When none does, the message names the refused ones and says why. Nothing is read
when traffic is given back.

The digest finds an edited record; it does not stop somebody who may write to the place from making a new one. With
`evidence.signed: true` a record needs an HMAC made with the key in the environment variable `HEADGATE_EVIDENCE_KEY`
(16 characters or more), where it is made and where it is read. Who has the key can sign anything: give it to the
pipeline alone, and let people run `headgate approve` there, in a protected job. Without it, give write access to the
place as carefully as to the stack.

In production nobody may approve what they asked for. Who asked is `HEADGATE_ACTOR`, which a pipeline sets, the author
of the last commit of the stack file, and, when that file has changes that are not committed, git's `user.email` on
this machine. When none of these is known, no approval counts. These are names as somebody wrote them: they keep an
honest person from approving alone by mistake, and prove nothing about a dishonest one. A proof needs a pipeline that
knows who presses the button, signed records, and commits that are signed or reviewed.

A plan that tests a candidate before its first users, and asks a person before half of them:

```yaml
headgate:plan:
  steps:
    - {name: green-up, weight: 0, bake: 5m, gates: [readiness, smoke, security, "command:migration"]}
    - {name: green-10, weight: 10, bake: 5m, gates: [readiness, drift, approval]}
    - {name: green-50, weight: 50, bake: 10m, gates: [readiness, drift]}
    - {name: green-100, weight: 100, bake: 30m, gates: [readiness, drift]}
headgate:evidence: {url: "s3://greenflow-evidence/production", max_age: 1h, signed: true}
headgate:smoke:
  checks:
    - {name: api, path: /api/v2/health, json: {status: ok}}
    - {name: database and cache, path: /api/v2/health/ready, json: {database: ok, cache: ok}}
headgate:commands:
  migration: {run: [python, ops/verify_migration.py], timeout: 10m}
```

```sh
headgate gate --record --stack greenflow-production
headgate approve green-10 --stack greenflow-production --by bert@example.com --for 4h
pulumi config set step green-50 && pulumi up
```

`headgate:evidence.url` may be a bucket once its library is installed: `pip install 's3fs>=2025.1'` or
`'gcsfs>=2025.1'` (the extras `s3` and `gcs`). Neither is in `requirements.lock`, for `s3fs` allows only certain
versions of `boto3`, and `make` removes what is not in there.

### Gates that run a command

The program gets the environment of `headgate gate`, without `HEADGATE_EVIDENCE_KEY` and with `HEADGATE_STACK`,
`HEADGATE_SYSTEM`, `HEADGATE_ENVIRONMENT`, `HEADGATE_ROLLOUT`, `HEADGATE_STEP`, `HEADGATE_WEIGHT`,
`HEADGATE_CANDIDATE_VERSION`, `HEADGATE_CANDIDATE_SLOT`, `HEADGATE_CANDIDATE_IMAGE` and the same three of
`HEADGATE_LIVE_`. It may print one JSON object, `{"verdict": "passed", "reasons": ["..."], "figures": {"rows": 12}}`,
every part optional; a verdict can make the exit code's worse and never better. Only this is recorded, so print no
secrets in it. What goes to standard error is shown and not kept.
"""
