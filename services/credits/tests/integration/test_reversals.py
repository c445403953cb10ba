"""Refunds and disputes from billing: in any order, any number of times, while credits are held or after they were spent."""

import asyncio
import itertools
from uuid import uuid4

import asyncpg
import pytest
from billing_of_account import Billing
from granting_ledger import GrantingLedger
from oslira_devstack.databases import Database
from oslira_shared.postgres.clients import Pool


@pytest.fixture
def billing(pool: Pool, ledger: GrantingLedger) -> Billing:
    return Billing(pool, ledger)


async def test_a_refund_takes_what_is_left_of_its_grant_and_nothing_of_others(billing: Billing) -> None:
    await billing.grant("kept", 5)
    await billing.grant("pack", 9)
    assert await billing.revoke("pack") == (9, 0, 0)
    assert await billing.has(5)


async def test_a_repeated_refund_revokes_once_and_returns_the_same(billing: Billing) -> None:
    await billing.grant("pack", 9)
    assert [await billing.revoke("pack", 4) for _ in range(3)] == [(4, 0, 0)] * 3
    assert await billing.has(5)


async def test_refunds_of_parts_add_up_to_at_most_the_grant(billing: Billing) -> None:
    await billing.grant("pack", 9)
    assert await billing.revoke("pack", 4, key="one") == (4, 0, 0)
    assert await billing.revoke("pack", 4, key="two") == (4, 0, 0)
    assert await billing.revoke("pack", 4, key="three") == (1, 0, 0)
    assert await billing.revoke("pack", None, key="four") == (0, 0, 0)
    assert await billing.has(0)


async def test_what_was_spent_is_owed_and_paid_first_by_later_grants(billing: Billing) -> None:
    await billing.grant("pack", 9)
    await billing.spend(6)
    assert await billing.revoke("pack") == (3, 0, 6)
    assert await billing.has(0, debt=6)
    await billing.grant("next", 4)
    assert await billing.has(0, debt=2)
    await billing.grant("third", 7)
    assert await billing.has(5)


async def test_a_grant_that_paid_a_debt_can_be_revoked_too(billing: Billing) -> None:
    await billing.grant("pack", 9)
    await billing.spend(6)
    await billing.revoke("pack")
    await billing.grant("next", 8)
    assert await billing.revoke("next", None, key="again") == (2, 0, 6)
    assert await billing.has(0, debt=6)


async def test_held_credits_are_taken_as_they_come_back(billing: Billing) -> None:
    await billing.grant("pack", 9)
    hold_id = await billing.hold(6)
    assert await billing.revoke("pack") == (3, 6, 0)
    assert await billing.has(0, 6)
    await billing.ledger.settle(hold_id, 2)
    assert await billing.has(0, debt=2)
    assert await billing.of("revoked") == 7


async def test_what_is_captured_is_owed_only_once_nothing_else_of_the_grant_is_held(billing: Billing) -> None:
    await billing.grant("pack", 9)
    first, second = await billing.hold(4), await billing.hold(5)
    assert await billing.revoke("pack", 3) == (0, 3, 0)
    await billing.ledger.settle(first, 4)
    assert await billing.has(0, 5)
    await billing.ledger.settle(second, 1)
    assert await billing.has(1)


async def test_a_release_pays_a_refund_of_part_and_the_rest_is_available(billing: Billing) -> None:
    await billing.grant("pack", 9)
    hold_id = await billing.hold(9)
    assert await billing.revoke("pack", 4) == (0, 4, 0)
    await billing.ledger.settle(hold_id, 0)
    assert await billing.has(5)


async def test_a_disputed_grant_is_out_of_reach_until_it_is_won(billing: Billing) -> None:
    await billing.grant("kept", 1)
    await billing.grant("pack", 9)
    hold_id = await billing.hold(3)
    assert await billing.freeze("pack") == 7
    assert await billing.has(0, 3, frozen=7)
    with pytest.raises(asyncpg.PostgresError, match="insufficient"):
        await billing.spend(1)
    await billing.ledger.settle(hold_id, 1)
    assert await billing.has(0, frozen=9)
    assert await billing.unfreeze("pack") == 9
    assert await billing.has(9)


async def test_a_lost_dispute_revokes_its_credits(billing: Billing) -> None:
    await billing.grant("pack", 9)
    await billing.spend(2)
    await billing.freeze("pack")
    assert await billing.revoke("pack", None, key="lost") == (7, 0, 2)
    assert await billing.unfreeze("pack") == 0
    assert await billing.has(0, debt=2)


async def test_a_grant_in_two_disputes_thaws_with_the_last_of_them(billing: Billing) -> None:
    await billing.grant("pack", 9)
    assert [await billing.freeze("pack", key) for key in ("one", "two", "two")] == [9, 0, 0]
    assert [await billing.unfreeze("pack", key) for key in ("one", "one")] == [0, 0]
    assert await billing.has(0, frozen=9)
    assert await billing.unfreeze("pack", "two") == 9
    assert await billing.has(9)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
async def test_any_order_of_a_grant_a_refund_and_a_dispute_ends_the_same(
    billing: Billing, order: tuple[int, ...]
) -> None:
    steps = [
        lambda: billing.grant("pack", 9),
        lambda: billing.revoke("pack", 4),
        lambda: billing.freeze("pack"),
        lambda: billing.unfreeze("pack"),
    ]
    for step in order:
        await steps[step]()
        await steps[step]()
    assert await billing.has(5)


async def test_a_grant_that_was_refunded_and_disputed_before_it_came_pays_debts_first(
    billing: Billing,
) -> None:
    await billing.grant("pack", 9)
    await billing.spend(9)
    await billing.revoke("pack", 2)
    await billing.revoke("late", 3, key="early")
    await billing.freeze("late")
    await billing.grant("late", 9)
    assert await billing.has(0, frozen=4)


async def test_what_expires_is_booked_out_and_so_is_what_comes_back_later(
    billing: Billing, pool: Pool, module_database: Database
) -> None:
    await billing.grant("pack", 9)
    hold_id = await billing.hold(4)
    await billing.pass_time("pack", module_database.admin_url)
    assert await billing.has(0, 4)
    assert await billing.of("expired") == 0
    while await billing.ledger.expire(limit=10):
        pass
    assert await billing.of("expired") == 5
    await billing.ledger.settle(hold_id, 1)
    assert await billing.has(0)
    assert await billing.of("expired") == 8
    assert await billing.revoke("pack") == (8, 0, 1)
    assert await billing.of("expired") == 0


async def test_what_comes_back_before_it_is_booked_out_is_not_available_either(
    billing: Billing, module_database: Database
) -> None:
    await billing.grant("pack", 9)
    hold_id = await billing.hold(4)
    await billing.pass_time("pack", module_database.admin_url)
    await billing.ledger.settle(hold_id, 0)
    assert await billing.of("expired") == 4
    assert await billing.has(0)


async def test_a_dispute_won_after_the_grant_expired_gives_nothing_back(
    billing: Billing, module_database: Database
) -> None:
    await billing.grant("pack", 9)
    await billing.freeze("pack")
    await billing.pass_time("pack", module_database.admin_url)
    await billing.unfreeze("pack")
    assert await billing.of("expired") == 9
    assert await billing.has(0)


async def test_a_key_used_for_another_grant_or_account_is_refused(billing: Billing, pool: Pool) -> None:
    await billing.grant("pack", 9)
    await billing.grant("other", 9)
    await billing.revoke("pack")
    await billing.freeze("pack")
    for again in (billing.revoke("other"), billing.freeze("other"), billing.unfreeze("other")):
        with pytest.raises(asyncpg.UniqueViolationError, match="another grant"):
            await again
    stranger = Billing(pool, billing.ledger)
    for query in (
        "select credits.revoke($1, 1, $2, $3)",
        "select credits.freeze($1, $2, $3)",
        "select credits.unfreeze($1, $2, $3)",
    ):
        with pytest.raises(asyncpg.UniqueViolationError, match="another account"):
            await pool.execute(query, billing.key("other"), str(uuid4()), stranger.account_id)
    assert await billing.has(9)


@pytest.mark.parametrize("amount", [0, -1])
async def test_a_refund_of_less_than_one_credit_is_refused(billing: Billing, amount: int) -> None:
    with pytest.raises(asyncpg.InvalidParameterValueError):
        await billing.revoke("pack", amount)


@pytest.mark.parametrize("attempt", range(3))
async def test_everything_at_once_ends_the_same(billing: Billing, attempt: int) -> None:
    assert attempt >= 0
    calls = [
        call
        for _ in range(4)
        for call in (
            billing.grant("pack", 9),
            billing.revoke("pack", 4),
            billing.freeze("pack"),
            billing.unfreeze("pack"),
            billing.grant("plan", 6),
            billing.revoke("plan", None, key="other"),
        )
    ]
    await asyncio.gather(*calls)
    assert await billing.has(5)


async def test_holds_refunds_and_settlements_at_once_lose_nothing(billing: Billing) -> None:
    for number in range(6):
        await billing.grant(str(number), 5)

    async def live(number: int) -> None:
        hold_id = await billing.hold(1)
        await billing.revoke(str(number % 6), 1 + number % 4, key=str(number))
        await billing.ledger.settle(hold_id, number % 2)
        await billing.ledger.expire(limit=5)

    done = await asyncio.gather(*(live(number) for number in range(30)), return_exceptions=True)
    assert {type(one).__name__ for one in done} <= {"NoneType", "InsufficientCredits"}
    account = await billing.account()
    assert await billing.has(account.balance.available, debt=account.debt)
    assert (
        account.balance.available + await billing.of("spent") + account.debt + await billing.of("revoked")
        == 30
    )
