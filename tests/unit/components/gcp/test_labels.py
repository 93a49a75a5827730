"""Labels within Google's rules."""

import pytest

from components.gcp.labels import MOST, problems, standard_labels


def test_the_four_that_every_resource_carries() -> None:
    labels = standard_labels(service="ion", environment="production", owner="team-ion", extra={"cost": "42"})
    assert labels == {
        "service": "ion",
        "environment": "production",
        "owner": "team-ion",
        "managed-by": "headgate",
        "cost": "42",
    }


def test_extra_labels_never_override_them() -> None:
    labels = standard_labels(service="ion", environment="staging", owner="o", extra={"environment": "production"})
    assert labels["environment"] == "staging"


@pytest.mark.parametrize("value", ["", "a", "team-ion", "team_ion", "42", "a" * 63])
def test_values_that_google_takes(value: str) -> None:
    assert problems({"key": value}) == []


@pytest.mark.parametrize("value", ["Team", "team ion", "team.ion", "team@ion", "a" * 64, "team\n", "팀"])
def test_values_that_google_refuses(value: str) -> None:
    (line,) = problems({"owner": value})
    assert line.startswith("labels.owner: found ")


@pytest.mark.parametrize("key", ["", "Owner", "1owner", "-owner", "a" * 64, "own er"])
def test_keys_that_google_refuses(key: str) -> None:
    (line,) = problems({key: "x"})
    assert line.startswith(f"labels: found key {key!r}")


def test_no_more_than_google_takes() -> None:
    assert problems({f"k{number}": "x" for number in range(MOST)}) == []
    assert problems({f"k{number}": "x" for number in range(MOST + 1)}) == [
        "labels: found 65; expected at most 64. Leave some out."
    ]


def test_an_owner_that_cannot_be_a_label_stops_the_program_with_every_problem() -> None:
    with pytest.raises(ValueError, match=r"labels.owner: found 'Team Ion'") as error:
        standard_labels(service="ION", environment="production", owner="Team Ion")
    assert len(str(error.value).splitlines()) == 2
