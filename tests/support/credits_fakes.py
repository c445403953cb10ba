"""Small fakes of the ports of credits, for unit tests of its use cases. The rules of the ledger are SQL: no fake repeats them."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from oslira_credits.application.ports import AccountBalance
from oslira_credits.domain.balance import Balance
from oslira_credits.domain.hold import Held, Hold, Settlement
from oslira_credits.domain.notifications import Notification
from oslira_credits.domain.settlement import Outcome, OutcomeState
from oslira_shared.errors import OsliraError


@dataclass(slots=True)
class FakeLedger:
    """Records what it is called with. Every open hold is due until it is extended; `unsettleable` holds raise ValueError."""

    holds: dict[UUID, Hold] = field(default_factory=dict[UUID, Hold])
    extended: set[UUID] = field(default_factory=set[UUID])
    unsettleable: set[UUID] = field(default_factory=set[UUID])
    expired: int = 0
    refusal: OsliraError | None = None

    async def hold(self, hold_id: UUID, account_id: UUID, amount: int, *, life: timedelta) -> Held:
        if self.refusal is not None:
            raise self.refusal
        is_new = hold_id not in self.holds
        self.holds.setdefault(hold_id, Hold(hold_id, account_id, amount))
        return Held(hold_id, account_id, amount, 0, datetime.now(UTC) + life, is_new)

    async def find(self, hold_id: UUID) -> Hold | None:
        return self.holds.get(hold_id)

    async def settle(self, hold_id: UUID, capture: int) -> Settlement:
        if hold_id in self.unsettleable:
            raise ValueError(f"{hold_id} can't be settled")
        hold = self.holds.get(hold_id, Hold(hold_id, None, 0))
        settlement = Settlement(hold_id, hold.account_id, capture, hold.amount - capture, is_new=True)
        self.holds[hold_id] = replace(hold, settlement=replace(settlement, is_new=False))
        return settlement

    async def extend(self, hold_id: UUID, *, life: timedelta) -> datetime | None:
        self.extended.add(hold_id)
        return datetime.now(UTC) + life

    async def due(self, *, limit: int) -> list[UUID]:
        open_ids = [hold.hold_id for hold in self.holds.values() if hold.settlement is None]
        return [hold_id for hold_id in open_ids if hold_id not in self.extended][:limit]

    async def account_balance(self, account_id: UUID) -> AccountBalance:
        return AccountBalance(account_id, Balance(0, 0), ())

    async def expire(self, *, limit: int) -> int:
        some = min(limit, self.expired)
        self.expired -= some
        return some

    @property
    def settlements(self) -> list[tuple[int, int]]:
        """(captured, released) of each settled hold."""
        settled = [hold.settlement for hold in self.holds.values() if hold.settlement is not None]
        return [(settlement.captured, settlement.released) for settlement in settled]


@dataclass(slots=True)
class FakeOutcomes:
    """Implements Outcomes with the answers it is given; an id without one is unknown. `is_away`: the database does not answer."""

    known: dict[UUID, Outcome] = field(default_factory=dict[UUID, Outcome])
    asked: list[UUID] = field(default_factory=list[UUID])
    is_away: bool = False

    async def of(self, hold_id: UUID) -> Outcome:
        self.asked.append(hold_id)
        if self.is_away:
            raise OsliraError("unavailable", "the database does not answer")
        return self.known.get(hold_id, Outcome(hold_id, OutcomeState.UNKNOWN))


@dataclass(slots=True)
class FakeAnnouncements:
    """Implements Announcements: settlements as (hold id, account id, is_new). `is_away`: the bus does not store."""

    settlements: list[tuple[UUID, UUID, bool]] = field(default_factory=list[tuple[UUID, UUID, bool]])
    notifications: list[Notification] = field(default_factory=list[Notification])
    is_away: bool = False

    async def settled(self, hold_id: UUID, account_id: UUID, *, is_new: bool) -> None:
        self._reach()
        self.settlements.append((hold_id, account_id, is_new))

    async def notice(self, notice: Notification) -> None:
        self._reach()
        self.notifications.append(notice)

    def _reach(self) -> None:
        if self.is_away:
            raise OsliraError("unavailable", "the bus is unavailable")


@dataclass(slots=True)
class FakeNotifications:
    """Implements Notifications: every notice that was not published is due."""

    unpublished: list[Notification] = field(default_factory=list[Notification])

    async def due(self, *, limit: int) -> list[Notification]:
        return self.unpublished[:limit]

    async def mark_published(self, notice_id: UUID) -> None:
        self.unpublished = [notice for notice in self.unpublished if notice.notice_id != notice_id]
