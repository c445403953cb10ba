"""The ledger with many concurrent callers keeps its promises."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from granting_ledger import GrantingLedger
from oslira_credits.domain.balance import Balance
from oslira_credits.domain.errors import HoldClosed, InsufficientCredits
from oslira_credits.domain.hold import Held, Settlement
from oslira_credits.infrastructure.audit import differences
from oslira_shared.postgres.clients import Pool

LIFE = timedelta(minutes=2)


async def _grant(ledger: GrantingLedger, account_id: UUID, amount: int) -> None:
    await ledger.grant(account_id, amount, source="pack", key=str(uuid4()))


async def test_of_fifty_holds_on_five_credits_five_are_held_and_the_others_leave_no_trace(
    ledger: GrantingLedger, pool: Pool, account_id: UUID
) -> None:
    await _grant(ledger, account_id, 5)
    hold_ids = [uuid4() for _ in range(50)]
    answers = await asyncio.gather(
        *(ledger.hold(hold_id, account_id, 1, life=LIFE) for hold_id in hold_ids), return_exceptions=True
    )
    held = [answer.hold_id for answer in answers if isinstance(answer, Held)]
    refused = [answer for answer in answers if isinstance(answer, InsufficientCredits)]
    assert (len(held), len(refused)) == (5, 45)
    assert all(answer.extra == {"need": 1, "balance": 0} for answer in refused)
    lost = [hold_id for hold_id in hold_ids if hold_id not in held]
    for trace in (
        "select count(*) from credits.holds where id = any($1)",
        "select count(*) from credits.transfers where hold_id = any($1)",
    ):
        assert await pool.fetchval(trace, lost) == 0
    entries = "select count(*) from credits.entries where account_id = $1"
    assert await pool.fetchval(entries, account_id) == 2 + 5 * 2
    assert (await ledger.account_balance(account_id)).balance == Balance(0, 5)


async def test_one_hold_asked_for_ten_times_at_once_is_held_once(
    ledger: GrantingLedger, account_id: UUID
) -> None:
    await _grant(ledger, account_id, 5)
    hold_id = uuid4()
    answers = await asyncio.gather(*(ledger.hold(hold_id, account_id, 2, life=LIFE) for _ in range(10)))
    assert sum(answer.is_new for answer in answers) == 1
    assert len({answer.expires_at for answer in answers}) == 1
    assert (await ledger.account_balance(account_id)).balance == Balance(3, 2)


async def test_settlements_at_once_settle_once_and_agree(ledger: GrantingLedger, account_id: UUID) -> None:
    await _grant(ledger, account_id, 5)
    hold_id = uuid4()
    await ledger.hold(hold_id, account_id, 3, life=LIFE)
    answers = await asyncio.gather(*(ledger.settle(hold_id, capture) for capture in (0, 1, 2, 3) * 3))
    assert sum(answer.is_new for answer in answers) == 1
    assert len({(answer.captured, answer.released) for answer in answers}) == 1
    assert (await ledger.account_balance(account_id)).balance == Balance(5 - answers[0].captured, 0)


@pytest.mark.parametrize("attempt", range(5))
async def test_a_hold_and_its_settlement_at_once_leave_no_credit_held(
    ledger: GrantingLedger, account_id: UUID, attempt: int
) -> None:
    await _grant(ledger, account_id, 20)
    hold_ids = [uuid4() for _ in range(20)]
    calls = [ledger.hold(hold_id, account_id, 1, life=LIFE) for hold_id in hold_ids]
    settling = [ledger.settle(hold_id, 0) for hold_id in hold_ids]
    both = [call for pair in zip(calls, settling, strict=True) for call in pair[:: 1 if attempt % 2 else -1]]
    answers = await asyncio.gather(*both, return_exceptions=True)
    assert all(isinstance(answer, Held | Settlement | HoldClosed) for answer in answers)
    assert (await ledger.account_balance(account_id)).balance == Balance(20, 0)


async def test_a_hold_that_waited_for_its_tombstone_is_refused(
    ledger: GrantingLedger, pool: Pool, account_id: UUID
) -> None:
    await _grant(ledger, account_id, 5)
    hold_id = uuid4()
    async with pool.acquire() as connection:
        async with connection.transaction():
            await connection.execute("select credits.settle($1, 0)", hold_id)
            late = asyncio.create_task(ledger.hold(hold_id, account_id, 1, life=LIFE))
            await _blocked(pool)
        with pytest.raises(HoldClosed):
            await late
    assert (await ledger.account_balance(account_id)).balance == Balance(5, 0)


async def test_a_settlement_that_waited_for_its_hold_settles_it(
    ledger: GrantingLedger, pool: Pool, account_id: UUID
) -> None:
    await _grant(ledger, account_id, 5)
    hold_id = uuid4()
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select credits.hold($1, $2, 3, '2 min')", hold_id, account_id)
        settling = asyncio.create_task(ledger.settle(hold_id, 1))
        await _blocked(pool)
    assert await settling == Settlement(hold_id, account_id, 1, 2, is_new=True)


async def _blocked(pool: Pool) -> None:
    """Until somebody of this database waits for a lock."""
    waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    async with asyncio.timeout(10):
        while await pool.fetchval(waiting) == 0:  # a lock in Postgres has no event to wait for
            await asyncio.sleep(0.02)


async def test_a_key_granted_ten_times_at_once_grants_once(ledger: GrantingLedger, account_id: UUID) -> None:
    key = str(uuid4())
    answers = await asyncio.gather(*(ledger.grant(account_id, 5, source="pack", key=key) for _ in range(10)))
    assert sum(is_new for _, is_new in answers) == 1
    assert (await ledger.account_balance(account_id)).balance == Balance(5, 0)


async def test_holds_settlements_and_grants_of_a_hot_account_never_deadlock(
    ledger: GrantingLedger, pool: Pool, account_id: UUID
) -> None:
    for _ in range(4):
        await _grant(ledger, account_id, 3)

    async def live(number: int) -> None:
        hold_id = uuid4()
        try:
            await ledger.hold(hold_id, account_id, 1 + number % 5, life=timedelta(0))
        except InsufficientCredits:
            await _grant(ledger, account_id, 1)
        await ledger.extend(hold_id, life=LIFE)
        await ledger.due(limit=500)
        await ledger.settle(hold_id, 0 if await ledger.find(hold_id) is None else number % 2)

    await asyncio.gather(*(live(number) for number in range(60)))
    account = await ledger.account_balance(account_id)
    assert account.balance.held == 0
    async with pool.acquire() as connection:
        assert await differences(connection) == []
