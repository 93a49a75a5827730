"""What the watch asks the emulated Google for, and what it publishes."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from sandbox.manager import clouds
from sandbox.manager.layout import Layout
from sandbox.manager.processes import Identity
from sandbox.manager.slots import CloudAway, Slots, Wanted
from sandbox.manager.watch import AppProcess, Published, Watched
from sandbox.router.run.model import Cloud, Revision, Service, Target
from sandbox.router.watching import Away


class Reader:
    """Stands in for the reader of the emulator."""

    def __init__(self, answer: Cloud | Exception) -> None:
        self._answer = answer

    def read(self) -> Cloud:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def revisions(monkeypatch: pytest.MonkeyPatch, answer: Cloud | Exception) -> clouds.RunRevisions:
    monkeypatch.setattr(clouds, "StoreReader", lambda url: Reader(answer))
    return clouds.RunRevisions("http://127.0.0.1:1")


def test_revisions_that_run(monkeypatch: pytest.MonkeyPatch) -> None:
    targets = (
        Target("ion-a", 100, "live"),
        Target("ion-b", 0, "candidate"),
        Target("ion-c", 0, "broken"),
        Target("ion-d"),
    )
    known = [
        Revision("ion-a", "1", minimum=2), Revision("ion-b", "2"), Revision("ion-c", "3", problem="exit 1"),
        Revision("ion-d", "4"), Revision("ion-e", "5", minimum=1),
    ]  # fmt: skip
    service = Service("ion", targets=targets, revisions={revision.name: revision for revision in known})
    found = revisions(monkeypatch, Cloud({"n": service})).wanted()
    assert found == {"ion-a": Wanted("1", 2), "ion-b": Wanted("2", 1)}


@pytest.mark.parametrize("gone", [True, False])
def test_an_emulator_that_is_away(monkeypatch: pytest.MonkeyPatch, gone: bool) -> None:
    with pytest.raises(CloudAway) as caught:
        revisions(monkeypatch, Away("refused", gone=gone)).wanted()
    assert caught.value.gone is gone


class Side:
    """A cloud and its router: two slots wanted, nothing routed."""

    def wanted(self) -> Mapping[str, Wanted]:
        return {"a": Wanted("1", 1)}

    def weights(self) -> Mapping[str, int]:
        return {}


class Starter:
    """Starts processes that are ready at once."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder, self._port = folder, port

    def start(self, slot: str, version: str) -> AppProcess:
        ready = self._folder / f"{slot}-{self._port}.json"
        ready.write_text(json.dumps({"pid": self._port, "url": f"http://127.0.0.1:{self._port}"}))
        return AppProcess(slot, version, Alive(self._port, "now"), ready)


class Alive(Identity):
    @property
    def alive(self) -> bool:
        return True


def test_each_router_has_its_own_backends_and_people_see_all(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    side = Side()
    watched = [
        Watched(Slots(side, side, Starter(tmp_path, 1)), layout.backends),
        Watched(Slots(side, side, Starter(tmp_path, 2)), layout.run_backends),
    ]
    for now in (0.0, 1.0):
        for each in watched:
            each.slots.tick(now)
    Published(layout, watched).write()
    assert json.loads(layout.backends.read_text()) == {"a": "http://127.0.0.1:1"}
    assert json.loads(layout.run_backends.read_text()) == {"a": "http://127.0.0.1:2"}
    apps = json.loads(layout.apps.read_text())["apps"]
    assert [(app["slot"], app["pid"], app["serves"]) for app in apps] == [("a", 1, True), ("a", 2, True)]
