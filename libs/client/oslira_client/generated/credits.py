"""Credits. Generated from docs/generated/openapi.json: `make openapi`."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Literal
from uuid import UUID

from oslira_client.calls import Calls
from oslira_client.generated.shared import AnalysisType
from oslira_client.paging import Pages
from oslira_client.shapes import Answer


class GrantBalance(Answer):
    available_credits: int
    expires_at: datetime | None
    grant_id: UUID
    granted_credits: int
    source: str


class BalanceView(Answer):
    available: int
    debt: int
    frozen: int
    grants: list[GrantBalance]
    held: int


class Transaction(Answer):
    available: int
    change: int
    created_at: datetime
    debt: int
    description: str | None
    frozen: int
    held: int
    hold_id: UUID | None
    kind: Literal["grant", "hold", "settle", "spend", "expire", "revoke", "freeze", "thaw"] | str
    position: int
    spent: int
    transaction_id: UUID
    type: str


class PackView(Answer):
    credits: int
    credits_expire: Literal["never"] | str
    pack: str


class PlanView(Answer):
    credits_expire: Literal["never"] | str
    max_running: int
    monthly_credits: int
    plan: str
    trial_credits: int
    weight: int


class PriceView(Answer):
    fresh_for_s: int
    price_credits: int
    type: AnalysisType


class Catalogue(Answer):
    packs: list[PackView]
    plans: list[PlanView]
    prices: list[PriceView]


class CreditsApi:
    """`client.credits`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def get_balance(self) -> BalanceView:
        """`GET /v1/credits/balance`.

        Credits that can be spent, credits that are held, and the grants they come from.
        """
        return await self._calls.read("/v1/credits/balance", {200: BalanceView})

    def list_transactions(
        self,
        *,
        from_: datetime | None = None,
        to: datetime | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> Pages[Transaction]:
        """`GET /v1/credits/transactions`.

        The account's statement: every movement of its credits with the balance after it, newest first.
        """
        return self._calls.pages(
            "/v1/credits/transactions",
            Transaction,
            {"from": from_, "to": to, "cursor": cursor, "limit": limit},
        )

    def export_transactions(
        self, *, from_: datetime | None = None, to: datetime | None = None
    ) -> AsyncIterator[bytes]:
        """`GET /v1/credits/transactions.csv`.

        The statement as a CSV file, newest first: all of it, or the movements in a period.
        """
        return self._calls.chunks("/v1/credits/transactions.csv", {"from": from_, "to": to})

    async def list_plans(self) -> Catalogue:
        """`GET /v1/plans`.

        Plans, packs and the prices of analyses. Needs no token.
        """
        return await self._calls.read("/v1/plans", {200: Catalogue})
