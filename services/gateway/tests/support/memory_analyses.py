"""Requests, holds, hints and runs in memory, for tests: the rules of the real ones, without their servers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from oslira_gateway.http.listing import Cursor
from oslira_gateway.identity.caller import Member
from oslira_gateway.runs.order import Order
from oslira_gateway.runs.ports import Acceptance, OrderState, Reservation, UsedKey
from oslira_gateway.runs.run import Run, RunCredits, RunSummary
from oslira_gateway.streams.tickets import Follower
from oslira_shared.contracts.analysis.v1 import ENDED, RunStatus, RunType
from oslira_shared.contracts.credits.v1 import Held
from oslira_shared.errors import OsliraError


@dataclass(slots=True)
class MemoryRuns:
    """Runs by id, with the account they belong to. See Runs."""

    rows: dict[UUID, tuple[UUID, Run]] = field(default_factory=dict[UUID, tuple[UUID, Run]])
    is_down: bool = False

    async def find(self, member: Member, run_id: UUID) -> Run | None:
        return await self.follow(member.account_id, run_id)

    async def page(
        self, member: Member, *, status: RunStatus | None, after: Cursor | None, limit: int
    ) -> Sequence[RunSummary]:
        mine = [run for account_id, run in self.rows.values() if account_id == member.account_id]
        mine.sort(key=_place, reverse=True)
        fitting = [run for run in mine if status is None or run.status is status]
        found = [run for run in fitting if after is None or _place(run) < (after.created_at, after.row_id)]
        return [summary_of(run) for run in found[:limit]]

    async def follow(self, account_id: UUID, run_id: UUID) -> Run | None:
        if self.is_down:
            raise OSError("no database")
        owner, run = self.rows.get(run_id, (None, None))
        return run if owner == account_id else None

    def change(self, run: Run) -> None:
        """Let a run be as given."""
        self.rows[run.run_id] = (self.rows[run.run_id][0], run)


@dataclass(slots=True)
class MemoryRequests:
    """Implements Requests. `businesses` maps business profile to account; `closed` are ids that can never become runs."""

    runs: MemoryRuns
    businesses: dict[UUID, UUID] = field(default_factory=dict[UUID, UUID])
    keys: dict[tuple[UUID, str], UsedKey] = field(default_factory=dict[tuple[UUID, str], UsedKey])
    closed: set[UUID] = field(default_factory=set[UUID])

    async def order_state(self, member: Member, order: Order, key: str | None) -> OrderState:
        # Here an item is as old as the analysis of it.
        within = order.unchanged_within or order.reuse_within
        same = self._same(member, order, fresh_since=datetime.now(UTC) - within)
        return OrderState(
            has_business_profile=self.businesses.get(order.business_profile_id) == member.account_id,
            same_run_id=same.run_id if same else None,
            used_key=self.keys.get((member.account_id, key)) if key else None,
        )

    async def accept(
        self,
        member: Member,
        order: Order,
        *,
        run_id: UUID,
        reservation: Reservation | None,
        request_id: str,  # noqa: ARG002  # only real rows keep it
    ) -> Acceptance:
        if run_id in self.closed:
            return Acceptance("closed", run_id, RunStatus.CANCELLED, 0)
        if run_id in self.runs.rows:
            return Acceptance("exists", run_id, self.runs.rows[run_id][1].status, 0)
        if winner := self._same(member, order, fresh_since=None):
            self._keep(member, order, winner.run_id, reservation, status=200)
            return Acceptance("same", winner.run_id, winner.status, 0)
        self.runs.rows[run_id] = (member.account_id, new_run(run_id, order))
        self._keep(member, order, run_id, reservation, status=202)
        return Acceptance("accepted", run_id, RunStatus.QUEUED, 0)

    async def remember(self, member: Member, order: Order, *, run_id: UUID, reservation: Reservation) -> None:
        self._keep(member, order, run_id, reservation, status=200)

    def expire_keys(self) -> None:
        """Let 24 hours pass."""
        self.keys = {place: replace(used, is_live=False) for place, used in self.keys.items()}

    def _same(self, member: Member, order: Order, *, fresh_since: datetime | None) -> Run | None:
        for account_id, run in self.runs.rows.values():
            if account_id != member.account_id or not _is_same(run, order):
                continue
            if run.status not in ENDED:
                return run
            is_fresh = (
                fresh_since is not None and run.finished_at is not None and run.finished_at >= fresh_since
            )
            if run.status is RunStatus.COMPLETED and is_fresh:
                return run
        return None

    def _keep(
        self, member: Member, order: Order, run_id: UUID, reservation: Reservation | None, *, status: int
    ) -> None:
        if reservation is None:
            return
        place = (member.account_id, reservation.key)
        if (used := self.keys.get(place)) is None or not used.is_live:
            self.keys[place] = UsedKey(order.body_hash, reservation.generation, run_id, status, is_live=True)


@dataclass(slots=True)
class MemoryStreamAccess:
    """Implements StreamAccess. All users may follow, except `gone`."""

    gone: set[UUID] = field(default_factory=set[UUID])
    is_down: bool = False

    async def refused(self, followers: Collection[Follower]) -> Collection[Follower]:
        if self.is_down:
            raise OSError("no database")
        return [one for one in followers if one.user_id in self.gone]


@dataclass(slots=True)
class MemoryHolds:
    """One balance for all accounts."""

    available: int = 100
    held: dict[UUID, int] = field(default_factory=dict[UUID, int])
    closed: set[UUID] = field(default_factory=set[UUID])
    is_down: bool = False

    async def hold(self, run_id: UUID, account_id: UUID, amount_credits: int) -> Held:  # noqa: ARG002
        if self.is_down:
            raise OsliraError("unavailable", "no responders")
        if run_id in self.closed:
            raise OsliraError("id_closed", "settled before it was held")
        if run_id not in self.held:
            if amount_credits > self.available:
                raise OsliraError(
                    "insufficient_credits", "not enough credits", need=amount_credits, balance=self.available
                )
            self.available -= amount_credits
            self.held[run_id] = amount_credits
        expires_at = datetime.now(UTC) + timedelta(minutes=2)
        return Held(
            hold_id=run_id,
            amount_credits=self.held[run_id],
            available_credits=self.available,
            expires_at=expires_at,
        )

    async def settle(self, run_id: UUID) -> None:
        """The hold has no run here, so all of it is released."""
        self.available += self.held.pop(run_id, 0)
        self.closed.add(run_id)


@dataclass(slots=True)
class MemoryHints:
    """Implements Hints."""

    announced: list[UUID] = field(default_factory=list[UUID])

    async def announce(self, run_id: UUID, *, status: RunStatus, attempt: int) -> None:  # noqa: ARG002
        self.announced.append(run_id)


def summary_of(run: Run) -> RunSummary:
    """Without its result."""
    return RunSummary(**{one.name: getattr(run, one.name) for one in fields(RunSummary)})


def new_run(run_id: UUID, order: Order) -> Run:
    """A run as it is right after it was accepted."""
    return Run(
        run_id=run_id,
        business_profile_id=order.business_profile_id,
        type=RunType(order.type),
        username=order.username,
        status=RunStatus.QUEUED,
        progress=0,
        current_step="queued",
        should_cancel=False,
        queue_position=None,
        eta_s=None,
        error=None,
        credits=RunCredits(held=order.price_credits, charged=0, released=0),
        is_from_cache=None,
        lead_id=None,
        created_at=datetime.now(UTC),
        finished_at=None,
        seq=0,
    )


def _is_same(run: Run, order: Order) -> bool:
    wanted = (order.username, order.type, order.business_profile_id)
    return (run.username, run.type, run.business_profile_id) == wanted


def _place(run: Run) -> tuple[datetime, UUID]:
    return (run.created_at, run.run_id)
