"""Nothing is changed before somebody agreed."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from headgate.cli.asking import confirm
from headgate.cli.errors import CommandFailed, ExitCode


@dataclass
class Somebody:
    """Answers with a text, or with what it raises."""

    answer: str | BaseException = ""
    there: bool = True
    asked: list[str] = field(default_factory=list)

    def ask(self, question: str) -> str:
        self.asked.append(question)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


def refused(call: Callable[[], None]) -> CommandFailed:
    with pytest.raises(CommandFailed) as caught:
        call()
    return caught.value


def test_agreed_beforehand_nobody_is_asked() -> None:
    somebody = Somebody(there=False)
    confirm("s", True, True, somebody)
    assert somebody.asked == []


@pytest.mark.parametrize("answer", ["y", "Y", "yes"])
def test_outside_production_a_letter_is_enough(answer: str) -> None:
    confirm("greenflow-staging", False, False, Somebody(answer))


def test_production_asks_for_the_name() -> None:
    somebody = Somebody("greenflow-production")
    confirm("greenflow-production", True, False, somebody)
    assert somebody.asked == ["Type greenflow-production to go on: "]


def test_another_name_is_said() -> None:
    failure = refused(lambda: confirm("greenflow-production", True, False, Somebody("y")))
    assert str(failure) == "'y' is not 'greenflow-production'; nothing was changed"
    assert failure.code is ExitCode.FAILED


@pytest.mark.parametrize("answer", ["", "n", KeyboardInterrupt(), EOFError()])
@pytest.mark.parametrize("production", [True, False])
def test_any_other_answer_changes_nothing(answer: str | BaseException, production: bool) -> None:
    failure = refused(lambda: confirm("s", production, False, Somebody(answer)))
    assert "nothing was changed" in str(failure)
    assert failure.code is ExitCode.FAILED


def test_where_nobody_can_answer_it_is_a_mistake_in_the_call() -> None:
    failure = refused(lambda: confirm("s", False, False, Somebody(there=False)))
    assert failure.code is ExitCode.USAGE
    assert "--yes" in str(failure)
