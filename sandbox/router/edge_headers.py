"""What the edge does to the headers of an answer, played: a response headers policy of CloudFront.

Source: CloudFront developer guide, "Understand response headers policies". Headers are removed first and then added;
`override` says whether a header of the origin gives way. Of CORS the answer to a request with an Origin is played:
the named origin gets the headers, another one gets none of them.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import hdrs, web
from multidict import MutableMultiMapping

from sandbox.router.patterns import matches

_Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

_CORS_ANSWERS = (
    hdrs.ACCESS_CONTROL_ALLOW_ORIGIN,
    hdrs.ACCESS_CONTROL_ALLOW_CREDENTIALS,
    hdrs.ACCESS_CONTROL_ALLOW_HEADERS,
    hdrs.ACCESS_CONTROL_ALLOW_METHODS,
    hdrs.ACCESS_CONTROL_EXPOSE_HEADERS,
    hdrs.ACCESS_CONTROL_MAX_AGE,
)


@dataclass(frozen=True, slots=True)
class Said:
    """A header of the policy."""

    name: str
    value: str
    override: bool


@dataclass(frozen=True, slots=True)
class Cors:
    """`answers`: headers for a request of one of the `origins`, besides the origin itself."""

    origins: tuple[str, ...]
    answers: tuple[tuple[str, str], ...]
    override: bool

    def allows(self, origin: str) -> bool:
        return any(matches(pattern, origin, case_sensitive=True) for pattern in self.origins)


@dataclass(frozen=True, slots=True)
class Policy:
    """A response headers policy."""

    removed: tuple[str, ...] = ()
    said: tuple[Said, ...] = ()
    cors: Cors | None = None

    def apply(self, headers: MutableMultiMapping[str], origin: str | None) -> None:
        """Changes the `headers` of an answer to a request from `origin`."""
        for name in self.removed:
            headers.popall(name, None)
        for each in self.said:
            if each.override or each.name not in headers:
                headers[each.name] = each.value
        if self.cors is not None and origin is not None:
            self._answer_to(headers, origin, self.cors)

    def _answer_to(self, headers: MutableMultiMapping[str], origin: str, cors: Cors) -> None:
        if not cors.override and any(name in headers for name in _CORS_ANSWERS):
            return
        for name in _CORS_ANSWERS:
            headers.popall(name, None)
        if cors.allows(origin):
            headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = "*" if cors.origins == ("*",) else origin
            headers.add(hdrs.VARY, "Origin")
            for answer, value in cors.answers:
                headers[answer] = value


# Where a request carries what is to be done to its answer.
_KEY = web.RequestKey("headgate-edge-headers", Policy)


@dataclass(frozen=True, slots=True)
class EdgeHeaders:
    """The policies of a distribution by path pattern, in its order, and that of all other paths."""

    paths: tuple[tuple[str, Policy | None], ...] = ()
    default: Policy | None = None

    def of(self, path: str) -> Policy | None:
        """The policy for `path`; path patterns mind case."""
        for pattern, policy in self.paths:
            if matches(pattern, path, case_sensitive=True):
                return policy
        return self.default


def policy_of(config: Mapping[str, Any]) -> Policy:
    """A policy out of the API's ResponseHeadersPolicyConfig."""
    cors = config.get("CorsConfig")
    return Policy(
        removed=tuple(each["Header"] for each in _items(config.get("RemoveHeadersConfig"))),
        said=(
            *_security(config.get("SecurityHeadersConfig") or {}),
            *(
                Said(each["Header"], each["Value"], bool(each["Override"]))
                for each in _items(config.get("CustomHeadersConfig"))
            ),
        ),
        cors=_cors(cors) if cors else None,
    )


def _security(config: Mapping[str, Any]) -> Iterable[Said]:
    if strict := config.get("StrictTransportSecurity"):
        words = [f"max-age={strict['AccessControlMaxAgeSec']}"]
        words += ["includeSubDomains"] if strict.get("IncludeSubdomains") else []
        words += ["preload"] if strict.get("Preload") else []
        yield Said("Strict-Transport-Security", "; ".join(words), bool(strict["Override"]))
    if options := config.get("ContentTypeOptions"):
        yield Said("X-Content-Type-Options", "nosniff", bool(options["Override"]))
    for member, name, value in (
        ("FrameOptions", "X-Frame-Options", "FrameOption"),
        ("ReferrerPolicy", "Referrer-Policy", "ReferrerPolicy"),
        ("ContentSecurityPolicy", "Content-Security-Policy", "ContentSecurityPolicy"),
    ):
        if found := config.get(member):
            yield Said(name, str(found[value]), bool(found["Override"]))


def _cors(config: Mapping[str, Any]) -> Cors:
    answers = {
        hdrs.ACCESS_CONTROL_ALLOW_HEADERS: ", ".join(_items(config.get("AccessControlAllowHeaders"))),
        hdrs.ACCESS_CONTROL_ALLOW_METHODS: ", ".join(_items(config.get("AccessControlAllowMethods"))),
        hdrs.ACCESS_CONTROL_EXPOSE_HEADERS: ", ".join(_items(config.get("AccessControlExposeHeaders"))),
        hdrs.ACCESS_CONTROL_MAX_AGE: str(config.get("AccessControlMaxAgeSec") or ""),
        hdrs.ACCESS_CONTROL_ALLOW_CREDENTIALS: "true" if config.get("AccessControlAllowCredentials") else "",
    }
    return Cors(
        origins=tuple(_items(config.get("AccessControlAllowOrigins"))),
        answers=tuple((str(name), value) for name, value in answers.items() if value),
        override=bool(config["OriginOverride"]),
    )


def _items(counted: Mapping[str, Any] | None) -> list[Any]:
    return list((counted or {}).get("Items") or ())


def past_the_edge(answer: _Answer, edge: Callable[[], EdgeHeaders | None]) -> _Answer:
    """`answer`, whose answers leave by the edge, where there is one."""

    async def answered(request: web.BaseRequest) -> web.StreamResponse:
        seen = edge()
        policy = seen.of(request.rel_url.raw_path) if seen else None
        if policy is not None:
            request[_KEY] = policy
        response = await answer(request)
        if not response.prepared:
            leave(request, response.headers)
        return response

    return answered


def leave(request: web.BaseRequest, headers: MutableMultiMapping[str]) -> None:
    """Does to the `headers` of an answer to `request` what the edge does. To be called just before they are sent."""
    policy = request.get(_KEY)
    if policy is not None:
        policy.apply(headers, request.headers.get(hdrs.ORIGIN))
