"""Who gets which version, and how a request is counted."""

import logging
from collections.abc import Callable, Mapping

import pytest

from headgate.assignment import Assignment, assign
from headgate.middleware.core import Fixed, Instrument, Reader, Split, cookie, header, status_class, text_of
from tests.unit.headgate.middleware.conftest import Bench


def reader(headers: Mapping[str, str]) -> Reader:
    return {name.lower(): value for name, value in headers.items()}.get


class TestUserKey:
    @pytest.mark.parametrize(
        ("sent", "key"),
        [
            ("uid=a", "a"),
            ("x=1; uid=a; uid=b", "a"),
            ("uid=a=b", "a=b"),
            ('uid="a%20b"', '"a%20b"'),
            ("xuid=a", None),
            ("uid", None),
            ("uid=", None),
            ("", None),
            (None, None),
        ],
    )
    def test_from_a_cookie(self, sent: str | None, key: str | None) -> None:
        assert cookie("uid")(reader({} if sent is None else {"Cookie": sent})) == key

    @pytest.mark.parametrize(("sent", "key"), [(" a ", "a"), ("", None), (" ", None), (None, None)])
    def test_from_a_header(self, sent: str | None, key: str | None) -> None:
        assert header("X-User-Id")(reader({} if sent is None else {"X-User-Id": sent})) == key

    def test_the_first_that_is_present_counts(self, split: Callable[..., Split]) -> None:
        versions = split(lambda: 50, user_key=[cookie("uid"), header("X-User-Id")])
        for sent, key in (
            ({"Cookie": "uid=a", "X-User-Id": "b"}, "a"),
            ({"Cookie": "uid=", "X-User-Id": "b"}, "b"),
            ({"X-User-Id": "b"}, "b"),
            ({}, None),
        ):
            assert versions.assign(reader(sent)) == assign(key, 50, "ion", "1", "2")

    def test_bytes_are_utf8_or_else_latin1(self) -> None:
        assert [text_of(each) for each in ("é".encode(), b"\xe9", b"a")] == ["é", "é", "a"]


class TestSplit:
    def test_the_weight_is_asked_for_every_request(self, split: Callable[..., Split]) -> None:
        weights = iter([0, 100])
        versions = split(lambda: next(weights))
        read = reader({"X-User-Id": "a"})
        assert [versions.assign(read).version for _ in range(2)] == ["1", "2"]

    def test_a_weight_that_is_not_known_is_live_and_said_once(self, split: Callable[..., Split], caplog) -> None:
        answers: list[object] = [OSError("no"), 101, "50", None, 100, OSError("no")]

        def weight() -> int:
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer  # type: ignore[return-value]

        versions = split(weight)
        with caplog.at_level(logging.INFO):
            got = [versions.assign(reader({"X-User-Id": "a"})).version for _ in range(6)]
        assert got == ["1", "1", "1", "1", "2", "1"]
        assert [record.levelname for record in caplog.records] == ["WARNING", "INFO", "WARNING"]

    def test_without_a_key_the_random_number_decides_or_it_is_live(self, split: Callable[..., Split]) -> None:
        assert split(lambda: 50).assign(reader({})) == Assignment(None, False, "1", keyed=False)
        assert split(lambda: 50, unit=lambda: 0.1).assign(reader({})) == Assignment(None, True, "2", keyed=False)

    def test_no_number_is_drawn_for_a_user_with_a_key(self, split: Callable[..., Split]) -> None:
        drawn: list[float] = []
        versions = split(lambda: 50, unit=lambda: drawn.append(0.0) or 0.0)
        versions.assign(reader({"X-User-Id": "a"}))
        assert drawn == []

    def test_without_a_candidate(self) -> None:
        versions = Split("1", None, salt="ion", weight=lambda: 100, user_key=[header("X-User-Id")])
        assert versions.versions == ("1",)
        assert versions.assign(reader({"X-User-Id": "a"})).version == "1"

    def test_what_cannot_be_used_is_refused_at_once(self, split: Callable[..., Split]) -> None:
        with pytest.raises(ValueError, match="salt"):
            split(lambda: 0, salt="")
        with pytest.raises(ValueError, match="the same as live"):
            Split("1", "1", salt="ion", weight=lambda: 0, user_key=[])
        for version in ("", "1\r\nX-Evil: 1", " 1", "é"):
            with pytest.raises(ValueError, match="for a header"):
                Fixed(version)


class TestCounting:
    def test_a_request_is_counted_once_whatever_is_said_of_it(self, bench: Bench) -> None:
        exchange = bench.instrument().begin("/", reader({}))
        assert bench.in_flight() == 1
        exchange.answered(500)
        exchange.completed()
        exchange.failed()
        exchange.aborted()
        assert (bench.requests(), bench.errors(), bench.in_flight()) == ({"5xx": 1}, 1, 0)

    @pytest.mark.parametrize(
        ("status", "end", "counted", "errors", "timed"),
        [
            (200, "completed", "2xx", 0, 1),
            (404, "completed", "4xx", 0, 1),
            (503, "completed", "5xx", 1, 1),
            (700, "completed", "other", 1, 1),
            (200, "failed", "2xx", 1, 1),
            (None, "failed", "5xx", 1, 1),
            (None, "completed", "5xx", 1, 1),
            (200, "aborted", "aborted", 0, 0),
            (None, "aborted", "aborted", 0, 1),
        ],
    )
    def test_how_requests_end(
        self, bench: Bench, *, status: int | None, end: str, counted: str, errors: int, timed: int
    ):
        exchange = bench.instrument().begin("/", reader({}))
        bench.clock.advance(30)
        if status is not None:
            exchange.answered(status)
        bench.clock.advance(70)
        getattr(exchange, end)()
        assert (bench.requests(), bench.errors()) == ({counted: 1}, errors)
        assert bench.duration() == (timed, 0.1 * timed)

    def test_the_headers_say_version_and_time_so_far(self, bench: Bench) -> None:
        exchange = bench.instrument().begin("/", reader({}))
        bench.clock.advance(12.3456)
        assert exchange.answered(200) == (("X-Deployment-Version", "1"), ("X-Response-Time-Ms", "12.346"))

    def test_some_paths_are_only_labelled(self, bench: Bench) -> None:
        instrument = bench.instrument(uncounted=["/ping"], metrics_path="/metrics")
        for path in ("/ping", "/metrics"):
            exchange = instrument.begin(path, reader({}))
            assert exchange.answered(500)[0] == ("X-Deployment-Version", "1")
            exchange.completed()
        assert (bench.requests(), bench.errors(), bench.in_flight()) == ({}, 0, 0)

    def test_by_version(self, bench: Bench, split: Callable[..., Split]) -> None:
        instrument = Instrument(split(lambda: 30), bench.metrics, clock=bench.clock)
        users = [f"user-{number}" for number in range(200)]
        for user in users:
            exchange = instrument.begin("/", reader({"X-User-Id": user}))
            exchange.answered(200 if exchange.assignment.version == "1" else 500)
            exchange.completed()
        candidates = sum(assign(user, 30, "ion", "1", "2").candidate for user in users)
        assert bench.requests("1") == {"2xx": 200 - candidates}
        assert bench.requests("2") == {"5xx": candidates}
        assert (bench.errors("1"), bench.errors("2")) == (0, candidates)


@pytest.mark.parametrize(
    ("status", "label"),
    [
        (100, "1xx"),
        (204, "2xx"),
        (301, "3xx"),
        (499, "4xx"),
        (599, "5xx"),
        (99, "other"),
        (600, "other"),
        (-1, "other"),
    ],
)
def test_status_classes(status: int, label: str) -> None:
    assert status_class(status) == label
