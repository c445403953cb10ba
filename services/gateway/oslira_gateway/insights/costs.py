"""For operators: what runs cost and by whom, and the margin of the credits that they charged."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from oslira_shared.catalog import CREDIT_PRICE_USD

from oslira_gateway.credits.dollars import usd, worth_nano_usd
from oslira_gateway.insights.period import OfPeriod, Period


class CostsBy(StrEnum):
    """What costs are grouped by. A user's costs are listed for each of their accounts."""

    ACCOUNT = "account"
    USER = "user"


class MarginBy(StrEnum):
    """What margins are grouped by."""

    ACCOUNT = "account"
    TYPE = "type"


@dataclass(frozen=True, slots=True)
class Spent:
    """A group of runs that ended. Fields that they are not grouped by are null; so is `user_id` of runs without a user."""

    account_id: UUID | None
    user_id: UUID | None
    type: str | None
    runs: int
    calls: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    credits: int
    ai_cost_nano_usd: int
    scrape_cost_nano_usd: int

    @property
    def cost_nano_usd(self) -> int:
        return self.ai_cost_nano_usd + self.scrape_cost_nano_usd


class Ledger(Protocol):
    """Costs and credits of runs that ended in a period, of all accounts; the most expensive group first, at most `limit`."""

    async def by_account(self, period: Period, *, limit: int) -> Sequence[Spent]: ...
    async def by_user(self, period: Period, *, limit: int) -> Sequence[Spent]: ...
    async def by_type(self, period: Period) -> Sequence[Spent]: ...
    async def in_all(self, period: Period) -> Spent: ...


@dataclass(frozen=True, slots=True)
class Cost:
    """In US dollars. `share`: of all that was spent in the period; null if nothing was."""

    account_id: UUID | None
    user_id: UUID | None
    runs: int
    calls: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    ai_cost_usd: str
    scrape_cost_usd: str
    cost_usd: str
    share: float | None


class Costs(OfPeriod, frozen=True):
    """`total` is of all groups, also of those that are not in the list."""

    by: CostsBy
    total: Cost
    items: list[Cost]


@dataclass(frozen=True, slots=True)
class Margin:
    """`revenue_usd`: the credits at the price of one. `margin_rate`: the margin's part of that; null without revenue."""

    account_id: UUID | None
    type: str | None
    runs: int
    credits: int
    revenue_usd: str
    cost_usd: str
    margin_usd: str
    margin_rate: float | None


class Margins(OfPeriod, frozen=True):
    """`credit_price_usd`: the value used for a credit, independent of what was paid for it; trial credits were free."""

    by: MarginBy
    credit_price_usd: str
    total: Margin
    items: list[Margin]


def costs(period: Period, by: CostsBy, total: Spent, groups: Sequence[Spent]) -> Costs:
    """The view for operators."""
    items = [_cost(group, total) for group in groups]
    return Costs(period.start, period.end, by, _cost(total, total), items)


def margins(period: Period, by: MarginBy, total: Spent, groups: Sequence[Spent]) -> Margins:
    """The view for operators."""
    items = [_margin(group) for group in groups]
    return Margins(period.start, period.end, by, f"{CREDIT_PRICE_USD:f}", _margin(total), items)


def _cost(group: Spent, total: Spent) -> Cost:
    return Cost(
        group.account_id,
        group.user_id,
        group.runs,
        group.calls,
        group.input_tokens,
        group.cached_tokens,
        group.output_tokens,
        usd(group.ai_cost_nano_usd),
        usd(group.scrape_cost_nano_usd),
        usd(group.cost_nano_usd),
        round(group.cost_nano_usd / total.cost_nano_usd, 4) if total.cost_nano_usd else None,
    )


def _margin(group: Spent) -> Margin:
    revenue_nano = worth_nano_usd(group.credits)
    margin_nano = revenue_nano - group.cost_nano_usd
    return Margin(
        group.account_id,
        group.type,
        group.runs,
        group.credits,
        usd(revenue_nano),
        usd(group.cost_nano_usd),
        usd(margin_nano),
        round(margin_nano / revenue_nano, 4) if revenue_nano else None,
    )
