"""Types and logical names of all children: a contract, because a rename makes the engine replace the resource.

After a deliberate change (with an alias on whatever holds data or traffic) write the list anew:
`python -m tests.contract.test_names`.
"""

import json
from pathlib import Path

from tests.contract.rows import ROWS
from tests.support.drive import drive

CHILDREN = Path(__file__).with_name("children.json")


def children() -> dict[str, list[str]]:
    """Component -> `type name` of each child, sorted."""
    return {row.name: sorted(f"{child.type} {child.name}" for child in drive(row.build()).custom()) for row in ROWS}


def test_children_are_those_written_down() -> None:
    assert children() == json.loads(CHILDREN.read_text(encoding="utf-8"))


if __name__ == "__main__":
    CHILDREN.write_text(json.dumps(children(), indent=2) + "\n", encoding="utf-8")
