"""Money went back, or may have to: the credits that it bought follow, in whatever order the events come."""

from dataclasses import replace
from uuid import UUID

from oslira_billing.application.find_reversal import Found
from oslira_billing.application.ports import Books
from oslira_billing.application.reversals import Reversals
from oslira_billing.domain.fields import StripeObject
from oslira_billing.domain.grants import Grant
from oslira_billing.domain.reversal import Standing


async def take_back(books: Books, account_id: UUID, _described: StripeObject, *, found: Found) -> None:
    """Record what was found, then move the ledger from how the charge stood to how it should stand."""
    reversals = books.reversals
    if found.charge is not None and found.purchase is not None:
        await reversals.save_charge(account_id, found.charge, found.purchase, found.charge_seen)
    if found.dispute is not None:
        await reversals.save_dispute(found.charge_id, found.dispute, found.dispute_seen)
    await books.wake(found.charge_id)
    standing = await reversals.standing(found.charge_id)
    if standing.live_key is not None:
        moved = await _move(books, account_id, standing, standing.live_key)
        if moved != standing:
            await reversals.save_standing(moved)


async def _move(books: Books, account_id: UUID, standing: Standing, live_key: str) -> Standing:
    goal, reversals, revision = standing.goal(), books.reversals, standing.revision + 1
    owed, frozen_under = goal.revoked_credits - standing.revoked_credits, standing.frozen_under
    if owed > 0:
        # Before any thaw: what is taken back must not be drawn in between.
        key = f"back:{standing.charge_id}:{revision}"
        await reversals.revoke(account_id, grant_key=live_key, amount_credits=owed, key=key)
    if frozen_under is not None and (owed < 0 or not goal.is_frozen):
        await reversals.unfreeze(account_id, grant_key=live_key, key=frozen_under)
        frozen_under = None
    if owed < 0:
        live_key = await _give_back(
            books, account_id, standing, live_key, credits_=standing.credits - goal.revoked_credits
        )
    if goal.is_frozen and frozen_under is None:
        frozen_under = f"dispute:{standing.charge_id}:{revision}"
        await reversals.freeze(account_id, grant_key=live_key, key=frozen_under)
    if (owed, frozen_under) == (0, standing.frozen_under):
        return standing
    return replace(
        standing,
        revoked_credits=goal.revoked_credits,
        live_key=live_key,
        frozen_under=frozen_under,
        revision=revision,
    )


async def _give_back(
    books: Books, account_id: UUID, standing: Standing, live_key: str, *, credits_: int
) -> str:
    """A refund failed: what is to stay is granted anew, since the ledger takes nothing of a grant back twice."""
    reversals: Reversals = books.reversals
    restored = f"restore:{standing.charge_id}:{standing.revision + 1}"
    key = f"back:{standing.charge_id}:{standing.revision + 1}"
    await reversals.revoke(account_id, grant_key=live_key, amount_credits=None, key=key)
    await books.grant(account_id, Grant(restored, credits_, "restored"))
    return restored
