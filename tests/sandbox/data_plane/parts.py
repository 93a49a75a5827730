"""What the tests of the data plane handle: a balancer in the emulator, a process, a router's front."""

import asyncio
import contextlib
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import boto3

T = TypeVar("T")

# For what takes a moment on an idle machine and seconds on a busy one.
_DEADLINE_S = 120.0


def eventually(check: Callable[[], T]) -> T:
    """The first true result of `check`, asked again and again until a deadline."""
    give_up = time.monotonic() + _DEADLINE_S
    while not (found := check()):
        assert time.monotonic() < give_up, f"not within {_DEADLINE_S} s"
        time.sleep(0.01)
    return found


async def soon(check: Callable[[], Awaitable[T]]) -> T:
    """As eventually, for coroutines."""
    give_up = time.monotonic() + _DEADLINE_S
    while not (found := await check()):
        assert time.monotonic() < give_up, f"not within {_DEADLINE_S} s"
        await asyncio.sleep(0.01)
    return found


@contextlib.contextmanager
def aws(service: str, endpoint: str) -> Iterator[Any]:
    """A client of the emulator."""
    session = boto3.session.Session(
        aws_access_key_id="sandbox", aws_secret_access_key="sandbox", region_name="us-east-1"
    )
    client = session.client(service, endpoint_url=endpoint)
    yield client
    client.close()


@dataclass(frozen=True)
class Given:
    """What a balancer needs that is there before it."""

    vpc: str
    subnets: list[str]
    certificate: str


def forward(*groups: tuple[str, int], sticky_s: int = 0) -> list[dict[str, Any]]:
    """A forward action to target groups by ARN and weight; `sticky_s` = 0 means without stickiness."""
    config: dict[str, Any] = {
        "TargetGroups": [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in groups],
        "TargetGroupStickinessConfig": {"Enabled": False},
    }
    if sticky_s:
        config["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": sticky_s}
    return [{"Type": "forward", "ForwardConfig": config}]


@dataclass
class Cloud:
    """A balancer with the listeners that Headgate makes."""

    client: Any
    name: str
    endpoint: str
    given: Given
    arn: str = ""
    groups: dict[str, str] = field(default_factory=dict)
    listeners: dict[int, str] = field(default_factory=dict)

    def create(self) -> None:
        answer = self.client.create_load_balancer(Name=self.name, Subnets=self.given.subnets)
        self.arn = answer["LoadBalancers"][0]["LoadBalancerArn"]
        for slot in ("blue", "green"):
            self.groups[slot] = self.create_group(f"{self.name}-{slot}", slot)
        self.create_listener(443, "HTTPS", self.split(100, 0))
        self.create_listener(8443, "HTTPS", forward((self.groups["green"], 1)))
        redirect = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
        self.create_listener(80, "HTTP", [{"Type": "redirect", "RedirectConfig": redirect}])

    def create_group(self, name: str, slot: str | None) -> str:
        tags = {"Tags": [{"Key": "slot", "Value": slot}]} if slot else {}
        answer = self.client.create_target_group(
            Name=name, Protocol="HTTP", Port=8080, VpcId=self.given.vpc, TargetType="ip", **tags
        )
        return str(answer["TargetGroups"][0]["TargetGroupArn"])

    def create_listener(self, port: int, protocol: str, actions: list[dict[str, Any]]) -> None:
        secure = {"Certificates": [{"CertificateArn": self.given.certificate}]} if protocol == "HTTPS" else {}
        answer = self.client.create_listener(
            LoadBalancerArn=self.arn, Protocol=protocol, Port=port, DefaultActions=actions, **secure
        )
        self.listeners[port] = answer["Listeners"][0]["ListenerArn"]

    def split(self, blue: int, green: int, sticky_s: int = 0) -> list[dict[str, Any]]:
        return forward((self.groups["blue"], blue), (self.groups["green"], green), sticky_s=sticky_s)

    def set_weights(self, blue: int, green: int, sticky_s: int = 0) -> None:
        self.set_default(443, self.split(blue, green, sticky_s))

    def set_default(self, port: int, actions: list[dict[str, Any]]) -> None:
        self.client.modify_listener(ListenerArn=self.listeners[port], DefaultActions=actions)

    def create_rule(self, priority: int, condition: dict[str, Any], actions: list[dict[str, Any]]) -> str:
        answer = self.client.create_rule(
            ListenerArn=self.listeners[443], Priority=priority, Conditions=[condition], Actions=actions
        )
        return str(answer["Rules"][0]["RuleArn"])


@dataclass
class Process:
    """A process under test, and what its ready file said."""

    popen: subprocess.Popen[str]
    ready_file: Path
    ready: dict[str, Any] = field(default_factory=dict)

    def end(self) -> tuple[int, str]:
        """Ask it to stop if it runs; its exit status and what it wrote on stderr."""
        if self.popen.poll() is None:
            self.popen.terminate()
        try:
            _, written = self.popen.communicate(timeout=_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            _, written = self.popen.communicate()
            raise AssertionError(f"{self.popen.args} did not stop: {written}") from None
        except ValueError:
            written = ""
        return self.popen.returncode, written


@dataclass
class Front:
    """A running router as its clients see it."""

    urls: Mapping[str, str]
    backends: Path
    session: aiohttp.ClientSession

    @classmethod
    @contextlib.asynccontextmanager
    async def of(cls, urls: Mapping[str, str], backends: Path) -> AsyncIterator["Front"]:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            yield cls(urls, backends, session)

    @property
    def url(self) -> str:
        return self.urls["traffic"]

    async def get(self, path: str = "/api/v2/health", via: str = "traffic", **more: Any) -> "Got":
        return await self.send("GET", path, via, **more)

    async def send(self, method: str, path: str, via: str = "traffic", **more: Any) -> "Got":
        url = self.urls[via] + path
        async with self.session.request(method, url, allow_redirects=False, **more) as answer:
            return Got(answer.status, answer.headers, await answer.read())

    async def status(self, window: float = 60) -> dict[str, Any]:
        return dict(await self._json("GET", f"status?window={window}"))

    async def refresh(self) -> dict[str, Any]:
        return dict(await self._json("POST", "refresh"))

    async def mark(self, name: str) -> dict[str, Any]:
        return dict(await self._json("POST", f"mark?name={name}"))

    async def slots(self, listener: str = "traffic", since: float = 0) -> dict[str, Any]:
        return dict((await self._json("GET", f"stats?since={since}&listener={listener}"))["slots"])

    async def _json(self, method: str, path: str) -> Any:
        async with self.session.request(method, f"{self.url}/__sandbox/{path}") as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()


@dataclass
class Got:
    status: int
    headers: Any
    body: bytes

    @property
    def slot(self) -> str | None:
        found = self.headers.get("X-Deployment-Slot")
        return None if found is None else str(found)

    @property
    def cookie(self) -> str:
        """What to send back: the stickiness cookie, as `name=value`."""
        cookies = [value.split(";")[0] for value in self.headers.getall("Set-Cookie")]
        return next(cookie for cookie in cookies if cookie.startswith("AWSALBTG="))
