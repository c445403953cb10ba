"""The ports of credits."""

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
        """The current balance. Raises OsliraError `unavailable` if credits does not answer."""
        ...


class Statements(Protocol):
    """The movements of an account's credits, as members see them."""

    async def page(
        self, member: Member, *, before: int | None, limit: int, span: Span = ALWAYS
    ) -> Sequence[Transaction]:
        """Those of the span, newest first; `before`: a position; None starts at the newest."""
        ...


@dataclass(frozen=True, slots=True)
class SoldPlan:
    """The credits of a plan's month and of its trial."""

    plan: str
    monthly_credits: int
    trial_credits: int


@dataclass(frozen=True, slots=True)
class SoldPack:
    """Credits for a single payment."""

    pack: str
    credits: int


class Offers(Protocol):
    """The tables of plans and packs that billing grants by."""

    async def plans(self) -> Sequence[SoldPlan]:
        """The smallest first."""
        ...

    async def packs(self) -> Sequence[SoldPack]:
        """The smallest first."""
        ...
