"""Anonymous runs: they create no lead, and are purged at their time."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from analysis_world import World, eventually
from oslira_shared.anonymous import ANONYMOUS_ACCOUNT_ID
from oslira_shared.contracts.analysis.v1 import RUN
from oslira_shared.contracts.work import WorkHint
from oslira_shared.ids import new_id

# Longer than a table's own text could hold it by accident.
NAME = "visited.by.somebody"
_TABLES = """
select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in ('analysis', 'identity')
"""
# The key that erased names are hashed with: its owner alone reads it.
_NOBODYS = "identity.suppression_keys"


async def _accept(world: World, name: str, *, life: timedelta = timedelta(hours=1)) -> UUID:
    row = await world.gateway.fetchrow(
        "select * from analysis.accept_anonymous_run($1, $2, 'a-keyed-hash', 1, interval '1 day', $3, 'req-1')",
        new_id(),
        name,
        life,
    )
    assert row is not None
    hint = WorkHint.of(row["run_id"], row["status"], row["attempt"])
    await world.bus.publish(RUN, hint, msg_id=f"{row['run_id']}:queued:0")
    return row["run_id"]


async def _let_its_time_pass(world: World, run_id: UUID) -> None:
    """The hour, and what is waited for after its end and its scrape's."""
    await world.analysis.execute(
        """update analysis.runs set redact_at = now(), finished_at = finished_at - interval '1 hour' where id = $1""",
        run_id,
    )
    await world.analysis.execute("update analysis.scrapes set ended_at = ended_at - interval '1 hour'")


async def _forgotten(world: World, run_id: UUID) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        run = await world.run(run_id)
        return run if run["redacted_at"] else None

    return await eventually(look)


async def _tables_with(world: World, text: str) -> list[str]:
    found: list[str] = []
    for (table,) in await world.analysis.fetch(_TABLES):
        if table == _NOBODYS:
            continue
        schema = table.split(".")[0]
        pool = world.analysis if schema == "analysis" else world.gateway
        if await pool.fetchval(f"select exists (select from {table} t where t::text like $1)", f"%{text}%"):
            found.append(table)
    return found


async def test_an_anonymous_run_creates_no_lead_and_is_purged_with_its_name(world: World) -> None:
    await world.start_engine()
    run_id = await _accept(world, NAME)
    run = await world.ended(run_id)
    assert (run["state"], run["account_id"], run["lead_id"]) == ("completed", ANONYMOUS_ACCOUNT_ID, None)
    result = "select result from analysis.run_view where run_id = $1"
    assert (await world.analysis.fetchval(result, run_id))["reasons"]
    assert await world.analysis.fetchval("select count(*) from analysis.leads") == 0
    assert await _tables_with(world, NAME) != []
    await _let_its_time_pass(world, run_id)
    gone = await _forgotten(world, run_id)
    assert (gone["username"], gone["username_hmac"], gone["state"]) == ("-", "a-keyed-hash", "completed")
    assert await world.analysis.fetchval("select count(*) from analysis.analyses") == 0
    assert await world.analysis.fetchrow(result, run_id) is None
    assert await _tables_with(world, NAME) == []
    # What the ledger and the costs are compared with is there as before.
    kept = ("price_credits", "ai_cost_nano_usd", "scrape_cost_nano_usd", "call_count")
    assert [gone[column] for column in kept] == [run[column] for column in kept]
    outcome = await world.analysis.fetchval(
        "select capture_credits from analysis.hold_outcomes where id = $1", run_id
    )
    assert outcome == 1


async def test_one_that_is_still_waiting_when_its_time_is_over_is_cancelled_and_forgotten(
    world: World,
) -> None:
    await world.analysis.execute("update analysis.plans set is_paused = true where plan = 'anonymous'")
    await world.start_engine()
    run_id = await _accept(world, NAME, life=timedelta(milliseconds=1))
    run = await world.ended(run_id)
    assert run["state"] == "cancelled"
    await _let_its_time_pass(world, run_id)
    await _forgotten(world, run_id)
    assert await _tables_with(world, NAME) == []
    assert (await world.apify())["starts"] == 0


async def test_a_scrape_that_a_tenant_shares_with_an_anonymous_run_stays_the_tenants(world: World) -> None:
    await world.start_engine()
    await world.analysis.execute("update analysis.plans set is_paused = true")
    visitors = await _accept(world, NAME)
    tenants = await world.accept(NAME)
    assert visitors != tenants

    async def both_wait() -> bool:
        query = "select count(*) = 2 from analysis.runs where state = 'waiting' and scrape_id is not null"
        return await world.analysis.fetchval(query)

    await eventually(both_wait)
    await world.analysis.execute("update analysis.plans set is_paused = false")
    before = [await world.ended(run_id) for run_id in (visitors, tenants)]
    assert (await world.apify())["starts"] == 1
    assert before[0]["scrape_id"] == before[1]["scrape_id"]
    await _let_its_time_pass(world, visitors)
    await _forgotten(world, visitors)
    run = await world.run(tenants)
    assert (run["username"], run["scrape_id"], run["lead_id"]) == (
        NAME,
        before[1]["scrape_id"],
        before[1]["lead_id"],
    )
    assert await world.analysis.fetchval("select count(*) from analysis.leads") == 1


async def test_an_anonymous_run_has_a_purge_time_however_it_is_created(world: World) -> None:
    run_id = await world.accept(NAME, hint=False, owner=(ANONYMOUS_ACCOUNT_ID, new_id()))
    run = await world.run(run_id)
    assert run["redact_at"] - run["created_at"] == timedelta(hours=1)
    assert (await world.run(await world.accept("a.tenants", hint=False)))["redact_at"] is None
