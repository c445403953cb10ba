"""Stripe's pages, through billing."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.billing.v1 import CHECKOUT, PORTAL, CheckoutRequest, Page, PortalRequest

# Billing calls Stripe up to twice.
_TIMEOUT_S: Final = 12.0


class BusSales:
    """Implements Sales."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def checkout(self, account_id: UUID, order: Mapping[str, Any], *, request_key: str) -> str:
        request = CheckoutRequest(account_id=account_id, request_key=request_key, **order)
        return (await self._bus.request(CHECKOUT, request, Page, timeout_s=_TIMEOUT_S)).url

    async def portal(self, account_id: UUID, *, return_url: str | None) -> str:
        request = PortalRequest(account_id=account_id, return_url=return_url)
        return (await self._bus.request(PORTAL, request, Page, timeout_s=_TIMEOUT_S)).url
