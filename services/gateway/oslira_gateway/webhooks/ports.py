"""The ports of webhooks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from oslira_gateway.http.listing import Cursor
from oslira_gateway.identity.caller import Member
from oslira_gateway.webhooks.answer import Answer
from oslira_gateway.webhooks.event import BulkEnding, Event, RunEnding


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A URL that receives an account's events, without its secrets.

    `state`: active, paused (deliveries wait) or disabled (none are created). `failure_count`: failures since the last success.
    """

    endpoint_id: UUID
    url: str
    description: str | None
    event_types: list[str]
    state: str
    state_reason: str | None
    failure_count: int
    failing_since: datetime | None
    last_problem: str | None
    last_delivered_at: datetime | None
    old_secret_until: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """An endpoint to add, with its sealed secret."""

    endpoint_id: UUID
    url: str
    description: str | None
    event_types: Sequence[str]
    sealed_secret: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one endpoint. `status`: pending, held (endpoint paused), delivered, failed, expired."""

    delivery_id: UUID
    endpoint_id: UUID
    event_id: UUID
    event_type: str
    status: str
    tries: int
    response_status: int | None
    problem: str | None
    body: str
    last_tried_at: datetime | None
    next_try_at: datetime | None
    delivered_at: datetime | None
    created_at: datetime


class Endpoints(Protocol):
    """An account's endpoints. All but `of` and `add` raise OsliraError `webhook_endpoint_not_found`, also for another account's."""

    async def of(self, member: Member) -> Sequence[Endpoint]:
        """All of them, newest first: there are few."""
        ...

    async def get(self, member: Member, endpoint_id: UUID) -> Endpoint:
        """One."""
        ...

    async def add(self, member: Member, new: NewEndpoint, *, most: int) -> Endpoint:
        """Raises `limit_reached` if the account has `most` already, for any number of concurrent calls."""
        ...

    async def change(self, member: Member, endpoint_id: UUID, changes: dict[str, Any]) -> Endpoint:
        """Any of url, description, event_types."""
        ...

    async def replace_secret(
        self, member: Member, endpoint_id: UUID, sealed_secret: bytes, *, overlap_s: float
    ) -> Endpoint:
        """The current secret also signs for another `overlap_s`; an older one does not."""
        ...

    async def pause(self, member: Member, endpoint_id: UUID) -> Endpoint:
        """Pending deliveries wait; an active attempt is finished."""
        ...

    async def resume(self, member: Member, endpoint_id: UUID, *, longest_wait_s: float) -> Endpoint:
        """Held deliveries are due at once, with all their attempts; those older than `longest_wait_s` expire."""
        ...

    async def remove(self, member: Member, endpoint_id: UUID) -> None:
        """With its deliveries; an active attempt is cancelled."""
        ...


class Deliveries(Protocol):
    """An account's deliveries."""

    async def of(
        self, member: Member, endpoint_id: UUID, *, status: str | None, after: Cursor | None, limit: int
    ) -> Sequence[Delivery]:
        """Newest first."""
        ...

    async def send(self, member: Member, endpoint_id: UUID, event: Event) -> Delivery:
        """An event for this endpoint only. Raises webhook_endpoint_not_found, or conflict if it isn't active."""
        ...

    async def replay(self, member: Member, endpoint_id: UUID, delivery_id: UUID) -> Delivery:
        """Send it again, with all its attempts, under the same id.

        Raises webhook_endpoint_not_found, webhook_delivery_not_found, or conflict: it is pending, or the endpoint isn't active.
        """
        ...


class Endings(Protocol):
    """How runs and bulks ended, of accounts with an endpoint; others are not read."""

    async def of_run(self, run_id: UUID) -> RunEnding | None:
        """None: not ended, unknown, or without an endpoint."""
        ...

    async def of_bulk(self, bulk_id: UUID) -> BulkEnding | None:
        """None: not ended, unknown, or without an endpoint."""
        ...

    async def record(self, event: Event) -> Sequence[UUID]:
        """Create a delivery for each subscribed endpoint, once for any number of calls; returns the endpoints with a new one."""
        ...

    async def horizon(self, *, older_than_s: float) -> datetime:
        """Postgres's time minus `older_than_s`."""
        ...

    async def missed(self, source: str, *, until: datetime, limit: int) -> Sequence[Event]:
        """The next ends of `runs` or `bulks` after the cursor, as events, including those that were recorded already."""
        ...

    async def advance(self, source: str, past: Event | datetime) -> None:
        """Move the cursor past this end, or past everything up to this time. It never goes back."""
        ...


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A claimed delivery. `claim` belongs to the adapter; `sealed_secrets`: the current one first. `claimed_at`: Postgres's time."""

    claim: Any
    endpoint_id: UUID
    event_id: UUID
    url: str
    body: str
    sealed_secrets: Sequence[bytes]
    failures: int
    claimed_at: datetime


class Outbox(Protocol):
    """Deliveries as work rows. Results of a delivery whose lease was lost change nothing."""

    async def waiting(self) -> Sequence[tuple[UUID, float]]:
        """Endpoints with due deliveries, longest waiting first, and for how many seconds."""
        ...

    async def claim_next(self, endpoint_id: UUID) -> ClaimedDelivery | None:
        """Claim the next due delivery. None: the endpoint has as many active in the fleet as it may, or it isn't active."""
        ...

    async def delivered(self, delivery: ClaimedDelivery, answer: Answer) -> None:
        """Done; resets the endpoint's failures."""
        ...

    async def failed(self, delivery: ClaimedDelivery, answer: Answer, *, next_try_s: float | None) -> None:
        """Due again after `next_try_s`, or never (None). Pauses the endpoint by the PauseRule; disables it after 410 Gone."""
        ...

    async def release(self, claim: Any) -> None:
        """The attempt was not finished: no failure is counted, and any process may claim it at once."""
        ...


class Sender(Protocol):
    """Posts to addresses that users choose."""

    async def post(self, url: str, headers: dict[str, str], body: str) -> Answer:
        """One attempt. Never raises because of the address, the server or the network."""
        ...
