"""How much of the catalogue is implemented, and how well it is tested; prints it and writes .headgate/policies.json.

    python -m policies.figures [--engine]

The catalogue is a list of numbered rows; catalogue.json says which number belongs to which group, and which rows are of
the second tier (`later`). What has to be measured is measured by tests/bench/bench_pack.py, in a process of its own:
the pack knows nothing of its tests. `--engine` also measures with the real engine, which takes a minute or two.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from policies import pack
from policies.session import Session

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = Path(__file__).with_name("catalogue.json")
RESULT = ROOT / ".headgate" / "policies.json"
ALL = "all but the rollout"
BUDGET = 1.25  # a preview with the pack, over one without


@dataclass(frozen=True)
class Group:
    """Rows of one group: `implemented` of `total`, the same for the first tier alone, and which are `missing`."""

    name: str
    total: int
    implemented: int
    first_tier: int
    first_tier_implemented: int
    missing: tuple[str, ...]


def groups(rows: Iterable[str]) -> tuple[Group, ...]:
    """The groups of the catalogue, of which `rows` are implemented (`33`, `R-05`); the last is that of the rollout."""
    there = {row.strip() for row in rows}
    catalogue = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    found = [_group(each, [str(row) for row in _span(each)], there) for each in catalogue["rows"]]
    return (*found, _group(catalogue["rollout"], [f"R-{row:02}" for row in _span(catalogue["rollout"])], there))


def _span(group: Mapping[str, Any]) -> range:
    return range(group["first"], group["last"] + 1)


def _group(described: Mapping[str, Any], rows: Sequence[str], there: set[str]) -> Group:
    later = {str(row) for row in described.get("later", ())}
    first = [row for row in rows if row not in later]
    return Group(
        name=described["group"],
        total=len(rows),
        implemented=sum(row in there for row in rows),
        first_tier=len(first),
        first_tier_implemented=sum(row in there for row in first),
        missing=tuple(row for row in rows if row not in there),
    )


def implemented() -> tuple[str, ...]:
    """The rows of every rule in the pack."""
    return tuple(row for rule in pack.rules(Session()) for row in rule.row.split(",") if row.strip() != "-")


def measured(*, engine: bool) -> dict[str, Any]:
    """What tests/bench/bench_pack.py found. Raises CalledProcessError when it failed."""
    command = [sys.executable, "-m", "tests.bench.bench_pack", *(["--engine"] if engine else [])]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def report(listed: Sequence[Group], found: Mapping[str, Any], policies: int) -> str:
    """The figures for people."""
    lines = [f"{policies} policies", "", "rows of the catalogue implemented"]
    for group in (*listed[:-1], _all(listed[:-1]), listed[-1]):
        missing = f"   not a policy: {', '.join(group.missing)}" if group.missing and group.name != ALL else ""
        tier = f"(tier 1: {group.first_tier_implemented}/{group.first_tier})"
        lines.append(f"  {group.name:26} {group.implemented:3}/{group.total:<3} {tier}{missing}")
    kills, time = found["kill_rate"], found["recorded_preview"]
    lines += [
        "",
        f"test cases in the tables     {found['cases']}",
        f"secure defaults switched off {kills['killed']} of {kills['mutants']} refused ({100 * kills['rate']:.1f} %)",
        *(f"  survived: {name}" for name in kills["survived"]),
        f"time over a recorded preview of greenflow-production, {time['resources']} resources",
        f"  program alone {time['preview']:.2f} s, pack {time['pack']:.2f} s, both to the first {time['ratio']:.2f}",
    ]
    if "engine_preview" in found:
        real = found["engine_preview"]
        lines += [
            f"pulumi preview of greenflow-production, starting the pack included; fastest of {real['runs']}, by turns",
            f"  without {real['without']:.2f} s, with {real['with']:.2f} s, ratio {_ratio(real['ratio'])}",
            f"  in seconds of processors, which other programs do not stretch: ratio {real['processor']:.2f}",
        ]
    return "\n".join(lines) + "\n"


def _all(listed: Sequence[Group]) -> Group:
    return Group(
        ALL,
        sum(each.total for each in listed),
        sum(each.implemented for each in listed),
        sum(each.first_tier for each in listed),
        sum(each.first_tier_implemented for each in listed),
        tuple(row for each in listed for row in each.missing),
    )


def _ratio(ratio: float) -> str:
    return f"{ratio:.2f}, budget {BUDGET:.2f}" + ("" if ratio <= BUDGET else ": OVER BUDGET")


def main(arguments: Sequence[str], measure: Callable[..., Mapping[str, Any]] = measured, result: Path = RESULT) -> int:
    """Prints the figures and writes them to `result`. 1 when a secure default can be switched off unnoticed.

    A ratio over the budget is said and no failure: it depends on what else the machine does.
    """
    parser = argparse.ArgumentParser(prog="python -m policies.figures", description="Figures of the policy pack.")
    parser.add_argument("--engine", action="store_true", help="also measure previews with the real engine")
    options = parser.parse_args(arguments)
    listed, found = groups(implemented()), measure(engine=options.engine)
    count = len(pack.rules(Session()))
    sys.stdout.write(report(listed, found, count))
    result.parent.mkdir(exist_ok=True)
    whole = {
        "policies": count,
        "rows": [asdict(each) for each in (*listed, _all(listed[:-1]))],
        "budget": BUDGET,
        **found,
    }
    result.write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
    return int(bool(found["kill_rate"]["survived"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
