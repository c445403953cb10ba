"""Development only: a user, an account with exactly so many credits, a plan, a business profile, and a token."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

import asyncpg

from oslira_devstack.access import Access
from oslira_devstack.make_user import make_user, sign_token

# Who signs in where nobody else is named.
DEVELOPER: Final = "dev@oslira.test"
_AVAILABLE: Final = """
select coalesce(sum(b.amount), 0)::int from credits.balances b join credits.grants g on g.id = b.grant_id
 where b.account_id = $1 and b.kind = 'available' and (g.expires_at is null or g.expires_at > now())
"""
_ADJUST: Final = "select public.deduct_credits($1, $2, 'development', 'oslira token', '{}', $3)"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What `oslira token --json` prints, and the user's id."""

    token: str
    user_id: UUID
    account_id: UUID
    business_profile_id: UUID


async def sign_in(access: Access, *, email: str, available_credits: int | None, plan: str | None) -> SignedIn:
    """Make what is missing; set what is given. An account that is new gets 100 credits and the agency plan by default."""
    gateway = await asyncpg.connect(access.database_url("gateway_service"))
    try:
        made = await make_user(gateway, email=email)
    finally:
        await gateway.close()
    is_new = await set_plan(access, made.account_id, plan)
    if available_credits is None and is_new:
        available_credits = 100
    if available_credits is not None:
        await set_credits(access, made.account_id, available_credits)
    return SignedIn(
        token=sign_token(access.credentials.jwt_secret, user_id=made.user_id, email=email),
        user_id=made.user_id,
        account_id=made.account_id,
        business_profile_id=made.business_profile_id,
    )


async def set_plan(access: Access, account_id: UUID, plan: str | None) -> bool:
    """Whether the account had no plan before."""
    billing = await asyncpg.connect(access.database_url("billing_service"))
    try:
        current = await billing.fetchval(
            "select plan from billing.account_plans where account_id = $1", account_id
        )
        if plan is not None or current is None:
            await billing.execute("select billing.set_manual_plan($1, $2)", account_id, plan or "agency")
    finally:
        await billing.close()
    return current is None


async def set_credits(access: Access, account_id: UUID, wanted: int) -> None:
    ledger = await asyncpg.connect(access.database_url("credits_service"))
    try:
        difference = wanted - await ledger.fetchval(_AVAILABLE, account_id)
        if difference:
            await ledger.execute(_ADJUST, account_id, difference, str(uuid4()))
    finally:
        await ledger.close()
