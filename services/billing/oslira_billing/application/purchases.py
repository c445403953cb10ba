"""The port for the records of purchases."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from oslira_billing.domain.group import Given, Group
from oslira_billing.domain.purchase import Purchase


@dataclass(frozen=True, slots=True)
class KnownPurchase:
    """A purchase and its account. `amount_minor`: what a checkout cost; None for an invoice, which a charge may pay in part."""

    id: str
    account_id: UUID
    amount_minor: int | None
    currency: str


@dataclass(frozen=True, slots=True)
class DueGroup:
    """A group of purchases with a month that has begun and was not granted."""

    account_id: UUID
    key: str


class Purchases(Protocol):
    """Purchases and their grants in the ledger. Part of the transaction of one event or one job's item."""

    async def save(self, account_id: UUID, purchase: Purchase) -> bool:
        """Record a payment, once. False: it was recorded before."""
        ...

    async def subscriptions_of(self, account_id: UUID) -> frozenset[str]:
        """Subscriptions that the account has paid for."""
        ...

    async def groups_of(self, purchase_id: str) -> Sequence[tuple[UUID, str]]:
        """(account, group) of each part of a purchase; none before it was recorded."""
        ...

    async def paid_by(self, payment_intent_id: str) -> Sequence[KnownPurchase]:
        """What a payment paid, as far as it was recorded, invoices first."""
        ...

    async def group(self, key: str) -> Group:
        """All records of a group."""
        ...

    async def grant(self, account_id: UUID, *, group_key: str, given: Given, source: str) -> None:
        """Grant in the ledger, and record it."""
        ...

    async def revoke(self, account_id: UUID, *, given: Given, amount_credits: int) -> None:
        """Revoke credits of a grant. Those that were spent become the account's debt."""
        ...

    async def freeze(self, account_id: UUID, given: Given) -> None:
        """Freeze a grant: none of it can be spent until `unfreeze`."""
        ...

    async def unfreeze(self, account_id: UUID, given: Given) -> None:
        """End its freeze."""
        ...

    async def due(self, at: datetime) -> Sequence[DueGroup]:
        """Groups with a month that began by then and was not granted, of accounts that are not closed."""
        ...
