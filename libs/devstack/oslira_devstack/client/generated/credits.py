"""Credits. Generated from docs/openapi.json: `make openapi`."""

from datetime import datetime
from uuid import UUID

from oslira_devstack.client.calls import Calls
from oslira_devstack.client.shapes import Answer


class GrantBalance(Answer):
    available_credits: int
    grant_id: UUID
    granted_credits: int
    source: str
    expires_at: datetime | None = None


class BalanceView(Answer):
    available: int
    grants: list[GrantBalance]
    held: int


class PackView(Answer):
    credits: int
    pack: str


class PlanView(Answer):
    max_running: int
    monthly_credits: int
    plan: str
    weight: int


class PriceView(Answer):
    fresh_for_s: int
    price_credits: int
    type: str


class Catalogue(Answer):
    packs: list[PackView]
    plans: list[PlanView]
    prices: list[PriceView]


class CreditsApi:
    """`client.credits`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def read_balance(self) -> BalanceView:
        """`GET /v1/credits/balance`"""
        return await self._calls.read("/v1/credits/balance", {200: BalanceView})

    async def read_plans(self) -> Catalogue:
        """`GET /v1/plans`"""
        return await self._calls.read("/v1/plans", {200: Catalogue})
