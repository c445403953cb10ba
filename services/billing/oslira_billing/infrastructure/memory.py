"""Billing in memory: for unit tests, held to the same contract as Postgres."""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id

from oslira_billing.application.ports import Books, ClaimLostError, Received
from oslira_billing.application.purchases import Purchases
from oslira_billing.application.reversals import Reversals
from oslira_billing.application.sighting import Sighting
from oslira_billing.domain.catalogue import Catalogue
from oslira_billing.domain.event import StripeEvent, parse_event
from oslira_billing.domain.fields import StripeObject, text
from oslira_billing.domain.purchase import Purchase
from oslira_billing.domain.subscription import ENDED, LIVE, Subscription
from oslira_billing.infrastructure.memory_purchases import MemoryPurchases, PurchaseTables
from oslira_billing.infrastructure.memory_reversals import MemoryReversals, ReversalTables

_LEASE: Final = timedelta(seconds=30)
_HINT_EVERY: Final = timedelta(seconds=5)
_CLAIMABLE: Final = frozenset({"received", "applied"})
_MOST_FAILURES: Final = 5


@dataclass(slots=True)
class Row:
    """An event's row; None as a time means never."""

    event: StripeEvent
    created_at: datetime
    due_at: datetime | None
    state: str = "received"
    attempt: int = 0
    failures: int = 0
    lease_until: datetime | None = None
    not_before: datetime | None = None
    account_id: UUID | None = None
    reason: str | None = None
    waits_for: str | None = None
    first_tried_at: datetime | None = None


@dataclass(slots=True)
class Kept:
    """A subscription and how new the news of it is."""

    account_id: UUID
    found: Subscription
    seen: Sighting


@dataclass(slots=True)
class Tables:
    """All that a transaction can roll back."""

    rows: dict[UUID, Row] = field(default_factory=dict[UUID, Row])
    customers: dict[str, UUID] = field(default_factory=dict[str, UUID])
    subscriptions: dict[str, Kept] = field(default_factory=dict[str, Kept])
    invoices: set[str] = field(default_factory=set[str])
    closed: set[UUID] = field(default_factory=set[UUID])
    purchases: PurchaseTables = field(default_factory=PurchaseTables)
    problems: dict[str, tuple[UUID, str]] = field(default_factory=dict[str, tuple[UUID, str]])
    reversals: ReversalTables = field(default_factory=ReversalTables)


class MemoryInbox:
    """Implements Inbox; its clock stands where it is put."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.clock = datetime(2026, 7, 1, tzinfo=UTC)
        self.tables = Tables()
        self.sold = catalogue
        self._fetches = 0

    async def store(self, event: StripeEvent, body: str) -> UUID | None:
        if any(row.event.id == event.id for row in self.tables.rows.values()):
            return None
        row_id = new_id()
        stored = parse_event(json.loads(body))
        self.tables.rows[row_id] = Row(stored, self.clock, due_at=self.clock + _HINT_EVERY)
        return row_id

    async def claim(self, row_id: UUID) -> Received | None:
        row = self.tables.rows[row_id]
        is_free = all(moment is None or moment <= self.clock for moment in (row.lease_until, row.not_before))
        if row.state not in _CLAIMABLE or not is_free or row.failures >= _MOST_FAILURES:
            return None
        row.attempt, row.failures, row.lease_until = row.attempt + 1, row.failures + 1, self.clock + _LEASE
        waited = self.clock - (row.first_tried_at or self.clock)
        event = row.event.as_of(row.created_at)
        return Received(row_id, row.state, waited, row.account_id, event, claim=row.attempt)

    @asynccontextmanager
    async def books(self) -> AsyncGenerator[Books]:
        before = deepcopy(self.tables)
        try:
            yield MemoryBooks(self)
        except BaseException:
            self.tables = before
            raise

    async def next_fetch_seq(self) -> int:
        self._fetches += 1
        return self._fetches

    async def end(self, received: Received, *, state: str, reason: str | None = None) -> None:
        self.leave(received, state=state, due_at=None, reason=reason)

    async def wait(
        self, received: Received, *, seconds: float, reason: str, waits_for: str | None = None
    ) -> None:
        self._hand_back(received, seconds=seconds, reason=reason, forgiven=1)
        row = self.tables.rows[received.row_id]
        row.waits_for, row.first_tried_at = waits_for, row.first_tried_at or self.clock

    async def retry(self, received: Received, *, reason: str) -> None:
        self._hand_back(received, seconds=2.0, reason=reason, forgiven=0)

    async def revive(self, event_id: str) -> UUID:
        for row_id, row in self.tables.rows.items():
            if event_id not in {str(row_id), row.event.id}:
                continue
            if row.state != "dead":
                raise OsliraError("conflict", f"event {event_id} is {row.state}")
            row.state, row.failures, row.reason, row.lease_until, row.not_before = (
                "received",
                0,
                None,
                None,
                None,
            )
            row.first_tried_at, row.due_at = None, self.clock
            return row_id
        raise OsliraError("not_found", f"there is no event {event_id}")

    async def sweep(self, waiting_since: datetime | None = None) -> list[tuple[UUID, str, int]]:  # noqa: ARG002  # no stream
        due: list[tuple[UUID, str, int]] = []
        for row_id, row in self.tables.rows.items():
            if row.due_at is None or row.due_at > self.clock or (row.lease_until or self.clock) > self.clock:
                continue
            if row.failures >= _MOST_FAILURES:
                row.state, row.due_at = "done" if row.state == "applied" else "dead", None
                continue
            row.due_at = self.clock + _HINT_EVERY
            due.append((row_id, row.state, row.attempt))
        return due

    def leave(self, received: Received, *, state: str, due_at: datetime | None, reason: str | None) -> bool:
        """Compare-and-set on (state, attempt)."""
        row = self.tables.rows[received.row_id]
        if (row.state, row.attempt) != (received.state, received.claim):
            return False
        row.state, row.due_at, row.reason, row.failures = state, due_at, reason, 0
        row.lease_until = self.clock + _LEASE if due_at else None
        return True

    def _hand_back(self, received: Received, *, seconds: float, reason: str, forgiven: int) -> None:
        row = self.tables.rows[received.row_id]
        if (row.state, row.attempt) == (received.state, received.claim):
            row.not_before = row.due_at = self.clock + timedelta(seconds=seconds)
            row.lease_until, row.reason, row.failures = None, reason, row.failures - forgiven


class MemoryBooks:
    """Implements Books."""

    def __init__(self, inbox: MemoryInbox) -> None:
        self._inbox = inbox

    @property
    def reversals(self) -> Reversals:
        return MemoryReversals(self._inbox.tables.reversals)

    @property
    def purchases(self) -> Purchases:
        tables = self._inbox.tables
        return MemoryPurchases(tables.purchases, tables.reversals, tables.closed)

    async def is_closed(self, account_id: UUID) -> bool:
        return account_id in self._inbox.tables.closed

    async def catalogue(self) -> Catalogue:
        return self._inbox.sold

    async def account_of(self, customer_id: str) -> UUID | None:
        return self._inbox.tables.customers.get(customer_id)

    async def lock_account(self, account_id: UUID) -> None:
        """One task at a time anyway."""

    async def plan_of(self, account_id: UUID) -> str | None:
        kept = self._inbox.tables.subscriptions.values()
        plans = [one.found.plan for one in kept if one.account_id == account_id and one.found.state in LIVE]
        return max(plans, key=self._inbox.sold.plans.__getitem__, default=None)

    async def link_customer(self, customer_id: str, account_id: UUID) -> None:
        if customer_id in self._inbox.tables.customers:
            return
        self._inbox.tables.customers[customer_id] = account_id
        await self.wake(customer_id)

    async def wake(self, stripe_id: str) -> None:
        for row in self._inbox.tables.rows.values():
            if row.waits_for == stripe_id and row.state == "received" and row.not_before:
                row.not_before, row.due_at = None, self._inbox.clock

    async def save_subscription(self, account_id: UUID, found: Subscription, seen: Sighting) -> None:
        kept = self._inbox.tables.subscriptions.get(found.id)
        if kept is None or _counts(kept, found, seen):
            self._inbox.tables.subscriptions[found.id] = Kept(account_id, found, seen)

    async def save_invoice(
        self, account_id: UUID, invoice: StripeObject, purchases: Sequence[Purchase]
    ) -> None:
        del account_id, purchases
        self._inbox.tables.invoices.add(text(invoice, "id") or "")

    async def save_problem(self, account_id: UUID, invoice: StripeObject, problem: str) -> None:
        invoice_id, problems = text(invoice, "id") or "", self._inbox.tables.problems
        if invoice_id not in self._inbox.tables.invoices:
            _, known = problems.get(invoice_id, (account_id, problem))
            problems[invoice_id] = (account_id, min(known, problem))

    async def clear_problem(self, invoice_id: str) -> None:
        self._inbox.tables.problems.pop(invoice_id, None)

    async def finish(self, received: Received, *, state: str, account_id: UUID | None) -> Received:
        due_at = self._inbox.clock + _HINT_EVERY if state == "applied" else None
        if not self._inbox.leave(received, state=state, due_at=due_at, reason=None):
            raise ClaimLostError
        self._inbox.tables.rows[received.row_id].account_id = account_id
        return replace(received, state=state, account_id=account_id)


def _counts(kept: Kept, found: Subscription, seen: Sighting) -> bool:
    if kept.found.state in ENDED or found.state in ENDED:
        return kept.found.state not in ENDED
    if seen.fetch_seq <= kept.seen.fetch_seq:
        return False
    return kept.seen.as_of is None or seen.as_of is None or kept.seen.as_of <= seen.as_of


class MemoryStripe:
    """Implements StripeObjects: what is put into it."""

    def __init__(self) -> None:
        self.objects: dict[str, Mapping[str, Any]] = {}  # by their ids
        self.invoice_payments: dict[str, str] = {}  # payment → invoice
        self.sessions: dict[str, Mapping[str, Any]] = {}  # payment → session

    async def retrieve(self, kind: str, object_id: str) -> StripeObject | None:
        found = self.objects.get(object_id)
        return found if found is not None and found["object"] == kind else None

    async def lines_of(self, invoice_id: str) -> Sequence[StripeObject] | None:
        invoice = self.objects.get(invoice_id)
        return None if invoice is None else invoice["lines"]["data"]

    async def items_of(self, session_id: str) -> Sequence[StripeObject] | None:
        session = self.objects.get(session_id)
        return None if session is None else session.get("line_items", {}).get("data")

    async def invoice_paid_by(self, payment_intent_id: str) -> str | None:
        return self.invoice_payments.get(payment_intent_id)

    async def session_paid_by(self, payment_intent_id: str) -> StripeObject | None:
        return self.sessions.get(payment_intent_id)
