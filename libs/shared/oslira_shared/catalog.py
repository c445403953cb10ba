"""Prices and plans: the only table in code. Services seed their own tables from it; changes there need no release."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

from oslira_shared.contracts.analysis.v1 import AnalysisType


@dataclass(frozen=True, slots=True)
class Offer:
    """What a type of analysis costs, and how old a profile or a finished analysis of it may be to be reused."""

    price_credits: int
    fresh_for: timedelta


@dataclass(frozen=True, slots=True)
class Plan:
    """Credits per month, how many runs an account may have active, and its share when slots are short.

    `trial_credits`: what a trial of the plan grants, once per account.
    """

    monthly_credits: int
    max_running: int
    weight: int
    trial_credits: int = 0


@dataclass(frozen=True, slots=True)
class Pack:
    """A one-off purchase of credits. `price_usd` must equal Stripe's price."""

    credits: int
    price_usd: Decimal


OFFERS: Final[dict[AnalysisType, Offer]] = {
    AnalysisType.LIGHT: Offer(price_credits=1, fresh_for=timedelta(hours=24)),
    AnalysisType.DEEP: Offer(price_credits=2, fresh_for=timedelta(hours=12)),
    AnalysisType.XRAY: Offer(price_credits=3, fresh_for=timedelta(hours=6)),
}

# A draft of a business profile, written by a model.
DRAFT_PRICE_CREDITS: Final = 1

SIGN_UP_PLAN: Final = "free"
PLANS: Final[dict[str, Plan]] = {
    "free": Plan(monthly_credits=25, max_running=1, weight=1),
    "growth": Plan(monthly_credits=250, max_running=2, weight=2, trial_credits=25),
    "pro": Plan(monthly_credits=1_500, max_running=5, weight=4, trial_credits=25),
    "agency": Plan(monthly_credits=5_000, max_running=10, weight=4, trial_credits=25),
    "enterprise": Plan(monthly_credits=20_000, max_running=20, weight=8, trial_credits=25),
}
PACKS: Final[dict[str, Pack]] = {
    "pack_100": Pack(credits=100, price_usd=Decimal(15)),
    "pack_500": Pack(credits=500, price_usd=Decimal(60)),
    "pack_2000": Pack(credits=2_000, price_usd=Decimal(200)),
}
# The price that margins are computed with: the lowest of a single credit, so that no margin is shown too high.
CREDIT_PRICE_USD: Final = min(pack.price_usd / pack.credits for pack in PACKS.values())
