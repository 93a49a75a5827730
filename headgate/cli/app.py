"""The `headgate` command. Heavy libraries are imported by the verb that needs them, not here."""

import sys

import typer

from headgate.cli import (
    acknowledge_cmd,
    advance_cmd,
    approve_cmd,
    doctor_cmd,
    gate_cmd,
    history_cmd,
    notify_cmd,
    plan_cmd,
    preview_cmd,
    promote_cmd,
    record_cmd,
    rehearse,
    retire_cmd,
    rollback_cmd,
    sandbox_cmd,
    start_cmd,
    status_cmd,
)
from headgate.cli.errors import CommandFailed

app = typer.Typer(
    name="headgate",
    help="Move a rollout step by step with Pulumi. The rollout is stack configuration: `headgate:step` is the step it "
    "is at, and `pulumi up` moves the traffic. Every command here is convenience over that.",
    epilog="Exit codes: 0 done, 1 failed, 2 usage, 3 held by a gate or rule, 4 rolled back.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(status_cmd.status)
app.command()(gate_cmd.gate)
app.command()(approve_cmd.approve)
app.command()(plan_cmd.plan)
app.command()(preview_cmd.preview)
app.command()(start_cmd.start)
app.command()(advance_cmd.advance)
app.command()(promote_cmd.promote)
app.command()(retire_cmd.retire)
app.command()(rollback_cmd.rollback)
app.command()(doctor_cmd.doctor)
app.command()(history_cmd.history)
app.command()(record_cmd.record)
app.command()(acknowledge_cmd.acknowledge)
app.add_typer(notify_cmd.app, name="notify")
app.add_typer(sandbox_cmd.app, name="sandbox")
app.add_typer(rehearse.app, name="rehearse")


def main() -> int:
    """Entry point; returns the exit code of what the user asked for, or raises SystemExit with it."""
    try:
        app()
    except CommandFailed as failure:
        sys.stderr.write(f"headgate: {failure}\n")
        return int(failure.code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
