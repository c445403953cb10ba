"""Credits on the bus: its responders, consumers and events."""

from typing import Final
from uuid import UUID

from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.analysis import v1 as analysis
from oslira_shared.contracts.credits import v1 as contracts
from oslira_shared.ids import derived_id, new_id
from structlog.contextvars import bound_contextvars

from oslira_credits.application.audit_ledger import AuditLedger
from oslira_credits.application.hold_credits import HoldCredits
from oslira_credits.application.ports import ImportedBalances, Ledger
from oslira_credits.application.settle_hold import SettleHold
from oslira_credits.domain.notifications import GrantMade, Notification

# A message of the bus holds a megabyte.
MOST_DIFFERENCES: Final = 500
OUTCOMES_CONSUMER: Final = "credits_outcomes"


def answer_holds(bus: Bus, hold: HoldCredits) -> None:
    """credits.rpc.hold."""

    @bus.responder(contracts.HOLD)
    async def answer_hold(request: contracts.HoldRequest) -> contracts.Held:
        held = await hold(request.hold_id, request.account_id, request.amount_credits)
        return contracts.Held(
            hold_id=held.hold_id,
            amount_credits=held.amount,
            available_credits=held.available,
            expires_at=held.expires_at,
        )


def answer_settlements(bus: Bus, settle: SettleHold) -> None:
    """credits.rpc.settle."""

    @bus.responder(contracts.SETTLE)
    async def answer_settle(request: contracts.SettleRequest) -> contracts.Settlement:
        with bound_contextvars(run_id=str(request.hold_id)):
            settlement = await settle(request.hold_id)
        if settlement is None:
            return contracts.Settlement(hold_id=request.hold_id, is_settled=False)
        return contracts.Settlement(
            hold_id=request.hold_id,
            is_settled=True,
            captured_credits=settlement.captured,
            released_credits=settlement.released,
        )


def answer_balances(bus: Bus, ledger: Ledger) -> None:
    """credits.rpc.balance."""

    @bus.responder(contracts.BALANCE)
    async def answer_balance(request: contracts.BalanceRequest) -> contracts.Balance:
        account = await ledger.account_balance(request.account_id)
        return contracts.Balance(
            account_id=account.account_id,
            available=account.balance.available,
            held=account.balance.held,
            frozen=account.frozen,
            debt=account.debt,
            grants=[
                contracts.GrantBalance(
                    grant_id=grant.grant_id,
                    source=grant.source,
                    available_credits=grant.available,
                    granted_credits=grant.granted,
                    expires_at=grant.expires_at,
                )
                for grant in account.grants
            ],
        )


def answer_imports(bus: Bus, balances: ImportedBalances) -> None:
    """credits.rpc.import_balance."""

    @bus.responder(contracts.IMPORT_BALANCE)
    async def answer_import(request: contracts.ImportBalance) -> contracts.ImportedBalance:
        grant_id, is_new = await balances.grant(
            request.balance_id, request.account_id, request.amount_credits, expires_at=request.expires_at
        )
        return contracts.ImportedBalance(grant_id=grant_id, is_new=is_new)


def answer_audits(bus: Bus, audit: AuditLedger) -> None:
    """credits.rpc.audit."""

    @bus.responder(contracts.AUDIT)
    async def answer_audit(request: contracts.AuditRequest) -> contracts.Audited:
        found = await audit.look(settling_s=request.settling_s)
        told = found[:MOST_DIFFERENCES]
        return contracts.Audited(
            count=len(found),
            differences=[
                contracts.AuditDifference(what=one.what, id=one.id, detail=one.detail) for one in told
            ],
        )


def subscribe_outcomes(bus: Bus, settle: SettleHold) -> None:
    """A run or a bulk ended: a hint to settle its hold. The outcome is read from its row, never from the message."""

    @bus.consumer(OUTCOMES_CONSUMER)
    async def on_hold_ended(message: analysis.HoldEnded) -> None:
        if (hold_id := message.hold_id) is None:
            return  # a run of a bulk: the bulk's hold pays
        with bound_contextvars(run_id=str(hold_id), account_id=str(message.account_id)):
            await settle(hold_id, account_id=message.account_id)


class BusAnnouncements:
    """Implements Announcements on the EVENTS stream. An event keeps its id when it is published again."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def settled(self, hold_id: UUID, account_id: UUID, *, is_new: bool) -> None:
        event_id = derived_id("settled", hold_id)
        # The server would drop the first id if it were published again within two minutes.
        msg_id = str(event_id) if is_new else f"{event_id}:{new_id()}"
        event = contracts.Settled(event_id=event_id, hold_id=hold_id, account_id=account_id)
        await self._bus.publish(contracts.SETTLED, event, msg_id=msg_id)

    async def notice(self, notice: Notification) -> None:
        # The same id: published again within two minutes, after a crash before the row was deleted, it is still one message.
        msg_id = str(notice.notice_id)
        if isinstance(notice, GrantMade):
            granted = contracts.Granted(
                event_id=notice.notice_id,
                grant_id=notice.grant_id,
                account_id=notice.account_id,
                amount_credits=notice.amount,
                source=notice.source,
            )
            await self._bus.publish(contracts.GRANTED, granted, msg_id=msg_id)
        else:
            fell = contracts.LowBalance(
                event_id=notice.notice_id,
                account_id=notice.account_id,
                available=notice.available,
                threshold=notice.threshold,
            )
            await self._bus.publish(contracts.LOW_BALANCE, fell, msg_id=msg_id)
