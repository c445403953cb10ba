"""Grant what a purchase pays for, and keep the ledger at the amount that is still paid for."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from oslira_billing.application.ports import BillingRecords
from oslira_billing.domain.errors import EventRefusedError
from oslira_billing.domain.group import Freeze, Given, Group, Restore, Revoke, Unfreeze
from oslira_billing.domain.purchase import Purchase, period_key

# A returned credit may have to be frozen, and then another round finds nothing to do.
_MOST_ROUNDS = 3


async def record_purchase(records: BillingRecords, account_id: UUID, purchase: Purchase) -> None:
    """Once, for any number of events. Raises EventRefusedError `account_closed`: an operator must refund the money."""
    if not await records.purchases.save(account_id, purchase):
        return
    if purchase.grants and await records.is_closed(account_id):
        raise EventRefusedError(
            "account_closed", f"{purchase.id} was paid for the deleted account {account_id}"
        )
    used = {given.key for given in (await records.purchases.group(purchase.group)).given}
    for grant in purchase.grants:
        if grant.source == "trial" and grant.key in used:
            continue
        # A second invoice for a period was paid as well.
        key = f"{grant.key}:{purchase.id}" if grant.key in used else grant.key
        given = Given(
            key=key, purchase_id=purchase.id, credits=grant.amount_credits, starts_at=grant.starts_at
        )
        await records.purchases.grant(account_id, group_key=purchase.group, given=given, source=grant.source)
    await settle(records, account_id, purchase.group)


async def settle_purchase(records: BillingRecords, purchase_id: str) -> None:
    """After a change of a purchase's money. Does nothing before the purchase is recorded."""
    for account_id, group_key in await records.purchases.groups_of(purchase_id):
        await settle(records, account_id, group_key)


async def settle(records: BillingRecords, account_id: UUID, group_key: str) -> None:
    """Move a group's grants in the ledger from their current state to the correct one."""
    for _ in range(_MOST_ROUNDS):
        group = await records.purchases.group(group_key)
        moves = group.moves()
        for move in moves:
            await _move(records, account_id, group_key, group, move)
        if not moves:
            return


async def grant_months(records: BillingRecords, account_id: UUID, group_key: str, *, at: datetime) -> int:
    """Grant the months of a group that began by `at`, were paid in advance and are still paid. Returns the credits."""
    granted = 0
    for begins in (await records.purchases.group(group_key)).months_due(at):
        group = await records.purchases.group(group_key)
        amount = group.month(begins)
        if not amount:
            continue
        payer, key = group.payer_of(begins), period_key(group_key, begins)
        if key in {given.key for given in group.given}:
            key = f"{key}:{payer}"
        given = Given(key=key, purchase_id=payer, credits=amount, starts_at=begins, is_month=True)
        await records.purchases.grant(account_id, group_key=group_key, given=given, source="subscription")
        granted += amount
    await settle(records, account_id, group_key)
    return granted


async def _move(
    records: BillingRecords,
    account_id: UUID,
    group_key: str,
    group: Group,
    move: Revoke | Restore | Freeze | Unfreeze,
) -> None:
    if isinstance(move, Restore):
        number = sum(given.is_restored for given in group.given) + 1
        newest = max(group.given, key=lambda given: given.starts_at)
        restored = Given(
            key=f"restore:{group_key}:{number}",
            purchase_id=newest.purchase_id,
            credits=move.credits,
            starts_at=newest.starts_at,
            is_restored=True,
        )
        await records.purchases.grant(account_id, group_key=group_key, given=restored, source="restored")
        return
    given = next(given for given in group.given if given.key == move.key)
    if isinstance(move, Revoke):
        await records.purchases.revoke(account_id, given=given, amount_credits=move.credits)
    elif isinstance(move, Freeze):
        key = f"dispute:{given.key}:{given.freezes + 1}"
        await records.purchases.freeze(account_id, replace(given, frozen_under=key))
    else:
        await records.purchases.unfreeze(account_id, given)
