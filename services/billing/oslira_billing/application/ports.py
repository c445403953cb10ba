"""What the use cases need, in their words."""

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
    """An event that is ours to apply.

    `waited` is how long ago it was first tried; `account_id` is set once it was applied. `claim` is the adapter's proof that
    the row is ours: whoever claims it later makes our writes fail.
    """

    row_id: UUID
    state: str
    waited: timedelta
    account_id: UUID | None
    event: StripeEvent
    claim: object


class ClaimLostError(Exception):
    """Somebody else has the row now: roll back and forget."""


class BillingRecords(Protocol):
    """What one event may read and change. All of it commits with the event's mark, or none of it."""

    async def catalogue(self) -> Catalogue:
        """What is sold right now."""
        ...

    async def account_of(self, customer_id: str) -> UUID | None:
        """The stored mapping."""
        ...

    async def lock_account(self, account_id: UUID) -> None:
        """Until the end of the transaction, one event of an account at a time."""
        ...

    async def plan_of(self, account_id: UUID) -> str | None:
        """The plan in force; None without a live subscription."""
        ...

    @property
    def purchases(self) -> Purchases:
        """What was paid for, in the same transaction."""
        ...

    async def is_closed(self, account_id: UUID) -> bool:
        """Whether the account was deleted."""
        ...

    @property
    def reversals(self) -> Reversals:
        """Payments and what of them went back, in the same transaction."""
        ...

    async def link_customer(self, customer_id: str, account_id: UUID) -> None:
        """Store whose customer this is, once, and wake the events that wait to know it."""
        ...

    async def wake(self, stripe_id: str) -> None:
        """What waits for this object needs to wait no longer."""
        ...

    async def save_subscription(self, account_id: UUID, found: Subscription, seen: FetchVersion) -> None:
        """Keep what was found, unless the row holds something newer or has ended for good."""
        ...

    async def save_invoice(
        self, account_id: UUID, invoice: StripeObject, purchases: Sequence[Purchase]
    ) -> None:
        """Record a paid invoice and what it grants at once, once."""
        ...

    async def save_problem(self, account_id: UUID, invoice: StripeObject, problem: str) -> None:
        """Remember that an open invoice could not be collected, and where to pay it; not once it was paid."""
        ...

    async def clear_problem(self, invoice_id: str) -> None:
        """There is nothing left to pay."""
        ...

    async def finish(self, received: Received, *, state: str, account_id: UUID | None) -> Received:
        """The event's mark, and the event as it then stands. Raises ClaimLostError: nothing of a fenced worker commits."""
        ...


class Inbox(Protocol):
    """The events that Stripe delivered, as rows of work."""

    async def store(self, event: StripeEvent, body: str) -> UUID | None:
        """The new row; None when this event was stored before.

        Raises OsliraError `unavailable` without a database, `invalid_request` for text a database can't hold.
        """
        ...

    async def claim(self, row_id: UUID) -> Received | None:
        """None: somebody has it, or it is finished, or it is not due yet."""
        ...

    def records(self) -> AbstractAsyncContextManager[BillingRecords]:
        """One transaction."""
        ...

    async def next_fetch_seq(self) -> int:
        """Taken before fetching an object: later fetches have higher numbers."""
        ...

    async def end(self, received: Received, *, state: str, reason: str | None = None) -> None:
        """Finish an event that changes nothing else: `done`, `ignored` or `dead`. A lost claim is none of our business."""
        ...

    async def wait(
        self, received: Received, *, seconds: float, reason: str, waits_for: str | None = None
    ) -> None:
        """Look again later, or when `waits_for` comes; no failure is counted."""
        ...

    async def retry(self, received: Received, *, reason: str) -> None:
        """Try again after a backoff; a failure is counted, and the last one makes the sweep bury it."""
        ...

    async def requeue(self, event_id: str) -> UUID:
        """Let a dead event, by its row's id or Stripe's, begin anew. Raises OsliraError `not_found`, `conflict`."""
        ...

    async def sweep(self, waiting_since: datetime | None = None) -> list[tuple[UUID, str, int]]:
        """(row, state, attempt) of each event that is due, but for those hinted at since `waiting_since`.

        Those whose attempts are used up end `dead` here.
        """
        ...


class Hints(Protocol):
    """Hints on the bus. Both return without a bus: rows are what counts."""

    async def announce(self, row_id: UUID, state: str, attempt: int, *, again: bool = False) -> None:
        """Look at this event now. `again`: under a fresh message id, since the server swallows an old one."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether hints get through right now."""
        ...

    async def waiting_since(self) -> datetime | None:
        """When the oldest hint was sent that nobody has taken yet; None when none waits."""
        ...


class News(Protocol):
    """What other services want to know."""

    async def subscription_changed(self, row_id: UUID, account_id: UUID) -> None:
        """`row_id`: the event that changed it. Raises OsliraError `unavailable` when it wasn't stored."""
        ...


class StripeObjects(Protocol):
    """Stripe, asked for what an event only shows as it was, in the API version that we read.

    Each answer is as of now; None if Stripe has none. Raises OsliraError `provider_unavailable`: try again.
    """

    async def retrieve(self, kind: str, object_id: str) -> StripeObject | None:
        """`kind`: the object's own word for what it is, such as `invoice`. Raises KeyError for one that we don't read."""
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
    """What Stripe could not deliver."""

    def undelivered(self, types: Sequence[str]) -> AsyncIterator[dict[str, Any]]:
        """Events of these types that no endpoint took, of the last 30 days. Raises OsliraError `provider_unavailable`."""
        ...


@dataclass(frozen=True, slots=True)
class OpenPage:
    """A page of Stripe's that waits for its user."""

    session_id: str
    url: str


class CustomerGoneError(Exception):
    """Stripe has no such customer any more."""


class Checkouts(Protocol):
    """Stripe's pages for buying and for managing what was bought.

    Raises CustomerGoneError; OsliraError `provider_unavailable`, or `provider_refused`: Stripe's final no.
    """

    async def create_customer(self, account_id: UUID, *, number: int) -> str:
        """The account's customer at Stripe, made once for each `number` however often it is asked for within a day."""
        ...

    async def open_checkout(self, asked: Mapping[str, Any], *, idempotency_key: str) -> OpenPage:
        """`asked` in Stripe's parameters."""
        ...

    async def open_portal(self, customer_id: str, *, return_url: str) -> OpenPage:
        """Where a customer changes plan, card and address, and cancels."""
        ...


class Shop(Protocol):
    """What checkout needs of the records."""

    async def customer_of(self, account_id: UUID) -> str | None:
        """The account's customer at Stripe that is to be sold to."""
        ...

    async def customers_made(self, account_id: UUID) -> int:
        """How many customers it has had."""
        ...

    async def forget_customer(self, customer_id: str) -> None:
        """Stripe has it no more: nothing is sold to it again. What it bought stays the account's."""
        ...

    async def link_customer(self, customer_id: str, account_id: UUID) -> None:
        """Store whose customer this is."""
        ...

    async def is_subscribed(self, account_id: UUID) -> bool:
        """Whether Stripe bills the account for a subscription that is not over."""
        ...

    async def price_of(self, *, plan: str | None, interval: str | None, pack: str | None) -> str | None:
        """The Stripe price that sells it; None if it isn't for sale."""
        ...


class EventBodies(Protocol):
    """Old event bodies, which hold names and addresses."""

    async def clear_batch(self, *, older_than: timedelta, limit: int) -> int:
        """Forget at most `limit` bodies of finished events, in one short transaction; how many it were."""
        ...


class ClosedAccounts(Protocol):
    """Accounts that were deleted over 30 days ago, as identity tells."""

    async def clear_bodies(self, *, limit: int) -> int:
        """Bodies of their finished events, a batch; how many."""
        ...

    async def clear_problems(self, *, limit: int) -> int:
        """Where somebody was to pay an open invoice, a batch; how many."""
        ...
