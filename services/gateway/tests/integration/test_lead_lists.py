"""Lists of leads on a real Postgres, under row-level security: what they hold, in which order, and by which index."""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from oslira_devstack.databases import Database
from oslira_devstack.make_user import make_user
from oslira_gateway.identity.caller import Caller, Member
from oslira_gateway.leads.export_leads import ExportLeads
from oslira_gateway.leads.postgres import PostgresLeads, page_statement
from oslira_gateway.leads.search import (
    Direction,
    LeadFilter,
    LeadSearch,
    Place,
    Sort,
    place_of,
)
from oslira_shared.contracts.analysis.v1 import AnalysisType
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import Pool, UserClient, open_pool

LEADS = 4_000
FILL = """
insert into analysis.leads
  (id, account_id, business_profile_id, username, full_name, followers, latest_score, latest_type, analysed_at)
select gen_random_uuid(), $1, $2, 'name.' || lpad(n::text, 6, '0'), 'Ana Número ' || n, n, n % 101,
       (array['light', 'deep', 'xray'])[1 + n % 3], now() - make_interval(mins => n)
  from generate_series(1, $3::int) as n
"""


@dataclass(frozen=True, slots=True)
class Filled:
    """Two accounts with LEADS leads each."""

    leads: PostgresLeads
    gateway: Pool
    analysis: Pool
    member: Member
    stranger: Member
    business_profile_id: UUID


@pytest_asyncio.fixture(scope="module")
async def filled(module_database: Database) -> AsyncGenerator[Filled]:
    async with (
        await open_pool(module_database.url("gateway_service"), service="gateway") as gateway,
        await open_pool(module_database.url("analysis_service"), service="analysis") as analysis,
    ):
        async with gateway.acquire() as connection:
            made = [await make_user(connection, email=f"{name}@example.com") for name in ("one", "two")]
        for one in made:
            await analysis.execute(FILL, one.account_id, one.business_profile_id, LEADS)
        for table in ("leads", "lead_words"):  # as autovacuum would in a minute
            async with await open_pool(module_database.admin_url, service="test", min_size=1) as admin:
                await admin.execute(f"set role analysis_owner; analyze analysis.{table}; reset role")
        member, stranger = (Member(Caller(one.user_id), one.account_id, "owner") for one in made)
        leads = PostgresLeads(gateway)
        yield Filled(leads, gateway, analysis, member, stranger, made[0].business_profile_id)


SORTS = [(sort, direction) for sort in Sort for direction in Direction]


@pytest.mark.parametrize(("sort", "direction"), SORTS, ids=str)
async def test_pages_follow_each_other_without_gap_or_repetition(
    filled: Filled, sort: Sort, direction: Direction
) -> None:
    search = LeadSearch(LeadFilter(score_max=7), sort, direction)
    whole = await filled.leads.page(filled.member, search, after=None, limit=1_000)
    assert len(whole) == len({lead.lead_id for lead in whole}) > 300
    paged: list[Any] = []
    after: Place | None = None
    while page := await filled.leads.page(filled.member, search, after=after, limit=97):
        paged += page
        after = place_of(page[-1], sort)
    assert paged == list(whole)
    values = [place_of(lead, sort).value for lead in whole]
    assert values == sorted(values, reverse=direction is Direction.DESC)  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (LeadFilter(type=AnalysisType.DEEP), LEADS // 3 + 1),
        (LeadFilter(score_min=100, score_max=100), LEADS // 101),
        (LeadFilter(text="name.000123"), 1),
        (LeadFilter(text="NÚMERO 123"), 1 + 10),  # 123 and 1230 to 1239
        (LeadFilter(text="ana 39"), 1 + 10 + 100),
        (LeadFilter(text="úmero"), 0),  # a word's beginning, not its middle
        (LeadFilter(text="..."), 0),
        (LeadFilter(text="%_' or true --"), 0),
        (LeadFilter(business_profile_id=UUID(int=1)), 0),
    ],
    ids=str,
)
async def test_a_filter_finds_what_it_says(filled: Filled, wanted: LeadFilter, expected: int) -> None:
    found = await filled.leads.page(filled.member, LeadSearch(wanted), after=None, limit=LEADS)
    assert len(found) == expected


async def test_a_list_is_of_the_chosen_account_alone(filled: Filled) -> None:
    mine = await filled.leads.page(filled.member, LeadSearch(), after=None, limit=2 * LEADS)
    theirs = await filled.leads.page(filled.stranger, LeadSearch(), after=None, limit=2 * LEADS)
    assert len(mine) == len(theirs) == LEADS
    assert not {lead.lead_id for lead in mine} & {lead.lead_id for lead in theirs}
    # Naming an account is not belonging to it: the policy decides, whatever the query says.
    forged = replace(filled.member, account_id=filled.stranger.account_id)
    assert await filled.leads.page(forged, LeadSearch(), after=None, limit=5) == []
    text = LeadSearch(LeadFilter(text="ana"))
    assert await filled.leads.page(forged, text, after=None, limit=5) == []
    assert await filled.leads.find(forged, theirs[0].lead_id) is None


async def plan_of(filled: Filled, search: LeadSearch, words: list[str], *, after: Place | None) -> str:
    statement, values = page_statement(filled.member.account_id, search, words, after=after, limit=21)
    async with UserClient(filled.gateway, claims=filled.member.caller.claims).transaction() as connection:
        plan = await connection.fetchval(f"explain (analyze, format json) {statement}", *values)
    return json.dumps(plan)


INDEXES = {
    Sort.ANALYSED_AT: "leads_by_time",
    Sort.SCORE: "leads_by_score",
    Sort.USERNAME: "leads_by_name",
}


@pytest.mark.parametrize(("sort", "direction"), SORTS, ids=str)
async def test_a_page_comes_from_its_index_and_is_not_sorted(
    filled: Filled, sort: Sort, direction: Direction
) -> None:
    first = await filled.leads.page(
        filled.member, LeadSearch(LeadFilter(), sort, direction), after=None, limit=21
    )
    for after in (None, place_of(first[-1], sort)):
        plan = await plan_of(filled, LeadSearch(LeadFilter(), sort, direction), [], after=after)
        assert f'"Index Name": "{INDEXES[sort]}"' in plan
        assert '"Node Type": "Sort"' not in plan
        assert '"Node Type": "Seq Scan", "Parent Relationship": "Outer"' not in plan


async def test_a_text_is_looked_up_in_the_index_of_words(filled: Filled) -> None:
    plan = await plan_of(filled, LeadSearch(LeadFilter(text="123")), ["123"], after=None)
    assert '"Index Name": "lead_words_pkey"' in plan
    condition = plan.partition('"Index Name": "lead_words_pkey"')[2]
    assert "word >= " in condition.partition('"Index Cond": "')[2].partition('",')[0]


async def test_words_follow_a_name_that_changes(filled: Filled) -> None:
    lead_id, lead = (
        new_id(),
        "insert into analysis.leads (id, account_id, business_profile_id, username, full_name)",
    )
    await filled.analysis.execute(
        f"{lead} values ($1, $2, $3, 'east_side', 'ＣＡＦÉ Łódź')",
        lead_id,
        filled.stranger.account_id,
        filled.business_profile_id,
    )

    async def is_found_by(text: str) -> bool:
        page = await filled.leads.page(
            filled.stranger, LeadSearch(LeadFilter(text=text)), after=None, limit=5
        )
        return [found.lead_id for found in page] == [lead_id]

    assert [await is_found_by(text) for text in ("café", "ŁÓDŹ", "side", "east_s", "łó caf")] == [True] * 5
    await filled.analysis.execute("update analysis.leads set full_name = 'Bar' where id = $1", lead_id)
    assert [await is_found_by(text) for text in ("café", "bar", "side")] == [False, True, True]
    await filled.analysis.execute("delete from analysis.leads where id = $1", lead_id)
    assert not await filled.analysis.fetchval(
        "select count(*) from analysis.lead_words where lead_id = $1", lead_id
    )


async def test_a_deleted_lead_can_be_restored_for_thirty_days(filled: Filled) -> None:
    lead = (await filled.leads.page(filled.member, LeadSearch(), after=None, limit=1))[0]
    assert not await filled.leads.delete(filled.stranger, lead.lead_id)
    assert await filled.leads.delete(filled.member, lead.lead_id)
    assert not await filled.leads.delete(filled.member, lead.lead_id)
    assert await filled.leads.find(filled.member, lead.lead_id) is None
    assert (await filled.leads.restore(filled.stranger, lead.lead_id)).outcome == "not_found"
    assert (await filled.leads.restore(filled.member, lead.lead_id)).outcome == "restored"
    assert await filled.leads.find(filled.member, lead.lead_id) == lead
    await filled.leads.delete(filled.member, lead.lead_id)
    newer = new_id()
    await filled.analysis.execute(
        "insert into analysis.leads (id, account_id, business_profile_id, username) values ($1, $2, $3, $4)",
        newer,
        filled.member.account_id,
        lead.business_profile_id,
        lead.username,
    )
    restored = await filled.leads.restore(filled.member, lead.lead_id)
    assert (restored.outcome, restored.lead_id) == ("replaced", newer)
    await filled.analysis.execute("delete from analysis.leads where id = $1", newer)
    await filled.analysis.execute(
        "update analysis.leads set deleted_at = now() - interval '31 days' where id = $1", lead.lead_id
    )
    assert (await filled.leads.restore(filled.member, lead.lead_id)).outcome == "not_found"
    await filled.analysis.execute("update analysis.leads set deleted_at = null where id = $1", lead.lead_id)


async def test_a_file_has_every_lead_once_and_holds_no_connection_between_its_parts(filled: Filled) -> None:
    parts = await ExportLeads(filled.leads, page_rows=1_500)(filled.member, LeadFilter())
    lines = 0
    async for part in parts:
        lines += part.count(b"\r\n")
        assert filled.gateway.get_idle_size() == filled.gateway.get_size()
    assert lines == 1 + LEADS


async def test_who_stops_reading_stops_the_export(filled: Filled) -> None:
    parts = await ExportLeads(filled.leads, page_rows=10)(filled.member, LeadFilter())
    assert (await anext(parts)).startswith("\ufeffusername".encode())
    await parts.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(parts)
    assert filled.gateway.get_idle_size() == filled.gateway.get_size()


async def test_a_date_bounds_a_list(filled: Filled) -> None:
    newest = (await filled.leads.page(filled.member, LeadSearch(), after=None, limit=1))[0].analysed_at
    day = LeadFilter(analysed_from=newest - timedelta(minutes=9), analysed_to=newest)
    assert len(await filled.leads.page(filled.member, LeadSearch(day), after=None, limit=50)) == 9
