"""The Cloud Run service: who reaches it, who calls it, and what a rollout changes on it."""

from typing import Any

import pulumi
import pytest

from components.gcp.canary_service import CanaryService, CanaryServiceArgs
from components.gcp.revision import resolve, template_inputs
from tests.support.drive import drive, run
from tests.support.mocks import UNKNOWN, Recorded, Recorder

SERVICE, PROJECT = "ion-production", "acme-ion"
LIVE, CANDIDATE, STANDBY = (f"{SERVICE}-{digit * 12}" for digit in "123")
IMAGE = "us-central1-docker.pkg.dev/acme-ion/ion/ion-api@sha256:"
BY_REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"

ARGS: CanaryServiceArgs = {
    "physical_name": SERVICE,
    "project": PROJECT,
    "location": "us-central1",
    "revision": {"revision": LIVE, "image": IMAGE + "1" * 64},
    "traffics": [{"revision": LIVE, "percent": 100, "tag": "live"}],
    "labels": {"service": "ion"},
}


def service(*, preview: bool = False, keep_template: bool = False, **more: Any) -> Recorded:
    args: Any = {**ARGS, **more}
    return drive(lambda: CanaryService("service", args, keep_template=keep_template), preview=preview)


def declared(recorded: Recorded) -> Any:
    return recorded.one("Service", "service-service").inputs


def split(*entries: tuple[str, int, str]) -> list[dict[str, Any]]:
    return [{"revision": revision, "percent": percent, "tag": tag} for revision, percent, tag in entries]


@pytest.mark.parametrize("preview", [True, False])
def test_traffic_goes_to_named_revisions_in_the_order_given(preview: bool) -> None:
    traffics = split((LIVE, 95, "live"), (CANDIDATE, 5, "candidate"), (STANDBY, 0, "standby"))
    assert declared(service(preview=preview, traffics=traffics))["traffics"] == [
        {"type": BY_REVISION, "revision": LIVE, "percent": 95, "tag": "live"},
        {"type": BY_REVISION, "revision": CANDIDATE, "percent": 5, "tag": "candidate"},
        {"type": BY_REVISION, "revision": STANDBY, "percent": 0, "tag": "standby"},
    ]


@pytest.mark.parametrize("preview", [True, False])
def test_the_whole_template_is_known_in_a_preview(preview: bool) -> None:
    template = declared(service(preview=preview))["template"]
    assert UNKNOWN not in leaves(template)
    assert template["revision"] == LIVE
    expected = template_inputs(resolve(SERVICE, PROJECT, ARGS["revision"]))
    assert leaves(template) == leaves(expected)


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return sorted((leaf for item in value.values() for leaf in leaves(item)), key=repr)
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [float(value) if isinstance(value, int) and not isinstance(value, bool) else value]


def test_a_step_changes_the_traffic_and_nothing_else() -> None:
    before = service(traffics=split((LIVE, 95, "live"), (CANDIDATE, 5, "candidate")))
    after = service(traffics=split((LIVE, 50, "live"), (CANDIDATE, 50, "candidate")))
    assert before.changed(after) == {("Service", "service-service")}
    one, other = declared(before), declared(after)
    assert {key for key in one if one[key] != other[key]} == {"traffics"}


def test_the_start_of_a_rollout_changes_the_template_too_and_gives_it_no_traffic() -> None:
    after = service(
        revision={"revision": CANDIDATE, "image": IMAGE + "2" * 64},
        traffics=split((LIVE, 100, "live"), (CANDIDATE, 0, "candidate")),
    )
    assert service().changed(after) == {("Service", "service-service")}
    assert declared(after)["template"]["revision"] == CANDIDATE
    assert [each["percent"] for each in declared(after)["traffics"]] == [100, 0]


def test_going_back_leaves_the_template_to_the_state() -> None:
    assert service(keep_template=True).one("Service").ignore_changes == ("template",)
    assert service().one("Service").ignore_changes == ()


def test_only_the_load_balancer_reaches_it() -> None:
    inputs = declared(service())
    assert inputs["ingress"] == "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"
    assert inputs["defaultUriDisabled"] is True
    assert "invokerIamDisabled" not in inputs


def test_nobody_calls_it_unless_named() -> None:
    assert service().of_type("ServiceIamMember") == []


def test_callers_by_name() -> None:
    caller = "serviceAccount:caller@acme-ion.iam.gserviceaccount.com"
    recorded = service(invokers=[caller], custom_audiences=["https://ion.example.com"])
    member = recorded.one("ServiceIamMember")
    assert member.name == "service-invoker-serviceaccount-caller-acme-ion-iam-gserviceaccount-com"
    assert member.inputs == {
        "project": PROJECT,
        "location": "us-central1",
        "name": SERVICE,
        "role": "roles/run.invoker",
        "member": caller,
    }
    assert declared(recorded)["customAudiences"] == ["https://ion.example.com"]


def test_everybody_only_when_asked_for() -> None:
    recorded = service(public=True)
    assert recorded.one("ServiceIamMember", "service-invoker-public").inputs["member"] == "allUsers"
    assert declared(recorded)["ingress"] == "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"


@pytest.mark.parametrize("member", ["allUsers", "allAuthenticatedUsers", "caller@example.com", "serviceAccount:"])
def test_everybody_is_no_name(member: str) -> None:
    with pytest.raises(ValueError, match=f"invokers: found '{member}'; .* For everybody set `public`"):
        service(invokers=[member])


def test_it_runs_as_itself_and_reads_only_its_secrets() -> None:
    recorded = service(
        secret_ids={"SESSION_KEY": "ion-session-key", "MAIL_TOKEN": "ion-mail-token"},
        revision={**ARGS["revision"], "secrets": {"SESSION_KEY": {"secret": "ion-session-key", "version": 3}}},
    )
    account = recorded.one("Account")
    assert account.inputs["accountId"] == SERVICE
    readers = {each.name: each.inputs for each in recorded.of_type("SecretIamMember")}
    assert readers.keys() == {"service-reads-session-key", "service-reads-mail-token"}
    for inputs in readers.values():
        assert inputs["role"] == "roles/secretmanager.secretAccessor"
        assert inputs["member"] == "serviceAccount:service-runtime@accounts.example"
    assert readers["service-reads-mail-token"]["secretId"] == "ion-mail-token"


def test_the_service_waits_for_its_account_and_its_rights() -> None:
    recorded = service(secret_ids={"SESSION_KEY": "ion-session-key"})
    waits_for = recorded.one("Service").dependencies
    assert {recorded.one("Account").urn, recorded.one("SecretIamMember").urn} <= waits_for


def test_a_secret_that_nobody_may_read_is_refused() -> None:
    secrets = {"SESSION_KEY": {"secret": "s", "version": 1}}
    with pytest.raises(ValueError, match="secret_ids: found 'nothing for SESSION_KEY'"):
        service(revision={**ARGS["revision"], "secrets": secrets})


def test_a_tag_says_that_the_service_carries_the_traffic() -> None:
    assert declared(service())["labels"] == {"service": "ion", "headgate-role": "traffic"}


def test_binary_authorization_can_be_left_to_staging() -> None:
    assert declared(service())["binaryAuthorization"] == {"useDefault": True}
    assert "binaryAuthorization" not in declared(service(binary_authorization=False))


def test_hooks_and_dependencies_go_to_the_service() -> None:
    def build() -> None:
        seen: list[pulumi.ResourceHookArgs] = []
        hook = pulumi.ResourceHook("judge", seen.append)
        first = pulumi.CustomResource("test:index:First", "first", {})
        CanaryService(
            "service",
            ARGS,
            carrier_hooks=pulumi.ResourceHookBinding(before_update=[hook]),
            carrier_depends_on=[first],
        )

    recorded = drive(build)
    carrier = recorded.one("Service")
    assert carrier.hooks == {"before_update": ("judge",)}
    assert recorded.one("test:index:First").urn in carrier.dependencies
    assert recorded.one("Account").hooks == {}


def test_the_service_is_not_registered_when_what_it_depends_on_is_refused() -> None:
    class Refused(pulumi.ComponentResource):
        def __init__(self) -> None:
            super().__init__("test:index:Refused", "refused")

    recorder = Recorder(preview=False, refuses="refused")
    with pytest.raises(Exception, match="refused"):
        run(lambda: CanaryService("service", ARGS, carrier_depends_on=[Refused()]), recorder)
    assert recorder.recorded.of_type("Service") == []


def test_outputs_are_what_the_provider_reports() -> None:
    recorded = service()
    outputs = recorded.outputs_of("CanaryService")
    assert outputs["service_name"] == SERVICE
    assert outputs["service"] == recorded.one("Service").urn
    assert outputs["uri"] == "https://service-service-1a2b3c4-uc.a.run.app"
    assert outputs["service_account_email"] == "service-runtime@accounts.example"
    assert outputs["traffics"] == declared(recorded)["traffics"]
    assert outputs["traffic_statuses"] == [{"revision": "service-service", "percent": 100}]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"physical_name": "Ion"}, "physical_name: found 'Ion'"),
        ({"physical_name": "ion"}, "physical_name: found 'ion'; expected at least 6 characters"),
        ({"physical_name": "i" * 31}, "physical_name: found"),
        ({"traffics": []}, "traffics: found \\[\\]; expected percentages that are 100 together"),
        ({"traffics": split((LIVE, 90, "live"))}, r"traffics: found \[90\]; expected percentages that are 100"),
        (
            {"traffics": split((LIVE, 90, "live"), (CANDIDATE, 20, "candidate"))},
            r"traffics: found \[90, 20\]; expected percentages that are 100",
        ),
        ({"traffics": split((LIVE, 101, "live"))}, r"traffics\[0\].percent: found 101"),
        ({"traffics": split((LIVE, True, "live"))}, r"traffics\[0\].percent: found True"),
        ({"traffics": [{"percent": 100, "tag": "live"}]}, r"traffics\[0\]: found .*; expected a named revision"),
        (
            {"traffics": [{**split((LIVE, 100, "live"))[0], "type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"}]},
            r"traffics\[0\]: found 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST'; expected a named revision",
        ),
        ({"traffics": split(("LATEST", 100, "live"))}, r"traffics\[0\].revision: found 'LATEST'; expected the name of"),
        ({"traffics": split(("other-1", 100, "live"))}, r"traffics\[0\].revision: found 'other-1'"),
        ({"traffics": split((f"{SERVICE}-", 100, "live"))}, r"traffics\[0\].revision: found 'ion-production-'"),
        ({"traffics": split((LIVE, 100, ""))}, r"traffics\[0\].tag: found ''"),
        ({"traffics": split((LIVE, 100, "s1"))}, r"traffics\[0\].tag: found 's1'; expected 3 or more"),
        ({"traffics": split((LIVE, 100, "x" * 33))}, r"with the service's name at most 46"),
        (
            {"traffics": split((LIVE, 50, "live"), (LIVE, 50, "candidate"))},
            "traffics: found .*; expected every revision once",
        ),
        (
            {"traffics": split((LIVE, 50, "live"), (CANDIDATE, 50, "live"))},
            "traffics: found .*; expected every tag once",
        ),
    ],
)
def test_wrong_arguments_are_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"CanaryService 'service': (.|\n)*{message}"):
        service(**more)


def test_a_wrong_revision_is_refused_before_anything_is_registered() -> None:
    recorder = Recorder(preview=True)
    args: Any = {**ARGS, "revision": {"revision": LIVE, "image": "r/ion:latest"}}
    with pytest.raises(ValueError, match=r"revision\.image: found 'r/ion:latest'"):
        run(lambda: CanaryService("service", args), recorder)
    assert list(recorder.recorded.custom()) == []
