"""From an empty machine to a working system, used through the one published port."""

import asyncio
import json

import pytest
from composed import Composed, DockerFailed
from oslira_devstack.demo.invoice import post_invoice_paid
from oslira_devstack.simulated import Simulators
from oslira_proof.people import Person, eventually


async def test_it_is_healthy_in_under_two_minutes(composed: Composed) -> None:
    print(f"docker compose up --wait: {composed.up_took_s:.1f} s")
    assert composed.up_took_s < 120


async def test_the_smoke_test_passes_and_says_no_where_nothing_is(composed: Composed) -> None:
    said = await composed.oslira("smoke", "http://proxy:8080")
    assert "works" in said.splitlines()[-1], said
    with pytest.raises(DockerFailed, match="FAILED  live"):
        await composed.oslira("smoke", "http://proxy:9")


async def test_every_type_of_analysis_completes_and_is_charged(person: Person) -> None:
    prices = {"light": 1, "deep": 2, "xray": 3}
    accepted = {kind: await person.analyze(f"compose.{kind}", kind=kind) for kind in prices}
    for kind, (_, answer) in accepted.items():
        run = await person.settled(answer["run_id"], timeout_s=120)
        assert (run["status"], run["credits"]["charged"]) == ("completed", prices[kind])
    assert (await person.client.balance())["available"] == 1_000 - 6


async def test_a_cancelled_run_gives_its_credits_back(person: Person) -> None:
    _, accepted = await person.analyze("compose.cancelled", kind="deep")
    await person.client.cancel(accepted["run_id"])
    run = await person.settled(accepted["run_id"])
    assert (run["status"], run["credits"]["charged"]) == ("cancelled", 0)
    assert (await person.client.balance())["available"] == 1_000


async def test_a_bulk_is_settled_as_one(person: Person, simulators: Simulators) -> None:
    names = [f"compose.bulk{number}" for number in range(12)]
    made = await person.client.make_bulk(names, business_profile_id=person.who.business_profile_id)

    async def ended() -> bool:
        return (await person.client.read_bulk(made["bulk_id"]))["status"] in {"completed", "ended"}

    await eventually(ended, timeout_s=180)

    async def charged() -> bool:
        return (await person.client.balance())["available"] == 1_000 - len(names)

    await eventually(charged)
    assert (await simulators.counters())["apify"]["starts"] == len(names)


async def test_stripes_webhook_grants_once(composed: Composed, person: Person) -> None:
    answers = await asyncio.gather(
        *(post_invoice_paid(composed.access, account_id=person.who.account_id) for _ in range(3))
    )
    assert answers == [200, 200, 200]

    async def granted() -> bool:
        return (await person.client.balance())["available"] == 1_000 + 1_500

    await eventually(granted)


async def test_the_books_are_right_and_nothing_else_is_published(composed: Composed) -> None:
    assert json.loads(await composed.oslira("audit", "--json")) == []
    base = json.loads(await composed.compose("config", "--format", "json"))["services"]
    published = {name for name, service in base.items() if service.get("ports")}
    assert published == {"proxy", "postgres", "simulators"}  # the last two by tests/containers/compose.yaml
