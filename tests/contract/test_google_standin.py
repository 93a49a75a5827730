"""What the components declare on Google Cloud is known to the stand-in of the sandbox, to the last property."""

import pytest

from sandbox.plugins.gcp.tables import rows
from tests.contract.rows import ROWS, Row
from tests.support.drive import drive
from tests.support.mocks import Registered

GOOGLE = [row for row in ROWS if row.google]


def custom(row: Row, *, preview: bool) -> list[Registered]:
    return [child for child in drive(row.build(), preview=preview).resources if child.custom]


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
@pytest.mark.parametrize("row", GOOGLE, ids=lambda row: row.name)
def test_every_property_is_known(row: Row, preview: bool) -> None:
    made = custom(row, preview=preview)
    assert made
    assert sorted({child.type for child in made} - rows().keys()) == []
    assert [sentence for child in made for _, sentence in rows()[child.type].problems(child.inputs)] == []
