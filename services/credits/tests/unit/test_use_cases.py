"""The use cases over fakes of their ports."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from credits_fakes import FakeAnnouncements, FakeLedger, FakeNotifications, FakeOutcomes
from oslira_credits.application.audit_ledger import AuditLedger
from oslira_credits.application.expire_grants import ExpireGrants
from oslira_credits.application.hold_credits import HoldCredits
from oslira_credits.application.publish_notifications import PublishNotifications
from oslira_credits.application.settle_due_holds import SettleDueHolds
from oslira_credits.application.settle_hold import SettleHold
from oslira_credits.domain.difference import Difference
from oslira_credits.domain.errors import HoldClosed, InsufficientCredits
from oslira_credits.domain.notifications import BalanceFell, GrantMade
from oslira_credits.domain.settlement import Outcome, OutcomeState
from oslira_shared.errors import OsliraError
from oslira_shared.jobs import JobProgress

ACCOUNT = UUID(int=1)


class World:
    """The use cases over fakes, with one account."""

    def __init__(self) -> None:
        self.ledger = FakeLedger()
        self.outcomes = FakeOutcomes()
        self.announcements = FakeAnnouncements()
        self.hold = HoldCredits(self.ledger, life=timedelta(0))
        self.settle = SettleHold(self.ledger, self.outcomes, self.announcements, life=timedelta(minutes=5))
        self.settle_due = SettleDueHolds(self.ledger, self.settle, concurrency=2)

    async def held(self, amount: int = 1, *, state: OutcomeState | None = None, capture: int = 0) -> UUID:
        """A hold, and how its run stands."""
        hold_id = uuid4()
        await self.hold(hold_id, ACCOUNT, amount)
        if state is not None:
            self.outcomes.known[hold_id] = Outcome(hold_id, state, capture)
        return hold_id


@pytest.fixture
def world() -> World:
    return World()


async def test_a_bad_amount_is_refused_before_the_ledger_sees_it(world: World) -> None:
    with pytest.raises(OsliraError, match="invalid_request"):
        await world.hold(uuid4(), ACCOUNT, 0)
    assert world.ledger.holds == {}


@pytest.mark.parametrize("refusal", [InsufficientCredits(needed=6, available=5), HoldClosed(ACCOUNT)])
async def test_the_callers_get_the_ledgers_refusal(world: World, refusal: OsliraError) -> None:
    world.ledger.refusal = refusal
    with pytest.raises(OsliraError) as refused:
        await world.hold(uuid4(), ACCOUNT, 6)
    assert refused.value is refusal


async def test_a_completed_run_is_captured_and_published(world: World) -> None:
    hold_id = await world.held(3, state=OutcomeState.COMPLETED, capture=2)
    settlement = await world.settle(hold_id)
    assert settlement is not None
    assert (settlement.captured, settlement.released) == (2, 1)
    assert world.announcements.settlements == [(hold_id, ACCOUNT, True)]


async def test_a_settled_hold_is_published_again_without_reading_the_outcome(world: World) -> None:
    hold_id = await world.held(2, state=OutcomeState.FAILED)
    await world.settle(hold_id)
    await world.settle(hold_id)
    assert world.outcomes.asked == [hold_id]
    assert world.announcements.settlements == [(hold_id, ACCOUNT, True), (hold_id, ACCOUNT, False)]


async def test_an_unfinished_run_keeps_its_credits_held(world: World) -> None:
    hold_id = await world.held(2, state=OutcomeState.UNFINISHED)
    assert await world.settle(hold_id) is None
    assert world.ledger.extended == {hold_id}
    assert (world.ledger.settlements, world.announcements.settlements) == ([], [])


async def test_an_unknown_hold_is_closed_and_published_for_the_named_account(world: World) -> None:
    hold_id = uuid4()
    await world.settle(hold_id, account_id=ACCOUNT)
    assert world.ledger.settlements == [(0, 0)]
    assert world.announcements.settlements == [(hold_id, ACCOUNT, True)]


async def test_a_tombstone_without_an_account_is_not_published(world: World) -> None:
    settlement = await world.settle(uuid4())
    assert settlement is not None
    assert world.announcements.settlements == []


async def test_more_than_was_held_is_never_captured(world: World) -> None:
    hold_id = await world.held(2, state=OutcomeState.COMPLETED, capture=4)
    await world.settle(hold_id)
    assert world.ledger.settlements == [(2, 0)]


async def test_nothing_is_decided_while_analysis_is_away(world: World) -> None:
    hold_id = await world.held(2)
    world.outcomes.is_away = True
    with pytest.raises(OsliraError, match="unavailable"):
        await world.settle(hold_id)
    assert world.ledger.settlements == []


async def test_an_unpublished_settlement_is_published_at_the_next_request(world: World) -> None:
    hold_id = await world.held(2, state=OutcomeState.COMPLETED, capture=1)
    world.announcements.is_away = True
    with pytest.raises(OsliraError, match="unavailable"):
        await world.settle(hold_id)
    world.announcements.is_away = False
    await world.settle(hold_id)
    assert world.ledger.settlements == [(1, 1)]
    assert world.announcements.settlements == [(hold_id, ACCOUNT, False)]


async def test_due_holds_are_captured_released_or_extended_as_their_runs_stand(world: World) -> None:
    await world.held(1, state=OutcomeState.COMPLETED, capture=1)
    await world.held(1, state=OutcomeState.CANCELLED)
    await world.held(1)
    unfinished = await world.held(1, state=OutcomeState.UNFINISHED)
    assert await world.settle_due() == 3
    assert world.ledger.settlements == [(1, 0), (0, 1), (0, 1)]
    assert world.ledger.extended == {unfinished}
    assert await world.settle_due() == 0


async def test_one_timeout_ends_the_pass_and_the_holds_stay(world: World) -> None:
    for _ in range(5):
        await world.held(1)
    world.outcomes.is_away = True
    assert await world.settle_due() == 0
    assert len(world.outcomes.asked) <= 2
    assert world.ledger.settlements == []


async def test_holds_are_settled_while_their_events_cannot_be_stored(world: World) -> None:
    for _ in range(20):
        await world.held(1, state=OutcomeState.FAILED)
    world.announcements.is_away = True
    await world.settle_due()
    assert len(world.ledger.settlements) == 20


async def test_one_hold_that_cannot_be_settled_does_not_hold_up_the_others(world: World) -> None:
    world.ledger.unsettleable.add(await world.held(1, state=OutcomeState.FAILED))
    await world.held(1, state=OutcomeState.FAILED)
    assert await world.settle_due() == 1


async def test_published_notices_are_deleted_and_others_kept() -> None:
    made = GrantMade(uuid4(), ACCOUNT, uuid4(), 5, "pack")
    fell = BalanceFell(uuid4(), ACCOUNT, 2, 5)
    notifications, announcements = FakeNotifications([made, fell]), FakeAnnouncements(is_away=True)
    announce = PublishNotifications(notifications, announcements)
    with pytest.raises(OsliraError, match="unavailable"):
        await announce()
    assert notifications.unpublished == [made, fell]
    announcements.is_away = False
    assert await announce() == 2
    assert (announcements.notifications, notifications.unpublished) == ([made, fell], [])


async def test_grants_are_booked_out_in_portions_until_none_is_left_or_the_pass_is_full() -> None:
    ledger = FakeLedger(expired=7)
    assert await ExpireGrants(ledger, limit=2, most=4)() == 4
    assert await ExpireGrants(ledger, limit=2)() == 3
    assert await ExpireGrants(ledger)() == 0


@dataclass(slots=True)
class FakeAuditStore:
    """Books with the differences they are given; what was kept last."""

    found: list[Difference]
    kept: list[Difference] = field(default_factory=list[Difference])

    async def differences(self, *, settling_s: float) -> list[Difference]:
        assert settling_s == 60
        return self.found

    async def keep(self, differences: Sequence[Difference]) -> None:
        self.kept = list(differences)


async def test_what_an_audit_finds_is_kept_and_counted_and_fails_no_job() -> None:
    books, progress = FakeAuditStore([Difference("grant_of_no_source", "key", "5 credits")]), JobProgress()
    await AuditLedger(books)(datetime.now(UTC), progress)
    assert (books.kept, progress.found, progress.failed) == (books.found, 1, 0)
