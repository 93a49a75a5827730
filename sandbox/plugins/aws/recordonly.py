"""Resources that the emulator does not have: checked as AWS would check the call, then only recorded.

An operation listed here never reaches the emulator's API. Its parameters are validated against botocore's
model and kept as a JSON object in an S3 bucket of the emulator, so that the record lives and dies with
everything else there. Nothing acts on it, and boto3 does not see it through the service's own API.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.plugins.aws.clients import CloudError

BUCKET = "headgate-sandbox-records"

_Runner = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class Kind:
    """One kind of object and the operations on it, named as in the API reference.

    key: the parameter that names the object; one, many: members of the answers that hold it.
    arn: the resource part of its ARN. exists, missing: the service's error codes.
    handle: the parameter that holds its ARN, by which all operations but `create` name it. Such a kind is of no region,
    and its tags are in its record, where `tag` and `untag` change them.
    """

    service: str
    name: str
    key: str
    one: str
    many: str
    arn: str
    exists: str
    missing: str
    create: str
    describe: str
    modify: str
    delete: str
    handle: str = ""
    tag: str = ""
    untag: str = ""

    def operations(self) -> tuple[str, ...]:
        listed = (self.create, self.describe, self.modify, self.delete, self.tag, self.untag)
        return tuple(operation for operation in listed if operation)


KINDS: tuple[Kind, ...] = (
    Kind(
        service="elasticache",
        name="parameter-group",
        key="CacheParameterGroupName",
        one="CacheParameterGroup",
        many="CacheParameterGroups",
        arn="parametergroup",
        exists="CacheParameterGroupAlreadyExists",
        missing="CacheParameterGroupNotFound",
        create="CreateCacheParameterGroup",
        describe="DescribeCacheParameterGroups",
        modify="ModifyCacheParameterGroup",
        delete="DeleteCacheParameterGroup",
    ),
    Kind(
        service="elasticache",
        name="user-group",
        key="UserGroupId",
        one="",
        many="UserGroups",
        arn="usergroup",
        exists="UserGroupAlreadyExists",
        missing="UserGroupNotFound",
        create="CreateUserGroup",
        describe="DescribeUserGroups",
        modify="ModifyUserGroup",
        delete="DeleteUserGroup",
    ),
    Kind(
        service="chatbot",
        name="slack-channel",
        key="ConfigurationName",
        one="ChannelConfiguration",
        many="SlackChannelConfigurations",
        arn="chat-configuration/slack-channel",
        exists="ConflictException",
        missing="ResourceNotFoundException",
        create="CreateSlackChannelConfiguration",
        describe="DescribeSlackChannelConfigurations",
        modify="UpdateSlackChannelConfiguration",
        delete="DeleteSlackChannelConfiguration",
        handle="ChatConfigurationArn",
        tag="TagResource",
        untag="UntagResource",
    ),
)

_BY_OPERATION: Mapping[tuple[str, str], Kind] = {
    (kind.service, operation): kind for kind in KINDS for operation in kind.operations()
}


def with_records(run: _Runner, account: str = "123456789012") -> _Runner:
    """`run`, which answers the operations of the recorded kinds itself."""

    def running(service: str, operation: str, region: str = "", /, **params: Any) -> dict[str, Any]:
        kind = _BY_OPERATION.get((service, operation))
        if kind is None:
            return run(service, operation, region, **params)
        return _Records(run, kind, region, account).answer(operation, params)

    return running


class _Records:
    """The records of one kind."""

    def __init__(self, run: _Runner, kind: Kind, region: str, account: str) -> None:
        self._run = run
        self._kind = kind
        self._region = region
        self._account = account

    def answer(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        _must_be_valid(self._kind.service, operation, params)
        name = self._name(operation, params)
        if operation == self._kind.create:
            return self._one(self._create(name, params))
        record = self._read(name)
        if record is None:
            raise CloudError(operation, self._kind.missing, f"{self._kind.name} {name} not found")
        if operation == self._kind.describe:
            return {self._kind.many: [record]}
        if operation in {self._kind.tag, self._kind.untag}:
            self._write(name, _tagged(record, params))
            return {}
        if operation == self._kind.modify:
            return self._one(self._write(name, _modified(record, params)))
        self._run("s3", "DeleteObject", self._region, Bucket=BUCKET, Key=self._path(name))
        return self._one(record)

    def _name(self, operation: str, params: Mapping[str, Any]) -> str:
        kind = self._kind
        if operation == kind.create or not kind.handle:
            return str(params[kind.key])
        by = "ResourceARN" if operation in {kind.tag, kind.untag} else kind.handle
        return str(params[by]).rpartition("/")[2]

    def _create(self, name: str, params: dict[str, Any]) -> dict[str, Any]:
        if self._read(name) is not None:
            raise CloudError(self._kind.create, self._kind.exists, f"{self._kind.name} {name} already exists")
        # Creating a bucket that is ours already succeeds in us-east-1 and is refused elsewhere.
        place = {} if self._region == "us-east-1" else {"LocationConstraint": self._region}
        try:
            more = {"CreateBucketConfiguration": place} if place else {}
            self._run("s3", "CreateBucket", self._region, Bucket=BUCKET, **more)
        except CloudError as refused:
            if refused.code not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                raise
        if self._kind.handle:
            arn = f"arn:aws:{self._kind.service}::{self._account}:{self._kind.arn}/{name}"
            return self._write(name, {**params, self._kind.handle: arn})
        tags = {key: value for key, value in params.items() if key != "Tags"}
        arn = f"arn:aws:{self._kind.service}:{self._region}:{self._account}:{self._kind.arn}:{name}"
        record = self._write(name, {**tags, "ARN": arn, "Status": "active"})
        if params.get("Tags"):
            self._run("elasticache", "AddTagsToResource", self._region, ResourceName=arn, Tags=params["Tags"])
        return record

    def _one(self, record: dict[str, Any]) -> dict[str, Any]:
        return {self._kind.one: record} if self._kind.one else record

    def _path(self, name: str) -> str:
        return f"{self._kind.service}/{self._region}/{self._kind.name}/{name}.json"

    def _write(self, name: str, record: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps(record).encode()
        self._run("s3", "PutObject", self._region, Bucket=BUCKET, Key=self._path(name), Body=body)
        return record

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            answer = self._run("s3", "GetObject", self._region, Bucket=BUCKET, Key=self._path(name))
        except CloudError as refused:
            if refused.code in {"NoSuchKey", "NoSuchBucket"}:
                return None
            raise
        record: dict[str, Any] = json.loads(answer["Body"].read())
        return record


def _modified(record: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    """Parameter lists are merged by name and member lists by `…ToAdd` and `…ToRemove`, as AWS does."""
    changed = dict(record)
    for key, value in params.items():
        if key == "ParameterNameValues":
            values = {p["ParameterName"]: p for p in [*record.get(key, []), *value]}
            changed[key] = list(values.values())
        elif key.endswith("ToAdd"):
            member = key.removesuffix("ToAdd")
            changed[member] = [*changed.get(member, []), *value]
        elif key.endswith("ToRemove"):
            member = key.removesuffix("ToRemove")
            changed[member] = [item for item in changed.get(member, []) if item not in value]
        else:
            changed[key] = value
    return changed


def _tagged(record: dict[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    gone = {*params.get("TagKeys", ()), *(tag["TagKey"] for tag in params.get("Tags", ()))}
    kept = [tag for tag in record.get("Tags", ()) if tag["TagKey"] not in gone]
    return {**record, "Tags": [*kept, *params.get("Tags", ())]}


def _must_be_valid(service: str, operation: str, params: dict[str, Any]) -> None:
    from sandbox.plugins.aws import models
    from sandbox.plugins.aws.rows import Call

    found = models.problems(service, Call(operation, params))
    if found:
        raise CloudError(operation, "ParamValidationError", "; ".join(found))
