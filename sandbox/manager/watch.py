"""`python -m sandbox.manager watch`: real HTTP processes exist exactly where the emulated ECS wants tasks.

Polls the services of one cluster (tag `slot`, wanted tasks, HEADGATE_VERSION of the task definition) and writes
backends.json for the router. It ends, and ends the processes with it, when it is told to, when its lifetime is over,
or when nothing listens at the cloud's address any more.
"""

import json
import logging
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError
from botocore.parsers import ResponseParserError

from sandbox.manager import record
from sandbox.manager.environment import REGION
from sandbox.manager.layout import Layout
from sandbox.manager.processes import Identity, end, spawn
from sandbox.manager.slots import App, CloudAway, Slots, Wanted
from sandbox.serving import announced, write_json

log = logging.getLogger(__name__)

POLL_S = 0.4
GONE_S = 5.0  # longer than any restart of a connection; then the cloud is taken for ended
_SLOT_TAG, _CONTAINER, _VERSION = "slot", "api", "HEADGATE_VERSION"


class EcsServices:
    """`slots.Cloud`: the active services of one cluster that carry the tag `slot`."""

    def __init__(self, client: Any, cluster: str) -> None:
        self._client = client
        self._cluster = cluster
        self._version = cache(self._read_version)  # a task definition never changes

    def wanted(self) -> Mapping[str, Wanted]:
        """See `slots.Cloud`. A cluster that does not exist wants nothing."""
        try:
            return dict(self._read())
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "ClusterNotFoundException":
                return {}
            raise CloudAway(str(error)) from error
        except EndpointConnectionError as error:
            raise CloudAway(str(error), gone=True) from error
        except (BotoCoreError, ResponseParserError, KeyError, IndexError, TypeError) as error:
            raise CloudAway(repr(error)) from error

    def _read(self) -> list[tuple[str, Wanted]]:
        pages = self._client.get_paginator("list_services").paginate(cluster=self._cluster)
        found = []
        for page in pages:
            if not page["serviceArns"]:
                continue
            answer = self._client.describe_services(
                cluster=self._cluster, services=page["serviceArns"], include=["TAGS"]
            )
            for service in answer["services"]:
                tags = {tag["key"]: tag["value"] for tag in service.get("tags", ())}
                if service["status"] == "ACTIVE" and _SLOT_TAG in tags:
                    version = self._version(service["taskDefinition"])
                    found.append((tags[_SLOT_TAG], Wanted(version, int(service["desiredCount"]))))
        return found

    def _read_version(self, task_definition: str) -> str:
        answer = self._client.describe_task_definition(taskDefinition=task_definition)
        containers = answer["taskDefinition"]["containerDefinitions"]
        container = next((each for each in containers if each["name"] == _CONTAINER), containers[0])
        variables = {each["name"]: each["value"] for each in container.get("environment", ())}
        return str(variables.get(_VERSION) or container["image"])


def ecs_client(endpoint: str) -> Any:
    """A client for the emulator at `endpoint`; uses no credentials, profile or proxy of this machine."""
    session = boto3.session.Session(aws_access_key_id="sandbox", aws_secret_access_key="sandbox", region_name=REGION)
    patience = Config(
        connect_timeout=1, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 1}, proxies={}
    )
    return session.client("ecs", endpoint_url=endpoint, config=patience)


class RouterWeights:
    """`slots.Balancer`: the weights as the router plays them now."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/__sandbox/status"
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

    def weights(self) -> Mapping[str, int]:
        """See `slots.Balancer`. A router that does not answer sends nobody anywhere."""
        try:
            with self._open(self._url, timeout=2) as answer:
                content = json.load(answer)
            return {slot: int(each["weight"]) for slot, each in content["weights"].items()}
        except (urllib.error.URLError, OSError, ValueError, KeyError, TypeError):
            return {}


@dataclass(frozen=True, slots=True)
class AppProcess:
    """`slots.App`: a `python -m sandbox.app`."""

    slot: str
    version: str
    identity: Identity
    ready_file: Path

    @property
    def url(self) -> str | None:
        """See `slots.App`."""
        with suppress(OSError, ValueError, KeyError):
            content = json.loads(self.ready_file.read_text())
            if content["pid"] == self.identity.pid:
                return str(content["url"])
        return None

    @property
    def alive(self) -> bool:
        """See `slots.App`."""
        return self.identity.alive

    def stop(self) -> None:
        """See `slots.App`."""
        self.identity.signal(signal.SIGTERM)

    def kill(self) -> None:
        """See `slots.App`."""
        self.identity.signal(signal.SIGKILL)


class AppStarter:
    """`slots.Starter`. `environ` is handed to every process."""

    def __init__(self, layout: Layout, lifetime_s: float, environ: Mapping[str, str]) -> None:
        self._layout = layout
        self._lifetime_s = lifetime_s
        self._environ = environ
        self._count = 0

    def start(self, slot: str, version: str) -> AppProcess:
        """See `slots.Starter`."""
        self._count += 1
        ready_file = self._layout.ready_file(f"app-{slot}-{self._count}")
        module = ["sandbox.app", f"--version={version}", f"--slot={slot}"]
        module += [f"--database={self._layout.items}", f"--ready-file={ready_file}"]
        module += [f"--lifetime={self._lifetime_s}"]
        identity = spawn(module, self._layout.log(f"app-{slot}"), self._environ)
        return AppProcess(slot, version, identity, ready_file)


class Published:
    """What others read: backends.json for the router, apps.json for people and for whoever cleans up."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._backends: dict[str, str] | None = None
        self._apps: list[dict[str, object]] | None = None

    def write(self, serving: Mapping[str, App], every: list[App]) -> None:
        """Write both files, if they changed."""
        backends = {slot: app.url for slot, app in serving.items() if app.url is not None}
        if backends != self._backends:
            write_json(self._layout.backends, backends)
            self._backends = backends
        apps: list[dict[str, object]] = [
            {"slot": app.slot, "version": app.version, "url": app.url, "serves": app in serving.values(),
             **asdict(app.identity)}
            for app in every if isinstance(app, AppProcess)
        ]  # fmt: skip
        if apps != self._apps:
            write_json(self._layout.apps, {"apps": apps})
            self._apps = apps


def orphans(layout: Layout) -> list[Identity]:
    """Application processes that an earlier watch left behind when it was killed."""
    try:
        apps = json.loads(layout.apps.read_text())["apps"]
        return [process for process in map(record.identity, apps) if process.alive]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def run(layout: Layout, slots: Slots, lifetime_s: float, ready_file: Path) -> None:
    """Watch until told to stop, until the lifetime is over or the cloud is gone; then end all processes."""
    stops = {signal.SIGINT, signal.SIGTERM}
    # Blocked, and waited for with a time limit between two rounds: no round is cut in two.
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    began = time.monotonic()
    published = Published(layout)
    end(orphans(layout))
    try:
        slots.tick(began)
        published.write(slots.serving, slots.every)
        with announced(ready_file, {}):
            while signal.sigtimedwait(stops, POLL_S) is None:
                now = time.monotonic()
                slots.tick(now)
                published.write(slots.serving, slots.every)
                if slots.gone_for(now) >= GONE_S:
                    log.error("nothing listens at the cloud's address any more; ending")
                    break
                if now - began >= lifetime_s:
                    log.info("the lifetime of %g s is over; ending", lifetime_s)
                    break
    finally:
        leftover = [app.identity for app in slots.every if isinstance(app, AppProcess)]
        write_json(layout.backends, {})
        end(leftover)
        write_json(layout.apps, {"apps": []})
