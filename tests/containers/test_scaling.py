"""Three analysis and two gateway processes keep the limits that are the whole fleet's."""

import asyncio
from collections import Counter

from composed import Composed, docker
from oslira_devstack.simulated import Simulators
from oslira_proof.people import Person, eventually

_NAMES = 60
# Of tests/containers/conftest.py, for a route that no other test uses.
_LIMIT = 100
_REQUESTS = 400


async def test_three_engines_scrape_no_more_than_ten_at_once(
    composed: Composed, simulators: Simulators, person: Person
) -> None:
    await composed.up(analysis=3, gateway=2)
    engines = await composed.containers("analysis")
    made = await person.client.make_bulk(
        [f"scaled.{number}" for number in range(_NAMES)], business_profile_id=person.who.business_profile_id
    )

    async def settled() -> bool:
        bulk = await person.client.read_bulk(made["bulk_id"])
        return bulk["status"] != "running" and (await person.client.balance())["held"] == 0

    await eventually(settled, timeout_s=300)
    bulk = await person.client.read_bulk(made["bulk_id"])
    apify = (await simulators.counters())["apify"]
    print(f"{len(engines)} engines, {_NAMES} profiles: at most {apify['max_running']} scrapes at once")
    assert len(engines) == 3
    assert (apify["max_running"], apify["starts"]) == (10, _NAMES), bulk
    # All of them work: none stands beside while one does everything.
    worked = [await docker("logs", engine) for engine in engines]
    assert all("run_ended" in log or "scrape" in log for log in worked)


async def test_two_gateways_let_exactly_the_limit_through(composed: Composed, person: Person) -> None:
    await composed.up(analysis=1, gateway=2)
    answers = await asyncio.gather(
        *(person.client.http.get("/v1/leads/export.csv") for _ in range(_REQUESTS))
    )
    await composed.up(analysis=1, gateway=1)
    statuses = Counter(answer.status_code for answer in answers)
    print(f"2 gateways, limit {_LIMIT}, {_REQUESTS} requests at once: {dict(statuses)}")
    assert statuses == {200: _LIMIT, 429: _REQUESTS - _LIMIT}
