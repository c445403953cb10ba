"""Accept a bulk: one hold for all its names; active and fresh ones are not charged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, Protocol
from uuid import UUID

from oslira_shared.contracts.analysis.v1 import RunStatus
from oslira_shared.errors import OsliraError
from oslira_shared.ids import derived_id, new_id
from oslira_shared.observability import trace

from oslira_gateway.bulk.bulk import Bulk, BulkItem, BulkOrder, Quote
from oslira_gateway.bulk.name_list import NameList, RejectedLine
from oslira_gateway.http.listing import Cursor
from oslira_gateway.identity.caller import Member
from oslira_gateway.runs.ports import ERASED_HASH, Hints, Holds, Reservation, UsedKey
from oslira_gateway.runs.request_analysis import days_since_1970, later_generation

# The first ones are announced at once; analysis' sweep finds the others within a second or two.
_ANNOUNCED: Final = 20
_MAX_GENERATIONS: Final = 5


@dataclass(frozen=True, slots=True)
class BulkOrderState:
    """What has to be known before credits are held. `expected_s`: until the new ones would be done."""

    has_business_profile: bool
    reusable: frozenset[str]
    expected_s: int
    used_key: UsedKey | None
    suppressed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BulkAcceptance:
    """`owned_run_ids`: the runs created for it."""

    outcome: Literal["accepted", "exists", "closed", "cost_limit"]
    owned_run_ids: Sequence[UUID]


class Bulks(Protocol):
    """Bulks of the member's account."""

    async def order_state(self, member: Member, order: BulkOrder, key: str | None) -> BulkOrderState:
        """Which names are active or fresh, and what the idempotency key was used for."""
        ...

    async def accept(
        self,
        member: Member,
        order: BulkOrder,
        *,
        bulk_id: UUID,
        most_runs: int,
        reservation: Reservation | None,
        request_id: str,
    ) -> BulkAcceptance:
        """Create the bulk with at most so many new runs; in the same transaction, store the reservation's answer."""
        ...

    async def find(self, member: Member, bulk_id: UUID) -> Bulk | None:
        """A bulk of the member's chosen account."""
        ...

    async def page(self, member: Member, *, after: Cursor | None, limit: int) -> Sequence[Bulk]:
        """At most `limit`, newest first."""
        ...

    async def items(
        self, member: Member, bulk_id: UUID, *, after_line: int, limit: int
    ) -> Sequence[BulkItem]:
        """By line, those after `after_line`."""
        ...

    async def follow(self, account_id: UUID, bulk_id: UUID) -> Bulk | None:
        """The bulk that a ticket names."""
        ...

    async def run_ids(self, account_id: UUID, bulk_id: UUID) -> Sequence[UUID]:
        """Every run it lists; the list never changes after it was accepted."""
        ...


class RequestBulk:
    """As for a single analysis, every step can be interrupted: what it leaves behind is repaired or expires."""

    def __init__(
        self, bulks: Bulks, holds: Holds, hints: Hints, today: Callable[[], int] = days_since_1970
    ) -> None:
        self._bulks = bulks
        self._holds = holds
        self._hints = hints
        self._today = today

    async def quote(self, member: Member, order: BulkOrder) -> Quote:
        """What it would do and cost now. Raises OsliraError `business_profile_not_found`."""
        # A free answer must not show which profiles were erased: they count as new, as any other name does before it is fetched.
        return _quote(order, await self._order_state(member, order, None))

    async def __call__(
        self, member: Member, order: BulkOrder, key: str | None, request_id: str
    ) -> tuple[UUID, bool]:
        """(the bulk's id, whether it is new). Raises no_usable_names, business_profile_not_found, idempotency_key_reused,
        insufficient_credits, unavailable.
        """  # noqa: D205
        _require_names(order)
        generation = 0
        for _ in range(_MAX_GENERATIONS):
            state = await self._order_state(member, order, key)
            used, order = state.used_key, without(order, state.suppressed)
            if used is not None and used.is_live:
                if used.body_hash not in {order.body_hash, ERASED_HASH}:
                    raise OsliraError(
                        "idempotency_key_reused", "This Idempotency-Key was used with another request."
                    )
                return used.run_id, False
            _require_names(order)
            generation = max(generation, 0 if used is None else used.generation + 1)
            reservation = None if key is None else Reservation(key, generation)
            accepted = await self._take(member, order, state, reservation=reservation, request_id=request_id)
            if accepted is not None:
                return accepted
            generation = later_generation(generation, self._today())  # that id is used up or closed
        raise OsliraError("unavailable", "The bulk could not be accepted; try again.")

    async def _take(
        self,
        member: Member,
        order: BulkOrder,
        state: BulkOrderState,
        *,
        reservation: Reservation | None,
        request_id: str,
    ) -> tuple[UUID, bool] | None:
        bulk_id = new_id()
        if reservation is not None:
            bulk_id = derived_id("bulk", member.account_id, reservation.key, reservation.generation)
        request_span = trace.current()
        links = () if request_span is None else (request_span,)
        with trace.span("accept bulk", under=trace.of_row(bulk_id), links=links):
            return await self._hold_and_accept(
                member, order, state, bulk_id=bulk_id, reservation=reservation, request_id=request_id
            )

    async def _hold_and_accept(
        self,
        member: Member,
        order: BulkOrder,
        state: BulkOrderState,
        *,
        bulk_id: UUID,
        reservation: Reservation | None,
        request_id: str,
    ) -> tuple[UUID, bool] | None:
        runs = order.affordable(len(order.names.names) - len(state.reusable))
        credits_ = runs * order.price_credits
        if credits_ > 0:
            try:
                held = await self._holds.hold(bulk_id, member.account_id, credits_)
            except OsliraError as error:
                if error.code == "id_closed":
                    return None
                raise
            # An earlier request with this key held when another number of names was cached: that hold is used.
            runs = held.amount_credits // order.price_credits
        accepted = await self._bulks.accept(
            member,
            order,
            bulk_id=bulk_id,
            most_runs=runs,
            reservation=reservation,
            request_id=request_id,
        )
        if accepted.outcome == "closed":
            return None
        if accepted.outcome == "cost_limit":
            # This hold will never have a bulk: requesting its outcome closes the id, and the credits are released at once.
            await self._holds.settle(bulk_id)
            raise OsliraError(
                "cost_limit_reached", "This account has reached its limit for today; try tomorrow."
            )
        for run_id in accepted.owned_run_ids[:_ANNOUNCED]:
            await self._hints.announce(run_id, status=RunStatus.QUEUED, attempt=0)
        return bulk_id, accepted.outcome == "accepted"

    async def _order_state(self, member: Member, order: BulkOrder, key: str | None) -> BulkOrderState:
        state = await self._bulks.order_state(member, order, key)
        if not state.has_business_profile:
            raise OsliraError(
                "business_profile_not_found", "There is no such business profile in this account."
            )
        return state


def without(order: BulkOrder, suppressed: frozenset[str]) -> BulkOrder:
    """The order without names that may not be analysed. They are reported like names without a profile."""
    if suppressed.isdisjoint(name.username for name in order.names.names):
        return order
    names = [name for name in order.names.names if name.username not in suppressed]
    refused = [_refused(name.line) for name in order.names.names if name.username in suppressed]
    rejected = sorted([*order.names.rejected, *refused], key=lambda line: line.line)
    return replace(order, names=NameList(names, rejected))


def _refused(line: int) -> RejectedLine:
    return RejectedLine(line, "", "profile_not_found", "There is no Instagram profile with this name.")


def _require_names(order: BulkOrder) -> None:
    if not order.names.names:
        raise OsliraError(
            "no_usable_names", "None of these lines holds a usable name.", rejected=order.names.rejected
        )


def _quote(order: BulkOrder, state: BulkOrderState) -> Quote:
    wanted = len(order.names.names) - len(state.reusable)
    runs = order.affordable(wanted)
    others = ("blank", "duplicate")
    return Quote(
        new=wanted,
        cached=len(state.reusable),
        duplicate=order.names.count("duplicate"),
        invalid=len(order.names.rejected) - order.names.count(*others),
        blank=order.names.count("blank"),
        price_credits=order.price_credits,
        most_credits=runs * order.price_credits,
        over_max_credits=wanted - runs,
        expected_s=state.expected_s,
        expected_finish_at=datetime.now(UTC) + timedelta(seconds=state.expected_s),
        rejected=list(order.names.rejected),
    )


def with_events(bulk: Bulk, events_url: str) -> Bulk:
    """The bulk with its events address."""
    return replace(bulk, events_url=events_url)


def with_texts(bulk: Bulk, order: BulkOrder) -> Bulk:
    """The bulk with the texts of its rejected lines, which only the sender of the list knows."""
    texts = {line.line: line.text for line in order.names.rejected}
    rejected = [replace(line, text=line.text or texts.get(line.line, "")) for line in bulk.rejected]
    return replace(bulk, rejected=rejected)
