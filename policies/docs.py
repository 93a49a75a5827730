"""The reference of all policies, and the schema of their configuration, both made from the rules themselves.

`python -m policies.docs` prints the reference; `--write` brings both files up to date, `--check` fails when one is not.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from headgate.problems import ON_CHANGES, RuleId
from policies import configuration, housekeeping, pack, references
from policies.model import Described, Level, Rule, Where
from policies.rollout_texts import TEXTS, identifier, number
from policies.session import Session
from policies.tags import LABELLED, TAGGABLE

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs/policies.md"
SCHEMA = configuration.FOLDER / "schema.json"

_HEAD = """\
<!-- Made by `python -m policies.docs --write`; do not edit. -->
# Policies

What the policy pack refuses, in previews and in updates before the resource is changed. Every message names the rule,
what must be true, what was found and what to do.

- **Level.** Mandatory rules stop the run. Rules marked *production* are advice in other environments. The environment
  is `headgate:environment` of the stack configuration; an unknown one, or one that contradicts the stack's name, is
  production.
- **Not known yet.** A value that depends on a resource that does not exist yet is a violation, because what cannot be
  judged does not pass. The inputs under *may wait* are excepted: the rule then says that it waits (advice) and judges
  them during the update, before the resource is changed.
- **Settings** are in `policies/config/<environment>.json`. A file of the same form passed with `--policy-pack-config`
  comes on top of it. `policies/config/schema.json` describes the form.
- **Exemptions** are listed under `policy-configuration`: `policy`, `urnPattern`, `reason`, `owner`, `expires`. One that
  is not justified, or has run out, is itself a violation and does not count; used ones are shown.
- **Giving traffic back.** Nothing may stop a rollback. While the run's Rollout gives traffic back, mandatory rules only
  advise, and say that the next update that does not is stopped by them. An unsafe change that comes with a step back is
  named there and refused from then on, for every resource is judged every time, changed or not. Rules that bind on the
  way back as well say so below: those of the rollout itself, and those that keep data from being deleted. Before the
  Rollout was seen, and when it cannot be read, every rule binds
  ([decision](adr/0012-nothing-but-data-stops-a-rollback.md)).
- How the engine starts the pack: [policies/README.md](../policies/README.md).
"""

_SECTIONS = (
    ("Rollout", "What the core decides; the same rules are in the guard of the program and in `headgate preview`."),
    ("AWS", "What resources must be like, in the order of the components that declare them."),
    ("Google Cloud", "The same for Cloud Run and what is around it."),
    ("Both clouds", "What every resource must have."),
    ("The pack itself", "So that a configuration cannot quietly turn a rule off."),
)


def reference() -> str:
    """The whole page, as Markdown."""
    sections: list[list[Described]] = [[] for _ in _SECTIONS]
    for rule in pack.rules(Session()):
        sections[_section(rule)].append(rule)
    parts = [_HEAD]
    for (title, introduction), rules in zip(_SECTIONS, sections, strict=True):
        parts.append(f"\n## {title}\n\n{introduction}\n\n{_table(rules)}\n")
    parts.insert(2, _changes())
    parts.append("\n## Rules one by one\n")
    parts += [_entry(rule) for rules in sections for rule in rules]
    return "".join(parts)


_ON_CHANGES = """
## What an update does to resources

A policy sees inputs as they will be. Whether something is deleted, replaced or loosened shows only in the engine's
preview: `headgate preview` and `headgate advance` read it and hold. They also judge R-16 by it, go by the pack and the
guard for all other rollout rules, and hold when the pack did not run (R-24 is the pack's alone). When traffic is given
back only R-19 binds.

"""


def _changes() -> str:
    lines = ["| no. | rule | what it checks | the pack beside it |", "|---|---|---|---|"]
    for rule in sorted(ON_CHANGES):
        beside = "`data-protected`" if rule is RuleId.DATA_KEPT else "nothing"
        lines.append(f"| {number(rule)} | `{identifier(rule)}` | {_checked(TEXTS[rule].description)} | {beside} |")
    return _ON_CHANGES + "\n".join(lines) + "\n"


def _checked(description: str) -> str:
    return description.removeprefix("Checks whether ").rstrip(".")


def _section(rule: Described) -> int:
    if rule.id in (housekeeping.CONFIGURATION, housekeeping.EXEMPTION_USED):
        return 4
    if rule.row.startswith("R-"):
        return 0
    packages = {token.partition(":")[0] for token in rule.types}
    return 3 if len(packages) > 1 else 1 if packages == {"aws"} else 2


def _table(rules: Sequence[Described]) -> str:
    lines = ["| no. | policy | level | what it checks | source |", "|---|---|---|---|---|"]
    lines += [
        f"| {rule.row} | [`{rule.id}`](#{rule.id}) | {_level(rule)} | {_short(rule)} | {rule.source} |"
        for rule in rules
    ]
    return "\n".join(lines)


def _level(rule: Described) -> str:
    return "mandatory in production" if rule.where is Where.PRODUCTION else rule.level.value


def _short(rule: Described) -> str:
    return _checked(rule.description)


def _entry(rule: Described) -> str:
    lines = [f"\n### {rule.id}\n", f"\n{rule.title}. {rule.description}\n\n"]
    lines.append(f"- On: {_types(rule)}\n")
    lines.append(f"- Level: {_level(rule)}; severity {rule.severity.value}; source {rule.source}")
    page = references.url(rule)
    lines.append(f" ([control]({page}))\n" if page.startswith("https:") else "\n")
    if isinstance(rule, Rule) and rule.defers:
        lines.append(f"- May wait: {', '.join(f'`{key}`' for key in sorted(rule.defers))}\n")
    for name, setting in rule.settings.items():
        lines.append(f"- Setting `{name}`: {setting.description} Default: `{json.dumps(setting.default)}`\n")
    if rule.binds_going_back:
        lines.append("- Binds while traffic is given back, too.\n")
    if not rule.exemptible:
        lines.append("- No configuration can exempt a resource from it or lower it.\n")
    lines.append(f"- Do: {rule.remedy}\n")
    return "".join(lines)


def _types(rule: Described) -> str:
    if rule.types >= TAGGABLE:
        return (
            f"every type with tags of the AWS provider ({len(TAGGABLE)}) and with labels of Google's ({len(LABELLED)})"
        )
    return ", ".join(f"`{token}`" for token in sorted(rule.types)) or "the whole run"


def schema() -> str:
    """JSON Schema of a configuration file, for editors and for `--policy-pack-config`."""
    level = {"$ref": "#/$defs/level"}
    policies: dict[str, Any] = {}
    for rule in pack.rules(Session()):
        settings = {
            name: {**setting.schema, "default": setting.default, "description": setting.description}
            for name, setting in rule.settings.items()
        }
        described = {
            "type": "object",
            "properties": {configuration.LEVEL_KEY: level, **settings},
            "additionalProperties": False,
        }
        policies[rule.id] = {"description": rule.description, "anyOf": [level, described]}
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of the Headgate policy pack for one environment",
        "type": "object",
        "properties": policies,
        "additionalProperties": False,
        "$defs": {"level": {"type": "string", "enum": [each.value for each in Level]}},
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def outdated() -> list[Path]:
    """The generated files that differ from the rules."""
    made = {REFERENCE: reference(), SCHEMA: schema()}
    return [path for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]


def main(arguments: Sequence[str]) -> int:
    """Prints, writes or checks; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m policies.docs", description="Reference of the policies.")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write", action="store_true", help="bring docs/policies.md and the schema up to date")
    what.add_argument("--check", action="store_true", help="fail when one of them is out of date")
    options = parser.parse_args(arguments)
    if options.write:
        REFERENCE.write_text(reference(), encoding="utf-8")
        SCHEMA.write_text(schema(), encoding="utf-8")
    elif options.check:
        stale = [str(path.relative_to(ROOT)) for path in outdated()]
        if stale:
            sys.stderr.write(f"out of date: {', '.join(stale)}; run `python -m policies.docs --write`\n")
            return 1
    else:
        sys.stdout.write(reference())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
