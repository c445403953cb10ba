"""What webhooks need from outside."""

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
    """A URL that an account wants to be told at, without its secrets.

    `state`: active, paused (deliveries wait) or disabled (none are made). `failure_count`: tries that failed since the last success.
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
    """An endpoint to add; its secret is sealed already."""

    endpoint_id: UUID
    url: str
    description: str | None
    event_types: Sequence[str]
    sealed_secret: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one endpoint. `status`: pending, held (endpoint paused), delivered, failed, expired."""

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
        """Raises `limit_reached` if the account has `most` already, however many ask at once."""
        ...

    async def change(self, member: Member, endpoint_id: UUID, changes: dict[str, Any]) -> Endpoint:
        """Any of url, description, event_types."""
        ...

    async def replace_secret(
        self, member: Member, endpoint_id: UUID, sealed_secret: bytes, *, overlap_s: float
    ) -> Endpoint:
        """The one so far goes on signing beside it for `overlap_s`; one older than that doesn't."""
        ...

    async def pause(self, member: Member, endpoint_id: UUID) -> Endpoint:
        """What is on its way waits; a try that is at work ends as it ends."""
        ...

    async def resume(self, member: Member, endpoint_id: UUID, *, longest_wait_s: float) -> Endpoint:
        """What waited goes out at once, with all its tries; what is older than `longest_wait_s` expires."""
        ...

    async def remove(self, member: Member, endpoint_id: UUID) -> None:
        """With its deliveries; a try that is at work is broken off."""
        ...


class Deliveries(Protocol):
    """What was, is and will be sent."""

    async def of(
        self, member: Member, endpoint_id: UUID, *, status: str | None, after: Cursor | None, limit: int
    ) -> Sequence[Delivery]:
        """Newest first."""
        ...

    async def send(self, member: Member, endpoint_id: UUID, event: Event) -> Delivery:
        """An event for this endpoint alone. Raises webhook_endpoint_not_found, or conflict if it isn't active."""
        ...

    async def replay(self, member: Member, endpoint_id: UUID, delivery_id: UUID) -> Delivery:
        """Once more, with all its tries, under the id it had.

        Raises webhook_endpoint_not_found, webhook_delivery_not_found, or conflict: it is on its way, or the endpoint isn't active.
        """
        ...


class Endings(Protocol):
    """How runs and bulks ended, of accounts that have an endpoint; others aren't looked at."""

    async def of_run(self, run_id: UUID) -> RunEnding | None:
        """None: not ended, unknown, or nobody to tell."""
        ...

    async def of_bulk(self, bulk_id: UUID) -> BulkEnding | None:
        """None: not ended, unknown, or nobody to tell."""
        ...

    async def record(self, event: Event) -> Sequence[UUID]:
        """Make a delivery for each endpoint that wants it, once whoever asks; the endpoints that got a new one."""
        ...

    async def horizon(self, *, older_than_s: float) -> datetime:
        """Postgres's time, that much ago."""
        ...

    async def missed(self, source: str, *, until: datetime, limit: int) -> Sequence[Event]:
        """The next endings of `runs` or `bulks` after the mark, as events; those recorded already are among them."""
        ...

    async def advance(self, source: str, past: Event | datetime) -> None:
        """Move the mark past this ending, or past everything up to this time. It never goes back."""
        ...


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A claimed delivery. `claim` is the adapter's; `sealed_secrets`: the present one first. `claimed_at` is Postgres's time."""

    claim: Any
    endpoint_id: UUID
    event_id: UUID
    url: str
    body: str
    sealed_secrets: Sequence[bytes]
    failures: int
    claimed_at: datetime


class Outbox(Protocol):
    """Deliveries as rows of work. What happens to a delivery that was taken away meanwhile changes nothing."""

    async def waiting(self) -> Sequence[tuple[UUID, float]]:
        """Endpoints that have something due, longest waiting first, with how long that is in seconds."""
        ...

    async def claim_next(self, endpoint_id: UUID) -> ClaimedDelivery | None:
        """Claim what is due next, unless the fleet has as many of this endpoint at work as it may, or it isn't active."""
        ...

    async def delivered(self, delivery: ClaimedDelivery, answer: Answer) -> None:
        """Done; the endpoint is well."""
        ...

    async def failed(self, delivery: ClaimedDelivery, answer: Answer, *, next_try_s: float | None) -> None:
        """Again later, or never (None). The endpoint is paused when pause_rule with it is over, and disabled when it is gone."""
        ...

    async def release(self, claim: Any) -> None:
        """Not tried to its end: no failure, and anybody may take it at once."""
        ...


class Sender(Protocol):
    """Posts to addresses that strangers name."""

    async def post(self, url: str, headers: dict[str, str], body: str) -> Answer:
        """One try. Never raises for what the address, the server or the network does."""
        ...
