"""Accept an analysis. Races, retries and crashes never cause a second run or a second hold."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from uuid import UUID

import structlog
from oslira_shared.contracts.analysis.v1 import RunStatus
from oslira_shared.errors import OsliraError
from oslira_shared.ids import derived_id, new_id
from oslira_shared.observability import trace

from oslira_gateway.identity.caller import Member
from oslira_gateway.runs.ports import Hints, Holds, Ordered, OrderState, Requests, Reservation, StoredAnswers

_LOG = structlog.get_logger()
_MAX_GENERATIONS: Final = 5
_BY_ONES: Final = 2
_WINNER_WITHIN_S: Final = 0.3
_LOOK_EVERY_S: Final = 0.05
OrderT = TypeVar("OrderT", bound=Ordered)


def days_since_1970() -> int:
    """Today, in UTC."""
    return int(time.time() // 86_400)


def later_generation(generation: int, today: int) -> int:
    """The generation to try after one whose id cannot be used: the next one, or one computed from today's date.

    A key may be used for years, and the row with its generation is deleted in between.
    """
    return generation + 1 if generation < _BY_ONES else max(generation + 1, today)


@dataclass(frozen=True, slots=True)
class Answer:
    """The run of the order. `is_new`: 202, else 200. `status` is set for a new run only."""

    run_id: UUID
    is_new: bool
    status: RunStatus | None = None


@dataclass(frozen=True, slots=True)
class Request(Generic[OrderT]):
    """One order by one member. `key` is their Idempotency-Key."""

    member: Member
    order: OrderT
    key: str | None
    request_id: str

    def run_id(self, generation: int) -> UUID:
        """With a key, derived from (account, key, generation), so that a retry uses the same run and hold."""
        return new_id() if self.key is None else derived_id(self.member.account_id, self.key, generation)

    def reservation(self, generation: int) -> Reservation | None:
        """Where the response is stored."""
        return None if self.key is None else Reservation(self.key, generation)


class RequestAnalysis(Generic[OrderT]):
    """Steps 1 to 3 of docs/journeys.md, "An order".

    A crash between steps needs no repair: a hold without a run is settled when it expires, and the sweep replaces a lost hint.
    """

    def __init__(
        self,
        *,
        requests: Requests[OrderT],
        holds: Holds,
        hints: Hints,
        stored_answers: StoredAnswers[OrderT] | None,
        today: Callable[[], int] = days_since_1970,
    ) -> None:
        """`stored_answers` None: for requests that never have a key."""
        self._requests = requests
        self._holds = holds
        self._hints = hints
        self._kept_answers = stored_answers
        self._today = today

    async def __call__(self, request: Request[OrderT]) -> Answer:
        """Raises business_profile_not_found, idempotency_key_reused, insufficient_credits, cost_limit_reached,
        profile_not_found, unavailable.
        """  # noqa: D205
        generation = 0
        for _ in range(_MAX_GENERATIONS):
            state = await self._order_state(request)
            generation = max(generation, _next_generation(state))
            answer = await self._already(request, state, generation)
            answer = answer or await self._take(request, generation)
            if answer is not None:
                return answer
            # The id is closed, or belongs to an expired key: a later generation has a free id. The state is read again,
            # because a concurrent request may have been accepted.
            generation = later_generation(generation, self._today())
        raise OsliraError("unavailable", "The analysis could not be accepted; try again.")

    async def _order_state(self, request: Request[OrderT]) -> OrderState:
        state = await self._requests.order_state(request.member, request.order, request.key)
        if not state.has_business_profile:
            raise OsliraError(
                "business_profile_not_found", "There is no such business profile in this account."
            )
        if state.is_suppressed:
            raise OsliraError(
                # The same error as for a profile that does not exist, so that erasures are not disclosed.
                "profile_not_found",
                "There is no Instagram profile with this name.",
            )
        return state

    async def _already(self, request: Request[OrderT], state: OrderState, generation: int) -> Answer | None:
        """The stored response of this key, else the same analysis if it is active or fresh."""
        used = state.used_key
        if used is not None and used.is_live:
            if used.body_hash != request.order.body_hash:
                raise _key_reused()
            return Answer(used.run_id, is_new=used.status == 202)  # noqa: PLR2004
        if state.same_run_id is None:
            return None
        return await self._joined(request, state.same_run_id, generation)

    async def _joined(self, request: Request[OrderT], run_id: UUID, generation: int) -> Answer:
        reservation = request.reservation(generation)
        if reservation is not None and self._kept_answers is not None:
            await self._kept_answers.remember(
                request.member, request.order, run_id=run_id, reservation=reservation
            )
        return Answer(run_id, is_new=False)

    async def _take(self, request: Request[OrderT], generation: int) -> Answer | None:
        """Hold, then accept. None if this generation's id cannot be used."""
        run_id = request.run_id(generation)
        request_span = trace.current()
        links = () if request_span is None else (request_span,)
        with trace.span("accept", under=trace.of_row(run_id), links=links):
            return await self._hold_and_accept(request, run_id, generation)

    async def _hold_and_accept(
        self, request: Request[OrderT], run_id: UUID, generation: int
    ) -> Answer | None:
        price = request.order.price_credits
        try:
            held = await self._holds.hold(run_id, request.member.account_id, price)
        except OsliraError as error:
            if error.code == "id_closed":
                return None
            if error.code == "insufficient_credits" and (winner := await self._winner(request)):
                return await self._joined(request, winner, generation)
            raise
        if held.amount_credits != price:  # the key's hold was made for another order
            raise _key_reused()
        return await self._accept(request, run_id, generation)

    async def _accept(self, request: Request[OrderT], run_id: UUID, generation: int) -> Answer | None:
        accepted = await self._requests.accept(
            request.member,
            request.order,
            run_id=run_id,
            reservation=request.reservation(generation),
            request_id=request.request_id,
        )
        if accepted.outcome == "exists":
            return None
        if accepted.outcome == "accepted":
            await self._hints.announce(run_id, status=accepted.status, attempt=accepted.attempt)
            _LOG.info("run_accepted", run_id=str(run_id))
            return Answer(run_id, is_new=True, status=accepted.status)
        # This hold will never have a run. Its settlement closes the id and releases the credits at once.
        await self._holds.settle(run_id)
        if accepted.outcome == "cost_limit":
            raise OsliraError(
                "cost_limit_reached", "This account has reached its limit for today; try tomorrow."
            )
        return Answer(accepted.run_id, is_new=False) if accepted.outcome == "same" else None

    async def _winner(self, request: Request[OrderT]) -> UUID | None:
        """A concurrent request for the same analysis may hold the last credit. Its run appears shortly after its hold."""
        for _ in range(round(_WINNER_WITHIN_S / _LOOK_EVERY_S)):
            await asyncio.sleep(_LOOK_EVERY_S)
            state = await self._requests.order_state(request.member, request.order, request.key)
            if state.same_run_id is not None:
                return state.same_run_id
        return None


def _next_generation(state: OrderState) -> int:
    used = state.used_key
    return 0 if used is None or used.is_live else used.generation + 1


def _key_reused() -> OsliraError:
    return OsliraError("idempotency_key_reused", "This Idempotency-Key was used with another request.")
