"""Cancel a run: it ends at once, and the response says which credits were released."""

import asyncio
from dataclasses import dataclass
from typing import Final, Literal, Protocol
from uuid import UUID

from oslira_shared.contracts.analysis.v1 import RunStatus
from oslira_shared.errors import OsliraError

from oslira_gateway.identity.caller import Member
from oslira_gateway.runs.receipt import Receipt
from oslira_gateway.runs.run import RunCredits

# From the request on. The event of the run's end settles its hold; the answer waits for that, up to this limit.
ANSWERED_WITHIN_S: Final = 0.5
_READ_EVERY_S: Final = 0.05


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


@dataclass(frozen=True, slots=True)
class CancelledRun:
    """`settlement` is `pending` if the hold was not settled in time for the response. It is settled later."""

    run_id: UUID
    status: RunStatus
    settlement: Literal["settled", "pending"]
    credits: RunCredits


class CancelAnalysis:
    """A repeated cancel returns the same. A run that has completed or failed raises `run_finished`, with its receipt."""

    def __init__(self, receipts: Receipts, cancels: Cancels) -> None:
        self._receipts = receipts
        self._cancels = cancels

    async def __call__(self, member: Member, run_id: UUID) -> CancelledRun:
        """Raises OsliraError: run_not_found, run_finished, unavailable."""
        answer_at_s = asyncio.get_running_loop().time() + ANSWERED_WITHIN_S
        receipt = await self._receipt(member, run_id)
        status = await self._cancels.cancel(run_id, member.account_id)
        if status is not RunStatus.CANCELLED:
            finished = (await self._receipt(member, run_id)).for_members()
            raise OsliraError("run_finished", f"The run has {status.value} already.", receipt=finished)
        return await self._settled(member, receipt, answer_at_s=answer_at_s)

    async def _settled(self, member: Member, receipt: Receipt, *, answer_at_s: float) -> CancelledRun:
        credits_ = receipt.credits
        pending = CancelledRun(
            receipt.run_id, RunStatus.CANCELLED, "pending", RunCredits(credits_.price_credits, 0, 0)
        )
        if receipt.bulk_id is not None:  # the bulk's one hold is settled when the bulk ends
            return pending
        try:
            async with asyncio.timeout_at(answer_at_s):
                while credits_.settled_at is None:
                    await asyncio.sleep(_READ_EVERY_S)
                    credits_ = (await self._receipt(member, receipt.run_id)).credits
        except TimeoutError:
            return pending
        settled = RunCredits(0, credits_.charged, credits_.released)
        return CancelledRun(receipt.run_id, RunStatus.CANCELLED, "settled", settled)

    async def _receipt(self, member: Member, run_id: UUID) -> Receipt:
        if (receipt := await self._receipts.of_run(member, run_id)) is None:
            raise OsliraError("run_not_found", "There is no such run in this account.")
        return receipt
