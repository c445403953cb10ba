"""`GET /v1/credits/balance` and the public `GET /v1/plans`."""

from dataclasses import dataclass
from typing import Any

from litestar import Request, get
from oslira_shared.catalog import OFFERS, PACKS, PLANS
from oslira_shared.contracts.credits.v1 import GrantBalance

from oslira_gateway.credits.ports import Balances
from oslira_gateway.http.auth import PUBLIC, member_of


@dataclass(frozen=True, slots=True)
class BalanceView:
    """Credits that can be spent now, credits held for runs at work, and the grants they come from."""

    available: int
    held: int
    grants: list[GrantBalance]


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan: credits a month, the most runs at once, and the share when slots are short."""

    plan: str
    monthly_credits: int
    max_running: int
    weight: int


@dataclass(frozen=True, slots=True)
class PackView:
    """Credits bought once."""

    pack: str
    credits: int


@dataclass(frozen=True, slots=True)
class PriceView:
    """What one analysis of a type costs, and how old a finished one may be to be returned instead."""

    type: str
    price_credits: int
    fresh_for_s: int


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that has a price."""

    plans: list[PlanView]
    packs: list[PackView]
    prices: list[PriceView]


def catalogue() -> Catalogue:
    """The catalogue as the API shows it."""
    return Catalogue(
        plans=[PlanView(name, p.monthly_credits, p.max_running, p.weight) for name, p in PLANS.items()],
        packs=[PackView(name, pack.credits) for name, pack in PACKS.items()],
        prices=[
            PriceView(kind.value, offer.price_credits, int(offer.fresh_for.total_seconds()))
            for kind, offer in OFFERS.items()
        ],
    )


def credits_routes(balances: Balances) -> list[Any]:
    """Routes about credits."""

    @get("/credits/balance", tags=["credits"])
    async def read_balance(request: Request[Any, Any, Any]) -> BalanceView:
        balance = await balances.of(member_of(request).account_id)
        return BalanceView(balance.available, balance.held, balance.grants)

    @get("/plans", opt={PUBLIC: True}, tags=["credits"], sync_to_thread=False)
    def read_plans() -> Catalogue:
        return catalogue()

    return [read_balance, read_plans]
