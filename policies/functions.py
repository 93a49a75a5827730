"""Rules on functions and on the events that start them: they run, privately, and nothing is lost on the way."""

from collections.abc import Iterable, Iterator, Mapping

from policies import plaintext
from policies.facts import Malformed, Node, Resource, in_turn
from policies.model import Rule, Settings, Severity, Where, number, texts

FUNCTION = "aws:lambda/function:Function"
FUNCTION_URL = "aws:lambda/functionUrl:FunctionUrl"
PERMISSION = "aws:lambda/permission:Permission"
EVENT_RULE = "aws:cloudwatch/eventRule:EventRule"
EVENT_TARGET = "aws:cloudwatch/eventTarget:EventTarget"

# Ends of names that say where a secret is kept, as in task definitions.
_REFERENCES = ("_ARN", "_NAME", "_FILE", "_PATH")


def _private(resource: Resource, settings: Settings) -> Iterable[str]:
    inputs = resource.inputs
    if resource.type == PERMISSION:
        return _from_somewhere(inputs)
    if resource.type == FUNCTION_URL:
        return _signed(inputs)
    return in_turn(_supported(inputs, settings), _no_secrets(inputs, settings))


def _from_somewhere(inputs: Node) -> Iterator[str]:
    if not inputs.text("sourceArn"):
        yield "sourceArn must say who may call, found nothing."


def _signed(inputs: Node) -> Iterator[str]:
    if inputs.text("authorizationType") != "AWS_IAM":
        yield "authorizationType must be AWS_IAM, found another value or nothing."


def _supported(inputs: Node, settings: Settings) -> Iterator[str]:
    if inputs.text("packageType") == "Image":
        return
    if inputs.text("runtime") not in settings["supportedRuntimes"]:
        yield f"runtime must be one of {', '.join(settings['supportedRuntimes'])}, found another or nothing."


def _no_secrets(inputs: Node, settings: Settings) -> Iterator[str]:
    variables = inputs.node("environment").node("variables")
    if variables.value is None:
        return
    if not isinstance(variables.value, Mapping):
        variables.known()
        raise Malformed(variables.path, "a mapping")
    for name in variables.value:
        entry = Node({"name": name, "value": variables.value[name]}, variables.path)
        yield from plaintext.written_secret(entry, settings)


def _resilient(resource: Resource, settings: Settings) -> Iterable[str]:
    inputs = resource.inputs
    return in_turn(_kept(inputs), _reserved(inputs, settings["minimumReservedConcurrency"]), _traced(inputs))


def _kept(inputs: Node) -> Iterator[str]:
    if not inputs.node("deadLetterConfig").has("targetArn"):
        yield "deadLetterConfig.targetArn must name a queue or topic, found nothing."


def _reserved(inputs: Node, least: int) -> Iterator[str]:
    found = inputs.number("reservedConcurrentExecutions")
    if found is None or found < least:
        yield f"reservedConcurrentExecutions must be at least {least}, found less or nothing."


def _traced(inputs: Node) -> Iterator[str]:
    if inputs.node("tracingConfig").text("mode") != "Active":
        yield "tracingConfig.mode must be Active, found another value or nothing."


def _durable(resource: Resource, _: Settings) -> Iterable[str]:
    inputs = resource.inputs
    if resource.type == EVENT_RULE:
        return _on(inputs)
    return in_turn(_undelivered(inputs), _retried(inputs))


def _on(inputs: Node) -> Iterator[str]:
    if inputs.text("state") == "DISABLED":
        yield "state must not be DISABLED, found that."


def _undelivered(inputs: Node) -> Iterator[str]:
    if not inputs.node("deadLetterConfig").has("arn"):
        yield "deadLetterConfig.arn must name a queue, found nothing."


def _retried(inputs: Node) -> Iterator[str]:
    if not inputs.has("retryPolicy"):
        yield "retryPolicy must be set, found nothing."


RULES = (
    Rule(
        id="lambda-private-and-current",
        row="86",
        title="Functions are private and current",
        description="Checks whether functions run on a supported runtime, hold no secrets, and say who may call them.",
        types=frozenset({FUNCTION, FUNCTION_URL, PERMISSION}),
        reads=("runtime", "packageType", "environment.variables", "sourceArn", "authorizationType"),
        check=_private,
        defers=frozenset({"environment", "sourceArn"}),
        remedy="Raise the runtime, read secrets by ARN at run time, set sourceArn, and AWS_IAM for a function URL.",
        severity=Severity.HIGH,
        source="FSBP Lambda.1, Lambda.2",
        settings={
            "supportedRuntimes": texts(
                ("python3.12", "python3.13", "python3.14", "nodejs22.x", "nodejs24.x", "provided.al2023"),
                "Runtimes that AWS supports and that are used here.",
            ),
            **plaintext.settings(_REFERENCES),
        },
    ),
    Rule(
        id="lambda-resilient",
        row="87",
        title="Functions lose no call",
        description="Checks whether failed calls of a function are kept, it always has room to run, and it is traced.",
        types=frozenset({FUNCTION}),
        reads=("deadLetterConfig.targetArn", "reservedConcurrentExecutions", "tracingConfig.mode"),
        check=_resilient,
        remedy="Set deadLetterConfig.targetArn, reservedConcurrentExecutions and tracingConfig.mode Active.",
        severity=Severity.MEDIUM,
        source="CKV_AWS_116, CKV_AWS_115, CKV_AWS_50",
        where=Where.PRODUCTION,
        settings={"minimumReservedConcurrency": number(1, "Least calls at a time that are reserved.", minimum=1)},
    ),
    Rule(
        id="eventbridge-target-durable",
        row="88",
        title="Events reach their target or are kept",
        description="Checks whether events that cannot be delivered are tried again and kept, and the rule is on.",
        types=frozenset({EVENT_TARGET, EVENT_RULE}),
        reads=("deadLetterConfig.arn", "retryPolicy", "state"),
        check=_durable,
        remedy="Set deadLetterConfig.arn and retryPolicy on the target; leave state of the rule out.",
        severity=Severity.MEDIUM,
        source="project",
        where=Where.PRODUCTION,
    ),
)
