"""What a change may not take away from what is there: judged from the inputs as they were and as they will be."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeGuard

import pulumi

from headgate.problems import Violation

BACKUP_PLAN = "aws:backup/plan:Plan"
DATABASE = "aws:rds/instance:Instance"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
KEY = "aws:kms/key:Key"
FIREWALL = "aws:wafv2/webAcl:WebAcl"

Inputs = Mapping[str, Any]
Judge = Callable[[Inputs, Inputs], Iterator[Violation]]

# For the message. Which change replaces a resource is the provider's to say; these are the inputs that our components
# name under "Replaces on", with those that AWS offers no call to change.
FIXED: Mapping[str, tuple[str, ...]] = {
    DATABASE: ("identifier", "engine", "storageEncrypted", "kmsKeyId", "dbName", "username", "dbSubnetGroupName"),
    CACHE: ("replicationGroupId", "atRestEncryptionEnabled", "kmsKeyId"),
    KEY: ("keyUsage", "customerMasterKeySpec", "multiRegion"),
}
_INSTEAD = {
    DATABASE: "Take the change back. To make it, restore a snapshot into a second instance with the new settings, "
    "switch the service to it, and retire this one by hand.",
    CACHE: "Take the change back. To make it, create a second cache beside this one, switch the service to it, and "
    "retire this one by hand.",
    KEY: "Put the key back under its old name. To move to another key, encrypt the data with it first; a deleted key "
    "takes all data and backups along.",
}


def judge(kind: str, old: Inputs | None, new: Inputs | None) -> tuple[Violation, ...]:
    """What an update of a resource of type `kind` takes away. Inputs that are not there cannot be judged."""
    judges = _JUDGES.get(kind, ())
    if not judges:
        return ()
    if old is None or new is None:
        return (
            Violation(
                "data-protected",
                "What a change takes away must be seen before it is made.",
                "an update without the inputs as they were.",
                "Run pulumi refresh, then try again.",
            ),
        )
    return tuple(violation for each in judges for violation in each(old, new))


def replacement(kind: str, name: str, found: str = "a create while one is on record.") -> Violation:
    """A resource is created although it is on record that it exists: a replacement, or the loss of the old one."""
    fixed = ", ".join(FIXED.get(kind, ())) or "its name"
    return Violation(
        "data-protected",
        f"{name!r} holds data: it is neither replaced nor created anew. Among what replaces it: {fixed}.",
        found,
        f"{_INSTEAD.get(kind, 'Take the change back.')} If it is really gone, restore its last snapshot and bring it "
        "in with pulumi import.",
    )


def _not_shorter(key: str, rule: str, what: str, instead: str) -> Judge:
    def judged(old: Inputs, new: Inputs) -> Iterator[Violation]:
        before, after = old.get(key), new.get(key)
        if not _is_number(before) or (_is_number(after) and after >= before):
            return
        found = f"{key} {before:g} -> {f'{after:g}' if _is_number(after) else 'nothing that is known'}."
        yield Violation(rule, f"{what} is not shortened.", found, instead)

    return judged


def _stays(key: str, value: bool, rule: str, instead: str) -> Judge:
    def judged(old: Inputs, new: Inputs) -> Iterator[Violation]:
        if old.get(key) is value and new.get(key) is not value:
            yield Violation(rule, f"{key} stays {str(value).lower()}.", f"{key} is taken back.", instead)

    return judged


def _keeps_rules(old: Inputs, new: Inputs) -> Iterator[Violation]:
    rule = "waf-has-rules-and-metrics"
    before, after = _rules(old), _rules(new)
    gone = sorted(before.keys() - after.keys())
    if gone:
        yield Violation(
            rule,
            "The firewall keeps its rules.",
            f"no rule {', no rule '.join(gone)} any more.",
            "Put the rule back. If it stops honest requests, count the one rule of its group instead "
            "(counted_rules of the Firewall) and look at its log.",
        )
    loosened = sorted(name for name in before.keys() & after.keys() if _blocks(before[name]) > _blocks(after[name]))
    if loosened:
        yield Violation(
            rule,
            "The firewall's rules go on blocking.",
            f"{', '.join(loosened)} would no longer block.",
            "Count the one rule of the group that stops honest requests (counted_rules), not the whole group.",
        )


def _keeps_copies(old: Inputs, new: Inputs) -> Iterator[Violation]:
    after = _rules(new, "ruleName")
    for name, rule in _rules(old, "ruleName").items():
        before_days, days = _kept_days(rule), _kept_days(after.get(name, {}))
        kept_for_ever = name in after and "lifecycle" not in after[name]
        if not _is_number(before_days) or kept_for_ever or (_is_number(days) and days >= before_days):
            continue
        became = "no such rule any more" if name not in after else f"{days:g}" if _is_number(days) else "nothing known"
        yield Violation(
            "data-protected",
            "The time that copies in the vault are kept is not shortened.",
            f"deleteAfter of rule {name!r} {before_days:g} -> {became}.",
            _RESTORE,
        )


def _kept_days(rule: Inputs) -> object:
    lifecycle = rule.get("lifecycle")
    return lifecycle.get("deleteAfter") if isinstance(lifecycle, Mapping) else None


def _rules(inputs: Inputs, name: str = "name") -> dict[str, Inputs]:
    listed = inputs.get("rules")
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        return {}
    return {str(each.get(name)): each for each in listed if isinstance(each, Mapping)}


def _blocks(rule: Inputs) -> bool:
    """Whether a rule does what it is there for: it blocks, or leaves it to its group, which does."""
    action, override = rule.get("action"), rule.get("overrideAction")
    if isinstance(action, Mapping):
        return "block" in action
    return not (isinstance(override, Mapping) and "count" in override)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


_RESTORE = "Leave it as it was. Backups cost little; days that are given up cannot be restored from any more."
_JUDGES: Mapping[str, tuple[Judge, ...]] = {
    DATABASE: (
        _not_shorter("backupRetentionPeriod", "rds-backup-retention", "The time that backups are kept", _RESTORE),
        _stays("deletionProtection", True, "rds-deletion-protection", "Leave protect_data of the Database true."),
        _stays("skipFinalSnapshot", False, "rds-final-snapshot", "Leave protect_data of the Database true."),
    ),
    CACHE: (_not_shorter("snapshotRetentionLimit", "redis-backups", "The time that snapshots are kept", _RESTORE),),
    KEY: (
        _not_shorter(
            "deletionWindowInDays",
            "kms-safe-deletion-and-policy",
            "The time in which a key can be brought back",
            "Leave deletion_window_days as it was.",
        ),
        _stays("enableKeyRotation", True, "kms-rotation", "Leave the rotation on; old data stays readable."),
    ),
    FIREWALL: (_keeps_rules,),
    BACKUP_PLAN: (_keeps_copies,),
}
GUARDED = frozenset(_JUDGES)


class DataGuard:
    """Hooks on what holds data, and on the firewall: they see what a policy does not, the inputs as they were.

    A replacement reaches only `before_create`, without old inputs, so a create is refused while `recorded` says that
    the resource exists. The engine itself refuses to replace what is protected; in an update it does so first, and
    says only how to give the protection up. So `unreplaced` looks at what is declared before the engine does.
    """

    def __init__(self, name: str, recorded: Mapping[str, Inputs], retired: Sequence[str] = ()) -> None:
        """`recorded`: the resources that the stack's last outputs say exist, with what cannot change (`keeps`).

        `retired`: those that may go or be made anew, for one change; written in the program, where it is reviewed.
        """
        self._recorded = {each: fixed for each, fixed in recorded.items() if each not in retired}
        options = pulumi.ResourceHookOptions(on_dry_run=True)
        create = pulumi.ResourceHook(f"{name}-data-create", self._before_create, options)
        update = pulumi.ResourceHook(f"{name}-data-update", _before_update, options)
        self.binding = pulumi.ResourceHookBinding(before_create=[create], before_update=[update])

    def unreplaced(self, args: pulumi.ResourceTransformationArgs) -> None:
        """A transformation, for the options of components: changes nothing.

        Raises DataRefused when an input among `FIXED` is declared with another value than is on record. Values that
        are only known later are left to the hooks and the engine.
        """
        changed = [
            f"{key} {before!r} -> {after!r}"
            for key, before in self._recorded.get(args.name, {}).items()
            if isinstance(after := args.props.get(_snake(key)), str | bool) and after != before
        ]
        if changed and args.type_ in FIXED:
            _refuse((replacement(args.type_, args.name, f"{', '.join(changed)}."),))

    def keeps(self, *resources: pulumi.Resource) -> pulumi.Output[dict[str, dict[str, Any]]]:
        """Names of `resources`, with what cannot change of each, as a stack output, known once they exist: what the
        next run's guard goes by.

        Raises DataRefused when one on record is not among them: it has left the program and would be deleted. The
        engine refuses that too where it is protected, but says no more than how to give the protection up.
        """
        gone = tuple(map(_gone, sorted(self._recorded.keys() - {each.pulumi_resource_name for each in resources})))
        if gone:
            # Said at once: before the program's end the engine may stop it, because of what would be replaced along.
            pulumi.log.error(str(DataRefused(gone)))
        _refuse(gone)
        return pulumi.Output.all(**{each.pulumi_resource_name: _fixed(each) for each in resources})

    def _before_create(self, args: pulumi.ResourceHookArgs) -> None:
        if args.name in self._recorded:
            _refuse((replacement(args.type, args.name),))


def _fixed(resource: pulumi.Resource) -> pulumi.Output[dict[str, Any]]:
    names = FIXED.get(resource.pulumi_resource_type, ())
    values = pulumi.Output.all(resource.urn, *(getattr(resource, _snake(each)) for each in names))
    return values.apply(lambda known: dict(zip(names, known[1:], strict=True)))


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", r"_\1", name).lower()


def _gone(name: str) -> Violation:
    return Violation(
        "data-protected",
        f"{name!r} holds data, or the key to it: it stays in the program.",
        "a program without it, which deletes it.",
        "Put it back under its old name. To retire it, move its data first; a deleted key takes all data and backups "
        "along. Then name it in `retired` of the DataGuard.",
    )


def _before_update(args: pulumi.ResourceHookArgs) -> None:
    _refuse(judge(args.type, args.old_inputs, args.new_inputs))


def _refuse(violations: tuple[Violation, ...]) -> None:
    if violations:
        raise DataRefused(violations)


class DataRefused(pulumi.RunError):
    """A change that takes away data, backups or protection; the message says what to do instead."""

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        self.violations = violations
        super().__init__("the data guard refuses this change:\n" + "\n".join(f"  {each}" for each in violations))
