"""The ports for comparing money with Stripe."""

from collections.abc import AsyncIterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from oslira_billing.domain.fields import StripeObject
from oslira_billing.domain.mismatch import GrantStatus, Mismatch
from oslira_billing.domain.money_facts import MoneyFacts


@dataclass(frozen=True, slots=True)
class Page:
    """A page of one of Stripe's lists, newest first. `after`: the cursor of the next page; None on the last one."""

    objects: Sequence[StripeObject]
    after: str | None


class MoneyLists(Protocol):
    """Stripe's lists by time, in the API version that we read. Raises OsliraError `provider_unavailable`."""

    async def page(
        self,
        kind: str,
        start: datetime,
        end: datetime,
        *,
        types: Sequence[str] = (),
        after: str | None = None,
    ) -> Page:
        """Objects of a kind (`invoice`, `event` …) created in [start, end). `types`: of events, at most 20."""
        ...

    def created(
        self, kind: str, start: datetime, end: datetime, *, types: Sequence[str] = ()
    ) -> AsyncIterator[StripeObject]:
        """All pages; any number of `types`."""
        ...

    async def refunded_minor(self, object_: StripeObject) -> int:
        """How much of what paid an invoice or a checkout was refunded."""
        ...


@dataclass(frozen=True, slots=True)
class Touched:
    """Stripe's ids of purchases (invoices, checkouts) and charges to compare."""

    purchases: frozenset[str] = field(default_factory=frozenset[str])
    charges: frozenset[str] = field(default_factory=frozenset[str])

    def __or__(self, other: "Touched") -> "Touched":
        return Touched(self.purchases | other.purchases, self.charges | other.charges)


class MoneyRecords(Protocol):
    """Our records of money, the ledger's grants, and the mismatches that were found."""

    async def moved(self, start: datetime, end: datetime) -> Touched:
        """What was recorded, revoked or frozen in a period, by us or in the ledger."""
        ...

    async def frozen(self) -> Touched:
        """What is frozen now, in our records or in the ledger."""
        ...

    async def unresolved(self) -> Touched:
        """The objects of mismatches that are not resolved."""
        ...

    async def facts(self, purchases: Sequence[str]) -> Mapping[str, MoneyFacts]:
        """The recorded reversals of these purchases. A purchase without any is left out."""
        ...

    async def statuses(self, keys: Sequence[str]) -> Mapping[str, GrantStatus]:
        """Grants in the ledger, by their keys."""
        ...

    async def stored(self, event_ids: Sequence[str]) -> AbstractSet[str]:
        """Those of Stripe's events that are stored."""
        ...

    async def waiting(self) -> int:
        """Events that are not applied yet, and don't wait for another."""
        ...

    async def unfinished(self, *, after: str, limit: int) -> Sequence[tuple[str, str]]:
        """(kind, Stripe's id) of disputes and subscriptions that were not final when they were recorded, by id."""
        ...

    async def keep(self, compared: Touched, mismatches: Sequence[Mismatch]) -> None:
        """Store the mismatches. A stored one that was compared again and not found is resolved."""
        ...
