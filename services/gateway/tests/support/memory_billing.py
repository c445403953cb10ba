"""Billing in memory, for tests."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from oslira_gateway.billing.ports import PaymentProblem, Subscription
from oslira_gateway.identity.caller import Member


class MemorySubscriptions:
    """Implements Subscriptions."""

    def __init__(self) -> None:
        self.rows: dict[UUID, Subscription] = {}
        self.problems: dict[UUID, list[PaymentProblem]] = {}

    async def of(self, member: Member) -> Subscription | None:
        return self.rows.get(member.account_id)

    async def problems_of(self, member: Member) -> list[PaymentProblem]:
        return self.problems.get(member.account_id, [])


class MemorySales:
    """Implements Sales; records its requests."""

    def __init__(self) -> None:
        self.asked: list[tuple[UUID, Mapping[str, Any], str]] = []

    async def checkout(self, account_id: UUID, order: Mapping[str, Any], *, request_key: str) -> str:
        self.asked.append((account_id, order, request_key))
        return "https://checkout.example/1"

    async def portal(self, account_id: UUID, *, return_url: str | None) -> str:
        self.asked.append((account_id, {"return_url": return_url}, ""))
        return "https://portal.example/1"
