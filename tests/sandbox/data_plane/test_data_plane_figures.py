"""What `headgate status --watch` reads: figures by a real router, and from the application's own metrics."""

import asyncio

import pytest

from headgate.cli.status_figures import Router, Scraped, Subject
from headgate.state import Version
from sandbox.load import Load, run
from tests.sandbox.data_plane.parts import Cloud

pytestmark = pytest.mark.sandbox

VERSIONS = (Version("1", "blue", ""), Version("2", "green", ""))


def test_both_sources_count_what_users_sent(cloud: Cloud, front, apps) -> None:
    cloud.set_weights(50, 50)

    async def scenario() -> None:
        async with front() as router:
            now = (await router.status())["now"]
            scraped = Scraped([f"{url}/metrics" for url in apps.values()])
            about = Subject(cloud.name, VERSIONS, now)
            assert (await asyncio.to_thread(scraped.read, about)).problems == ()

            sent = await run(Load(router.url, requests=400, fresh=True, write_share=0, verify=False, seed=1))
            later = Subject(cloud.name, VERSIONS, now + 5)
            for source in (Router([router.url]), scraped):
                found = await asyncio.to_thread(source.read, later)
                assert found.problems == ()
                assert {slot: each.requests for slot, each in found.by_slot.items()} == sent.by_slot
                assert all(each.error_rate == 0 and each.p95_ms for each in found.by_slot.values())
            other = Subject("another", VERSIONS, now)
            assert (await asyncio.to_thread(Router([router.url]).read, other)).by_slot == {}

    asyncio.run(scenario())
