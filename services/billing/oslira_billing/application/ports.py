"""What the use cases need, in their words."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias
from uuid import UUID

from oslira_billing.domain.catalogue import Catalogue
from oslira_billing.domain.event import StripeEvent
from oslira_billing.domain.fields import StripeObject
from oslira_billing.domain.grants import Grant
from oslira_billing.domain.subscription import Subscription


@dataclass(frozen=True, slots=True)
class Received:
    """An event that is ours to apply.

    `waited` is how long ago it was received; `account_id` is set once it was applied. `claim` is the adapter's proof that
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


@dataclass(frozen=True, slots=True)
class Sighting:
    """How new a subscription's description is: fetched under `fetch_seq`, or an event's snapshot `as_of` a moment."""

    fetch_seq: int
    as_of: datetime | None = None


class Books(Protocol):
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

    async def link_customer(self, customer_id: str, account_id: UUID) -> None:
        """Store whose customer this is, once, and wake the events that wait to know it."""
        ...

    async def save_subscription(self, account_id: UUID, found: Subscription, seen: Sighting) -> None:
        """Keep what was found, unless the row holds something newer or has ended for good."""
        ...

    async def save_invoice(self, account_id: UUID, invoice: StripeObject, grant: Grant | None) -> None:
        """Record a paid invoice and what it grants, once."""
        ...

    async def grant(self, account_id: UUID, grant: Grant) -> None:
        """Give the credits, once per key."""
        ...

    async def finish(self, received: Received, *, state: str, account_id: UUID) -> Received:
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

    def books(self) -> AbstractAsyncContextManager[Books]:
        """One transaction."""
        ...

    async def next_fetch_seq(self) -> int:
        """Taken before fetching an object: later fetches have higher numbers."""
        ...

    async def end(self, received: Received, *, state: str, reason: str | None = None) -> None:
        """Finish an event that changes nothing else: `done`, `ignored` or `dead`. A lost claim is none of our business."""
        ...

    async def wait(self, received: Received, *, seconds: float, reason: str) -> None:
        """Look again later; no failure is counted."""
        ...

    async def retry(self, received: Received, *, reason: str) -> None:
        """Try again after a backoff; a failure is counted, and the last one makes the sweep bury it."""
        ...

    async def sweep(self) -> list[tuple[UUID, str, int]]:
        """(row, state, attempt) of each event that is due. Those whose attempts are used up end `dead` here."""
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


class News(Protocol):
    """What other services want to know."""

    async def subscription_changed(self, row_id: UUID, account_id: UUID) -> None:
        """`row_id`: the event that changed it. Raises OsliraError `unavailable` when it wasn't stored."""
        ...


class StripeObjects(Protocol):
    """Stripe, asked for what an event only shows as it was."""

    async def subscription(self, subscription_id: str) -> StripeObject | None:
        """As it is now; None if Stripe has none. Raises OsliraError `provider_unavailable`: try again."""
        ...


class EventBodies(Protocol):
    """Old event bodies, which hold names and addresses."""

    async def clear_batch(self, *, older_than: timedelta, limit: int) -> int:
        """Forget at most `limit` bodies of finished events, in one short transaction; how many it were."""
        ...


Job: TypeAlias = Callable[[], Awaitable[Mapping[str, int]]]


class JobRuns(Protocol):
    """Slots of jobs, as rows of work."""

    async def record(self, job: str, slot: datetime) -> UUID:
        """The slot has come; a slot already known stays as it is. The row's id."""
        ...

    async def start(self, row_id: UUID, work: Mapping[str, Job]) -> None:
        """Run it in the background under a lease, unless somebody has it or it is done. Its counts are kept with it."""
        ...

    async def sweep(self) -> list[UUID]:
        """Slots that are due: a crash in mid-job, or a retry. Those whose attempts are used up end `failed` here."""
        ...
