"""Operations, retries and errors, with an API that is played."""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.plugins.gcp.configuration import Configuration
from sandbox.plugins.gcp.engine import look
from sandbox.plugins.gcp.rest import CloudError, Google, Request
from sandbox.plugins.gcp.rows import Row, Target
from sandbox.plugins.gcp.tables import rows


class Played(Google):
    """Gives the answers of a list instead of sending; an exception is raised."""

    def __init__(self, *answers: Any, poll: float = 10.0) -> None:
        self.slept: list[float] = []
        super().__init__(Configuration({}, {}, poll), self.slept.append)
        self._answers: Iterator[Any] = iter(answers)

    def _once(self, api: str, request: Request) -> dict[str, Any]:
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        found: dict[str, Any] = answer
        return found


PENDING, DONE = {"name": "operations/1"}, {"name": "operations/1", "done": True}


def looks(*answers: Any) -> Any:
    left = iter(answers)
    return lambda: next(left)


class TestOperations:
    def test_the_first_look_is_at_once_and_each_further_one_after_the_interval(self) -> None:
        google = Played(poll=1.0)
        assert google.wait(PENDING, looks(PENDING, PENDING, DONE), "update Service") == DONE
        assert google.slept == [1.0, 1.0]

    @pytest.mark.parametrize("ended", [{}, DONE, {"name": "o", "status": "DONE"}])
    def test_what_is_done_is_not_looked_at(self, ended: dict[str, Any]) -> None:
        assert Played().wait(ended, looks(), "create Service") == ended

    def test_an_error_says_what_was_waited_for(self) -> None:
        failed = {**DONE, "error": {"code": 9, "message": "no"}}
        with pytest.raises(CloudError, match="Error waiting to create Service: Error code 9, message: no") as refused:
            Played().wait(PENDING, looks(failed), "create Service")
        assert refused.value.late

    def test_an_error_of_compute_engine(self) -> None:
        errors = {"errors": [{"code": "QUOTA", "message": "no"}, {"code": "X", "message": "y"}]}
        failed = {"name": "o", "status": "DONE", "error": errors, "httpErrorStatusCode": 403}
        with pytest.raises(CloudError, match="Error code 403, message: QUOTA: no; X: y"):
            Played().wait(failed, looks(), "create URLMap")

    def test_where_an_operation_is(self) -> None:
        run, compute = rows()["gcp:cloudrunv2/service:Service"], rows()["gcp:compute/uRLMap:URLMap"]
        target = Target("", {"project": "p", "region": "r"})
        name = "projects/p/locations/l/operations/1"
        assert look(run, target, {"name": name}) == Request("GET", name)
        assert look(compute, target, {"name": "o"}).path == "projects/p/global/operations/o"
        assert look(compute, target, {"name": "o", "region": "https://x/r"}).path == "projects/p/regions/r/operations/o"


class TestRetries:
    @pytest.mark.parametrize("code", [429, 500, 502, 503])
    def test_what_passes_by_itself_is_tried_again(self, code: int) -> None:
        google = Played(CloudError(code, "busy"), CloudError(code, "busy"), {"a": 1})
        assert google.send("run", Request("GET", "x")) == {"a": 1}
        assert len(google.slept) == 2

    def test_not_for_ever(self) -> None:
        with pytest.raises(CloudError, match="busy"):
            Played(*[CloudError(503, "busy")] * 3).send("run", Request("GET", "x"))

    @pytest.mark.parametrize("code", [0, 400, 403, 404, 409, 501])
    def test_a_refusal_is_not_tried_again(self, code: int) -> None:
        google = Played(CloudError(code, "no"))
        with pytest.raises(CloudError, match="no"):
            google.send("run", Request("POST", "x"))
        assert google.slept == []


class TestAddresses:
    def row(self) -> Row:
        return Row("gcp:a/b:B", "run", {}, path="projects/{project}/locations/{location}/things/{%name}")

    def test_a_place_is_filled_from_inputs_state_and_provider(self) -> None:
        target = Target("", {"name": "a/b c"}, {"project": "q"}, {"project": "p", "region": "r"})
        assert target.path(self.row().path) == "projects/q/locations/r/things/a%2Fb%20c"

    def test_a_place_without_a_value_is_named(self) -> None:
        with pytest.raises(CloudError, match=r"project: required field is not set.*pulumi config set gcp:project"):
            Target("", {"name": "n"}).path(self.row().path)

    @pytest.mark.parametrize("identity", ["projects/p/locations/l/things/n", "p/l/n", "l/n", "n"])
    def test_an_id_is_taken_apart(self, identity: str) -> None:
        found = self.row().parsed(identity, {"project": "p", "region": "l"})
        assert found == {"project": "p", "location": "l", "name": "n"}

    @pytest.mark.parametrize(("identity", "defaults"), [("a/b/c/d", {}), ("n", {})])
    def test_an_id_of_another_form_is_refused(self, identity: str, defaults: dict[str, str]) -> None:
        with pytest.raises(CloudError, match=r"import id .* of gcp:a/b:B: expected projects/"):
            self.row().parsed(identity, defaults)
