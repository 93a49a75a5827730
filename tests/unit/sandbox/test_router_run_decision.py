"""What the Cloud Run router does with a request."""

from collections import Counter
from dataclasses import replace

import pytest

from sandbox.router.decision import Refuse
from sandbox.router.run import affinity
from sandbox.router.run.decision import Chance, Send, decide
from sandbox.router.run.entrance import Knock
from sandbox.router.run.model import Cloud, Door, Ingress, Revision, Service, Target

KEY, NOW = b"k" * 32, 1_770_000_000.0
HOST = "ion-abc-uc.a.run.app"
BALANCER = Knock("api.ion.example")
REVISIONS = {name: Revision(name, affinity=True) for name in ("ion-a", "ion-b")}
SERVICE = Service(
    "ion",
    place="projects/p/locations/l",
    hosts=(HOST,),
    targets=(Target("ion-a", 95, "live"), Target("ion-b", 5, "candidate")),
    revisions=REVISIONS,
)


def cloud(*services: Service) -> Cloud:
    return Cloud({f"{service.place}/services/{service.name}": service for service in services})


def answer(
    service: Service = SERVICE, knock: Knock = BALANCER, cookie: str | None = None, uniform: float = 0.5
) -> Send | Refuse:
    return decide(cloud(service), knock, cookie, Chance(uniform, NOW, KEY))


def refused(found: Send | Refuse, status: int) -> str:
    assert isinstance(found, Refuse)
    assert found.status == status
    return found.error


def sent(found: Send | Refuse) -> Send:
    assert isinstance(found, Send), found
    return found


class TestSplit:
    def test_by_share(self) -> None:
        tries = 1000
        found = Counter(sent(answer(uniform=number / tries)).revision for number in range(tries))
        assert found == {"ion-a": 950, "ion-b": 50}

    def test_without_affinity_no_cookie(self) -> None:
        service = replace(SERVICE, revisions={"ion-a": Revision("ion-a"), "ion-b": Revision("ion-b")})
        assert sent(answer(service)).cookies == ()

    def test_a_cookie_holds(self) -> None:
        cookie = affinity.write(KEY, 99.0, NOW)
        found = sent(answer(cookie=cookie, uniform=0.0))
        assert (found.revision, found.held, found.cookies) == ("ion-b", True, ())

    def test_the_first_answer_carries_the_cookie_that_holds(self) -> None:
        first = sent(answer(uniform=0.97))
        (header,) = first.cookies
        cookie = header.partition("=")[2].partition(";")[0]
        assert (first.revision, first.held) == ("ion-b", False)
        assert sent(answer(cookie=cookie, uniform=0.0)).revision == "ion-b"

    def test_a_rollback_reaches_those_who_hold_a_cookie(self) -> None:
        back = replace(SERVICE, targets=(Target("ion-a", 100), Target("ion-b", 0, "candidate")))
        assert sent(answer(back, cookie=affinity.write(KEY, 99.0, NOW))).revision == "ion-a"

    def test_requests_drift_to_the_revision_that_alone_has_affinity(self) -> None:
        mixed = replace(
            SERVICE,
            targets=(Target("ion-a", 50), Target("ion-b", 50)),
            revisions={"ion-a": Revision("ion-a"), "ion-b": Revision("ion-b", affinity=True)},
        )
        assert sent(answer(mixed, uniform=0.1)).cookies == ()
        (header,) = sent(answer(mixed, uniform=0.9)).cookies
        cookie = header.partition("=")[2].partition(";")[0]
        assert sent(answer(mixed, cookie=cookie, uniform=0.1)).revision == "ion-b"
        assert sent(answer(mixed, cookie=affinity.write(KEY, 10.0, NOW), uniform=0.9)).revision == "ion-b"

    def test_nothing_is_served(self) -> None:
        assert "to no revision" in refused(answer(replace(SERVICE, targets=())), 503)

    def test_a_revision_that_cannot_serve(self) -> None:
        service = replace(SERVICE, revisions={**REVISIONS, "ion-b": Revision("ion-b", problem="exit 1")})
        assert "'ion-b' cannot serve: exit 1" in refused(answer(service, uniform=0.99), 503)
        assert sent(answer(service, uniform=0.1)).revision == "ion-a"

    def test_a_revision_that_is_not_there(self) -> None:
        service = replace(SERVICE, revisions={})
        assert "has no revision 'ion-a'" in refused(answer(service), 503)


class TestTags:
    def test_a_tag_reaches_its_revision_only(self) -> None:
        service = replace(SERVICE, targets=(Target("ion-a", 100, "live"), Target("ion-b", 0, "candidate")))
        for uniform in (0.0, 0.5, 0.999):
            found = sent(answer(service, Knock(f"candidate---{HOST}"), uniform=uniform))
            assert (found.revision, found.tag, found.cookies) == ("ion-b", "candidate", ())

    def test_no_such_tag(self) -> None:
        assert "no tag 'beta'" in refused(answer(knock=Knock(f"beta---{HOST}")), 404)


class TestEntrance:
    def test_by_address(self) -> None:
        other = replace(SERVICE, name="other", hosts=("other-abc-uc.a.run.app",), targets=(Target("ion-b", 100),))
        found = decide(cloud(SERVICE, other), Knock("other-abc-uc.a.run.app"), None, Chance(0.5, NOW, KEY))
        assert sent(found).revision == "ion-b"

    def test_no_service_at_an_address(self) -> None:
        assert HOST in answer(knock=Knock("nobody-abc-uc.a.run.app")).remedy  # type: ignore[union-attr]

    @pytest.mark.parametrize(
        ("knock", "default", "name"),
        [(Knock("x", service="other"), "ion", "other"), (Knock("x"), "other", "other"), (Knock("x"), "ion", "ion")],
    )
    def test_behind_the_balancer(self, knock: Knock, default: str, name: str) -> None:
        other = replace(SERVICE, name="other", targets=(Target("ion-b", 100),))
        found = sent(decide(cloud(SERVICE, other), knock, None, Chance(0.5, NOW, KEY, default)))
        assert found.revision == {"ion": "ion-a", "other": "ion-b"}[name]

    def test_two_services_and_nobody_says_which(self) -> None:
        found = decide(cloud(SERVICE, replace(SERVICE, name="other")), BALANCER, None, Chance(0.5, NOW, KEY))
        assert "2 services could be meant" in refused(found, 404)

    def test_the_only_service_where_the_default_does_not_exist(self) -> None:
        found = decide(cloud(replace(SERVICE, name="other")), BALANCER, None, Chance(0.5, NOW, KEY, "ion"))
        assert sent(found).revision == "ion-a"

    def test_a_service_that_is_asked_for_by_name_and_missing(self) -> None:
        found = decide(cloud(SERVICE), Knock("x", service="other"), None, Chance(0.5, NOW, KEY, "ion"))
        assert "there is no service 'other'" in refused(found, 404)

    def test_no_service_yet(self) -> None:
        assert "no service yet" in refused(decide(Cloud(), BALANCER, None, Chance(0.5, NOW, KEY)), 404)

    def test_a_host_rule_leads_to_a_tag(self) -> None:
        full = f"{SERVICE.place}/services/ion"
        behind = replace(
            cloud(SERVICE, replace(SERVICE, name="other")), doors={"next.ion.example": Door(full, "candidate")}
        )
        found = sent(decide(behind, Knock("next.ion.example"), None, Chance(0.0, NOW, KEY, "other")))
        assert (found.revision, found.tag) == ("ion-b", "candidate")
        gone = replace(behind, doors={"next.ion.example": Door(full, "beta")})
        assert "no tag 'beta'" in refused(decide(gone, Knock("next.ion.example"), None, Chance(0.0, NOW, KEY)), 404)
        nowhere = replace(behind, doors={"next.ion.example": Door("projects/p/locations/l/services/no")})
        assert "leads to" in refused(decide(nowhere, Knock("next.ion.example"), None, Chance(0.0, NOW, KEY)), 404)

    @pytest.mark.parametrize(
        ("ingress", "direct", "balancer"),
        [(Ingress.ALL, True, True), (Ingress.LOAD_BALANCER, False, True), (Ingress.INTERNAL_ONLY, False, False)],
    )
    def test_ingress(self, ingress: Ingress, direct: bool, balancer: bool) -> None:
        service = replace(SERVICE, ingress=ingress)
        for knock, open_ in ((Knock(HOST), direct), (BALANCER, balancer)):
            found = answer(service, knock)
            assert isinstance(found, Send) is open_
            if not open_:
                assert "ingress" in refused(found, 404)
        assert sent(answer(service, Knock(HOST, internal=True))).revision == "ion-a"

    def test_an_address_that_is_disabled(self) -> None:
        service = replace(SERVICE, default_uri=False)
        assert "disabled" in refused(answer(service, Knock(f"candidate---{HOST}")), 404)
        assert sent(answer(service, Knock(f"candidate---{HOST}", internal=True))).revision == "ion-b"
        assert sent(answer(service)).revision == "ion-a"

    def test_a_caller_who_may_not(self) -> None:
        service = replace(SERVICE, public=False)
        assert "roles/run.invoker" in refused(answer(service), 403)
        assert sent(answer(service, replace(BALANCER, token=True))).revision == "ion-a"
