"""Booking out what is left of grants whose time has passed. Nobody could draw it any more; now the books say so too."""

from dataclasses import dataclass

from oslira_credits.application.ports import Ledger


@dataclass(frozen=True, slots=True)
class ExpireGrants:
    """`limit` a transaction, since each keeps its accounts locked; `most` a pass, for the night a whole fleet's plans expire."""

    ledger: Ledger
    limit: int = 200
    most: int = 5_000

    async def __call__(self) -> int:
        """How many grants were booked out."""
        booked = 0
        while booked < self.most:
            some = await self.ledger.expire(limit=self.limit)
            booked += some
            if some < self.limit:
                break
        return booked
