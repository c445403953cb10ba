"""The ports in memory, for unit tests; the ledger here and the one in Postgres pass the same contract tests."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from oslira_shared.contracts.analysis.v1 import OutcomeState
from oslira_shared.errors import OsliraError
from oslira_shared.ids import derived_id

from oslira_credits.application.ports import Purse
from oslira_credits.domain.amounts import Credits
from oslira_credits.domain.balance import Balance
from oslira_credits.domain.errors import HoldClosed
from oslira_credits.domain.grants import Grant, Part, draw, share_out, soonest_first
from oslira_credits.domain.hold import Held, Hold, Settlement
from oslira_credits.domain.notices import Notice
from oslira_credits.domain.settlement import Outcome


@dataclass(slots=True)
class _OpenHold:
    hold: Hold
    parts: list[Part]
    due_at: datetime


def _utc_now() -> datetime:
    return datetime.now(UTC)


class MemoryLedger:
    """The Ledger port, as plainly as the domain says it."""

    def __init__(self, now: Callable[[], datetime] = _utc_now) -> None:
        self._now = now
        self._grants: dict[UUID, list[Grant]] = {}
        self._keys: dict[str, tuple[UUID, UUID]] = {}
        self._open: dict[UUID, _OpenHold] = {}
        self._settled: dict[UUID, Settlement] = {}

    async def hold(self, hold_id: UUID, account_id: UUID, amount: Credits, *, life: timedelta) -> Held:
        balance = (await self.purse(account_id)).balance
        known = self._open.get(hold_id)
        if hold_id in self._settled or (known is not None and known.hold.account_id != account_id):
            raise HoldClosed(hold_id)
        if known is not None:
            return Held(hold_id, account_id, known.hold.amount, balance.available, known.due_at, is_new=False)
        balance = balance.hold(amount)
        parts = draw(self._grants[account_id], amount, self._now())
        for part in parts:
            self._move(account_id, part.grant_id, -part.amount)
        due_at = self._now() + life
        self._open[hold_id] = _OpenHold(Hold(hold_id, account_id, amount), parts, due_at)
        return Held(hold_id, account_id, amount, balance.available, due_at, is_new=True)

    async def find(self, hold_id: UUID) -> Hold | None:
        if hold_id in self._open:
            return self._open[hold_id].hold
        settled = self._settled.get(hold_id)
        if settled is None:
            return None
        return Hold(hold_id, settled.account_id, settled.captured + settled.released, settled)

    async def settle(self, hold_id: UUID, capture: Credits) -> Settlement:
        if capture < 0:
            raise ValueError(f"a settlement captures 0 or more, not {capture}")
        if hold_id in self._settled:
            return self._settled[hold_id]
        known = self._open.get(hold_id)
        account_id = known.hold.account_id if known is not None else None
        if known is None or account_id is None:
            settlement = Settlement(hold_id, None, 0, 0, is_new=True)
        else:
            if capture > known.hold.amount:
                raise ValueError(f"{hold_id} is of {known.hold.amount} credits, not {capture}")
            for share in share_out(known.parts, capture):
                self._move(account_id, share.grant_id, share.released)
            settlement = Settlement(hold_id, account_id, capture, known.hold.amount - capture, is_new=True)
            del self._open[hold_id]
        self._settled[hold_id] = replace(settlement, is_new=False)
        return settlement

    async def extend(self, hold_id: UUID, *, life: timedelta) -> datetime | None:
        known = self._open.get(hold_id)
        if known is None:
            return None
        known.due_at = max(known.due_at, self._now() + life)
        return known.due_at

    async def due(self, *, limit: int) -> list[UUID]:
        ready = [hold_id for hold_id, known in self._open.items() if known.due_at <= self._now()]
        ready = sorted(ready, key=lambda hold_id: self._open[hold_id].due_at)[:limit]
        for hold_id in ready:
            self._open[hold_id].due_at = self._now() + timedelta(seconds=5)
        return ready

    async def purse(self, account_id: UUID) -> Purse:
        grants = soonest_first(self._grants.get(account_id, []), self._now())
        held = sum(known.hold.amount for known in self._open.values() if known.hold.account_id == account_id)
        left = tuple(grant for grant in grants if grant.available > 0)
        return Purse(account_id, Balance(sum(grant.available for grant in left), held), left)

    async def expire(self, *, limit: int) -> int:
        """Booked out here is: gone. What a hold has of such a grant comes back to nothing."""
        passed = [
            (account_id, grant.grant_id)
            for account_id, grants in self._grants.items()
            for grant in grants
            if not grant.is_live(self._now())
        ][:limit]
        for account_id, grant_id in passed:
            kept = [grant for grant in self._grants[account_id] if grant.grant_id != grant_id]
            self._grants[account_id] = kept
        return len(passed)

    async def grant(
        self,
        account_id: UUID,
        amount: Credits,
        *,
        source: str,
        key: str,
        expires_at: datetime | None = None,
        priority: int = 100,
    ) -> tuple[UUID, bool]:
        if key in self._keys:
            owner, grant_id = self._keys[key]
            if owner != account_id:
                raise ValueError(f"grant key {key} belongs to another account")
            return grant_id, False
        grant = Grant(derived_id(key), source, amount, amount, priority, self._now(), expires_at)
        self._grants.setdefault(account_id, []).append(grant)
        self._keys[key] = (account_id, grant.grant_id)
        return grant.grant_id, True

    def _move(self, account_id: UUID, grant_id: UUID, amount: Credits) -> None:
        self._grants[account_id] = [
            replace(grant, available=grant.available + amount) if grant.grant_id == grant_id else grant
            for grant in self._grants[account_id]
        ]


@dataclass(slots=True)
class MemoryOutcomes:
    """The Outcomes port with the answers it is given; an id without one is unknown. `is_away` makes every question fail."""

    known: dict[UUID, Outcome] = field(default_factory=dict[UUID, Outcome])
    asked: list[UUID] = field(default_factory=list[UUID])
    is_away: bool = False

    async def of(self, hold_id: UUID) -> Outcome:
        self.asked.append(hold_id)
        if self.is_away:
            raise OsliraError("unavailable", "analysis does not answer")
        return self.known.get(hold_id, Outcome(hold_id, OutcomeState.UNKNOWN))


@dataclass(slots=True)
class MemoryAnnouncements:
    """The Announcements port, kept: settlements as (hold id, account id, is_new)."""

    settlements: list[tuple[UUID, UUID, bool]] = field(default_factory=list[tuple[UUID, UUID, bool]])
    notices: list[Notice] = field(default_factory=list[Notice])
    is_away: bool = False

    async def settled(self, hold_id: UUID, account_id: UUID, *, is_new: bool) -> None:
        self._reach()
        self.settlements.append((hold_id, account_id, is_new))

    async def notice(self, notice: Notice) -> None:
        self._reach()
        self.notices.append(notice)

    def _reach(self) -> None:
        if self.is_away:
            raise OsliraError("unavailable", "the bus is away")


@dataclass(slots=True)
class MemoryNotices:
    """The Notices port: all that isn't told is due."""

    untold: list[Notice] = field(default_factory=list[Notice])

    async def due(self, *, limit: int) -> list[Notice]:
        return self.untold[:limit]

    async def told(self, notice_id: UUID) -> None:
        self.untold = [notice for notice in self.untold if notice.notice_id != notice_id]
