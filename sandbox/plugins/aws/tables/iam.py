"""AWS IAM. Reference: IAM API, version 2010-05-08."""

from collections.abc import Iterator
from typing import Any

from sandbox.plugins.aws.codecs import JSON
from sandbox.plugins.aws.rows import Call, Field, Row, Target, Write, described, new, row
from sandbox.plugins.aws.tags import TagStyle


def _trust(target: Target) -> Iterator[Call]:
    policy = target.inputs["assumeRolePolicy"]
    yield Call("UpdateAssumeRolePolicy", {"RoleName": target.id, "PolicyDocument": policy})


def _boundary(target: Target) -> Iterator[Call]:
    boundary = target.inputs["permissionsBoundary"]
    if boundary:
        yield Call("PutRolePermissionsBoundary", {"RoleName": target.id, "PermissionsBoundary": boundary})
    else:
        yield Call("DeleteRolePermissionsBoundary", {"RoleName": target.id})


_ROLE = row(
    "aws:iam/role:Role",
    "iam",
    {
        "name": new("RoleName"),
        "path": new("Path"),
        "assumeRolePolicy": Field("AssumeRolePolicyDocument", JSON, updates=False),
        "description": Field("Description", default=""),
        "maxSessionDuration": Field("MaxSessionDuration", default=3600),
        "permissionsBoundary": Field(
            "PermissionsBoundary", read="PermissionsBoundary.PermissionsBoundaryArn", updates=False, default=""
        ),
    },
    regional=False,
    create="CreateRole",
    made="Role",
    identity=lambda found, _: found["RoleName"],
    find=described("GetRole", lambda t: {"RoleName": t.id}, "Role"),
    update="UpdateRole",
    key=lambda t: {"RoleName": t.id},
    # What UpdateRole is not given, it takes for empty.
    always=frozenset({"description", "maxSessionDuration"}),
    writes=(
        Write(frozenset({"assumeRolePolicy"}), _trust, on_create=False),
        Write(frozenset({"permissionsBoundary"}), _boundary, on_create=False),
    ),
    delete=lambda t: [Call("DeleteRole", {"RoleName": t.id})],
    outputs={"arn": "Arn", "uniqueId": "RoleId", "createDate": lambda found, _: found["CreateDate"].isoformat()},
    missing=("NoSuchEntity",),
    name="name",
    name_max=64,
    tags=TagStyle(
        member="Tags",
        who=lambda target: target.id,
        add=("TagRole", lambda who, tags: {"RoleName": who, "Tags": tags}),
        remove=("UntagRole", lambda who, keys: {"RoleName": who, "TagKeys": keys}),
        inline="Tags",
    ),
)


def _role_and_name(target: Target) -> dict[str, Any]:
    role, name = target.known("role"), target.known("name")
    if role is None or name is None:
        role, _, name = target.id.partition(":")
    return {"RoleName": role, "PolicyName": name}


_ROLE_POLICY = row(
    "aws:iam/rolePolicy:RolePolicy",
    "iam",
    {
        "name": new("PolicyName"),
        "role": new("RoleName"),
        "policy": Field("PolicyDocument", JSON),
    },
    regional=False,
    create="PutRolePolicy",
    made="@",
    identity=lambda _, t: f"{t.inputs['role']}:{t.inputs['name']}",
    find=described("GetRolePolicy", _role_and_name, "@"),
    update="PutRolePolicy",
    key=_role_and_name,
    delete=lambda t: [Call("DeleteRolePolicy", _role_and_name(t))],
    missing=("NoSuchEntity",),
    name="name",
    name_max=128,
)

ROWS: tuple[Row, ...] = (_ROLE, _ROLE_POLICY)
