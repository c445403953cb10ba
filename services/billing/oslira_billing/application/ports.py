"""The ports of the use cases."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from oslira_billing.application.fetch_version import FetchVersion
from oslira_billing.application.purchases import Purchases
from oslira_billing.application.reversals import Reversals
from oslira_billing.domain.catalogue import Catalogue
from oslira_billing.domain.event import StripeEvent
from oslira_billing.domain.fields import StripeObject
from oslira_billing.domain.purchase import Purchase
from oslira_billing.domain.subscription import Subscription


@dataclass(frozen=True, slots=True)
class Received:
    """An event that this worker may apply.

    `waited` is the time since its first try; `account_id` is set once it was applied. `claim` is the adapter's proof of the
    claim: after a later claim of another worker our writes fail.
    """

    row_id: UUID
    state: str
    waited: timedelta
    account_id: UUID | None
    event: StripeEvent
    claim: object


class ClaimLostError(Exception):
    """Another worker has the row now: roll back and stop."""


class BillingRecords(Protocol):
    """What one event may read and change. All of it commits with the event's mark, or none of it."""

    async def catalogue(self) -> Catalogue:
        """What is sold now."""
        ...

    async def account_of(self, customer_id: str) -> UUID | None:
        """The stored mapping."""
        ...

    async def lock_account(self, account_id: UUID) -> None:
        """Locks the account until the end of the transaction: one event of an account at a time."""
        ...

    async def plan_of(self, account_id: UUID) -> str | None:
        """The plan in force; None without a live subscription."""
        ...

    @property
    def purchases(self) -> Purchases:
        """Purchases, in the same transaction."""
        ...

    async def is_closed(self, account_id: UUID) -> bool:
        """Whether the account was deleted."""
        ...

    @property
    def reversals(self) -> Reversals:
        """Payments and their reversals, in the same transaction."""
        ...

    async def link_customer(self, customer_id: str, account_id: UUID) -> None:
        """Store the customer's account, once, and wake the events that wait for it."""
        ...

    async def wake(self, stripe_id: str) -> None:
        """Wake the events that wait for this object."""
        ...

    async def save_subscription(self, account_id: UUID, found: Subscription, seen: FetchVersion) -> None:
        """Store it, unless the row holds something newer or has ended permanently."""
        ...

    async def save_invoice(
        self, account_id: UUID, invoice: StripeObject, purchases: Sequence[Purchase]
    ) -> None:
        """Record a paid invoice and its immediate grants, once."""
        ...

    async def save_problem(self, account_id: UUID, invoice: StripeObject, problem: str) -> None:
        """Record that an open invoice could not be collected, and where to pay it; not if it was paid."""
        ...

    async def clear_problem(self, invoice_id: str) -> None:
        """Nothing is left to pay."""
        ...

    async def finish(self, received: Received, *, state: str, account_id: UUID | None) -> Received:
        """Mark the event; returns it in its new state. Raises ClaimLostError: nothing of a fenced worker commits."""
        ...


class Inbox(Protocol):
    """The events that Stripe delivered, as rows of work."""

    async def store(self, event: StripeEvent, body: str) -> UUID | None:
        """The new row; None when this event was stored before.

        Raises OsliraError `unavailable` without a database, `invalid_request` for text a database can't hold.
        """
        ...

    async def claim(self, row_id: UUID) -> Received | None:
        """None: another worker has it, or it is finished, or it is not due yet."""
        ...

    def records(self) -> AbstractAsyncContextManager[BillingRecords]:
        """One transaction."""
        ...

    async def next_fetch_seq(self) -> int:
        """Drawn before fetching an object: later fetches have higher numbers."""
        ...

    async def end(self, received: Received, *, state: str, reason: str | None = None) -> None:
        """Finish an event that changes nothing else: `done`, `ignored` or `dead`. A lost claim is ignored."""
        ...

    async def wait(
        self, received: Received, *, seconds: float, reason: str, waits_for: str | None = None
    ) -> None:
        """Retry later, or when `waits_for` arrives; no failure is counted."""
        ...

    async def retry(self, received: Received, *, reason: str) -> None:
        """Retry after a backoff; a failure is counted, and after the last one the sweep marks the event dead."""
        ...

    async def requeue(self, event_id: str) -> UUID:
        """Requeue a dead event, by its row's id or Stripe's. Raises OsliraError `not_found`, `conflict`."""
        ...

    async def sweep(self, waiting_since: datetime | None = None) -> list[tuple[UUID, str, int]]:
        """(row, state, attempt) of each event that is due, except those hinted at since `waiting_since`.

        Those without attempts left become `dead` here.
        """
        ...


class Hints(Protocol):
    """Hints on the bus. Both return without a bus: the rows are the truth."""

    async def announce(self, row_id: UUID, state: str, attempt: int, *, again: bool = False) -> bool:
        """Process this event now. `again`: under a new message id, since the server drops a repeated one.

        Returns whether the bus stored it.
        """
        ...

    async def waiting_since(self) -> datetime | None:
        """When the oldest hint that is not consumed yet was sent; None if there is none."""
        ...


class Publisher(Protocol):
    """The events that billing publishes."""

    async def subscription_changed(self, row_id: UUID, account_id: UUID) -> None:
        """`row_id`: the event that changed it. Raises OsliraError `unavailable` if it wasn't stored."""
        ...


class StripeObjects(Protocol):
    """Stripe's current objects, in the API version that we read: an event only shows an old state.

    Each answer is current; None if Stripe has none. Raises OsliraError `provider_unavailable`: retry.
    """

    async def retrieve(self, kind: str, object_id: str) -> StripeObject | None:
        """`kind`: the object's `object` field, such as `invoice`. Raises KeyError for one that we don't read."""
        ...

    async def lines_of(self, invoice_id: str) -> Sequence[StripeObject] | None:
        """All lines of an invoice, from all pages."""
        ...

    async def items_of(self, session_id: str) -> Sequence[StripeObject] | None:
        """What a checkout sells, with prices and quantities, from all pages."""
        ...

    async def invoice_paid_by(self, payment_intent_id: str) -> str | None:
        """The id of the invoice that a payment paid, by Stripe's InvoicePayment."""
        ...

    async def session_paid_by(self, payment_intent_id: str) -> StripeObject | None:
        """The checkout that a payment paid."""
        ...


class MissedEvents(Protocol):
    """Events that Stripe could not deliver."""

    def undelivered(self, types: Sequence[str]) -> AsyncIterator[dict[str, Any]]:
        """Events of these types that no endpoint accepted, of the last 30 days. Raises OsliraError `provider_unavailable`."""
        ...


@dataclass(frozen=True, slots=True)
class OpenPage:
    """An open page at Stripe for a user."""

    session_id: str
    url: str


class CustomerDeletedError(Exception):
    """The customer no longer exists at Stripe."""


class Checkouts(Protocol):
    """Stripe's pages for buying and for managing purchases.

    Raises CustomerDeletedError; OsliraError `provider_unavailable`, or `provider_refused`, which is final.
    """

    async def create_customer(self, account_id: UUID, *, number: int) -> str:
        """The account's customer at Stripe, made once for each `number`, also when repeated within a day."""
        ...

    async def open_checkout(self, asked: Mapping[str, Any], *, idempotency_key: str) -> OpenPage:
        """`asked` in Stripe's parameters."""
        ...

    async def open_portal(self, customer_id: str, *, return_url: str) -> OpenPage:
        """The portal where a customer changes plan, card and address, and cancels."""
        ...


class Shop(Protocol):
    """The records that checkout needs."""

    async def customer_of(self, account_id: UUID) -> str | None:
        """The account's customer at Stripe for new sales."""
        ...

    async def customers_made(self, account_id: UUID) -> int:
        """How many customers it has had."""
        ...

    async def mark_customer_deleted(self, customer_id: str) -> None:
        """Stripe has deleted it: nothing is sold to it again. Its purchases stay the account's."""
        ...

    async def link_customer(self, customer_id: str, account_id: UUID) -> None:
        """Store the customer's account."""
        ...

    async def is_subscribed(self, account_id: UUID) -> bool:
        """Whether the account has a subscription at Stripe that has not ended."""
        ...

    async def price_of(self, *, plan: str | None, interval: str | None, pack: str | None) -> str | None:
        """The Stripe price that sells it; None if it isn't for sale."""
        ...


class EventBodies(Protocol):
    """Old event bodies, which hold names and addresses."""

    async def clear_batch(self, *, older_than: timedelta, limit: int) -> int:
        """Delete at most `limit` bodies of finished events, in one short transaction; returns how many."""
        ...


class ClosedAccounts(Protocol):
    """Accounts that were deleted over 30 days ago, by identity's rows."""

    async def clear_bodies(self, *, limit: int) -> int:
        """Bodies of their finished events, a batch; returns how many."""
        ...

    async def clear_problems(self, *, limit: int) -> int:
        """Links to pay open invoices, a batch; returns how many."""
        ...
