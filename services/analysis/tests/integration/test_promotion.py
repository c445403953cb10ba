"""Who is promoted next, and when a waiting run may expect it."""

import time
from collections.abc import AsyncGenerator
from uuid import UUID

import pytest
import pytest_asyncio
from oslira_analysis.infrastructure.postgres.gauges import Gauges
from oslira_devstack.databases import Database
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import AdminClient, open_pool
from prometheus_client import REGISTRY
from waiting_rows import WaitingRows, waiting_rows

BULK = 1
# A single run a second on one slot, as many seconds.
TURNS = 200


@pytest_asyncio.fixture
async def rows(database: Database) -> AsyncGenerator[WaitingRows]:
    async with waiting_rows(database) as rows:
        yield rows


async def on_plan(database: Database, account_id: UUID, plan: str) -> None:
    async with await open_pool(database.url("billing_service"), service="test", min_size=1) as billing:
        await billing.execute(
            "insert into billing.plans (plan, monthly_credits) values ($1, 100) on conflict do nothing", plan
        )
        await billing.execute("select billing.set_manual_plan($1, $2)", account_id, plan)


async def one_slot(rows: WaitingRows, *, aged_share: float = 0.25) -> None:
    await rows.pool.execute("update analysis.slots set cap = 1, aged_share = $1", aged_share)


async def served(rows: WaitingRows, *, turns: int, single_of: UUID) -> list[str]:
    """Which kind got the only free slot, turn after turn, while a single run is added in each."""
    kinds: list[str] = []
    for turn in range(turns):
        await rows.waiting(f"single.{turn}", waits_for="score", account_id=single_of)
        (name,) = set(await rows.promoted()) - {"at.work"}
        kinds.append(name.split(".")[0])
        await rows.pool.execute(
            "update analysis.runs set state = 'cancelled' where state = 'scoring' and username <> 'at.work'"
        )
    return kinds


async def at_work(rows: WaitingRows, account_id: UUID) -> None:
    """Something of the account's has a slot, and one more is free."""
    await rows.pool.execute("update analysis.plans set max_running = 5")
    await rows.waiting("at.work", waits_for="score", account_id=account_id)
    assert set(await rows.promoted()) == {"at.work"}
    await rows.pool.execute("update analysis.slots set cap = 2 where kind = 'score'")


@pytest.mark.parametrize(
    ("is_same_account", "is_at_work"), [(True, False), (True, True), (False, False), (False, True)]
)
async def test_a_bulk_gets_its_share_next_to_single_runs(
    rows: WaitingRows, *, is_same_account: bool, is_at_work: bool
) -> None:
    account_id, other_id = new_id(), new_id()
    await one_slot(rows)
    if is_at_work:
        await at_work(rows, account_id if is_same_account else other_id)
    for line in range(TURNS):
        await rows.waiting(f"bulk.{line}", waits_for="score", account_id=account_id, priority=BULK, age_s=120)
    kinds = await served(rows, turns=TURNS, single_of=account_id if is_same_account else other_id)
    # A quarter of 200 drawn at random: outside of this once in a hundred thousand times.
    assert 25 <= kinds.count("bulk") <= 80
    # And never for long: 60 turns without one come once in thirty million times.
    assert max(len(gap.split()) for gap in " ".join(kinds).split("bulk")) < 60


async def test_a_bulk_that_has_not_aged_waits_for_single_runs(rows: WaitingRows) -> None:
    await one_slot(rows, aged_share=1)
    await rows.waiting("bulk.young", waits_for="score", priority=BULK, age_s=50)
    kinds = await served(rows, turns=10, single_of=new_id())
    assert kinds == ["single"] * 10


async def test_the_share_of_aged_tasks_is_a_setting_and_none_is_strict_priority(rows: WaitingRows) -> None:
    await one_slot(rows, aged_share=0)
    await rows.waiting("bulk.old", waits_for="score", priority=BULK, age_s=3600)
    kinds = await served(rows, turns=20, single_of=new_id())
    assert kinds == ["single"] * 20


async def test_among_aged_tasks_the_account_with_the_fewest_active_is_first_then_the_oldest(
    rows: WaitingRows,
) -> None:
    busy = new_id()
    await rows.pool.execute("update analysis.slots set cap = 1, aged_share = 1")
    await rows.pool.execute("update analysis.plans set max_running = 5")
    await rows.waiting("at.work", waits_for="score", account_id=busy, age_s=300)
    assert set(await rows.promoted()) == {"at.work"}
    await rows.pool.execute("update analysis.slots set cap = 3 where kind = 'score'")
    await rows.waiting("oldest.but.served", waits_for="score", account_id=busy, priority=BULK, age_s=200)
    await rows.waiting("younger", waits_for="score", priority=BULK, age_s=100)
    await rows.waiting("older", waits_for="score", priority=BULK, age_s=150)
    assert set(await rows.promoted()) == {"at.work", "older", "younger"}


async def test_an_old_bulk_does_not_go_before_a_single_run_of_an_account_with_less_at_work(
    rows: WaitingRows,
) -> None:
    crowd = new_id()
    await one_slot(rows, aged_share=1)
    await at_work(rows, crowd)
    await rows.waiting("old.bulk", waits_for="score", account_id=crowd, priority=BULK, age_s=3600)
    await rows.waiting("new.single", waits_for="score")
    assert set(await rows.promoted()) == {"at.work", "new.single"}


async def test_a_plan_that_analysis_does_not_know_is_the_smallest_and_is_counted(
    database: Database, rows: WaitingRows
) -> None:
    account_id = new_id()
    await on_plan(database, account_id, "brand_new")
    waiting = [await rows.waiting(f"new.plan.{n}", account_id=account_id) for n in range(3)]
    assert await rows.promoted() == {"new.plan.0": "scraping"}
    assert (await rows.eta_s(waiting[1]) or 0) > 0
    assert await rows.expected_s(account_id, "brand_new", 3) is not None
    await Gauges(AdminClient(rows.pool), {}, clock_s=time.monotonic)()
    assert REGISTRY.get_sample_value("oslira_accounts_plan_unknown") == 1


@pytest.mark.parametrize(("plan", "width"), [("free", 1), ("pro", 5), ("enterprise", 10)])
async def test_the_expected_start_counts_what_the_plan_lets_run_at_once(
    database: Database, rows: WaitingRows, plan: str, width: int
) -> None:
    """Nine seconds for a scrape and two and a half for scoring, where nothing was measured yet; ten slots in all."""
    account_id = new_id()
    await on_plan(database, account_id, plan)
    for number in range(width):
        await rows.waiting(f"first.{number}", account_id=account_id)
    assert len(await rows.promoted()) == width
    ids = [await rows.waiting(f"then.{number}", account_id=account_id) for number in range(20)]
    assert await rows.eta_s(ids[-1]) == round(20 / width * 11.5)


async def test_a_free_slot_and_room_in_the_plan_are_expected_at_once(rows: WaitingRows) -> None:
    assert (await rows.eta_s(await rows.waiting("only.one")) or 0) <= 1


@pytest.mark.parametrize(
    "statement", ["update analysis.slots set cap = 0", "update analysis.plans set is_paused = true"]
)
async def test_there_is_no_expected_start_while_nothing_is_promoted(
    rows: WaitingRows, statement: str
) -> None:
    run_id = await rows.waiting("stands.still")
    await rows.pool.execute(statement)
    assert await rows.eta_s(run_id) is None
    assert await rows.promoted() == {}


async def test_the_expected_start_follows_measured_durations(rows: WaitingRows) -> None:
    account_id = new_id()
    for number in range(2):
        await rows.waiting(f"measured.{number}", account_id=account_id)
        await rows.promoted()
        await rows.pool.execute(
            "update analysis.scrapes set state = 'ended', outcome = 'fetched', started_at = now() - interval '40 seconds',"
            " ended_at = now() where state = 'starting'"
        )
        await rows.pool.execute("update analysis.runs set state = 'scoring' where state = 'scraping'")
        await rows.pool.execute("update analysis.runs set state = 'completed' where state = 'scoring'")
    await rows.waiting("at.work", account_id=account_id)
    await rows.promoted()
    run_id = await rows.waiting("next", account_id=account_id)
    # Scored at once here, so the scrape's forty seconds are all.
    assert 40 <= (await rows.eta_s(run_id) or 0) <= 42


@pytest.mark.parametrize("step", ["scrape", "score"])
async def test_a_snoozed_run_keeps_its_place_and_expects_no_start_before_its_next_attempt(
    rows: WaitingRows, step: str
) -> None:
    account_id = new_id()
    first = await rows.waiting("put.off", waits_for=step, account_id=account_id)
    second = await rows.waiting("next", waits_for=step, account_id=account_id)
    await rows.pool.execute(
        "update analysis.runs set waits_for = waits_for || '_retry', not_before = now() + interval '60 seconds'"
        " where id = $1",
        first,
    )
    place = "select queue_position from analysis.queue_positions(array[$1::uuid])"
    assert [await rows.gateway.fetchval(place, run_id) for run_id in (first, second)] == [1, 1]
    assert 59 <= (await rows.eta_s(first) or 0) <= 70
    assert (await rows.eta_s(second) or 0) <= 1


async def test_a_page_of_a_long_queue_gets_exact_positions_and_reads_the_queue_once(
    rows: WaitingRows,
) -> None:
    account_id, other_id, waiting = new_id(), new_id(), 600
    await rows.pool.execute(
        "insert into analysis.runs (id, state, waits_for, current_step, account_id, business_profile_id, username, type,"
        " price_credits, max_age_s, priority, created_at)"
        " select gen_random_uuid(), 'waiting', 'score', 'waiting', account_id, account_id, 'n' || n, 'light', 1, 3600, n % 2,"
        " now() - make_interval(secs => n / 3) from generate_series(1, $2::int) n, unnest($1::uuid[]) account_id",
        [account_id, other_id],
        waiting,
    )
    in_order = [
        row["id"]
        for row in await rows.pool.fetch(
            "select id from analysis.runs where account_id = $1 order by priority, created_at, id", account_id
        )
    ]
    page = in_order[-1:-400:-4]
    read = "select coalesce(sum(idx_tup_fetch + seq_tup_read), 0)::int from pg_stat_xact_user_tables where relname = 'runs'"
    # The rows are read by a function of the tables' owner, in this transaction.
    async with rows.gateway.acquire() as connection, connection.transaction():
        found = await connection.fetch("select * from analysis.queue_positions($1)", page)
        read_rows = await connection.fetchval(read)
    assert {row["run_id"]: row["queue_position"] for row in found} == {
        run_id: in_order.index(run_id) + 1 for run_id in page
    }
    assert read_rows < 5 * waiting


async def test_a_snoozed_run_reports_that_its_supplier_is_down(rows: WaitingRows) -> None:
    run_id = await rows.waiting("put.off")
    await rows.pool.execute("update analysis.runs set waits_for = 'scrape_retry', not_before = now()")
    await rows.pool.execute(
        "insert into analysis.outages (supplier, down_until, reason) values ('apify', now() + interval '1 hour', 'test')"
    )
    step = "select current_step from analysis.run_view where run_id = $1"
    assert await rows.gateway.fetchval(step, run_id) == "supplier_unavailable"
