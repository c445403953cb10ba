"""Write off the rest of expired grants. Expired credits cannot be spent; this records it in the ledger."""

from dataclasses import dataclass

from oslira_credits.application.ports import Ledger


@dataclass(frozen=True, slots=True)
class ExpireGrants:
    """`limit` per transaction, because each transaction locks its accounts; `most` per pass, for a night with many expiries."""

    ledger: Ledger
    limit: int = 200
    most: int = 5_000

    async def __call__(self) -> int:
        """Returns how many grants were written off."""
        booked = 0
        while booked < self.most:
            some = await self.ledger.expire(limit=self.limit)
            booked += some
            if some < self.limit:
                break
        return booked
