"""What the emulated clouds want to run, and where the routers send requests: the sides of `slots` that ask."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError
from botocore.parsers import ResponseParserError

from sandbox.manager.environment import REGION
from sandbox.manager.slots import CloudAway, Wanted
from sandbox.router.run.live import StoreReader
from sandbox.router.watching import Away

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


class RunRevisions:
    """`slots.Cloud`: the revisions of all Cloud Run services that have instances, or get them with a request.

    The slot is the revision's name. One that cannot serve has no process, as on Cloud Run.
    """

    def __init__(self, url: str) -> None:
        self._reader = StoreReader(url)

    def wanted(self) -> Mapping[str, Wanted]:
        """See `slots.Cloud`."""
        try:
            cloud = self._reader.read()
        except Away as error:
            raise CloudAway(str(error), gone=error.gone) from error
        running = [revision for service in cloud.services.values() for revision in service.running]
        return {
            revision.name: Wanted(revision.version, max(revision.minimum, 1))
            for revision in running
            if not revision.problem
        }
