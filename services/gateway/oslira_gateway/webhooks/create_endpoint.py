"""Add an endpoint: check its URL and create its secret, which is returned only once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from oslira_shared.ids import new_id

from oslira_gateway.identity.caller import Member
from oslira_gateway.webhooks.address import AddressPolicy
from oslira_gateway.webhooks.ports import Endpoint, Endpoints, NewEndpoint
from oslira_gateway.webhooks.signing_secret import Keyring, RandomBytes, make_secret

MAX_ENDPOINTS: Final = 10


@dataclass(frozen=True, slots=True)
class CreateEndpoint:
    """One use case."""

    endpoints: Endpoints
    keyring: Keyring
    addresses: AddressPolicy
    random_bytes: RandomBytes

    async def __call__(
        self, member: Member, *, url: str, event_types: Sequence[str], description: str | None
    ) -> tuple[Endpoint, str]:
        """The endpoint and its secret. Raises invalid_webhook_url, limit_reached."""
        self.addresses.read(url)
        endpoint_id, secret = new_id(), make_secret(self.random_bytes)
        new = NewEndpoint(endpoint_id, url, description, event_types, self.keyring.seal(secret, endpoint_id))
        return await self.endpoints.add(member, new, most=MAX_ENDPOINTS), secret
