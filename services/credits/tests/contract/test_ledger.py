"""The contract of the ledger."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from granting_ledger import GrantingLedger
from oslira_credits.domain.balance import Balance
from oslira_credits.domain.errors import HoldClosed, InsufficientCredits
from oslira_credits.domain.hold import Hold, Settlement

LIFE = timedelta(minutes=2)
NO_LIFE = timedelta(0)


def _soon(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


async def _granted(
    ledger: GrantingLedger, account_id: UUID, amount: int, *, days: float | None = None
) -> UUID:
    expires_at = _soon(days) if days is not None else None
    grant_id, _ = await ledger.grant(
        account_id, amount, source="pack", key=str(uuid4()), expires_at=expires_at
    )
    return grant_id


async def _left(ledger: GrantingLedger, account_id: UUID) -> dict[UUID, int]:
    return {grant.grant_id: grant.available for grant in (await ledger.account_balance(account_id)).grants}


async def test_an_account_without_entries_has_zeros(ledger: GrantingLedger, account_id: UUID) -> None:
    account = await ledger.account_balance(account_id)
    assert account.balance == Balance(0, 0)
    assert account.grants == ()


async def test_a_key_grants_once(ledger: GrantingLedger, account_id: UUID) -> None:
    key = str(uuid4())
    first = await ledger.grant(account_id, 5, source="pack", key=key)
    again = await ledger.grant(account_id, 9, source="pack", key=key)
    assert (first[1], again) == (True, (first[0], False))
    assert (await ledger.account_balance(account_id)).balance == Balance(5, 0)


async def test_a_key_of_another_account_is_refused(ledger: GrantingLedger, account_id: UUID) -> None:
    key = str(uuid4())
    await ledger.grant(account_id, 5, source="pack", key=key)
    with pytest.raises(ValueError, match="another account"):
        await ledger.grant(uuid4(), 5, source="pack", key=key)


async def test_an_account_balance_lists_its_grants(ledger: GrantingLedger, account_id: UUID) -> None:
    grant_id = await _granted(ledger, account_id, 7, days=3)
    (grant,) = (await ledger.account_balance(account_id)).grants
    assert (grant.grant_id, grant.source, grant.granted, grant.available) == (grant_id, "pack", 7, 7)
    assert grant.expires_at is not None


async def test_a_hold_sets_credits_aside(ledger: GrantingLedger, account_id: UUID) -> None:
    await _granted(ledger, account_id, 5)
    hold_id = uuid4()
    held = await ledger.hold(hold_id, account_id, 3, life=LIFE)
    assert (held.amount, held.available, held.is_new) == (3, 2, True)
    assert timedelta(seconds=90) < held.expires_at - datetime.now(UTC) < timedelta(seconds=150)
    assert (await ledger.account_balance(account_id)).balance == Balance(2, 3)
    assert await ledger.find(hold_id) == Hold(hold_id, account_id, 3)


async def test_a_hold_asked_again_is_the_same_hold(ledger: GrantingLedger, account_id: UUID) -> None:
    await _granted(ledger, account_id, 3)
    hold_id = uuid4()
    first = await ledger.hold(hold_id, account_id, 3, life=LIFE)
    again = await ledger.hold(hold_id, account_id, 3, life=LIFE)
    assert (again.amount, again.expires_at, again.is_new) == (3, first.expires_at, False)
    assert (await ledger.account_balance(account_id)).balance == Balance(0, 3)


async def test_a_hold_beyond_the_balance_is_refused_and_leaves_nothing(
    ledger: GrantingLedger, account_id: UUID
) -> None:
    await _granted(ledger, account_id, 2)
    hold_id = uuid4()
    with pytest.raises(InsufficientCredits) as refused:
        await ledger.hold(hold_id, account_id, 3, life=LIFE)
    assert refused.value.extra == {"need": 3, "balance": 2}
    assert await ledger.find(hold_id) is None
    await ledger.hold(hold_id, account_id, 2, life=LIFE)


async def test_an_unknown_account_has_nothing_to_hold(ledger: GrantingLedger, account_id: UUID) -> None:
    with pytest.raises(InsufficientCredits):
        await ledger.hold(uuid4(), account_id, 1, life=LIFE)


async def test_another_accounts_hold_id_is_closed(ledger: GrantingLedger, account_id: UUID) -> None:
    await _granted(ledger, account_id, 5)
    other = uuid4()
    await _granted(ledger, other, 5)
    hold_id = uuid4()
    await ledger.hold(hold_id, account_id, 1, life=LIFE)
    with pytest.raises(HoldClosed):
        await ledger.hold(hold_id, other, 1, life=LIFE)


async def test_the_soonest_expiring_grant_is_drawn_first(ledger: GrantingLedger, account_id: UUID) -> None:
    forever = await _granted(ledger, account_id, 5)
    late = await _granted(ledger, account_id, 5, days=20)
    soon = await _granted(ledger, account_id, 5, days=2)
    await ledger.hold(uuid4(), account_id, 7, life=LIFE)
    assert await _left(ledger, account_id) == {late: 3, forever: 5}
    assert soon not in await _left(ledger, account_id)


async def test_priority_decides_among_those_that_expire_together(
    ledger: GrantingLedger, account_id: UUID
) -> None:
    ordinary, _ = await ledger.grant(account_id, 5, source="pack", key=str(uuid4()))
    first, _ = await ledger.grant(account_id, 5, source="plan", key=str(uuid4()), priority=10)
    await ledger.hold(uuid4(), account_id, 5, life=LIFE)
    assert await _left(ledger, account_id) == {ordinary: 5}
    assert first not in await _left(ledger, account_id)


async def test_expired_credits_are_not_there(ledger: GrantingLedger, account_id: UUID) -> None:
    await _granted(ledger, account_id, 5, days=-1)
    await _granted(ledger, account_id, 1)
    assert (await ledger.account_balance(account_id)).balance == Balance(1, 0)
    with pytest.raises(InsufficientCredits):
        await ledger.hold(uuid4(), account_id, 2, life=LIFE)


async def test_a_release_returns_to_the_grant_it_came_from(ledger: GrantingLedger, account_id: UUID) -> None:
    forever = await _granted(ledger, account_id, 5)
    soon = await _granted(ledger, account_id, 3, days=2)
    hold_id = uuid4()
    await ledger.hold(hold_id, account_id, 6, life=LIFE)
    settlement = await ledger.settle(hold_id, 2)
    assert settlement == Settlement(hold_id, account_id, 2, 4, is_new=True)
    assert await _left(ledger, account_id) == {soon: 1, forever: 5}
    assert (await ledger.account_balance(account_id)).balance == Balance(6, 0)


async def test_a_repeated_settlement_returns_the_first_amounts(
    ledger: GrantingLedger, account_id: UUID
) -> None:
    await _granted(ledger, account_id, 5)
    hold_id = uuid4()
    await ledger.hold(hold_id, account_id, 3, life=LIFE)
    await ledger.settle(hold_id, 3)
    again = await ledger.settle(hold_id, 0)
    assert again == Settlement(hold_id, account_id, 3, 0, is_new=False)
    assert await ledger.find(hold_id) == Hold(hold_id, account_id, 3, again)
    assert (await ledger.account_balance(account_id)).balance == Balance(2, 0)


async def test_a_settled_hold_cannot_be_held_again(ledger: GrantingLedger, account_id: UUID) -> None:
    await _granted(ledger, account_id, 5)
    hold_id = uuid4()
    await ledger.hold(hold_id, account_id, 3, life=LIFE)
    await ledger.settle(hold_id, 0)
    with pytest.raises(HoldClosed):
        await ledger.hold(hold_id, account_id, 3, life=LIFE)


async def test_a_settlement_before_its_hold_closes_the_id(ledger: GrantingLedger, account_id: UUID) -> None:
    await _granted(ledger, account_id, 5)
    hold_id = uuid4()
    assert await ledger.settle(hold_id, 1) == Settlement(hold_id, None, 0, 0, is_new=True)
    assert await ledger.settle(hold_id, 1) == Settlement(hold_id, None, 0, 0, is_new=False)
    with pytest.raises(HoldClosed):
        await ledger.hold(hold_id, account_id, 1, life=LIFE)
    assert (await ledger.account_balance(account_id)).balance == Balance(5, 0)


@pytest.mark.parametrize("capture", [-1, 4])
async def test_a_capture_below_zero_or_above_the_hold_is_refused(
    ledger: GrantingLedger, account_id: UUID, capture: int
) -> None:
    await _granted(ledger, account_id, 5)
    hold_id = uuid4()
    await ledger.hold(hold_id, account_id, 3, life=LIFE)
    with pytest.raises(ValueError, match=str(capture)):
        await ledger.settle(hold_id, capture)
    assert (await ledger.account_balance(account_id)).balance == Balance(2, 3)


async def test_a_hold_comes_due_once_its_life_is_over(ledger: GrantingLedger, account_id: UUID) -> None:
    await _granted(ledger, account_id, 5)
    due, later = uuid4(), uuid4()
    await ledger.hold(due, account_id, 1, life=NO_LIFE)
    await ledger.hold(later, account_id, 1, life=LIFE)
    ready = await ledger.due(limit=500)
    assert due in ready
    assert later not in ready
    assert due not in await ledger.due(limit=500)


async def test_an_extended_hold_is_not_due(ledger: GrantingLedger, account_id: UUID) -> None:
    await _granted(ledger, account_id, 5)
    hold_id = uuid4()
    held = await ledger.hold(hold_id, account_id, 1, life=NO_LIFE)
    extended = await ledger.extend(hold_id, life=LIFE)
    assert extended is not None
    assert extended > held.expires_at
    assert await ledger.extend(hold_id, life=NO_LIFE) == extended
    assert hold_id not in await ledger.due(limit=500)


async def test_only_an_open_hold_can_be_extended(ledger: GrantingLedger, account_id: UUID) -> None:
    await _granted(ledger, account_id, 5)
    hold_id = uuid4()
    assert await ledger.extend(hold_id, life=LIFE) is None
    await ledger.hold(hold_id, account_id, 1, life=LIFE)
    await ledger.settle(hold_id, 0)
    assert await ledger.extend(hold_id, life=LIFE) is None
