"""What verbs say of what an engine said."""

import pytest

from headgate.engine import Run
from headgate.lifecycle import words
from headgate.problems import Violation

DIAGNOSTICS = """Updating (s):

@ updating....
 ~  aws:ecs:Service service-green updating (0s) [diff: ~desiredCount]
Diagnostics:
  aws:ecs:Service (service-green):
    error: the service did not become steady
    in 10 minutes
    warning: it is slow
  pulumi:pulumi:Stack (headgate-s):
    REHEARSAL CLOCK
    error: update failed
    error: an unhandled error occurred: program exited with non-zero exit code: 1

    printed by the program

Outputs:
    password: "[secret]"

Resources:
    1 errored

Duration: 9s
"""


@pytest.mark.parametrize(
    ("run", "lines"),
    [
        (Run(1, DIAGNOSTICS, ""), ("the service did not become steady", "in 10 minutes")),
        (Run(255, "", "error: no stack named 's' found\n"), ("no stack named 's' found",)),
        (Run(1, "a\nerror: b\nc\n", ""), ("b",)),
        (Run(1, "a\nb\nc\nd\n", ""), ("b", "c", "d")),
        (Run(-9, "", ""), ("pulumi ended with exit code -9 and said nothing",)),
    ],
)
def test_the_lines_that_matter(run: Run, lines: tuple[str, ...]) -> None:
    assert words.last_lines(run) == lines


def test_not_more_lines_than_anybody_reads() -> None:
    many = "\n".join(f"error: {number}" for number in range(100))
    assert words.last_lines(Run(1, "", many)) == tuple(str(number) for number in range(words.MOST_LINES))


def test_a_violation_in_a_line() -> None:
    whole = Violation("R-06 bake", "Step 'x' must bake.", "10s.", "Wait.")
    assert words.said(whole) == "R-06 bake: Step 'x' must bake. Found: 10s. Do: Wait."
    assert words.said(Violation("rds-not-public", "", "found true.", "")) == "rds-not-public: found true."


def test_problems_become_lines() -> None:
    assert words.listed(["2 problems:\n  one\n  two\n", "", "three"]) == ("2 problems:", "one", "two", "three")
