"""Cancel a run: it ends at once, and the response says which credits were released."""

import asyncio
from dataclasses import dataclass
from typing import Final, Literal, Protocol
from uuid import UUID

from oslira_shared.contracts.analysis.v1 import RunStatus
from oslira_shared.contracts.credits.v1 import Settlement
from oslira_shared.errors import OsliraError

from oslira_gateway.identity.caller import Member
from oslira_gateway.runs.receipt import Receipt
from oslira_gateway.runs.run import RunCredits

# Measured from the request. The run has ended already, and its credits are released with or without this wait.
ANSWERED_WITHIN_S: Final = 0.5


class Receipts(Protocol):
    """Receipts of runs."""

    async def of_run(self, member: Member, run_id: UUID) -> Receipt | None:
        """With dollars; None when the member's chosen account has no such run."""
        ...


class Cancels(Protocol):
    """Requests analysis to end a run."""

    async def cancel(self, run_id: UUID, account_id: UUID) -> RunStatus:
        """Its status afterwards. Raises OsliraError: run_not_found, unavailable."""
        ...


class Settlements(Protocol):
    """Requests credits to settle a hold."""

    async def settled(self, hold_id: UUID) -> Settlement | None:
        """None if the settlement is not known yet. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class CancelledRun:
    """`settlement` is `pending` if the hold was not settled in time for the response. It is settled later."""

    run_id: UUID
    status: RunStatus
    settlement: Literal["settled", "pending"]
    credits: RunCredits


class CancelAnalysis:
    """A repeated cancel returns the same. A run that has completed or failed raises `run_finished`, with its receipt."""

    def __init__(self, receipts: Receipts, cancels: Cancels, settlements: Settlements) -> None:
        self._receipts = receipts
        self._cancels = cancels
        self._settlements = settlements

    async def __call__(self, member: Member, run_id: UUID) -> CancelledRun:
        """Raises OsliraError: run_not_found, run_finished, unavailable."""
        answer_at_s = asyncio.get_running_loop().time() + ANSWERED_WITHIN_S
        receipt = await self._receipt(member, run_id)
        status = await self._cancels.cancel(run_id, member.account_id)
        if status is not RunStatus.CANCELLED:
            finished = (await self._receipt(member, run_id)).for_members()
            raise OsliraError("run_finished", f"The run has {status.value} already.", receipt=finished)
        return await self._settled(receipt, answer_at_s=answer_at_s)

    async def _settled(self, receipt: Receipt, *, answer_at_s: float) -> CancelledRun:
        price = receipt.credits.price_credits
        pending = CancelledRun(receipt.run_id, RunStatus.CANCELLED, "pending", RunCredits(price, 0, 0))
        if receipt.bulk_id is not None:  # the bulk's one hold is settled when the bulk ends
            return pending
        try:
            async with asyncio.timeout_at(answer_at_s):
                settlement = await self._settlements.settled(receipt.run_id)
        except TimeoutError:
            return pending
        if settlement is None or not settlement.is_settled:
            return pending
        credits_ = RunCredits(0, settlement.captured_credits, settlement.released_credits)
        return CancelledRun(receipt.run_id, RunStatus.CANCELLED, "settled", credits_)

    async def _receipt(self, member: Member, run_id: UUID) -> Receipt:
        if (receipt := await self._receipts.of_run(member, run_id)) is None:
            raise OsliraError("run_not_found", "There is no such run in this account.")
        return receipt
