"""The one place that wires the credits service."""

from oslira_shared.runtime import Runtime

from oslira_credits.application.hold_credits import HoldCredits
from oslira_credits.application.read_balance import ReadBalance
from oslira_credits.application.settle_due_holds import SettleDueHolds
from oslira_credits.application.settle_hold import SettleHold
from oslira_credits.infrastructure import bus
from oslira_credits.infrastructure.postgres import PostgresLedger
from oslira_credits.settings import CreditsSettings


async def build(runtime: Runtime, settings: CreditsSettings) -> None:
    """Declare everything on `runtime`; it starts it."""
    ledger = PostgresLedger(runtime.database)
    announcements = bus.BusAnnouncements(runtime.bus)
    settle = SettleHold(ledger, bus.BusOutcomes(runtime.bus), announcements, life=settings.hold_extension)
    hold = HoldCredits(
        ledger, announcements, life=settings.hold_life, low_balance=settings.low_balance_credits
    )
    bus.answer_holds(runtime.bus, hold)
    bus.answer_settlements(runtime.bus, settle)
    bus.answer_balances(runtime.bus, ReadBalance(ledger))
    bus.hear_outcomes(runtime.bus, settle)
    settle_due = SettleDueHolds(ledger, settle)

    async def settle_due_holds() -> None:
        # Without the bus nobody can be asked, and holds would only be pushed on.
        if runtime.bus.is_connected:
            await settle_due()

    runtime.every(settings.sweep_every_s, "settle-due-holds", settle_due_holds)
