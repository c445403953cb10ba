"""What accepting and showing analyses needs from outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeVar
from uuid import UUID

from oslira_shared.contracts.analysis.v1 import RunStatus
from oslira_shared.contracts.credits.v1 import Held

from oslira_gateway.http.listing import Cursor
from oslira_gateway.identity.caller import Member
from oslira_gateway.runs.run import Run, RunSummary

# In the place of a body's hash that was forgotten with a profile which the body named.
ERASED_HASH: Final = "-"


@dataclass(frozen=True, slots=True)
class UsedKey:
    """What an Idempotency-Key was used for. One that has expired only tells the generation that is taken."""

    body_hash: str
    generation: int
    run_id: UUID
    status: int
    is_live: bool


@dataclass(frozen=True, slots=True)
class OrderState:
    """All that has to be known before credits are held."""

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
    """What became of an accept: `accepted`; `same`: another run is at work on it; `exists`: this id is a run already;
    `closed`: this id can never become a run; `cost_limit`: the account's day has no room for what it may cost us.
    `run_id` is the one that stands now.
    """  # noqa: D205

    outcome: Literal["accepted", "same", "exists", "closed", "cost_limit"]
    run_id: UUID
    status: RunStatus
    attempt: int


class Ordered(Protocol):
    """What can be ordered: it has a price, and orders that mean the same have the same hash."""

    @property
    def price_credits(self) -> int: ...
    @property
    def body_hash(self) -> str: ...


OrderT_contra = TypeVar("OrderT_contra", bound=Ordered, contravariant=True)


class Requests(Protocol[OrderT_contra]):
    """The rows behind a request, in the member's account."""

    async def order_state(self, member: Member, order: OrderT_contra, key: str | None) -> OrderState:
        """Is the business profile theirs; is the same analysis at work or fresh; was the key used before."""
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
        """Make the order a run. In one transaction with it, store the answer (accepted 202, same 200) under the reservation."""
        ...


class StoredAnswers(Protocol[OrderT_contra]):
    """What was answered under an Idempotency-Key. Who takes no keys needs none."""

    async def remember(
        self, member: Member, order: OrderT_contra, *, run_id: UUID, reservation: Reservation
    ) -> None:
        """Store under the reservation that the order was answered with a run that was there already (200)."""
        ...


class Holds(Protocol):
    """Credits set aside, by the id of the run they are for."""

    async def hold(self, run_id: UUID, account_id: UUID, amount_credits: int) -> Held:
        """The same hold again for the same id. Raises insufficient_credits (need, balance), id_closed, unavailable."""
        ...

    async def settle(self, run_id: UUID) -> None:
        """Ask for the hold's settlement. Best effort: one that is missed settles when it expires."""
        ...


class Hints(Protocol):
    """Tells analysis which row to look at."""

    async def announce(self, run_id: UUID, *, status: RunStatus, attempt: int) -> None:
        """Best effort: analysis finds a row by itself a little later."""
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
        """One that a ticket names, which the gateway signed for a member of that account."""
        ...
