"""What the edge does to the headers of an answer."""

from typing import Any

import pytest
from multidict import CIMultiDict

from sandbox.router.edge_headers import Cors, EdgeHeaders, Policy, Said, policy_of

CONFIG: dict[str, Any] = {
    "Name": "x",
    "SecurityHeadersConfig": {
        "StrictTransportSecurity": {"AccessControlMaxAgeSec": 31536000, "IncludeSubdomains": True, "Override": True},
        "ContentTypeOptions": {"Override": True},
        "FrameOptions": {"FrameOption": "DENY", "Override": True},
        "ReferrerPolicy": {"ReferrerPolicy": "no-referrer", "Override": False},
        "ContentSecurityPolicy": {"ContentSecurityPolicy": "default-src 'none'", "Override": True},
    },
    "CorsConfig": {
        "AccessControlAllowCredentials": False,
        "AccessControlAllowHeaders": {"Quantity": 2, "Items": ["A", "B"]},
        "AccessControlAllowMethods": {"Quantity": 1, "Items": ["GET"]},
        "AccessControlAllowOrigins": {"Quantity": 1, "Items": ["https://app.example.com"]},
        "AccessControlMaxAgeSec": 600,
        "OriginOverride": True,
    },
    "RemoveHeadersConfig": {"Quantity": 1, "Items": [{"Header": "Server"}]},
    "CustomHeadersConfig": {"Quantity": 1, "Items": [{"Header": "X-Own", "Value": "1", "Override": False}]},
}
OURS = "https://app.example.com"


def left(policy: Policy, origin: str | None = None, **said: str) -> CIMultiDict[str]:
    headers = CIMultiDict({name.replace("_", "-"): value for name, value in said.items()})
    policy.apply(headers, origin)
    return headers


def test_a_policy_of_the_api() -> None:
    found = left(policy_of(CONFIG), server="nginx", x_own="2")
    assert dict(found) == {
        "x-own": "2",
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Content-Security-Policy": "default-src 'none'",
    }
    assert policy_of({"Name": "empty"}) == Policy()


@pytest.mark.parametrize(("override", "value"), [(True, "DENY"), (False, "SAMEORIGIN")])
def test_who_wins(override: bool, value: str) -> None:
    policy = Policy(said=(Said("X-Frame-Options", "DENY", override),))
    assert left(policy, x_frame_options="SAMEORIGIN")["X-Frame-Options"] == value


def test_the_named_origin_is_answered_and_no_other() -> None:
    policy = policy_of(CONFIG)
    ours = left(policy, OURS)

    assert ours["Access-Control-Allow-Origin"] == OURS
    assert ours["Access-Control-Allow-Headers"] == "A, B"
    assert ours["Access-Control-Allow-Methods"] == "GET"
    assert ours["Access-Control-Max-Age"] == "600"
    assert "Access-Control-Allow-Credentials" not in ours
    assert ours["Vary"] == "Origin"
    for other in ("https://evil.example", "https://app.example.com.evil.example", "http://app.example.com", "null"):
        assert not [name for name in left(policy, other, access_control_allow_origin="*") if "ccess-" in name.lower()]
    assert "Access-Control-Allow-Origin" not in left(policy, None)


def test_an_origin_that_speaks_for_itself_may_be_let() -> None:
    policy = Policy(cors=Cors((OURS,), (), override=False))
    assert left(policy, OURS, access_control_allow_origin="x")["Access-Control-Allow-Origin"] == "x"
    assert left(policy, OURS)["Access-Control-Allow-Origin"] == OURS


def test_everybody_is_answered_with_a_star() -> None:
    assert left(Policy(cors=Cors(("*",), (), override=True)), "https://x")["Access-Control-Allow-Origin"] == "*"


def test_credentials_are_said_when_allowed() -> None:
    config = {**CONFIG, "CorsConfig": {**CONFIG["CorsConfig"], "AccessControlAllowCredentials": True}}
    assert left(policy_of(config), OURS)["Access-Control-Allow-Credentials"] == "true"


@pytest.mark.parametrize(
    ("path", "which"), [("/api/v2/health", "api"), ("/api", "site"), ("/API/x", "site"), ("/", "site")]
)
def test_the_first_path_that_fits(path: str, which: str) -> None:
    policies = {"api": Policy(removed=("A",)), "site": Policy(removed=("B",)), "late": Policy()}
    edge = EdgeHeaders((("/api/*", policies["api"]), ("/api/v2/*", policies["late"])), policies["site"])
    assert edge.of(path) is policies[which]


def test_a_path_without_a_policy() -> None:
    assert EdgeHeaders((("/api/*", None),), Policy()).of("/api/x") is None
    assert EdgeHeaders().of("/") is None
