"""The server side of the pack: each resource meets only the rules for its type, as its environment has them.

The SDK's servicer reads a resource again for every policy, so that a pack costs policies times resources; it drops the
stack configuration that the engine sends; it unwraps secrets without a trace; it shows stack policies a component's
outputs, not its inputs; and a policy has one level for a whole run. The Dispatcher puts one servicer of the SDK in
front of each type instead, keeps what the SDK forgets, and lowers levels while traffic is given back. How the SDK reads
and judges stays its own business.

Nothing here is part of the SDK's documented interface; tests/unit/policies/test_dispatch.py fails when it changes.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from operator import itemgetter
from typing import Any

from google.protobuf import empty_pb2, json_format
from pulumi.runtime import proto, rpc
from pulumi_policy import EnforcementLevel, Policy
from pulumi_policy import policy as sdk

from headgate.clock import ClockError
from policies import configuration, going_back, housekeeping
from policies.adapter import MARKS, RulePolicy, StackRulePolicy
from policies.configuration import LEVEL_KEY, PRODUCTION
from policies.facts import canonical, covers, every
from policies.going_back import Direction
from policies.model import Described, Level
from policies.pack import VERSION
from policies.rollout import ROLLOUT
from policies.session import Session, endpoints_of

_SdkServicer = sdk._PolicyAnalyzerServicer  # noqa: SLF001 - see the module's docstring
POLICY_ERROR = "policy error "
_OF_THE_ENGINE = "pulumi:"  # the stack itself and its providers: nothing in a cloud
# How the engine writes a secret (Pulumi SDK, runtime.rpc).
_SIGNATURE, _SECRET = rpc._special_sig_key, rpc._special_secret_sig  # noqa: SLF001


def install(session: Session, rules: Iterable[Described]) -> None:
    """Makes the next PolicyPack of this process serve through a Dispatcher."""
    described = {rule.id: rule for rule in rules}

    def servicer(*args: Any) -> Dispatcher:
        sdk._PolicyAnalyzerServicer = _SdkServicer  # type: ignore[misc]  # noqa: SLF001 - the SDK looks it up itself
        return Dispatcher(session, described, *args)

    sdk._PolicyAnalyzerServicer = servicer  # type: ignore[misc,assignment]  # noqa: SLF001


class Dispatcher(proto.AnalyzerServicer):
    """Serves the engine's calls. Parameters after `rules` are those with which PolicyPack makes the SDK's servicer."""

    def __init__(
        self,
        session: Session,
        rules: Mapping[str, Described],
        name: str,
        _: str,
        policies: list[Policy],
        *rest: Any,
    ) -> None:
        # The SDK's version is always 0.0.1; the initial configuration is the environment's and not known yet.
        level, _initial_config, *others = rest
        self._session = session
        self._rules = rules
        self._policies = policies
        self._name = name
        self._servicer: Callable[..., Any] = lambda part, initial: _SdkServicer(
            name, VERSION, list(part), level, initial, *others
        )
        self._open()
        self._set_up(PRODUCTION)

    def _open(self) -> None:
        """Forgets whatever another run left."""
        self._rollouts: dict[str, Any] = {}
        self._direction = Direction(self._began())
        self._held = proto.AnalyzeResponse()
        self._session.used.clear()

    def _began(self) -> int | None:
        try:
            return self._session.now()
        except ClockError:
            return None  # the rollout rules say so; nothing goes back by a clock that may not run

    def _set_up(self, environment: str) -> None:
        entries, self._file_problems = configuration.load(environment, self._rules, self._session.folder)
        initial = _as_initial(entries)
        self._whole = self._servicer(self._policies, initial)
        made: dict[tuple[int, ...], Any] = {}
        self._by_type = {}
        for token, part in _by_type(self._policies).items():
            key = tuple(map(id, part))
            if key not in made:
                made[key] = self._servicer(part, initial)
            self._by_type[token] = made[key]
        self._of_stack = [
            (policy, self._servicer([policy], initial))
            for policy in self._policies
            if isinstance(policy, StackRulePolicy)
        ]
        self._all = [self._whole, *made.values(), *(servicer for _, servicer in self._of_stack)]

    # The engine's calls, in the order in which they come.

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002 - the protocol's own names
        """Nothing to agree on."""
        return proto.AnalyzerHandshakeResponse()

    def ConfigureStack(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The stack and its configuration: they decide whose rules are in force."""
        config = dict(request.config)
        self._session.environment = configuration.environment_of(request.stack, config)
        self._session.endpoints = endpoints_of(config)
        self._open()
        self._set_up(self._session.environment)
        for servicer in self._all:
            servicer.ConfigureStack(request, context)
        return proto.AnalyzerStackConfigureResponse()

    def GetAnalyzerInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Every policy with its documentation, and the environment's configuration for the engine to start from."""
        return self._whole.GetAnalyzerInfo(request, context)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The SDK's version."""
        return self._whole.GetPluginInfo(request, context)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The configuration in force: the environment's, with what the command line adds to it."""
        self._session.exemptions, problems = self._exemptions(request)
        levels = {policy: _LEVELS.get(entry.enforcementLevel) for policy, entry in request.policyConfig.items()}
        self._session.problems = (
            *self._file_problems,
            *problems,
            *configuration.problems_of(levels, self._rules),
        )
        effective = proto.ConfigureAnalyzerRequest()
        effective.CopyFrom(request)
        for policy in levels.keys() & self._rules.keys():
            if configuration.lowered(self._rules[policy], levels[policy]):
                effective.policyConfig[policy].enforcementLevel = _PROTO_LEVELS[self._rules[policy].level]
        for servicer in self._all:
            servicer.Configure(effective, context)
        return empty_pb2.Empty()

    def Analyze(self, request: Any, context: Any) -> Any:  # noqa: N802
        """One resource, before it is changed."""
        if request.type == ROLLOUT:
            self._rollouts[request.urn] = request.properties
            self._direction.see(request.urn, request.properties)
        response = self._judged(request, context)
        if request.type == housekeeping.STACK:
            self._held.MergeFrom(response)  # it comes before any Rollout can have been seen
            return proto.AnalyzeResponse()
        return response if request.type.startswith(_OF_THE_ENGINE) else self._directed(response)

    def _judged(self, request: Any, context: Any) -> Any:
        token = canonical(request.type)
        servicer = self._by_type.get(token) or self._by_type.get(every(token))
        if servicer is None:
            return proto.AnalyzeResponse()
        _note_secrets(request.properties)
        rules = (rule for rule in self._rules.values() if covers(rule.types, token))
        return self._closed(lambda: servicer.Analyze(request, context), request.type, rules)

    def AnalyzeStack(self, request: Any, context: Any) -> Any:  # noqa: N802
        """All resources together, at the end."""
        response = proto.AnalyzeResponse()
        for policy, servicer in self._of_stack:
            part = proto.AnalyzeStackRequest(
                resources=[
                    self._with_inputs(each) for each in request.resources if canonical(each.type) in policy.types
                ]
            )
            rules = [self._rules[policy.name]]
            response.MergeFrom(self._closed(partial(servicer.AnalyzeStack, part, context), "the stack", rules))
        return self._directed(response)

    def _directed(self, response: Any) -> Any:
        """`response` with what was held until the run's direction can be known; advice where the run goes back."""
        held, self._held = self._held, proto.AnalyzeResponse()
        response.MergeFrom(held)
        if self._direction.back:
            for diagnostic in response.diagnostics:
                rule = self._rules.get(diagnostic.policyName)
                if rule is not None and not rule.binds_going_back:
                    going_back.advise(diagnostic)
        return response

    def Remediate(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """No rule changes what it judges: a rollout must be what its configuration says."""
        return proto.RemediateResponse()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Nothing is pending; the engine ends the process next."""
        return empty_pb2.Empty()

    def _with_inputs(self, resource: Any) -> Any:
        """A Rollout reaches stack policies with its outputs only (tried with engine 3.259); its inputs are put back."""
        if resource.type != ROLLOUT or resource.urn not in self._rollouts:
            return resource
        whole = proto.AnalyzerResource()
        whole.CopyFrom(resource)
        whole.properties.CopyFrom(self._rollouts[resource.urn])
        return whole

    def _exemptions(self, request: Any) -> tuple[tuple[configuration.Exemption, ...], tuple[str, ...]]:
        entry = request.policyConfig.get(housekeeping.CONFIGURATION)
        properties = json_format.MessageToDict(entry.properties) if entry is not None else {}
        return configuration.read_exemptions(
            properties.get("exemptions", []), self._rules, configuration.today(self._session.calendar())
        )

    def _closed(self, judge: Callable[[], Any], what: str, rules: Iterable[Described]) -> Any:
        """The response of `judge`; whatever goes wrong in it blocks, and says so.

        `rules`: those that `judge` asks; when none of them binds while traffic is given back, it is advice then.
        """
        try:
            response = judge()
        except Exception as error:  # noqa: BLE001 - the engine would end the run with a bare message
            unread = proto.AnalyzeDiagnostic(
                policyName="policy-error",
                description="What cannot be judged does not pass.",
                message=f"{POLICY_ERROR}in the policy pack: {what} cannot be read ({type(error).__name__}).",
                enforcementLevel=proto.MANDATORY,
                policyPackName=self._name,
                policyPackVersion=VERSION,
            )
            if self._direction.back and not any(rule.binds_going_back for rule in rules):
                going_back.advise(unread)
            return proto.AnalyzeResponse(diagnostics=[unread])
        for diagnostic in response.diagnostics:
            if f"\n{POLICY_ERROR}{diagnostic.policyName}:" in diagnostic.message:
                diagnostic.enforcementLevel = proto.MANDATORY
        return response


def _by_type(policies: Iterable[Policy]) -> dict[str, list[Policy]]:
    """Type token -> the policies on it, in order. `aws:*` stands for every type that is not a key itself."""
    listed = [policy for policy in policies if isinstance(policy, RulePolicy)]
    found: dict[str, list[tuple[int, Policy]]] = {}
    for position, policy in enumerate(listed):
        for token in policy.types:
            found.setdefault(token, []).append((position, policy))
    wide = {token: entries for token, entries in found.items() if token == every(token)}
    return {
        token: [policy for _, policy in sorted({*entries, *wide.get(every(token), ())}, key=itemgetter(0))]
        for token, entries in found.items()
    }


_PROTO_LEVELS = {
    Level.MANDATORY: proto.MANDATORY,
    Level.ADVISORY: proto.ADVISORY,
    Level.DISABLED: proto.DISABLED,
}
_LEVELS = {number: level for level, number in _PROTO_LEVELS.items()}


def _note_secrets(properties: Any) -> None:
    """Lists, among the properties, the names of those that are marked secret."""
    properties.fields.pop(MARKS, None)
    marked = [name for name, value in properties.fields.items() if _is_secret(value)]
    if marked:
        properties[MARKS] = marked


def _is_secret(value: Any) -> bool:
    fields = value.struct_value.fields
    return _SIGNATURE in fields and fields[_SIGNATURE].string_value == _SECRET


def _as_initial(entries: configuration.Entries) -> dict[str, Any]:
    """An environment's file in the form of the SDK, which would send the lowest level where none is written."""
    return {policy: {**entry, LEVEL_KEY: EnforcementLevel(str(entry[LEVEL_KEY]))} for policy, entry in entries.items()}
