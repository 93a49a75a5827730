"""The one reader of configuration: what Pulumi hands over becomes settings, or one message with every problem."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import pulumi
import pytest
import yaml

from headgate import settings as common
from stacks import configuration, settings
from stacks.configuration import Configuration
from tests.support import stack_files
from tests.support.drive import run
from tests.support.mocks import Recorder

Result = TypeVar("Result")
STACK = "greenflow-production"
STACKS = ("greenflow-production", "greenflow-staging", "ion-production", "ion-staging")
Load = Callable[..., Configuration]


def reading(
    read: Callable[[], Result], values: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch, stack: str = STACK
) -> Result:
    """What `read` returns in a program of `stack` whose configuration is `values`, as Pulumi hands it over."""
    monkeypatch.setattr(pulumi, "get_stack", lambda: stack)
    found: list[Result] = []

    def program() -> None:
        pulumi.runtime.set_all_config(on_the_wire(values))
        found.append(read())

    run(program, Recorder(preview=True))
    return found[0]


def on_the_wire(values: Mapping[str, Any]) -> dict[str, str]:
    """Pulumi gives a program texts: objects and lists as JSON, numbers and flags as written."""
    return {
        key: value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
        for key, value in values.items()
    }


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    def load(values: Mapping[str, Any], stack: str = STACK) -> Configuration:
        return reading(settings.load, values, monkeypatch, stack)

    return load


class TestLoad:
    @pytest.mark.parametrize("stack", STACKS)
    def test_the_committed_files_are_read_as_they_are_written(self, stack: str, load: Load) -> None:
        assert load(stack_files.values(stack), stack) == stack_files.configured(stack)

    def test_every_committed_stack_file_is_one_that_can_be_loaded(self, load: Load) -> None:
        files = sorted(stack_files.STACKS.glob("Pulumi.*.yaml"))
        names = [file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in files]
        assert [load(stack_files.values(name), name).settings.name for name in names] == names
        assert names == sorted(STACKS)

    def test_numbers_in_texts_stay_texts(self, load: Load) -> None:
        """A version such as 2026.02 must not become a number on its way."""
        values = stack_files.values(STACK) | {"headgate:owner": "42"}
        assert load(values).settings.owner == "42"

    def test_every_problem_is_said_at_once_with_file_and_path(self, load: Load) -> None:
        values = stack_files.values(STACK)
        values["headgate:plan"]["steps"][1]["gates"] = ["slo"]
        values["headgate:plan"]["steps"][2]["weight"] = 150
        values["headgate:release"]["live"]["slot"] = "red"
        values["headgate:database"]["multi_az"] = "yes"
        values["headgate:step"] = "green-11"
        values["headgate:stepp"] = "green-10"
        del values["headgate:owner"]
        with pytest.raises(pulumi.RunError) as error:
            load(values)
        message = str(error.value)
        for place in (
            "headgate:plan.steps[1].gates[0]: found 'slo'; expected one of the known gates: approval, drift, readiness",
            "headgate:plan.steps[2].weight: found 150",
            "headgate:release.live.slot: found 'red'; expected one of: blue, green",
            "headgate:database.multi_az: found 'yes'; expected true or false",
            "headgate:stepp: found an unknown key",
            "headgate:owner: found nothing",
        ):
            assert f"stacks/Pulumi.{STACK}.yaml: {place}" in message
        assert message.startswith("6 problems in the stack configuration:")

    def test_an_unknown_key_is_refused_wherever_it_is(self, load: Load) -> None:
        values = stack_files.values(STACK) | {"headgate:tema": "x"}
        values["headgate:capacity"]["task"] = 3
        with pytest.raises(pulumi.RunError) as error:
            load(values)
        assert "headgate:tema: found an unknown key; expected one of: system, environment" in str(error.value)
        assert "headgate:capacity.task: found an unknown key; expected one of: tasks, minimum_tasks" in str(error.value)

    def test_keys_of_other_namespaces_are_not_ours_to_judge(self, load: Load) -> None:
        values = stack_files.values(STACK) | {"aws:skipMetadataApiCheck": "true", "pulumi:tags": {"team": "x"}}
        assert load(values) == stack_files.configured(STACK)

    def test_a_configuration_for_another_stack_is_refused(self, load: Load) -> None:
        with pytest.raises(pulumi.RunError) as error:
            load(stack_files.values(STACK), "greenflow-staging")
        assert str(error.value) == (
            "stacks/Pulumi.greenflow-staging.yaml: headgate:system and headgate:environment name the stack "
            "'greenflow-production', but the selected stack is 'greenflow-staging'. Select 'greenflow-production', or "
            "correct the two keys."
        )

    def test_nothing_configured_is_a_list_of_what_is_missing(self, load: Load) -> None:
        with pytest.raises(pulumi.RunError) as error:
            load({})
        required = set(common.KEYS) - {"step"}
        assert [key for key in sorted(required) if f"headgate:{key}" not in str(error.value)] == []

    def test_of_its_own_kind_too(self, load: Load) -> None:
        with pytest.raises(pulumi.RunError) as greenflow:
            load({"headgate:system": "greenflow"})
        with pytest.raises(pulumi.RunError) as ion:
            load({"headgate:system": "ion"}, "ion-production")
        kinds = {"greenflow": missing(greenflow.value), "ion": missing(ion.value)}
        assert kinds["greenflow"] - kinds["ion"] == {"network", "database", "cache"}
        assert kinds["ion"] - kinds["greenflow"] == {"service", "front_door"}
        assert "notifications" in kinds["greenflow"] & kinds["ion"]

    @pytest.mark.parametrize(
        ("stack", "key", "value"),
        [(STACK, "secrets", {}), (STACK, "service", {}), ("ion-production", "network", {"cidr": "10.0.0.0/16"})],
    )
    def test_a_key_of_the_other_kind_is_refused(self, stack: str, key: str, value: object, load: Load) -> None:
        with pytest.raises(pulumi.RunError) as error:
            load(stack_files.values(stack) | {f"headgate:{key}": value}, stack)
        assert f"headgate:{key}: found an unknown key; expected one of: system," in str(error.value)

    def test_a_system_that_nobody_knows_is_said_once_and_its_keys_are_not_judged(self, load: Load) -> None:
        with pytest.raises(pulumi.RunError) as error:
            load(stack_files.values(STACK) | {"headgate:system": "greenflaw"})
        assert "headgate:system: found 'greenflaw'; expected one of: greenflow, ion" in str(error.value)
        assert "headgate:network" not in str(error.value)

    def test_a_message_is_one_that_pulumi_shows_without_a_traceback(self) -> None:
        assert issubclass(pulumi.RunError, Exception)
        assert not issubclass(settings.SettingsError, pulumi.RunError)  # so the pure core knows no Pulumi


def missing(error: Exception) -> set[str]:
    """Top-level keys of which a message says something."""
    return {re.split(r"\W", each)[0] for each in str(error).split("headgate:")[1:]}


class TestGoogle:
    def test_project_and_region_are_the_providers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        values = {"gcp:project": "my-team-production", "gcp:region": "us-central1"}
        assert reading(settings.google_project, values, monkeypatch) == "my-team-production"
        assert reading(settings.google_region, values, monkeypatch) == "us-central1"

    @pytest.mark.parametrize(
        ("read", "key"), [(settings.google_project, "project"), (settings.google_region, "region")]
    )
    @pytest.mark.parametrize("value", [None, "", {"name": "x"}])
    def test_without_one_the_place_and_the_remedy_are_said(
        self, read: Callable[[], str], key: str, value: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(pulumi.RunError) as error:
            reading(read, {} if value is None else {f"gcp:{key}": value}, monkeypatch, "ion-production")
        assert str(error.value).startswith(f"stacks/Pulumi.ion-production.yaml: gcp:{key}: found nothing; expected ")
        assert f"pulumi config set gcp:{key} " in str(error.value)


class TestRegion:
    def test_it_is_the_providers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert reading(settings.region, {"aws:region": "eu-central-1"}, monkeypatch) == "eu-central-1"

    @pytest.mark.parametrize("values", [{}, {"aws:region": ""}, {"aws:region": {"name": "x"}}])
    def test_without_one_the_place_and_the_remedy_are_said(
        self, values: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(pulumi.RunError) as error:
            reading(settings.region, values, monkeypatch)
        assert str(error.value).startswith(f"stacks/Pulumi.{STACK}.yaml: aws:region: found nothing; expected a region")
        assert "pulumi config set aws:region us-east-1" in str(error.value)


class TestProviders:
    def test_configuration_is_by_full_key_and_without_our_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        values = {
            "aws:region": "us-east-1",
            "gcp:project": "p",
            "headgate:step": "idle",
            "aws:defaultTags": {"tags": {}},
        }
        assert reading(settings.provider_configuration, values, monkeypatch) == {
            "aws:region": "us-east-1",
            "gcp:project": "p",
            "aws:defaultTags": {"tags": {}},
        }

    @pytest.mark.parametrize(
        ("values", "endpoints"),
        [
            ({}, set()),
            ({"aws:region": "us-east-1"}, set()),
            ({"aws:endpoints": [{"elbv2": "http://127.0.0.1:1"}]}, {"http://127.0.0.1:1"}),
            (
                {
                    "aws:endpoints": [
                        {"elbv2": "http://127.0.0.1:1", "ecs": "https://example.com"},
                        {"s3": "http://[::1]"},
                    ]
                },
                {"http://127.0.0.1:1", "https://example.com", "http://[::1]"},
            ),
            ({"aws:endpoints": "not a list"}, set()),
            ({"gcp:cloudRunV2CustomEndpoint": "https://run.example.com"}, {"https://run.example.com"}),
            ({"gcp:project": "p"}, set()),
        ],
    )
    def test_endpoints_of_the_providers_are_found(
        self, values: Mapping[str, Any], endpoints: set[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A rehearsal clock is refused unless all of them are on this machine."""
        assert set(reading(settings.provider_endpoints, values, monkeypatch)) == endpoints


def test_every_key_that_pulumi_asks_for_is_one_that_we_read() -> None:
    """Pulumi itself demands every declared key without a default, and of every stack: hence only those of all."""
    project = yaml.safe_load((stack_files.STACKS.parent / "Pulumi.yaml").read_text())
    declared = {key.removeprefix("headgate:") for key in project["config"]}
    assert declared == set(common.KEYS)
    assert not declared & {key for kind in configuration.KINDS.values() for key in kind.keys}
    assert {key for key, schema in project["config"].items() if "default" in schema} == {"headgate:step"}
