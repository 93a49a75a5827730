"""Importing components must not trip over the warnings that the SDKs give about themselves."""

from typing import Any

from tests.support import aws_sdk as _aws_sdk  # noqa: F401
from tests.support import google_sdk as _google_sdk  # noqa: F401


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Says how many of the secure defaults are held by a rule, when the test that counts them ran."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, ())]
    for name, rate in (each for report in reports for each in getattr(report, "user_properties", ())):
        if name == "kill_rate":
            terminalreporter.write_line(
                f"secure defaults: {rate['killed']} of {rate['mutants']} switched off one at a time are refused"
                f" ({100 * rate['rate']:.1f} %)"
            )
