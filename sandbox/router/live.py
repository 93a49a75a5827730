"""The live balancer, read from the AWS API."""

import functools
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.router import edge_function, parsing
from sandbox.router.edge_function import EdgeFunction
from sandbox.router.model import Balancer, Listener
from sandbox.router.watching import Away

# API reference, DescribeTags: at most 20 resources in one call.
_TAGS_PER_CALL = 20

# How long the name of the balancer and the tags of its target groups are taken as known. They do not
# change while traffic moves; reading them every time would double the load on the emulator.
_IDENTITY_S = 2.0

# An emulator in one Python process can be busy with somebody else for a while.
_PATIENCE_S = 5.0


class Elbv2Reader:
    """Reads a balancer by name. `everything` also reads anew what hardly changes.

    `functions`: a client of the service that keeps edge functions; without it there is none.
    """

    def __init__(
        self, client: Any, name: str, clock: Callable[[], float] = time.monotonic, functions: Any = None
    ) -> None:
        self._client = client
        self._functions = functions
        self._edge: EdgeFunction | None = None
        self._name = name
        self._clock = clock
        self._arn: str | None = None
        self._slots: dict[str, str] = {}
        self._tagged: set[str] = set()
        self._identified_at = 0.0

    def read(self, *, everything: bool) -> Balancer | None:
        if everything or self._clock() - self._identified_at >= _IDENTITY_S:
            self._forget()
        try:
            return self._read()
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "LoadBalancerNotFound":
                self._forget()
                return None
            # A listener that went between two calls, say. What was known may be about a balancer that
            # was since created anew under the same name.
            self._forget()
            raise Away(str(error)) from error
        except BotoCoreError as error:
            raise Away(str(error)) from error
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise Away(f"an answer of the API is not of the expected form: {error!r}") from error

    def close(self) -> None:
        self._client.close()
        if self._functions is not None:
            self._functions.close()

    def _forget(self) -> None:
        self._arn = None
        self._tagged = set()

    def _read(self) -> Balancer:
        if self._arn is None:
            answer = self._client.describe_load_balancers(Names=[self._name])
            self._arn = str(answer["LoadBalancers"][0]["LoadBalancerArn"])
            self._edge = self._read_edge()
            self._identified_at = self._clock()
        listeners = self._pages("describe_listeners", "Listeners", LoadBalancerArn=self._arn)
        rules = {
            listener["ListenerArn"]: self._pages("describe_rules", "Rules", ListenerArn=listener["ListenerArn"])
            for listener in listeners
        }
        groups: set[str] = set()
        for listener in listeners:
            groups |= parsing.group_arns(listener.get("DefaultActions", ()))
            for rule in rules[listener["ListenerArn"]]:
                groups |= parsing.group_arns(rule.get("Actions", ()))
        if groups - self._tagged:
            self._slots = self._read_slots(groups)
            self._tagged = groups
        parsed = [parsing.listener(listener, rules[listener["ListenerArn"]], self._slots) for listener in listeners]
        return Balancer(self._name, self._arn, _by_port(parsed), self._edge)

    def _read_edge(self) -> EdgeFunction | None:
        """The published function; one that is only being written reaches no user."""
        if self._functions is None:
            return None
        try:
            answer = self._functions.get_function(Name=edge_function.name_of(self._name), Stage="LIVE")
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "NoSuchFunctionExists":
                return None
            raise
        return edge_function.read(answer["FunctionCode"].read().decode())

    def _pages(self, operation: str, key: str, **arguments: str) -> list[Any]:
        pages = self._client.get_paginator(operation).paginate(**arguments)
        return [item for page in pages for item in page[key]]

    def _read_slots(self, groups: set[str]) -> dict[str, str]:
        slots = {}
        ordered = sorted(groups)
        for start in range(0, len(ordered), _TAGS_PER_CALL):
            answer = self._client.describe_tags(ResourceArns=ordered[start : start + _TAGS_PER_CALL])
            for description in answer["TagDescriptions"]:
                for tag in description["Tags"]:
                    if tag["Key"] == "slot":
                        slots[description["ResourceArn"]] = tag["Value"]
        return slots


def elbv2_client(endpoint: str, region: str, service: str = "elbv2") -> Any:
    """A client for the emulator at `endpoint`; uses no credentials, profile or proxy of this machine."""
    patience = Config(
        connect_timeout=1,
        read_timeout=_PATIENCE_S,
        retries={"mode": "standard", "total_max_attempts": 1},
        proxies={},
    )
    return _session(region).client(service, endpoint_url=endpoint, config=patience)


@functools.cache
def _session(region: str) -> Any:
    """Kept, because the service models that a session loads take longer than everything else at the start."""
    return boto3.session.Session(aws_access_key_id="sandbox", aws_secret_access_key="sandbox", region_name=region)


def _by_port(listeners: Iterable[Listener]) -> dict[int, Listener]:
    """Listeners by port. An emulator may accept two on one port; which would answer is not known."""
    ports: dict[int, Listener] = {}
    for listener in listeners:
        twice = ("a second listener on the same port",) if listener.port in ports else ()
        ports[listener.port] = replace(listener, problems=listener.problems + twice)
    return ports
