"""Ports of the use cases that accept and show analyses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeVar
from uuid import UUID

from oslira_shared.contracts.analysis.v1 import RunStatus
from oslira_shared.contracts.credits.v1 import Held

from oslira_gateway.http.listing import Cursor
from oslira_gateway.identity.caller import Member
from oslira_gateway.runs.run import Run, RunSummary

# Replaces the hash of a body that named an erased profile.
ERASED_HASH: Final = "-"


@dataclass(frozen=True, slots=True)
class UsedKey:
    """What an Idempotency-Key was used for. Of an expired key only the generation counts: it is used."""

    body_hash: str
    generation: int
    run_id: UUID
    status: int
    is_live: bool


@dataclass(frozen=True, slots=True)
class OrderState:
    """What is read before credits are held."""

    has_business_profile: bool
    same_run_id: UUID | None
    used_key: UsedKey | None
    is_suppressed: bool = False


@dataclass(frozen=True, slots=True)
class Reservation:
    """The key that an answer is stored under, for 24 hours."""

    key: str
    generation: int


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Result of an accept.

    `accepted`; `same`: the same analysis is active in another run; `exists`: a run has this id already; `closed`: this id
    can never become a run; `cost_limit`: the account's daily cost limit is reached. `run_id` is the run to return.
    """

    outcome: Literal["accepted", "same", "exists", "closed", "cost_limit"]
    run_id: UUID
    status: RunStatus
    attempt: int


class Ordered(Protocol):
    """An order has a price, and a hash that is equal for equal orders."""

    @property
    def price_credits(self) -> int: ...
    @property
    def body_hash(self) -> str: ...


OrderT_contra = TypeVar("OrderT_contra", bound=Ordered, contravariant=True)


class Requests(Protocol[OrderT_contra]):
    """The rows behind a request, in the member's account."""

    async def order_state(self, member: Member, order: OrderT_contra, key: str | None) -> OrderState:
        """Whether the business profile is the account's, the same analysis is active or fresh, and the key was used."""
        ...

    async def accept(
        self,
        member: Member,
        order: OrderT_contra,
        *,
        run_id: UUID,
        reservation: Reservation | None,
        request_id: str,
    ) -> Acceptance:
        """Insert the run and, in the same transaction, store the response (accepted 202, same 200) under the reservation."""
        ...


class StoredAnswers(Protocol[OrderT_contra]):
    """Responses by Idempotency-Key. Not needed for requests without keys."""

    async def remember(
        self, member: Member, order: OrderT_contra, *, run_id: UUID, reservation: Reservation
    ) -> None:
        """Store under the reservation that the response was an existing run (200)."""
        ...


class Holds(Protocol):
    """Holds, by the id of their run."""

    async def hold(self, run_id: UUID, account_id: UUID, amount_credits: int) -> Held:
        """Idempotent by id. Raises insufficient_credits (need, balance), id_closed, unavailable."""
        ...

    async def settle(self, run_id: UUID) -> None:
        """Request the settlement. Best effort: a hold that was missed is settled when it expires."""
        ...


class Hints(Protocol):
    """Sends analysis the id of a row."""

    async def announce(self, run_id: UUID, *, status: RunStatus, attempt: int) -> None:
        """Best effort: without the hint, the sweep of analysis finds the row within seconds."""
        ...


class Runs(Protocol):
    """Runs as the API shows them."""

    async def find(self, member: Member, run_id: UUID) -> Run | None:
        """One of the member's chosen account."""
        ...

    async def page(
        self, member: Member, *, status: RunStatus | None, after: Cursor | None, limit: int
    ) -> Sequence[RunSummary]:
        """At most `limit`, newest first, without their results."""
        ...

    async def follow(self, account_id: UUID, run_id: UUID) -> Run | None:
        """The run of a ticket, which the gateway signed for a member of that account."""
        ...
