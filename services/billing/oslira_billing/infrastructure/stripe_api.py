"""Stripe's API through its SDK, which is loaded at the first call: its import must not delay readiness."""

import asyncio
from typing import TYPE_CHECKING, Final

from oslira_shared.errors import OsliraError

from oslira_billing.domain.fields import StripeObject

if TYPE_CHECKING:
    from stripe import HTTPXClient, StripeClient

_TIMEOUT_S: Final = 10


class StripeApiObjects:
    """Implements StripeObjects."""

    def __init__(self, *, api_key: str, api_base: str) -> None:
        self._api_key = api_key
        self._api_base = api_base
        self._client: StripeClient | None = None
        self._http: HTTPXClient | None = None

    async def subscription(self, subscription_id: str) -> StripeObject | None:
        client = self._client or await asyncio.to_thread(self._connect)
        from stripe import InvalidRequestError, StripeError  # noqa: PLC0415  # loaded by now

        try:
            found = await client.v1.subscriptions.retrieve_async(subscription_id)
        except InvalidRequestError as error:
            if error.code == "resource_missing":
                return None
            raise
        except StripeError as error:
            raise OsliraError("provider_unavailable", f"Stripe: {type(error).__name__}") from error
        return found.to_dict()

    async def close(self) -> None:
        """Close its connections."""
        if self._http is not None:
            await self._http.close_async()

    def _connect(self) -> "StripeClient":
        import stripe  # noqa: PLC0415

        self._http = stripe.HTTPXClient(timeout=_TIMEOUT_S)
        self._client = stripe.StripeClient(
            self._api_key,
            base_addresses={"api": self._api_base},
            max_network_retries=0,  # the row retries
            http_client=self._http,
        )
        return self._client
