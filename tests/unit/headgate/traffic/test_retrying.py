"""Backoff that ends: on an injected clock, so nothing waits."""

from collections.abc import Callable

import pytest

from headgate.traffic.retrying import Passing, Patience, Retrying


class Busy(Exception): ...


class Lost(Exception): ...


class Final(Exception): ...


KINDS = {Busy: Passing.BUSY, Lost: Passing.LOST, Final: Passing.NO}


class Clock:
    """Time passes only by sleeping, and `costs` seconds with each call."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def retrying(self, patience: Patience | None = None) -> Retrying:
        return Retrying(lambda error: KINDS[type(error)], self.sleep, lambda: self.now, patience)


def after(errors: list[type[Exception]], cost: Callable[[], None] = lambda: None) -> Callable[[], str]:
    """A call that raises those, one per try, then answers."""
    left = list(errors)

    def call() -> str:
        cost()
        if left:
            raise left.pop(0)
        return "answer"

    return call


def test_what_is_busy_is_waited_for_longer_each_time() -> None:
    clock = Clock()
    assert clock.retrying()(after([Busy] * 7)) == "answer"
    assert clock.slept == [0.2, 0.4, 0.8, 1.6, 3.2, 4.0, 4.0]


def test_never_longer_than_everything_may_take() -> None:
    clock = Clock()
    retrying = clock.retrying(Patience(total=45))
    with pytest.raises(Busy):
        retrying(after([Busy] * 1000))
    assert clock.now <= 1045
    assert retrying.left < 4
    tries = len(clock.slept)
    clock.now = 1045
    with pytest.raises(Busy):
        retrying(after([Busy]))
    assert len(clock.slept) == tries, "one more call, without a wait"


def test_a_dead_endpoint_is_given_up_after_a_moment_and_then_at_once() -> None:
    clock = Clock()
    retrying = clock.retrying()
    with pytest.raises(Lost):
        retrying(after([Lost] * 10))
    assert clock.slept == [0.2, 0.4]
    with pytest.raises(Lost):
        retrying(after([Lost]))
    assert clock.slept == [0.2, 0.4]


def test_any_answer_is_a_sign_of_life() -> None:
    clock = Clock()
    retrying = clock.retrying()
    assert retrying(after([Lost, Lost])) == "answer"
    assert retrying(after([Lost, Lost])) == "answer"
    assert retrying(after([Lost, Lost, Busy, Lost, Lost])) == "answer"


def test_what_will_not_pass_is_not_tried_again() -> None:
    clock = Clock()
    with pytest.raises(Final):
        clock.retrying()(after([Final]))
    assert clock.slept == []


def test_slow_calls_count() -> None:
    clock = Clock()

    def five_seconds() -> None:
        clock.now += 5

    with pytest.raises(Busy):
        clock.retrying(Patience(total=45))(after([Busy] * 1000, five_seconds))
    assert clock.now <= 1050
