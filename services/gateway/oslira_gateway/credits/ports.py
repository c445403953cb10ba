"""What the gateway asks about credits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from oslira_shared.contracts.credits.v1 import Balance

from oslira_gateway.credits.transaction import ALWAYS, Span, Transaction
from oslira_gateway.identity.caller import Member


class Balances(Protocol):
    """Balances by account."""

    async def of(self, account_id: UUID) -> Balance:
        """As of now. Raises OsliraError `unavailable` when credits can't be asked."""
        ...


class Statements(Protocol):
    """What members see of the movements of their account's credits."""

    async def page(
        self, member: Member, *, before: int | None, limit: int, span: Span = ALWAYS
    ) -> Sequence[Transaction]:
        """Those of the span, the newest first; `before` a position, or from the newest on."""
        ...


@dataclass(frozen=True, slots=True)
class SoldPlan:
    """Credits that a plan's month and its trial give."""

    plan: str
    monthly_credits: int
    trial_credits: int


@dataclass(frozen=True, slots=True)
class SoldPack:
    """Credits that are bought once."""

    pack: str
    credits: int


class Offers(Protocol):
    """The tables that billing grants by."""

    async def plans(self) -> Sequence[SoldPlan]:
        """The smallest first."""
        ...

    async def packs(self) -> Sequence[SoldPack]:
        """The smallest first."""
        ...
