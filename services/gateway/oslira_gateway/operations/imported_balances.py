"""Import an account's balance from an earlier system: find the account, and have credits grant it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.credits.v1 import IMPORT_BALANCE, ImportBalance, ImportedBalance
from oslira_shared.errors import OsliraError
from oslira_shared.postgres.clients import AdminClient

# If a user is named too, the account must be one that the user owns.
_ACCOUNT: Final = """
select a.id from identity.accounts a
 where a.deleted_at is null and ($3::uuid is null or a.id = $3)
   and (($1::uuid is null and $2::text is null) or exists (
     select from identity.members m join identity.users u on u.id = m.user_id
      where m.account_id = a.id and m.role = 'owner'
        and ($1::uuid is null or u.id = $1) and ($1::uuid is not null or lower(u.email) = lower($2))))
 order by a.created_at, a.id limit 1
"""


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of a balance: an account, or the oldest account that a user owns. At least one is set."""

    account_id: UUID | None
    user_id: UUID | None
    email: str | None


@dataclass(frozen=True, slots=True)
class Imported:
    """`is_new`: False when the same balance was imported before, or when it is of 0 credits and grants nothing."""

    account_id: UUID
    is_new: bool


class ImportedBalances(Protocol):
    """Accounts and the ledger."""

    async def account_of(self, owner: Owner) -> UUID | None:
        """None: there is no such account, or the user does not own it."""
        ...

    async def grant(
        self, balance_id: str, account_id: UUID, amount_credits: int, *, expires_at: datetime | None
    ) -> bool:
        """Whether it is new. Raises OsliraError: conflict, unavailable."""
        ...


class ServedImportedBalances:
    """Implements ImportedBalances. As the service: operators belong to no account."""

    def __init__(self, client: AdminClient, bus: Bus) -> None:
        self._client = client
        self._bus = bus

    async def account_of(self, owner: Owner) -> UUID | None:
        async with self._client.connection() as connection:
            return await connection.fetchval(_ACCOUNT, owner.user_id, owner.email, owner.account_id)

    async def grant(
        self, balance_id: str, account_id: UUID, amount_credits: int, *, expires_at: datetime | None
    ) -> bool:
        order = ImportBalance(
            balance_id=balance_id, account_id=account_id, amount_credits=amount_credits, expires_at=expires_at
        )
        return (await self._bus.request(IMPORT_BALANCE, order, ImportedBalance)).is_new


async def import_balance(
    balances: ImportedBalances,
    balance_id: str,
    owner: Owner,
    amount_credits: int,
    *,
    expires_at: datetime | None,
) -> Imported:
    """Raises OsliraError: account_not_found, conflict, unavailable."""
    account_id = await balances.account_of(owner)
    if account_id is None:
        raise OsliraError("account_not_found", "There is no such account, or the user does not own it.")
    if amount_credits == 0:
        return Imported(account_id, is_new=False)
    is_new = await balances.grant(balance_id, account_id, amount_credits, expires_at=expires_at)
    return Imported(account_id, is_new=is_new)
