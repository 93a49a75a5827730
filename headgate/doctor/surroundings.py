"""Rules about what an update needs around it: engine, backend, secrets, policies, configuration, cloud, evidence."""

from collections.abc import Callable, Iterator

from headgate.doctor.facts import Facts
from headgate.doctor.finding import Finding, Kind, command, errors, unseen
from headgate.evidence.identity import KEY

_SANDBOX = 'eval "$(headgate sandbox env)"'
_PINNED = 'export PATH="$(python -m toolchain ensure):$PATH"'  # finds the engine or builds it, and prints its folder


def _engine(facts: Facts) -> Iterator[Finding]:
    engine = facts.engine
    if engine.version.error:
        yield Finding(
            Kind.ENGINE_MISSING,
            engine.version.error,
            "Nothing that Pulumi records could be looked at: record, history, checkpoint, locks.",
            _SANDBOX if facts.sandbox else _PINNED,
        )
        return
    if engine.version.value and _version(engine.version.value) < _version(engine.wanted):
        yield Finding(
            Kind.ENGINE_OLD,
            f"pulumi is {engine.version.value}, and the Python SDK is {engine.wanted}",
            "An engine older than the SDK does not know all that the program asks of it.",
            _SANDBOX if facts.sandbox else _PINNED,
        )
    if engine.plugins.error:
        yield unseen("the plugins", engine.plugins.error, "pulumi plugin ls")
        return
    missing = [each for each in engine.needs if each not in (engine.plugins.value or ())]
    for each in missing if not engine.acquires else ():
        there = sorted(known.version for known in engine.plugins.value or () if known.name == each.name)
        yield Finding(
            Kind.PLUGIN_MISSING,
            f"plugin {each.name} {each.version} is not installed"
            + (f"; {', '.join(there)} is" if there else ", nor is another version"),
            "The SDK asks for exactly this version, and pulumi may not fetch it"
            " (PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION).",
            "headgate sandbox up" if facts.sandbox else f"pulumi plugin install resource {each.name} {each.version}",
        )


def _backend(facts: Facts) -> Iterator[Finding]:
    if facts.backend.error and not facts.engine.version.error:
        yield Finding(
            Kind.BACKEND_UNREACHABLE,
            facts.backend.error,
            "Record, history, checkpoint and locks could not be looked at. Traffic can still be given back: "
            f"{command(facts, 'headgate', 'rollback', '--traffic-only')}.",
            "headgate sandbox up" if facts.sandbox else "pulumi login",
        )


def _passphrase(facts: Facts) -> Iterator[Finding]:
    secrets = facts.secrets
    said = secrets.error or next((each for each in errors(facts) if "passphrase" in each), "")
    if not said and secrets.by_passphrase and not secrets.given:
        said = "neither PULUMI_CONFIG_PASSPHRASE nor PULUMI_CONFIG_PASSPHRASE_FILE is set"
    if said:
        yield Finding(
            Kind.PASSPHRASE_MISSING,
            said,
            "The stack's secrets are encrypted with a passphrase; no preview and no update runs without the right one.",
            "read -rs PULUMI_CONFIG_PASSPHRASE && export PULUMI_CONFIG_PASSPHRASE",
        )


def _pack(facts: Facts) -> Iterator[Finding]:
    pack = facts.pack
    if facts.judged or (pack.path and not pack.error):
        return
    yield Finding(
        Kind.PACK_MISSING,
        pack.error or "PULUMI_OPTION_POLICY_PACK is not set",
        "`pulumi up` runs without the policies, unless the organisation of a hosted backend enforces a pack, which "
        "only --refresh can tell. The rollout's own guards still hold.",
        _SANDBOX if facts.sandbox else 'export PULUMI_OPTION_POLICY_PACK="$PWD/policies/headgate-policies"',
    )


def _configuration(facts: Facts) -> Iterator[Finding]:
    if facts.situation.settings is None:
        said = facts.values.error or "; ".join(facts.situation.problems) or "it cannot be used"
        yield Finding(
            Kind.CONFIGURATION_UNUSABLE,
            said,
            "No preview and no update gets past it, and which balancer to look at is not known.",
            command(facts, "headgate", "plan"),
        )


def _cloud(facts: Facts) -> Iterator[Finding]:
    situation = facts.situation
    if situation.settings is None or situation.live is not None:
        return
    if facts.sign_in:
        kind, means, mend = Kind.CREDENTIALS_MISSING, "Nobody is signed in to the cloud.", facts.sign_in
    else:
        kind, means = Kind.CLOUD_UNREACHABLE, "Where users are is not known. What holds here is what its answer says."
        mend = "headgate sandbox up" if facts.sandbox else command(facts, "headgate", "status", "--watch")
    yield Finding(
        kind, situation.cloud_error, f"{means} The split, and whether a standby runs, could not be looked at.", mend
    )


def _evidence(facts: Facts) -> Iterator[Finding]:
    if facts.evidence.error:
        yield Finding(
            Kind.EVIDENCE_UNREACHABLE,
            facts.evidence.error,
            "Evidence of gates that run beforehand is neither kept nor found, so R-07 holds every step that needs one.",
            f"read -rs {KEY} && export {KEY}"
            if KEY in facts.evidence.error
            else command(facts, "headgate", "gate", "--record"),
        )


def _version(text: str) -> tuple[int, ...]:
    numbers = text.strip().removeprefix("v").partition("-")[0].partition("+")[0].split(".")
    return tuple(int(each) for each in numbers if each.isdecimal())


RULES: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    _engine, _backend, _passphrase, _configuration, _cloud, _pack, _evidence,
)  # fmt: skip
